// The queue as the page sees it: jobs, their progress as it comes, and the loss curve of each teach job.

import type { JobId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Job, LossPoint, Progress } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';

export class Jobs {
  list = $state.raw<Job[]>([]);
  #losses = $state.raw<Readonly<Record<string, readonly LossPoint[]>>>({});
  #client: StudioClient;

  running = $derived(this.list.filter((job) => job.state === 'running'));
  waiting = $derived(this.list.filter((job) => job.state === 'waiting').sort(byTime));
  ended = $derived(this.list.filter((job) => job.endedAtMs !== null || isEnded(job)).sort(byTime).reverse());
  /** What the status bar tells of: something the user asked for rather than the analysis of photos. */
  front = $derived(this.running.find((job) => job.kind !== 'analyze') ?? this.running[0] ?? null);

  constructor(client: StudioClient) {
    this.#client = client;
  }

  async load(): Promise<void> {
    this.list = await this.#client.call('jobs.list', {});
  }

  /** The latest job of a kind for a subject, whatever its state. */
  latest(subjectId: SubjectId, kind: Job['kind']): Job | null {
    const jobs = this.list.filter((job) => job.subjectId === subjectId && job.kind === kind);
    return jobs.sort(byTime).at(-1) ?? null;
  }

  lossPoints(jobId: JobId): readonly LossPoint[] {
    return this.#losses[jobId] ?? [];
  }

  /** Reads the whole curve of a job; needed once after the page was opened or the connection lost. */
  async loadLosses(jobId: JobId): Promise<void> {
    const history = await this.#client.call('looks.lossHistory', { jobId });
    this.#setLosses(jobId, mergePoints(history, this.lossPoints(jobId)));
  }

  async cancel(jobId: JobId): Promise<void> {
    this.upsert(await this.#client.call('jobs.cancel', { jobId }));
  }

  async retry(jobId: JobId): Promise<void> {
    this.upsert(await this.#client.call('jobs.retry', { jobId }));
  }

  upsert(job: Job): void {
    const index = this.list.findIndex((each) => each.id === job.id);
    this.list = index < 0 ? [...this.list, job] : this.list.with(index, job);
  }

  takeProgress(jobId: JobId, progress: Progress, points: readonly LossPoint[]): void {
    const job = this.list.find((each) => each.id === jobId);
    if (job && !isEnded(job)) this.upsert({ ...job, progress });
    if (points.length > 0) this.#setLosses(jobId, mergePoints(this.lossPoints(jobId), points));
  }

  /** A portrait of this job is done; the count follows at once, not with the next job event. */
  countItem(jobId: JobId, itemsDone: number): void {
    const job = this.list.find((each) => each.id === jobId);
    if (job && itemsDone > job.itemsDone) this.upsert({ ...job, itemsDone });
  }

  #setLosses(jobId: JobId, points: readonly LossPoint[]): void {
    this.#losses = { ...this.#losses, [jobId]: points };
  }

  /**
   * Seconds per step (teach) or per item (create) of the latest finished job of a kind on this machine, for an
   * estimate before the start; null when none has finished.
   */
  secondsPerUnit(kind: 'teach' | 'create'): number | null {
    const done = this.list.filter((job) => job.kind === kind && job.state === 'done').sort(byTime).at(-1);
    if (!done || done.endedAtMs === null) return null;
    const units = kind === 'create' ? done.items : (this.lossPoints(done.id).at(-1)?.step ?? done.progress?.steps ?? 0);
    return units > 0 ? (done.endedAtMs - done.createdAtMs) / 1000 / units : null;
  }
}

/** Share of a job that is done, 0 to 1; null while it is not known. */
export function jobShare(job: Job): number | null {
  if (job.kind === 'create') return job.items > 0 ? job.itemsDone / job.items : null;
  return job.progress && job.progress.steps > 0 ? job.progress.step / job.progress.steps : null;
}

export function isEnded(job: Job): boolean {
  return job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
}

function byTime(a: Job, b: Job): number {
  return a.createdAtMs - b.createdAtMs;
}

/** Both lists by step, the later list winning where a step is in both. */
function mergePoints(earlier: readonly LossPoint[], later: readonly LossPoint[]): readonly LossPoint[] {
  const lastStep = earlier.at(-1)?.step ?? -1;
  if (later.length > 0 && later[0]!.step > lastStep) return [...earlier, ...later];
  const bySteps = new Map([...earlier, ...later].map((point) => [point.step, point]));
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}
