// The queue: jobs are rows of the library, run one at a time in the order they wait in, and outlive the process. Those
// that need no engine, imports and exports, are a line of their own, so that photos do not wait for a night's teaching.
// A job that was running when the process ended waits again at the next start, three times at most without getting on.

import { errorDataOf } from '../contract/error-data.ts';
import type { JobId } from '../contract/ids.ts';
import { type Job, jobSchema, needsEngine } from '../contract/work.ts';
import type { JobItem } from '../library/job-items.ts';
import type { JobRecord, NewJob } from '../library/jobs.ts';
import type { Library } from '../library/library.ts';
import { interruptedTooOften, jobOf, nothingToKeep } from './queue-errors.ts';

/** What reaches a job while it runs. */
export interface RunControl {
  /** Aborted: stop and reject. */
  readonly signal: AbortSignal;
  /** Calls back with what is asked of the job, at once where it was asked before; only for jobs that teach. */
  onRequest(listener: (request: 'pause' | 'finish') => void): void;
  /** Something of it was kept, so its interruptions up to now do not count. */
  gotOn(): void;
}

/** Does one job; resolves with 'paused' where it was asked to. Rejects with the error that the user should see. */
export type JobRunner = (job: JobRecord, control: RunControl) => Promise<void | 'paused'>;

export interface Queue {
  add(job: NewJob, items?: readonly JobItem[]): JobRecord;
  /** A waiting or paused job is cancelled at once, a running one as soon as its runner stops; others stay. */
  cancel(id: JobId): JobRecord;
  /** A waiting job pauses at once, a running one when it has kept what it has; others stay as they are. */
  pause(id: JobId): JobRecord;
  /** Puts a paused job back. */
  resume(id: JobId): JobRecord;
  /** Ends a teach job early with what its snapshots have; refuses with jobs.nothing-to-keep. */
  finish(id: JobId): JobRecord;
  /** Puts a failed or cancelled job back; items that are done stay done. */
  retry(id: JobId): JobRecord;
  /** Puts a waiting job in front of another one, or at the end for null; returns those whose place is another. */
  reorder(id: JobId, beforeId: JobId | null): JobRecord[];
  /** Takes jobs that have ended off the list; returns which. Looks and portraits stay. */
  clear(ids: readonly JobId[]): JobId[];
  /** Starts nothing more until it is told to, also after a restart; what runs goes on. */
  setPaused(isPaused: boolean): void;
  isPaused(): boolean;
  /** The job once it is done, failed, cancelled or paused. */
  settled(id: JobId): Promise<JobRecord>;
  /** Aborts what runs, leaves it to the next start, and takes no more. */
  close(): Promise<void>;
}

export interface QueueSettings {
  readonly library: Library;
  readonly runners: Readonly<Record<Job['kind'], JobRunner>>;
  /** Told after every change of a job's state. */
  readonly onChange: (job: JobRecord) => void;
  /** Only keeps the list and starts nothing, for those that look at it and put it in order. */
  readonly isIdle?: boolean;
}

const maximumAttempts = 3;
const settledStates: ReadonlySet<Job['state']> = new Set(['done', 'failed', 'cancelled', 'paused']);

const lines: readonly (readonly Job['kind'][])[] = [true, false].map((isEngines) =>
  jobSchema.shape.kind.options.filter((kind) => needsEngine[kind] === isEngines));

interface Running {
  readonly job: JobRecord;
  readonly abort: AbortController;
  /** Why it was aborted, where it was not the process that ended. */
  ending: 'cancelled' | 'paused' | undefined;
  tell: ((request: 'pause' | 'finish') => void) | undefined;
}

/** Requeues what a crash cut short and starts working. */
export function openQueue(settings: QueueSettings): Queue {
  requeueInterrupted(settings.library);
  const queue = new JobQueue(settings);
  queue.wake();
  return queue;
}

