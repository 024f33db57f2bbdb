// What can be asked of a job in the state that it is in; buttons of the page and of the queue read the same table.

import type { Job } from '../../src-main/contract/work.ts';

export type JobAct = 'pause' | 'resume' | 'finish' | 'cancel' | 'retry';

/** The acts that make sense for a job now, in the order of their buttons. */
export function jobActs(job: Job): readonly JobAct[] {
  const finish: JobAct[] = canFinish(job) ? ['finish'] : [];
  switch (job.state) {
    case 'waiting': return job.request ? ['cancel'] : ['pause', ...finish, 'cancel'];
    // what was asked of it comes first; a second wish would only wait behind it
    case 'running': return job.request ? ['cancel'] : ['pause', ...finish, 'cancel'];
    case 'paused': return ['resume', ...finish, 'cancel'];
    case 'failed': return ['retry', ...finish];
    case 'cancelled': return ['retry'];
    case 'done': return [];
  }
}

/** Whether a teach job has learned something that could be kept. */
function canFinish({ kind, resumeStep, state, progress }: Job): boolean {
  if (kind !== 'teach') return false;
  return resumeStep !== null || (state === 'running' && progress?.phase === 'teaching' && progress.step > 0);
}
