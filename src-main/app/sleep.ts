// The computer goes to sleep: what teaches keeps what it has learned and stops; when it wakes it goes on from there,
// in an engine that meets the graphics card anew. Other work loses one portrait at most and is left alone.

import type { Job } from '../contract/work.ts';
import type { CallStudio } from './message-gate.ts';

export interface Sleep {
  suspend(): Promise<void>;
  /** Only what was stopped here goes on; what its user had paused stays so. */
  resume(): Promise<void>;
}

export function openSleep(unfinished: () => readonly Job[], call: CallStudio): Sleep {
  let stopped: string[] = [];
  return {
    async suspend() {
      const teaching = unfinished().filter((job) => job.kind === 'teach' && job.request === null);
      stopped = teaching.map(({ id }) => id);
      for (const jobId of stopped) await call('jobs.pause', { jobId });
    },
    async resume() {
      const jobIds = stopped;
      stopped = [];
      for (const jobId of jobIds) await call('jobs.resume', { jobId });
    },
  };
}
