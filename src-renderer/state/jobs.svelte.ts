// The queue as the page sees it: jobs, their progress as it comes, and the loss curve of each teach job.

import type { JobId, SubjectId } from '../../src-main/contract/ids.ts';
import type { LossPoint } from '../../src-main/contract/nouns.ts';
import type { Job, Progress } from '../../src-main/contract/work.ts';
import type { StudioClient } from '../ipc/client.ts';
import type { JobAct } from './job-acts.ts';

export class Jobs {
  list = $state.raw<Job[]>([]);
  /** The user stopped the queue: what waits does not start. */
  isQueuePaused = $state(false);
  #losses = $state.raw<Readonly<Record<string, readonly LossPoint[]>>>({});
  /** The last event of each job. */
  #heard: Readonly<Record<string, Job>> = {};
  #client: StudioClient;
  #onChange: (before: Job | undefined, after: Job) => void;

  running = $derived(this.list.filter((job) => job.state === 'running'));
  /** In the order in which they will start. */
  waiting = $derived(this.list.filter((job) => job.state === 'waiting').sort(byPlace));
  paused = $derived(this.list.filter((job) => job.state === 'paused').sort(byTime));
  ended = $derived(this.list.filter((job) => job.endedAtMs !== null || isEnded(job)).sort(byTime).reverse());
  /** What the status bar tells of: something the user asked for rather than the analysis of photos. */
  front = $derived(
    this.running.find((job) => job.kind !== 'analyze') ?? this.running[0] ?? this.paused[0] ?? null,
  );

  /** `onChange` hears of a job as it was, undefined for a new one, and as it is. */
  constructor(client: StudioClient, onChange: (before: Job | undefined, after: Job) => void = () => undefined) {
    this.#client = client;
    this.#onChange = onChange;
  }

  async load(): Promise<void> {
    this.list = await this.#client.call('jobs.list', {});
  }

  /** The latest job of a kind for a subject, whatever its state. */
  latest(subjectId: SubjectId, kind: Job['kind']): Job | null {
    const jobs = this.list.filter((job) => job.subjectId === subjectId && job.kind === kind);
    return jobs.sort(byTime).at(-1) ?? null;
  }

  /** The teach job that the page shows for a subject: one that runs, else one that is under way, else the latest. */
  teaching(subjectId: SubjectId): Job | null {
    const own = this.list.filter((job) => job.subjectId === subjectId && job.kind === 'teach').sort(byTime);
    const inState = (state: Job['state']): Job | undefined => own.find((job) => job.state === state);
    return inState('running') ?? inState('paused') ?? inState('waiting') ?? own.at(-1) ?? null;
  }

  lossPoints(jobId: JobId): readonly LossPoint[] {
    return this.#losses[jobId] ?? [];
  }

  /** Reads the whole curve of a job; needed once after the page was opened or the connection lost. */
  async loadLosses(jobId: JobId): Promise<void> {
    const history = await this.#client.call('looks.lossHistory', { jobId });
    this.#setLosses(jobId, mergePoints(history, this.lossPoints(jobId)));
  }

