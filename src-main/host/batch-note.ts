// A small file beside a batch's portraits while they are drawn: which jobs they are, so that the same command goes on
// with them after it was interrupted, and draws nothing twice.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { type JobId, jobIdSchema } from '../contract/ids.ts';

const noteSchema = z.object({
  /** Of what was asked; another plan is another batch. */
  asked: z.string(),
  jobs: z.array(jobIdSchema),
});

const noteName = '.likeness-batch.json';

export interface BatchNote {
  /** Jobs of the same requests in the same library, in their order; undefined where none were begun. */
  read(): Promise<JobId[] | undefined>;
  write(jobs: readonly JobId[]): Promise<void>;
  remove(): Promise<void>;
}

/** The note in the folder that portraits go to, of these requests to this library. */
export function openBatchNote(outFolder: string, libraryFolder: string, requests: unknown): BatchNote {
  const file = path.join(outFolder, noteName);
  const asked = createHash('sha256').update(JSON.stringify([path.resolve(libraryFolder), requests])).digest('hex');
  return {
    async read() {
      const text = await readFile(file, 'utf8').catch(() => '');
      const note = text === '' ? undefined : noteSchema.safeParse(jsonOr(text)).data;
      return note?.asked === asked ? note.jobs : undefined;
    },
    async write(jobs) {
      await mkdir(outFolder, { recursive: true });
      await writeFileAtomically(file, async (handle) => { await handle.writeFile(JSON.stringify({ asked, jobs })); });
    },
    remove: () => rm(file, { force: true }),
  };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
