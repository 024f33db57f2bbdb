// Queries over jobs, the order they wait in, and the losses of teaching; their items are in job-items.ts.
// What a job should do is JSON in `parameters`, which jobs/ parses; this file only keeps it.

import type { Database } from 'better-sqlite3';
import type { AdapterId, JobId, SubjectId } from '../contract/ids.ts';
import type { ErrorData, LossPoint } from '../contract/nouns.ts';
import type { Job, JobOutcome } from '../contract/work.ts';
import { type JobItem, type JobItemQueries, jobItemQueries } from './job-items.ts';

export interface JobRecord extends Omit<Job, 'progress' | 'etaSeconds'> {
  /** As JSON. */
  readonly parameters: string;
  /** How often it was started. */
  readonly attempts: number;
}

export type NewJob = Pick<JobRecord, 'id' | 'kind' | 'subjectId' | 'title' | 'parameters' | 'createdAtMs'>;

export interface JobQueries extends JobItemQueries {
  /** Inserts a waiting job together with its items. */
  insert(job: NewJob, items?: readonly JobItem[]): void;
  get(id: JobId): JobRecord | undefined;
  /** Newest first, without those that were cleared. */
  list(): JobRecord[];
  ofSubject(subjectId: SubjectId): JobRecord[];
  /** Those of others whose portraits have the subject as their second person. */
  withSecond(subjectId: SubjectId): JobRecord[];
  /** Marks the first of these kinds that waits as running; undefined when none waits. */
  claimNext(kinds: readonly Job['kind'][]): JobRecord | undefined;
  /** Puts a running job back as if it had not been started: the user ended the program, and nothing went wrong. */
  unclaim(id: JobId): void;
  /** Those that wait, in the order they will run. */
  waiting(): JobRecord[];
  /** Puts a waiting job in front of another one, or at the end for null; both have to wait. */
  moveBefore(id: JobId, beforeId: JobId | null): void;
  /** Takes those that have ended off the list, or removes them where nothing came of them; returns which. */
  clear(ids: readonly JobId[]): JobId[];
  /** Whether the user stopped the queue; kept over restarts. */
  isQueuePaused(): boolean;
  setQueuePaused(isPaused: boolean): void;
  /** Forgets what was asked of it, unless the job waits to do it, and how often a paused one was started. */
  setState(id: JobId, state: Job['state'], at?: { endedAtMs: number; error?: ErrorData }): void;
  setRequest(id: JobId, request: Job['request']): void;
  /** The job gets on, so its interruptions up to now do not count. */
  forgetAttempts(id: JobId): void;
  /** What came of an import or export. */
  setOutcome(id: JobId, outcome: JobOutcome): void;
  inState(state: Job['state']): JobRecord[];
  addLosses(id: JobId, points: readonly LossPoint[]): void;
  losses(id: JobId): LossPoint[];
  clearLosses(id: JobId): void;
}

interface JobRow {
  id: JobId; kind: Job['kind']; subject_id: SubjectId; title: string; parameters: string; state: Job['state'];
  request: Job['request']; method: Job['method']; training_steps: number | null; resume_step: number | null;
  attempts: number; error: string | null; outcome: string | null; position: number; created_at_ms: number;
  ended_at_ms: number | null;
  adapter_id: AdapterId | null; items: number; items_done: number;
}

const selectSql = `
select job.*, adapter.id as adapter_id,
  iif(job.kind = 'teach', job.parameters ->> '$.method', null) as method,
  iif(job.kind = 'teach', job.parameters ->> '$.settings.trainingSteps', null) as training_steps,
  iif(job.state = 'done', null, (select max(step) from snapshot where job_id = job.id)) as resume_step
from job left join adapter on adapter.job_id = job.id`;

export function jobQueries(database: Database): JobQueries {
  const select = (rest: string) => database.prepare<[string], JobRow>(`${selectSql} ${rest}`);
  const get = select('where job.id = ?');
  const list = database.prepare<[], JobRow>(`
    ${selectSql} where job.is_cleared = 0 order by job.created_at_ms desc, job.rowid desc`);
  const ofSubject = select('where job.subject_id = ? order by job.created_at_ms desc, job.rowid desc');
  const withSecond = select("where job.kind = 'create' and job.parameters ->> '$.second.subjectId' = ?");
  const inState = select('where job.state = ? order by job.position, job.rowid');
  const claim = database.prepare(`
    update job set state = 'running', attempts = attempts + 1, error = null, ended_at_ms = null where id = ?`);
  const find = (id: JobId) => toRecord(get.get(id));
  return {
    insert: jobWriter(database),
    get: find,
    list: () => list.all().map((row) => toRecord(row)!),
    ofSubject: (subjectId) => ofSubject.all(subjectId).map((row) => toRecord(row)!),
    withSecond: (subjectId) => withSecond.all(subjectId).map((row) => toRecord(row)!),
    inState: (state) => inState.all(state).map((row) => toRecord(row)!),
    waiting: () => inState.all('waiting').map((row) => toRecord(row)!),
    claimNext: database.transaction((kinds: readonly Job['kind'][]) => {
      const next = inState.all('waiting').find(({ kind }) => kinds.includes(kind));
      if (!next) return undefined;
      claim.run(next.id);
      return find(next.id);
    }),
    ...stateQueries(database),
    ...orderQueries(database),
    ...lossQueries(database),
    ...jobItemQueries(database),
  };
}

