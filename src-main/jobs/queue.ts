// The queue: jobs are rows of the library, run one at a time in the order they came, and outlive the process.
// A job that was running when the process ended waits again at the next start, three times at most.

import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { JobId } from '../contract/ids.ts';
import type { Job } from '../contract/nouns.ts';
import type { JobItem, JobRecord, NewJob } from '../library/jobs.ts';
import type { Library } from '../library/library.ts';

/** Does one job. Rejects with the error that the user should see; an aborted signal means: stop and reject. */
export type JobRunner = (job: JobRecord, signal: AbortSignal) => Promise<void>;

export interface Queue {
  add(job: NewJob, items?: readonly JobItem[]): JobRecord;
  /** A waiting job is cancelled at once, a running one as soon as its runner stops; others stay as they are. */
  cancel(id: JobId): JobRecord;
  /** Puts a failed or cancelled job back; items that are done stay done. */
  retry(id: JobId): JobRecord;
  /** The job once it is done, failed or cancelled. */
  settled(id: JobId): Promise<JobRecord>;
  /** Aborts what runs, leaves it to the next start, and takes no more. */
  close(): Promise<void>;
}

export interface QueueSettings {
  readonly library: Library;
  readonly runners: Readonly<Record<Job['kind'], JobRunner>>;
  /** Told after every change of a job's state. */
  readonly onChange: (job: JobRecord) => void;
}

const maximumAttempts = 3;
const endStates: ReadonlySet<Job['state']> = new Set(['done', 'failed', 'cancelled']);

interface Running {
  readonly id: JobId;
  readonly abort: AbortController;
  cancelled: boolean;
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
  #running: Running | undefined;
  #work: Promise<void> = Promise.resolve();
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
    if (this.#running?.id === id) {
      this.#running.cancelled = true;
      this.#running.abort.abort();
    } else if (job.state === 'waiting') {
      library.jobs.setState(id, 'cancelled', { endedAtMs: Date.now() });
    }
    return this.#changed(id);
  }

  retry(id: JobId): JobRecord {
    const { library } = this.#settings;
    const { state } = jobOf(library, id);
    if (state === 'failed' || state === 'cancelled') library.jobs.setState(id, 'waiting');
    this.wake();
    return this.#changed(id);
  }

  settled(id: JobId): Promise<JobRecord> {
    const job = jobOf(this.#settings.library, id);
    if (endStates.has(job.state)) return Promise.resolve(job);
    return new Promise((resolve) => this.#waiters.set(id, [...this.#waiters.get(id) ?? [], resolve]));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#running?.abort.abort();
    await this.#work;
  }

  wake(): void {
    if (!this.#isClosed) this.#work = this.#work.then(() => this.#runWaiting());
  }

  async #runWaiting(): Promise<void> {
    const { library, runners } = this.#settings;
    while (!this.#isClosed) {
      const job = library.jobs.claimNext();
      if (!job) return;
      const running = { id: job.id, abort: new AbortController(), cancelled: false };
      this.#running = running;
      this.#changed(job.id);
      const outcome = await outcomeOf(runners[job.kind], job, running.abort.signal);
      this.#running = undefined;
      finish(library, running, outcome, this.#isClosed);
      if (library.jobs.get(job.id)) this.#changed(job.id);
    }
  }

  #changed(id: JobId): JobRecord {
    const job = jobOf(this.#settings.library, id);
    this.#settings.onChange(job);
    if (endStates.has(job.state)) {
      for (const resolve of this.#waiters.get(id) ?? []) resolve(job);
      this.#waiters.delete(id);
    }
    return job;
  }
}

type Outcome = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: unknown };

async function outcomeOf(runner: JobRunner, job: JobRecord, signal: AbortSignal): Promise<Outcome> {
  try {
    await runner(job, signal);
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

function finish(library: Library, { id, cancelled }: Running, outcome: Outcome, isClosing: boolean): void {
  // the subject, and with it the job, may have been removed meanwhile
  if (!library.jobs.get(id)) return;
  const endedAtMs = Date.now();
  if (outcome.kind === 'done') library.jobs.setState(id, 'done', { endedAtMs });
  else if (cancelled) library.jobs.setState(id, 'cancelled', { endedAtMs });
  else if (isClosing) library.jobs.setState(id, 'waiting');
  else library.jobs.setState(id, 'failed', { endedAtMs, error: errorDataOf(outcome.error) });
}

function requeueInterrupted(library: Library): void {
  for (const job of library.jobs.inState('running')) {
    if (job.attempts < maximumAttempts) {
      library.jobs.setState(job.id, 'waiting');
      continue;
    }
    library.jobs.setState(job.id, 'failed', { endedAtMs: Date.now(), error: errorDataOf(interruptedTooOften(job)) });
  }
}

function interruptedTooOften(job: JobRecord): UserError {
  return new UserError('jobs.interrupted', {
    what: `"${job.title}" was cut short ${job.attempts} times.`,
    safe: 'Your photos and the portraits that were finished are kept.',
    todo: 'Close other programs that need much memory, then try it again.',
  }, { attempts: job.attempts });
}

function jobOf(library: Library, id: JobId): JobRecord {
  const job = library.jobs.get(id);
  if (job) return job;
  throw new UserError('jobs.unknown', {
    what: 'This job is not there any more.', safe: 'Nothing was changed.', todo: 'Look at the list of jobs again.',
  });
}
