// What the queue has to refuse or give up, in words for the user.

import { UserError } from '../contract/errors.ts';
import type { JobId } from '../contract/ids.ts';
import type { JobRecord } from '../library/jobs.ts';
import type { Library } from '../library/library.ts';

export function interruptedTooOften(job: JobRecord): UserError {
  return new UserError('jobs.interrupted', {
    what: `"${job.title}" was cut short ${job.attempts} times.`,
    safe: 'Your photos and the portraits that were finished are kept.',
    todo: 'Close other programs that need much memory, then try it again.',
  }, { attempts: job.attempts });
}

export function nothingToKeep(job: JobRecord): UserError {
  return new UserError('jobs.nothing-to-keep', {
    what: `"${job.title}" has learned nothing yet that could be kept.`,
    safe: 'Your photos and earlier looks are as they were.',
    todo: 'Let it go on until its first snapshot, or cancel it.',
  });
}

/** The job, or a UserError that it is gone. */
export function jobOf(library: Library, id: JobId): JobRecord {
  const job = library.jobs.get(id);
  if (job) return job;
  throw new UserError('jobs.unknown', {
    what: 'This job is not there any more.', safe: 'Nothing was changed.', todo: 'Look at the list of jobs again.',
  });
}