type StateQueries = Pick<JobQueries, 'setState' | 'unclaim' | 'setRequest' | 'forgetAttempts' | 'setOutcome'>;

function stateQueries(database: Database): StateQueries {
  const setState = database.prepare(`
    update job set state = @state, ended_at_ms = @endedAtMs, error = @error,
      request = iif(@state = 'waiting', request, null), attempts = iif(@state = 'paused', 0, attempts),
      is_cleared = iif(@state = 'waiting', 0, is_cleared)
    where id = @id`);
  const forgetAttempts = database.prepare('update job set attempts = 1 where id = ? and attempts > 1');
  const unclaim = database.prepare(`
    update job set state = 'waiting', attempts = max(0, attempts - 1) where id = ? and state = 'running'`);
  const setOutcome = database.prepare('update job set outcome = ? where id = ?');
  const setRequest = database.prepare('update job set request = ? where id = ?');
  return {
    setState(id, state, at) {
      const error = at?.error ? JSON.stringify(at.error) : null;
      setState.run({ id, state, endedAtMs: at?.endedAtMs ?? null, error });
    },
    unclaim: (id) => void unclaim.run(id),
    setRequest: (id, request) => void setRequest.run(request, id),
    forgetAttempts: (id) => void forgetAttempts.run(id),
    setOutcome: (id, outcome) => void setOutcome.run(JSON.stringify(outcome), id),
  };
}

function jobWriter(database: Database): JobQueries['insert'] {
  const insertJob = database.prepare(`
    insert into job (id, kind, subject_id, title, parameters, state, position, created_at_ms)
    values (@id, @kind, @subjectId, @title, @parameters, 'waiting',
      (select coalesce(max(position), 0) + 1 from job), @createdAtMs)`);
  const insertItem = database.prepare(
    'insert into job_item (job_id, item_index, seed, parameters) values (@jobId, @itemIndex, @seed, @parameters)');
  return database.transaction((job: NewJob, items: readonly JobItem[] = []) => {
    insertJob.run(job);
    for (const item of items) insertItem.run({ ...item, jobId: job.id });
  });
}

type OrderQueries = Pick<JobQueries, 'moveBefore' | 'clear' | 'isQueuePaused' | 'setQueuePaused'>;

function orderQueries(database: Database): OrderQueries {
  const waiting = database.prepare<[], { id: JobId; position: number }>(
    "select id, position from job where state = 'waiting' order by position, rowid");
  const setPosition = database.prepare('update job set position = ? where id = ?');
  const ended = "id = ? and state in ('done', 'failed', 'cancelled')";
  const hide = database.prepare(`
    update job set is_cleared = 1 where ${ended} and is_cleared = 0 and
      (exists (select 1 from portrait where job_id = job.id) or exists (select 1 from adapter where job_id = job.id))`);
  const remove = database.prepare(`delete from job where ${ended} and is_cleared = 0`);
  const isPaused = database.prepare<[], { value: string }>(
    "select value from library_note where name = 'queue-paused'");
  const setPaused = database.prepare(`
    insert into library_note (name, value) values ('queue-paused', ?)
    on conflict (name) do update set value = excluded.value`);
  return {
    moveBefore: database.transaction((id: JobId, beforeId: JobId | null) => {
      const rows = waiting.all();
      const order = rows.map((row) => row.id).filter((one) => one !== id);
      order.splice(beforeId === null ? order.length : order.indexOf(beforeId), 0, id);
      // the same places in another order, so that they never run out
      order.forEach((one, index) => setPosition.run(rows[index]!.position, one));
    }),
    clear: database.transaction((ids: readonly JobId[]) =>
      ids.filter((id) => hide.run(id).changes + remove.run(id).changes > 0)),
    isQueuePaused: () => isPaused.get()?.value === 'true',
    setQueuePaused: (value) => void setPaused.run(String(value)),
  };
}

function lossQueries(database: Database): Pick<JobQueries, 'addLosses' | 'losses' | 'clearLosses'> {
  const addLoss = database.prepare(
    'insert into job_loss (job_id, step, loss) values (?, ?, ?) on conflict do update set loss = excluded.loss');
  const losses = database.prepare<[string], LossPoint>(
    'select step, loss from job_loss where job_id = ? order by step');
  const clearLosses = database.prepare('delete from job_loss where job_id = ?');
  return {
    addLosses: database.transaction((id: JobId, points: readonly LossPoint[]) => {
      for (const point of points) addLoss.run(id, point.step, point.loss);
    }),
    losses: (id) => losses.all(id),
    clearLosses: (id) => void clearLosses.run(id),
  };
}

function toRecord(row: JobRow | undefined): JobRecord | undefined {
  return row && {
    id: row.id, kind: row.kind, subjectId: row.subject_id, title: row.title, parameters: row.parameters,
    state: row.state, request: row.request, method: row.method, trainingSteps: row.training_steps,
    resumeStep: row.resume_step, attempts: row.attempts,
    error: row.error === null ? null : JSON.parse(row.error) as ErrorData,
    outcome: row.outcome === null ? null : JSON.parse(row.outcome) as JobOutcome, position: row.position,
    adapterId: row.adapter_id, itemsDone: row.items_done, items: row.items,
    createdAtMs: row.created_at_ms, endedAtMs: row.ended_at_ms,
  };
}
