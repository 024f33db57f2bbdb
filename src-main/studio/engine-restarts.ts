// A job goes on by itself when the engine dies under it: what was kept is kept, so its runner is simply called again,
// which starts a new engine. Three deaths in a row without anything kept between them end the job.

import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { JobRunner } from '../jobs/queue.ts';
import type { JobQueries } from '../library/jobs.ts';
import type { ProgressBoard } from './jobs.ts';

const mostDeaths = 3;

/** The runner, called again after each death of the engine. Rejects with engine.keeps-stopping. */
export function goingOn(runner: JobRunner, jobs: Pick<JobQueries, 'get'>, board: ProgressBoard): JobRunner {
  return async (job, control) => {
    let deaths = 0;
    const counting = {
      ...control,
      gotOn() {
        deaths = 0;
        control.gotOn();
      },
    };
    for (;;) {
      try {
        // what was asked of it meanwhile stands in the row
        return await runner(jobs.get(job.id) ?? job, counting);
      } catch (error) {
        const reason = deathOf(error);
        if (reason === undefined || control.signal.aborted) throw error;
        if (++deaths === mostDeaths) throw keepsStopping(error, reason);
        board.note(job.id, `The engine stopped (${reason}) and was started again; nothing that was finished is lost.`);
      }
    }
  };
}

/** How the engine ended; undefined where something else went wrong. */
function deathOf(error: unknown): string | undefined {
  const { code, parameters } = errorDataOf(error);
  return code === 'engine.stopped' ? String(parameters['reason'] ?? 'no reason given') : undefined;
}

// the system takes a process that needs too much memory with SIGKILL, and without a signal on Windows
const ofMemory = /SIGKILL|bad_alloc|out of memory|exit code (134|137)\b/i;

function keepsStopping(error: unknown, reason: string): UserError {
  const { what, safe } = errorDataOf(error);
  const isMemory = ofMemory.test(reason);
  return new UserError('engine.keeps-stopping', {
    what: `${what.replace(/\.$/, '')}, ${mostDeaths} times in a row.`,
    safe,
    todo: isMemory
      ? 'It may have run out of memory: close other programs or choose smaller settings, then try again.'
      : 'Choose another device or smaller settings, then try again; if it goes on, restart the computer.',
  }, { reason, count: mostDeaths });
}
