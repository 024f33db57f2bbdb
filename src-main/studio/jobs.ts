// Commands over jobs, and jobs as the page sees them: the row, with the progress that only this process knows.

import type { JobId } from '../contract/ids.ts';
import type { LossPoint } from '../contract/nouns.ts';
import type { Job, Progress } from '../contract/work.ts';
import type { StudioEvent } from '../contract/studio.ts';
import type { JobRecord } from '../library/jobs.ts';
import type { Handlers, StudioContext } from './context.ts';

/** Progress of running jobs; it is not kept, because it means nothing after the process ended. */
export interface ProgressBoard {
  view(job: JobRecord): Job;
  /** Announces a job's new state; forgets its progress when it no longer runs. */
  changed(job: JobRecord): void;
  report(id: JobId, progress: Progress, lossPoints?: readonly LossPoint[]): void;
  /** Tells what was done otherwise than asked. */
  note(id: JobId, sentence: string): void;
}

export function openProgressBoard(emit: (event: StudioEvent) => void): ProgressBoard {
  const current = new Map<JobId, Progress>();
  const view = (job: JobRecord): Job => ({
    id: job.id, kind: job.kind, subjectId: job.subjectId, title: job.title, state: job.state,
    request: job.request, method: job.method, trainingSteps: job.trainingSteps, resumeStep: job.resumeStep,
    progress: current.get(job.id) ?? null, error: job.error, adapterId: job.adapterId,
    etaSeconds: null, position: job.position, outcome: job.outcome, itemsDone: job.itemsDone, items: job.items, createdAtMs: job.createdAtMs, endedAtMs: job.endedAtMs,
  });
  return {
    view,
    changed(job) {
      if (job.state !== 'running') current.delete(job.id);
      emit({ type: 'job-changed', job: view(job) });
    },
    report(id, progress, lossPoints = []) {
      current.set(id, progress);
      emit({ type: 'job-progress', jobId: id, progress, lossPoints: [...lossPoints] });
    },
    note: (jobId, sentence) => emit({ type: 'job-note', jobId, sentence }),
  };
}

export function jobCommands({ library, queue }: StudioContext, board: ProgressBoard): Handlers<
  'jobs.list' | 'jobs.cancel' | 'jobs.pause' | 'jobs.resume' | 'jobs.finish' | 'jobs.retry' | 'looks.lossHistory'
  | 'looks.snapshots'> {
  return {
    'jobs.list': () => library.jobs.list().map(board.view),
    'jobs.cancel': ({ jobId }) => board.view(queue.cancel(jobId)),
    'jobs.pause': ({ jobId }) => board.view(queue.pause(jobId)),
    'jobs.resume': ({ jobId }) => board.view(queue.resume(jobId)),
    'jobs.finish': ({ jobId }) => board.view(queue.finish(jobId)),
    'jobs.retry': ({ jobId }) => board.view(queue.retry(jobId)),
    'looks.lossHistory': ({ jobId }) => library.jobs.losses(jobId),
    'looks.snapshots': ({ jobId }) => library.snapshots.list(jobId),
  };
}
