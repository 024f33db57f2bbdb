// What goes on in the queue, as the desktop shows it outside the window: a bar, whether the computer may sleep, what
// is worth a notification, what quitting would interrupt. Fed with the studio's events; free of electron and of clocks.

import type { Job } from '../contract/work.ts';
import type { StudioEvent } from '../contract/studio.ts';

/** As BrowserWindow.setProgressBar takes it; a fraction of 2 is work whose length is unknown, -1 nothing at all. */
export interface Bar {
  readonly fraction: number;
  readonly mode: 'normal' | 'indeterminate' | 'paused' | 'error' | 'none';
}

export interface WorkWatch {
  /** Takes one event at this time. Returns a job that ended just now after working for long. */
  see(event: StudioEvent, nowMs: number): Job | undefined;
  /** Another studio is open: nothing is known. */
  begin(): void;
  /** What its queue held a moment ago; what was heard of a job since then counts for more. */
  learn(jobs: readonly Job[], isPaused: boolean, nowMs: number): void;
  bar(): Bar;
  /** Exactly while a job runs. */
  isWorking(): boolean;
  /** What quitting would interrupt. */
  unfinished(): readonly Job[];
  /** The user looked: an error need not be shown any longer. */
  lookedAt(): void;
}

/** Work that took this long is worth a notification. */
export const longWorkMs = 20_000;

const noBar: Bar = { fraction: -1, mode: 'none' };
const ended: ReadonlySet<Job['state']> = new Set(['done', 'failed', 'cancelled']);

interface Watched {
  job: Job;
  runningSinceMs: number | undefined;
  /** In earlier turns. */
  workedMs: number;
  /** Teaching stops for a preview now and then; the bar stays where it was. */
  lastFraction: number | undefined;
}

export function openWorkWatch(): WorkWatch {
  return new Watch();
}

class Watch implements WorkWatch {
  readonly #watched = new Map<string, Watched>();
  readonly #heard = new Set<string>();
  #isPaused = false;
  #hasFailed = false;

  see(event: StudioEvent, nowMs: number): Job | undefined {
    if (event.type === 'job-changed') return this.#take(event.job, nowMs);
    if (event.type === 'queue-state') this.#isPaused = event.isPaused;
    if (event.type === 'job-removed') this.#watched.delete(event.jobId);
    const found = event.type === 'job-progress' ? this.#watched.get(event.jobId) : undefined;
    if (found && event.type === 'job-progress') {
      found.job = { ...found.job, progress: event.progress };
      found.lastFraction = fractionDone(found.job) ?? found.lastFraction;
    }
    return undefined;
  }

  begin(): void {
    this.#watched.clear();
    this.#heard.clear();
    this.#isPaused = false;
    this.#hasFailed = false;
  }

  learn(jobs: readonly Job[], isPaused: boolean, nowMs: number): void {
    this.#isPaused = isPaused;
    for (const job of jobs) if (!ended.has(job.state) && !this.#heard.has(job.id)) this.#take(job, nowMs);
  }

  bar(): Bar {
    const now = this.#running();
    if (now) return barAt(now.lastFraction);
    if (this.#hasFailed) return { fraction: 1, mode: 'error' };
    const waiting = [...this.#watched.values()];
    const stopped = waiting.find(({ job }) => job.state === 'paused') ?? (this.#isPaused ? waiting[0] : undefined);
    return stopped ? { fraction: Math.max(0.02, stopped.lastFraction ?? 0), mode: 'paused' } : noBar;
  }

  isWorking(): boolean {
    return this.#running() !== undefined;
  }

  unfinished(): readonly Job[] {
    return [...this.#watched.values()].map(({ job }) => job).filter(({ state }) => state === 'running');
  }

  lookedAt(): void {
    this.#hasFailed = false;
  }

  #running(): Watched | undefined {
    return [...this.#watched.values()].find(({ job }) => job.state === 'running');
  }

  #take(job: Job, nowMs: number): Job | undefined {
    this.#heard.add(job.id);
    const fresh: Watched = { job, runningSinceMs: undefined, workedMs: 0, lastFraction: undefined };
    const known = this.#watched.get(job.id) ?? fresh;
    known.job = job;
    known.lastFraction = fractionDone(job) ?? known.lastFraction;
    if (job.state === 'running') {
      known.runningSinceMs ??= nowMs;
    } else if (known.runningSinceMs !== undefined) {
      known.workedMs += nowMs - known.runningSinceMs;
      known.runningSinceMs = undefined;
    }
    if (!ended.has(job.state)) this.#watched.set(job.id, known);
    else if (!this.#watched.delete(job.id)) return undefined;
    if (job.state === 'failed') this.#hasFailed = true;
    const isWorthSaying = (job.state === 'done' || job.state === 'failed') && known.workedMs >= longWorkMs;
    return isWorthSaying ? job : undefined;
  }
}

function barAt(fraction: number | undefined): Bar {
  return fraction === undefined ? { fraction: 2, mode: 'indeterminate' } : { fraction, mode: 'normal' };
}

/** How much of a job is done, 0 to 1; undefined while nobody knows. */
export function fractionDone({ kind, progress, items, itemsDone, resumeStep, trainingSteps }: Job): number | undefined {
  if (kind === 'teach') {
    if (progress?.phase === 'teaching' && progress.steps > 0) return Math.min(1, progress.step / progress.steps);
    return resumeStep !== null && trainingSteps ? Math.min(1, resumeStep / trainingSteps) : undefined;
  }
  const part = progress && progress.steps > 0 ? Math.min(1, progress.step / progress.steps) : 0;
  if (items > 0) return Math.min(1, (itemsDone + (itemsDone < items ? Math.min(part, 0.99) : 0)) / items);
  return progress && progress.steps > 0 ? part : undefined;
}