class JobQueue implements Queue {
  readonly #settings: QueueSettings;
  readonly #waiters = new Map<JobId, ((job: JobRecord) => void)[]>();
  readonly #running = new Map<JobId, Running>();
  readonly #lines = lines.map((kinds) => ({ kinds, work: Promise.resolve() }));
  #isClosed = false;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
  }

  add(job: NewJob, items?: readonly JobItem[]): JobRecord {
    this.#settings.library.jobs.insert(job, items);
    this.wake();
    return this.#changed(job.id);
  }

  cancel(id: JobId): JobRecord {
    const { library } = this.#settings;
    const job = jobOf(library, id);
    const running = this.#running.get(id);
    if (running) this.#abort(running, 'cancelled');
    else if (job.state === 'waiting' || job.state === 'paused') {
      library.jobs.setState(id, 'cancelled', { endedAtMs: Date.now() });
    }
    return this.#changed(id);
  }

  pause(id: JobId): JobRecord {
    const { library } = this.#settings;
    const job = jobOf(library, id);
    const running = this.#running.get(id);
    if (running) {
      // drawing keeps each portrait as it is done; teaching has to write a snapshot first
      if (job.kind === 'teach') this.#ask(running, 'pause');
      else this.#abort(running, 'paused');
    } else if (job.state === 'waiting') library.jobs.setState(id, 'paused');
    return this.#changed(id);
  }

  resume(id: JobId): JobRecord {
    const { library } = this.#settings;
    if (jobOf(library, id).state === 'paused') library.jobs.setState(id, 'waiting');
    this.wake();
    return this.#changed(id);
  }

  finish(id: JobId): JobRecord {
    const { library } = this.#settings;
    const job = jobOf(library, id);
    if (job.kind !== 'teach' || job.state === 'done' || job.state === 'cancelled') return this.#changed(id);
    const running = this.#running.get(id);
    if (running) this.#ask(running, 'finish');
    else if (job.resumeStep === null) throw nothingToKeep(job);
    else {
      library.jobs.setRequest(id, 'finish');
      library.jobs.setState(id, 'waiting');
      this.wake();
    }
    return this.#changed(id);
  }

  retry(id: JobId): JobRecord {
    const { library } = this.#settings;
    const { state } = jobOf(library, id);
    if (state === 'failed' || state === 'cancelled') {
      library.jobs.setRequest(id, null);
      library.jobs.setState(id, 'waiting');
    }
    this.wake();
    return this.#changed(id);
  }

  reorder(id: JobId, beforeId: JobId | null): JobRecord[] {
    const { jobs } = this.#settings.library;
    jobOf(this.#settings.library, id);
    if (beforeId !== null) jobOf(this.#settings.library, beforeId);
    const before = jobs.waiting();
    if (id === beforeId || !before.some((job) => job.id === id)) return [];
    // the other one may just have started: then this one is the next
    const next = before.find((job) => job.id !== id)?.id ?? null;
    jobs.moveBefore(id, beforeId === null || before.some((job) => job.id === beforeId) ? beforeId : next);
    const places = new Map(before.map((job) => [job.id, job.position]));
    return jobs.waiting().filter((job) => job.position !== places.get(job.id)).map((job) => this.#changed(job.id));
  }

  clear(ids: readonly JobId[]): JobId[] {
    return this.#settings.library.jobs.clear(ids);
  }

  setPaused(isPaused: boolean): void {
    this.#settings.library.jobs.setQueuePaused(isPaused);
    if (!isPaused) this.wake();
  }

  isPaused(): boolean {
    return this.#settings.library.jobs.isQueuePaused();
  }

  settled(id: JobId): Promise<JobRecord> {
    const job = jobOf(this.#settings.library, id);
    if (isSettled(job)) return Promise.resolve(job);
    return new Promise((resolve) => this.#waiters.set(id, [...this.#waiters.get(id) ?? [], resolve]));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { abort } of this.#running.values()) abort.abort();
    await Promise.all(this.#lines.map(({ work }) => work));
  }

  wake(): void {
    if (this.#isClosed || this.#settings.isIdle) return;
    for (const line of this.#lines) line.work = line.work.then(() => this.#runWaiting(line.kinds));
  }

  async #runWaiting(kinds: readonly Job['kind'][]): Promise<void> {
    const { library, runners } = this.#settings;
    while (!this.#isClosed && !this.isPaused()) {
      const job = library.jobs.claimNext(kinds);
      if (!job) return;
      const running: Running = { job, abort: new AbortController(), ending: undefined, tell: undefined };
      this.#running.set(job.id, running);
      this.#changed(job.id);
      const outcome = await outcomeOf(runners[job.kind], running, library);
      this.#running.delete(job.id);
      finish(library, running, outcome, this.#isClosed);
      if (library.jobs.get(job.id)) this.#changed(job.id);
    }
  }

  #abort(running: Running, ending: 'cancelled' | 'paused'): void {
    running.ending = ending;
    running.abort.abort();
  }

  #ask(running: Running, request: 'pause' | 'finish'): void {
    this.#settings.library.jobs.setRequest(running.job.id, request);
    running.tell?.(request);
  }

  #changed(id: JobId): JobRecord {
    const job = jobOf(this.#settings.library, id);
    this.#settings.onChange(job);
    if (isSettled(job)) {
      for (const resolve of this.#waiters.get(id) ?? []) resolve(job);
      this.#waiters.delete(id);
    }
    return job;
  }
}

function isSettled(job: JobRecord): boolean {
  return settledStates.has(job.state);
}

type Outcome = { readonly kind: 'done' | 'paused' } | { readonly kind: 'failed'; readonly error: unknown };

async function outcomeOf(runner: JobRunner, running: Running, { jobs }: Library): Promise<Outcome> {
  const { job: { id } } = running;
  try {
    const end = await runner(running.job, {
      signal: running.abort.signal,
      onRequest(listener) {
        running.tell = listener;
        const before = jobs.get(id)?.request;
        if (before) listener(before);
      },
      gotOn: () => jobs.forgetAttempts(id),
    });
    return { kind: end ?? 'done' };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

function finish(library: Library, { job: { id }, ending }: Running, outcome: Outcome, isClosing: boolean): void {
  // the subject, and with it the job, may have been removed meanwhile
  if (!library.jobs.get(id)) return;
  const endedAtMs = Date.now();
  if (outcome.kind === 'done') library.jobs.setState(id, 'done', { endedAtMs });
  else if (outcome.kind === 'paused' || ending === 'paused') library.jobs.setState(id, 'paused');
  else if (ending === 'cancelled') library.jobs.setState(id, 'cancelled', { endedAtMs });
  else if (isClosing) library.jobs.unclaim(id);
  else if (outcome.kind === 'failed') {
    library.jobs.setState(id, 'failed', { endedAtMs, error: errorDataOf(outcome.error) });
  }
}

function requeueInterrupted(library: Library): void {
  for (const job of library.jobs.inState('running')) {
    if (job.request === 'pause') {
      library.jobs.setState(job.id, 'paused');
      continue;
    }
    if (job.attempts < maximumAttempts) {
      library.jobs.setState(job.id, 'waiting');
      continue;
    }
    library.jobs.setState(job.id, 'failed', { endedAtMs: Date.now(), error: errorDataOf(interruptedTooOften(job)) });
  }
}
