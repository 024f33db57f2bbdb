// Commands over jobs and the queue, and jobs as the page sees them: the row, with the progress and the time left that
// only this process knows.

import type { JobId } from '../contract/ids.ts';
import type { LossPoint } from '../contract/nouns.ts';
import type { Job, Progress } from '../contract/work.ts';
import type { StudioEvent } from '../contract/studio.ts';
import type { JobRecord } from '../library/jobs.ts';
import type { Handlers, StudioContext } from './context.ts';
import { JobPace } from './job-pace.ts';
import { removeRunFolder } from './run-folders.ts';

/** Progress of running jobs; it is not kept, because it means nothing after the process ended. */
export interface ProgressBoard {
  view(job: JobRecord): Job;
  /** Announces a job's new state; forgets its progress when it no longer runs. */
  changed(job: JobRecord): void;
  report(id: JobId, progress: Progress, lossPoints?: readonly LossPoint[]): void;
  /** Tells what was done otherwise than asked. */
  note(id: JobId, sentence: string): void;
}

interface Running {
  job: JobRecord;
  readonly pace: JobPace;
  progress: Progress | null;
  toldAtMs: number;
}

/** The page learns of a new time left this often, where nothing else of the job changes. */
const leastIntervalMs = 1000;

/** `now` is in milliseconds and stands still while the machine sleeps. */
export function openProgressBoard(
  emit: (event: StudioEvent) => void, now: () => number = () => performance.now(),
): ProgressBoard {
  const running = new Map<JobId, Running>();
  const view = ({ parameters: _, attempts: __, ...job }: JobRecord): Job => {
    const known = running.get(job.id);
    return { ...job, progress: known?.progress ?? null, etaSeconds: known ? etaOf(known, now()) : null };
  };
  const tell = (job: JobRecord): void => emit({ type: 'job-changed', job: view(job) });
  return {
    view,
    changed(job) {
      if (job.state === 'running') {
        const known = running.get(job.id) ?? { job, pace: new JobPace(), progress: null, toldAtMs: now() };
        Object.assign(known, { job, toldAtMs: now() });
        running.set(job.id, known);
        if (job.items > 0) known.pace.mark(job.itemsDone, job.items, now());
      } else running.delete(job.id);
      tell(job);
    },
    report(id, progress, lossPoints = []) {
      const known = running.get(id);
      if (known) known.progress = progress;
      if (known && isWholeJob(known.job, progress)) known.pace.mark(progress.step, progress.steps, now());
      emit({ type: 'job-progress', jobId: id, progress, lossPoints: [...lossPoints] });
      if (!known || now() - known.toldAtMs < leastIntervalMs) return;
      known.toldAtMs = now();
      tell(known.job);
    },
    note: (jobId, sentence) => emit({ type: 'job-note', jobId, sentence }),
  };
}

/** Whether these steps are the job's own; what has items counts those. */
function isWholeJob({ kind, items }: JobRecord, { phase, steps }: Progress): boolean {
  if (items > 0 || steps === 0) return false;
  return kind === 'teach' ? phase === 'teaching' || phase === 'previewing' : phase === 'finding-faces';
}

function etaOf({ job, pace, progress }: Running, nowMs: number): number | null {
  const eta = pace.etaSeconds(nowMs);
  // until the second portrait is done, the steps of the sampler say more than nothing
  return eta ?? (job.kind === 'create' && progress?.phase === 'drawing' ? progress.etaSeconds : null);
}

export function jobCommands(context: StudioContext, board: ProgressBoard): Handlers<
  'jobs.list' | 'jobs.cancel' | 'jobs.pause' | 'jobs.resume' | 'jobs.finish' | 'jobs.retry' | 'jobs.reorder'
  | 'jobs.clear' | 'queue.pause' | 'looks.lossHistory' | 'looks.snapshots'> {
  const { library, queue, emit } = context;
  const list = (): Job[] => library.jobs.list().map(board.view);
  return {
    'jobs.list': list,
    'jobs.cancel': ({ jobId }) => board.view(queue.cancel(jobId)),
    'jobs.pause': ({ jobId }) => board.view(queue.pause(jobId)),
    'jobs.resume': ({ jobId }) => board.view(queue.resume(jobId)),
    'jobs.finish': ({ jobId }) => board.view(queue.finish(jobId)),
    'jobs.retry': ({ jobId }) => board.view(queue.retry(jobId)),
    'jobs.reorder': ({ jobId, beforeJobId }) => {
      queue.reorder(jobId, beforeJobId);
      return list();
    },
    'jobs.clear': async ({ jobIds }) => {
      await clear(context, jobIds);
      return {};
    },
    'queue.pause': ({ isPaused }) => {
      queue.setPaused(isPaused);
      emit({ type: 'queue-state', isPaused });
      return {};
    },
    'looks.lossHistory': ({ jobId }) => library.jobs.losses(jobId),
    'looks.snapshots': ({ jobId }) => library.snapshots.list(jobId),
  };
}

/** What came of them stays; what only a retry would have used goes. */
async function clear({ library, queue, emit }: StudioContext, jobIds: readonly JobId[]): Promise<void> {
  for (const jobId of queue.clear(jobIds)) {
    emit({ type: 'job-removed', jobId });
    await removeRunFolder(library.folder, jobId);
  }
}
