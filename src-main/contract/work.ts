// Long work as the studio shows it: a job of the queue, how far it is, and what came of it.
// Times are milliseconds since 1970.

import { z } from 'zod';
import { adapterIdSchema, exportIdSchema, jobIdSchema, subjectIdSchema } from './ids.ts';
import { errorDataSchema } from './nouns.ts';
import { methodSchema } from './settings.ts';

const timeMs = z.number().int().min(0);

export const progressSchema = z.object({
  /** What is going on now. */
  phase: z.enum([
    'starting', 'importing', 'exporting', 'finding-faces', 'drawing-class', 'preparing', 'finding-words',
    'teaching', 'previewing', 'drawing', 'redrawing-faces', 'upscaling', 'measuring', 'saving',
  ]),
  /** Steps of this phase that are done, and all of them; 0 of 0 while the number is unknown. */
  step: z.int(),
  steps: z.int(),
  loss: z.number().nullable(),
  /** Until the end of this phase, from its pace so far; null until there is one. */
  etaSeconds: z.number().nullable(),
});
export type Progress = z.infer<typeof progressSchema>;

/** What came of a job that brings photos in, or that writes files out. */
export const jobOutcomeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('import'), added: z.int(), known: z.int(),
    /** At most the first hundred, and how many there were. */
    refused: z.array(z.object({ fileName: z.string(), error: errorDataSchema })), refusedCount: z.int(),
  }),
  /** Behind media/export/<exportId> until the next start. */
  z.object({ kind: z.literal('export'), exportId: exportIdSchema, fileName: z.string(), sizeBytes: z.number() }),
]);
export type JobOutcome = z.infer<typeof jobOutcomeSchema>;

export const jobSchema = z.object({
  id: jobIdSchema,
  kind: z.enum(['import', 'analyze', 'teach', 'create', 'export']),
  /** An export of several people's portraits is the first one's. */
  subjectId: subjectIdSchema,
  title: z.string(),
  /** 'paused' waits for jobs.resume, also after a restart. */
  state: z.enum(['waiting', 'running', 'paused', 'done', 'failed', 'cancelled']),
  /** What was asked of it and is not done yet; it happens after the step that is under way. */
  request: z.enum(['pause', 'finish']).nullable(),
  /** How a teach job teaches; null for others. */
  method: methodSchema.nullable(),
  /** Steps that a teach job takes in all; null for others. */
  trainingSteps: z.int().nullable(),
  /** The step of its last snapshot, from which it goes on; null before the first, and once it is done. */
  resumeStep: z.int().nullable(),
  progress: progressSchema.nullable(),
  error: errorDataSchema.nullable(),
  /** The look that a teach job made. */
  adapterId: adapterIdSchema.nullable(),
  /** The portraits of a create job, the files of an import or export: those that are done, and all of them. */
  itemsDone: z.int(),
  items: z.int(),
  /** Until the whole job is done, from its own pace; null until there is one, and when it does not run. */
  etaSeconds: z.number().nullable().default(null),
  /** Its place among those that wait: small comes first. */
  position: z.number().default(0),
  outcome: jobOutcomeSchema.nullable().default(null),
  createdAtMs: timeMs,
  endedAtMs: timeMs.nullable(),
});
export type Job = z.infer<typeof jobSchema>;

/** Jobs that compute run one after the other; those that only read and write files do so beside them. */
export const needsEngine: Readonly<Record<Job['kind'], boolean>> = {
  import: false, export: false, analyze: true, teach: true, create: true,
};