  /** Asks something of a job. The answer is the job as it stood then; an event that overtook it is newer. */
  async act(jobId: JobId, act: JobAct): Promise<void> {
    const before = this.#heard[jobId];
    const job = await this.#client.call(`jobs.${act}`, { jobId });
    if (this.#heard[jobId] === before) this.#put(job);
  }

  /** Stops the queue from starting what waits, or lets it go on. */
  async pauseQueue(isPaused: boolean): Promise<void> {
    await this.#client.call('queue.pause', { isPaused });
    this.isQueuePaused = isPaused;
  }

  /** Puts a waiting job in front of another one, or at the end for null. */
  async reorder(jobId: JobId, beforeJobId: JobId | null): Promise<void> {
    const placed = await this.#client.call('jobs.reorder', { jobId, beforeJobId });
    placed.forEach((job) => this.#put(job));
  }

  /** Moves a waiting job so many places on; nothing at either end. */
  async move(jobId: JobId, places: -1 | 1): Promise<void> {
    const order = this.waiting.map(({ id }) => id);
    const index = order.indexOf(jobId);
    if (index < 0 || !order[index + places]) return;
    await this.reorder(jobId, order[places < 0 ? index - 1 : index + 2] ?? null);
  }

  /** Takes jobs that have ended off the list. */
  async clear(jobIds: readonly JobId[]): Promise<void> {
    if (jobIds.length === 0) return;
    await this.#client.call('jobs.clear', { jobIds: [...jobIds] });
    jobIds.forEach((id) => this.drop(id));
  }

  drop(jobId: JobId): void {
    this.list = this.list.filter(({ id }) => id !== jobId);
  }

  find(jobId: JobId | null): Job | null {
    return this.list.find(({ id }) => id === jobId) ?? null;
  }

  /** Takes in a job that was just made, unless an event has told of it already. */
  add(job: Job): void {
    if (!this.list.some(({ id }) => id === job.id)) this.#put(job);
  }

  /** Takes in what an event says of a job. */
  upsert(job: Job): void {
    this.#heard = { ...this.#heard, [job.id]: job };
    this.#put(job);
  }

  takeProgress(jobId: JobId, progress: Progress, points: readonly LossPoint[]): void {
    const job = this.list.find((each) => each.id === jobId);
    if (job && !isEnded(job)) this.#put({ ...job, progress });
    if (points.length === 0) return;
    // a run that was taken up again begins at its last snapshot; what it had beyond that is not of this run
    const before = this.lossPoints(jobId).filter(({ step }) => step < points[0]!.step);
    this.#setLosses(jobId, [...before, ...points]);
  }

  /** A portrait of this job is done; the count follows at once, not with the next job event. */
  countItem(jobId: JobId, itemsDone: number): void {
    const job = this.list.find((each) => each.id === jobId);
    if (job && itemsDone > job.itemsDone) this.#put({ ...job, itemsDone });
  }

  #put(job: Job): void {
    const index = this.list.findIndex((each) => each.id === job.id);
    const before = this.list[index];
    this.list = index < 0 ? [...this.list, job] : this.list.with(index, job);
    this.#onChange(before, job);
  }

  #setLosses(jobId: JobId, points: readonly LossPoint[]): void {
    this.#losses = { ...this.#losses, [jobId]: points };
  }

  /** Share of a job that is done, 0 to 1; null while it is not known. */
  share(job: Job): number | null {
    return jobShare(job, this.lossPoints(job.id).at(-1)?.step ?? null);
  }

  /** Seconds an item of the latest finished batch on this machine, for an estimate; null when none has finished. */
  secondsPerPortrait(): number | null {
    const done = this.list.filter((job) => job.kind === 'create' && job.state === 'done').sort(byTime).at(-1);
    if (!done || done.endedAtMs === null || done.items === 0) return null;
    return (done.endedAtMs - done.createdAtMs) / 1000 / done.items;
  }
}

/** Phases of a teach job that come before its first step, each with a length of its own. */
const beforeTeaching: readonly Progress['phase'][] = [
  'starting', 'drawing-class', 'preparing', 'finding-faces', 'finding-words',
];

/**
 * Share of a job that is done, 0 to 1; null while it is not known. Teaching goes by its steps also while it draws
 * previews, with `lastStep` the last one that was heard of.
 */
export function jobShare(job: Job, lastStep: number | null = null): number | null {
  if (job.kind !== 'teach' && job.kind !== 'analyze') return job.items > 0 ? job.itemsDone / job.items : null;
  const { progress, trainingSteps } = job;
  const isBetweenSteps = job.kind === 'teach' && !(progress && beforeTeaching.includes(progress.phase));
  if (isBetweenSteps && progress?.phase !== 'teaching') {
    const step = lastStep ?? job.resumeStep;
    return step !== null && trainingSteps ? Math.min(1, step / trainingSteps) : null;
  }
  return progress && progress.steps > 0 ? progress.step / progress.steps : null;
}

export function isEnded(job: Job): boolean {
  return job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
}

function byPlace(a: Job, b: Job): number {
  return a.position - b.position || byTime(a, b);
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
