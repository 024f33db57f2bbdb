// Commands over the queue, the library as a whole, and styles. See studio.ts.

import { z } from 'zod';
import { jobIdSchema, packIdSchema, styleIdSchema } from './ids.ts';
import { backupSchema, libraryCheckSchema, libraryStateSchema } from './keeping.ts';
import { errorDataSchema, styleSchema } from './nouns.ts';
import { jobSchema } from './work.ts';

const none = z.object({});
const name = z.string().trim().min(1).max(80);

export const queueCommands = {
  /** Stops the queue from starting what waits, and lets it go on; what runs is not touched. */
  'queue.pause': { request: z.object({ isPaused: z.boolean() }), response: none },
  /** Puts a waiting job in front of another one, or at the end for null. */
  'jobs.reorder': {
    request: z.object({ jobId: jobIdSchema, beforeJobId: jobIdSchema.nullable() }), response: z.array(jobSchema),
  },
  /** Takes jobs that have ended off the list; portraits and looks stay. */
  'jobs.clear': { request: z.object({ jobIds: z.array(jobIdSchema).min(1).max(10_000) }), response: none },
  'jobs.list': { request: none, response: z.array(jobSchema) },
  'jobs.cancel': { request: z.object({ jobId: jobIdSchema }), response: jobSchema },
  /** Keeps what a teach job has learned and lets the queue go on; a job that runs takes its step to the end first. */
  'jobs.pause': { request: z.object({ jobId: jobIdSchema }), response: jobSchema },
  /** Puts a paused job back into the queue; it goes on exactly where it was. */
  'jobs.resume': { request: z.object({ jobId: jobIdSchema }), response: jobSchema },
  /** Ends a teach job early: its best snapshot becomes the look. */
  'jobs.finish': { request: z.object({ jobId: jobIdSchema }), response: jobSchema },
  /**
   * Puts a failed or cancelled job back into the queue: portraits that are done are not drawn again, teaching goes on
   * from its last snapshot. Those of a cancelled job are kept until the next start.
   */
  'jobs.retry': { request: z.object({ jobId: jobIdSchema }), response: jobSchema },
} as const;

export const libraryCommands = {
  'library.state': { request: none, response: libraryStateSchema },
  /** Copies the database and verifies the copy. */
  'library.backUp': { request: none, response: backupSchema },
  /** Reads every kept file again, checks the database, sweeps. */
  'library.check': { request: none, response: libraryCheckSchema },
  /** What a report of a problem would hold, word for word: no names, no paths, no pictures. */
  'library.diagnostics': { request: none, response: z.object({ text: z.string() }) },

  'styles.list': {
    request: z.object({ packId: packIdSchema.nullable().default(null) }), response: z.array(styleSchema),
  },
  /** Keeps a style of the user's own: a new one, or the one of this id. A built-in one is copied, never changed. */
  'styles.save': {
    request: z.object({
      styleId: styleIdSchema.nullable().default(null), name, group: name,
      prompt: z.string().trim().min(1).max(500), negativePrompt: z.string().trim().max(500).default(''),
    }),
    response: styleSchema,
  },
  'styles.remove': { request: z.object({ styleId: styleIdSchema }), response: none },
  /** Where files of the user's own styles lie, for reading only, and what is wrong with those that hold none. */
  'styles.folder': { request: none, response: z.object({ place: z.string(), problems: z.array(errorDataSchema) }) },
} as const;
