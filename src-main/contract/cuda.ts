// The libraries that CUDA needs on Linux and that npm does not bring: fetched once for the machine when the user asks.

import { z } from 'zod';
import { licenseSchema } from './models.ts';
import { errorDataSchema } from './nouns.ts';

export const cudaLibrariesSchema = z.object({
  /**
   * 'not-needed': no NVIDIA card, or another system. 'checking': what has come is compared, unpacked or tried.
   * 'failed': `error` says why fetching ended, or `note` what came of the trial.
   */
  state: z.enum([
    'not-needed', 'missing', 'wrong-version', 'fetching', 'paused', 'checking', 'ready', 'failed',
  ]),
  /** What was found, in one or two sentences; '' when there is nothing to say. */
  note: z.string(),
  /** What is fetched in all; about that much while no server was asked, 0 where there is nothing to fetch. */
  sizeBytes: z.number(),
  bytesDone: z.number(),
  /** Some of it was fetched, and can be given back. */
  isFetched: z.boolean(),
  /** Where it is kept, for reading only, with the home folder as ~. */
  place: z.string(),
  licenses: z.array(licenseSchema),
  error: errorDataSchema.nullable(),
});
export type CudaLibraries = z.infer<typeof cudaLibrariesSchema>;
