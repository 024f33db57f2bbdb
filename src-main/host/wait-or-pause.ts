// Waiting for a teach job in a terminal: Ctrl+C pauses it, keeps what it has learned and says how to go on; a second
// Ctrl+C ends the command at once.

import { UserError } from '../contract/errors.ts';
import type { Job } from '../contract/work.ts';
import type { Studio } from '../studio/open-studio.ts';
import type { CommonOptions } from './options.ts';
import { waitFor } from './steps.ts';
import type { ProgressDisplay } from './terminal.ts';

/** Like waitFor; throws jobs.paused when the user paused it. */
export async function waitOrPause(
  studio: Studio, { id }: Pick<Job, 'id'>, display: ProgressDisplay, { library }: CommonOptions,
): Promise<Job> {
  const others = process.listeners('SIGINT');
  const restore = (): void => {
    process.off('SIGINT', pause);
    for (const listener of others) if (!process.listeners('SIGINT').includes(listener)) process.on('SIGINT', listener);
  };
  const pause = (): void => {
    restore();
    display.note('Pausing after this step. Press Ctrl+C again to stop at once.');
    void studio.run('jobs.pause', { jobId: id });
  };
  for (const listener of others) process.off('SIGINT', listener);
  process.on('SIGINT', pause);
  try {
    const job = await waitFor(studio, { id }, display);
    if (job.state === 'paused') throw paused(job, library);
    return job;
  } finally {
    restore();
  }
}

function paused({ id, resumeStep }: Job, library: string | undefined): UserError {
  const place = library === undefined ? '' : ` --library ${JSON.stringify(library)}`;
  return new UserError('jobs.paused', {
    what: resumeStep === null ? 'It is paused before its first step.' : `It is paused at step ${resumeStep}.`,
    safe: 'What it has learned is kept, and it goes on exactly where it was.',
    todo: `Go on with: likeness train --resume ${id}${place}`,
  }, { job: id, resumeStep: resumeStep ?? 0 });
}
