// Queries over jobs, their items (one portrait each, with its seed) and the losses of teaching.
// What a job should do is JSON in `parameters`, which jobs/ parses; this file only keeps it.

import type { Database } from 'better-sqlite3';
import type { AdapterId, JobId, SubjectId } from '../contract/ids.ts';
import type { ErrorData, LossPoint } from '../contract/nouns.ts';
import type { Job, JobOutcome } from '../contract/work.ts';

export interface JobRecord extends Omit<Job, 'progress' | 'etaSeconds'> {
  /** As JSON. */
  readonly parameters: string;
  /** How often it was started. */
  readonly attempts: number;
}

export type NewJob = Pick<JobRecord, 'id' | 'kind' | 'subjectId' | 'title' | 'parameters' | 'createdAtMs'>;

/** One portrait that a create job is to draw. */
export interface JobItem {
  readonly itemIndex: number;
  readonly seed: number;
  /** As JSON. */
  readonly parameters: string;
}

export interface JobQueries {
  /** Inserts a waiting job together with its items. */
  insert(job: NewJob, items?: readonly JobItem[]): void;
  get(id: JobId): JobRecord | undefined;
  /** Newest first. */
  list(): JobRecord[];
  ofSubject(subjectId: SubjectId): JobRecord[];
  /** Those of others whose portraits have the subject as their second person. */
  withSecond(subjectId: SubjectId): JobRecord[];
  /** Marks the job that waits longest as running; undefined when none waits. */
  claimNext(): JobRecord | undefined;
  /** Forgets what was asked of it, unless the job waits to do it, and how often a paused one was started. */
  setState(id: JobId, state: Job['state'], at?: { endedAtMs: number; error?: ErrorData }): void;
  setRequest(id: JobId, request: Job['request']): void;
  /** The job gets on, so its interruptions up to now do not count. */
  forgetAttempts(id: JobId): void;
  inState(state: Job['state']): JobRecord[];
  /** Items without a portrait; one in the trash counts as drawn. */
  itemsToDo(id: JobId): JobItem[];
  addLosses(id: JobId, points: readonly LossPoint[]): void;
  losses(id: JobId): LossPoint[];
  clearLosses(id: JobId): void;
}

interface JobRow {
  id: JobId; kind: Job['kind']; subject_id: SubjectId; title: string; parameters: string; state: Job['state'];
  request: Job['request']; method: Job['method']; training_steps: number | null; resume_step: number | null;
  attempts: number; error: string | null; outcome: string | null; position: number; created_at_ms: number; ended_at_ms: number | null;
  adapter_id: AdapterId | null; items: number; items_done: number;
}

const selectSql = `
select job.*, adapter.id as adapter_id,
  iif(job.kind = 'teach', job.parameters ->> '$.method', null) as method,
  iif(job.kind = 'teach', job.parameters ->> '$.settings.trainingSteps', null) as training_steps,
  iif(job.state = 'done', null, (select max(step) from snapshot where job_id = job.id)) as resume_step,
  (select count(*) from job_item where job_id = job.id) as items,
  (select count(*) from portrait where job_id = job.id) as items_done
from job left join adapter on adapter.job_id = job.id`;

export function jobQueries(database: Database): JobQueries {
  const select = (rest: string) => database.prepare<[string], JobRow>(`${selectSql} ${rest}`);
  const get = select('where job.id = ?');
  const list = database.prepare<[], JobRow>(`${selectSql} order by job.created_at_ms desc, job.rowid desc`);
  const ofSubject = select('where job.subject_id = ? order by job.created_at_ms desc, job.rowid desc');
  const withSecond = select("where job.kind = 'create' and job.parameters ->> '$.second.subjectId' = ?");
  const inState = select('where job.state = ? order by job.position, job.rowid');
  const claim = database.prepare(`
    update job set state = 'running', attempts = attempts + 1, error = null, ended_at_ms = null where id = ?`);
  const setState = database.prepare(`
    update job set state = @state, ended_at_ms = @endedAtMs, error = @error,
      request = iif(@state = 'waiting', request, null), attempts = iif(@state = 'paused', 0, attempts)
    where id = @id`);
  const forgetAttempts = database.prepare('update job set attempts = 1 where id = ?');
  const setRequest = database.prepare('update job set request = ? where id = ?');
  const find = (id: JobId) => toRecord(get.get(id));
  return {
    insert: jobWriter(database),
    get: find,
    list: () => list.all().map((row) => toRecord(row)!),
    ofSubject: (subjectId) => ofSubject.all(subjectId).map((row) => toRecord(row)!),
    withSecond: (subjectId) => withSecond.all(subjectId).map((row) => toRecord(row)!),
    inState: (state) => inState.all(state).map((row) => toRecord(row)!),
    claimNext: database.transaction(() => {
      const next = inState.get('waiting');
      if (!next) return undefined;
      claim.run(next.id);
      return find(next.id);
    }),
    setState(id, state, at) {
      const error = at?.error ? JSON.stringify(at.error) : null;
      setState.run({ id, state, endedAtMs: at?.endedAtMs ?? null, error });
    },
    setRequest: (id, request) => void setRequest.run(request, id),
    forgetAttempts: (id) => void forgetAttempts.run(id),
    ...itemQueries(database),
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

function itemQueries(database: Database): Pick<JobQueries, 'itemsToDo' | 'addLosses' | 'losses' | 'clearLosses'> {
  const itemsToDo = database.prepare<[{ id: JobId }], JobItem>(`
    select item_index as itemIndex, seed, parameters from job_item where job_id = @id and item_index not in
      (select item_index from portrait where job_id = @id) order by item_index`);
  const addLoss = database.prepare(
    'insert into job_loss (job_id, step, loss) values (?, ?, ?) on conflict do update set loss = excluded.loss');
  const losses = database.prepare<[string], LossPoint>(
    'select step, loss from job_loss where job_id = ? order by step');
  const clearLosses = database.prepare('delete from job_loss where job_id = ?');
  return {
    itemsToDo: (id) => itemsToDo.all({ id }),
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
