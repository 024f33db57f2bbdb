// The queue: one job at a time in order, cancelled when asked, requeued after a crash, never run for ever.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import type { JobId, SubjectId } from '../../src-main/contract/ids.ts';
import { type JobRunner, type Queue, openQueue } from '../../src-main/jobs/queue.ts';
import type { JobRecord } from '../../src-main/library/jobs.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';

let folder: string;
let library: Library;
let subjectId: SubjectId;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-queue-'));
  library = await openLibrary(folder);
  subjectId = newId<SubjectId>();
  library.subjects.insert({
    id: subjectId, name: 'Ada', triggerWord: 'ohwx', classWord: 'person', hasConsent: true, createdAtMs: 1,
  });
});
afterEach(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

function queueWith(work: JobRunner, onChange: (job: JobRecord) => void = () => undefined): Queue {
  const runners = { import: work, analyze: work, teach: work, create: work, export: work };
  return openQueue({ library, onChange, runners });
}

function newJob(title: string) {
  return { id: newId<JobId>(), kind: 'teach', subjectId, title, parameters: '{}', createdAtMs: Date.now() } as const;
}

/** Runs until its signal is aborted. */
const endless: JobRunner = (_job, { signal }) => new Promise((_resolve, reject) => {
  signal.addEventListener('abort', () => reject(signal.reason as Error));
});

test('jobs run one at a time in the order they came', async () => {
  const order: string[] = [];
  const queue = queueWith(async (job) => {
    order.push(`${job.title} begins`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push(`${job.title} ends`);
  });
  const [first, second] = [queue.add(newJob('first')), queue.add(newJob('second'))];
  expect(await queue.settled(second.id)).toMatchObject({ state: 'done', attempts: 1 });
  expect(await queue.settled(first.id)).toMatchObject({ state: 'done' });
  expect(order).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  await queue.close();
});

test('what only reads and writes files does not wait for what computes', async () => {
  const queue = queueWith((job, control) => (job.kind === 'teach' ? patient(job, control) : Promise.resolve()));
  const teach = queue.add(newJob('teach'));
  await isRunning(teach.id);
  for (const kind of ['import', 'export'] as const) {
    expect(await queue.settled(queue.add({ ...newJob(kind), kind }).id)).toMatchObject({ state: 'done' });
  }
  const analyze = queue.add({ ...newJob('analyze'), kind: 'analyze' });
  expect([teach, analyze].map(({ id }) => library.jobs.get(id)?.state)).toEqual(['running', 'waiting']);
  queue.pause(teach.id);
  expect(await queue.settled(analyze.id)).toMatchObject({ state: 'done' });
  await queue.close();
});

test('a job that fails keeps why, and the next one runs', async () => {
  const queue = queueWith(async (job) => {
    if (job.title === 'bad') throw new UserError('test.bad', { what: 'w.', safe: 's.', todo: 't.' });
  });
  const [bad, good] = [queue.add(newJob('bad')), queue.add(newJob('good'))];
  expect(await queue.settled(bad.id)).toMatchObject({ state: 'failed', error: { code: 'test.bad', what: 'w.' } });
  expect(await queue.settled(good.id)).toMatchObject({ state: 'done', error: null });
  await queue.close();
});

test('cancelling ends a running job and takes a waiting one out of the queue', async () => {
  const queue = queueWith(endless);
  const [running, waiting] = [queue.add(newJob('running')), queue.add(newJob('waiting'))];
  while (library.jobs.get(running.id)?.state !== 'running') await new Promise((resolve) => setTimeout(resolve, 1));
  expect(queue.cancel(waiting.id).state).toBe('cancelled');
  queue.cancel(running.id);
  expect(await queue.settled(running.id)).toMatchObject({ state: 'cancelled', error: null });
  await queue.close();
});

test('a failed job can be tried again', async () => {
  let isBroken = true;
  const queue = queueWith(async () => {
    if (isBroken) throw new Error('broken');
  });
  const job = queue.add(newJob('job'));
  await queue.settled(job.id);
  isBroken = false;
  queue.retry(job.id);
  expect(await queue.settled(job.id)).toMatchObject({ state: 'done', attempts: 2, error: null });
  await queue.close();
});

test('closing leaves what runs to the next start, and is no interruption', async () => {
  let job: JobRecord | undefined;
  for (let round = 0; round < 5; round++) {
    const queue = queueWith(endless);
    job ??= queue.add(newJob('job'));
    await isRunning(job.id);
    await queue.close();
    expect(library.jobs.get(job.id)).toMatchObject({ state: 'waiting', attempts: 0 });
  }
  if (!job) throw new Error('no job');
  const again = queueWith(async () => undefined);
  expect(await again.settled(job.id)).toMatchObject({ state: 'done', attempts: 1 });
  await again.close();
});

test('a job that was running when the process died runs again, three times at most', async () => {
  const jobId = newId<JobId>();
  library.jobs.insert({ ...newJob('crasher'), id: jobId });
  // what a killed process leaves behind: the row says running
  for (let attempt = 1; attempt <= 3; attempt++) {
    library.jobs.setState(jobId, 'waiting');
    expect(library.jobs.claimNext(['teach'])?.attempts).toBe(attempt);
  }
  const queue = queueWith(async () => undefined);
  const job = await queue.settled(jobId);
  expect(job).toMatchObject({ state: 'failed', error: { code: 'jobs.interrupted', parameters: { attempts: 3 } } });
  await queue.close();
});

test('every change of state is told', async () => {
  const states: string[] = [];
  const queue = queueWith(async () => undefined, (job) => states.push(job.state));
  const job = queue.add(newJob('job'));
  await queue.settled(job.id);
  await queue.close();
  expect(states).toEqual(['waiting', 'running', 'done']);
});

/** Teaches until it is asked to pause, as runTeach does. */
const patient: JobRunner = (_job, { signal, onRequest }) => new Promise((resolve, reject) => {
  onRequest((request) => resolve(request === 'pause' ? 'paused' : undefined));
  signal.addEventListener('abort', () => reject(signal.reason as Error));
});

async function isRunning(id: JobId): Promise<void> {
  while (library.jobs.get(id)?.state !== 'running') await new Promise((resolve) => setTimeout(resolve, 1));
}

function keepSnapshot(jobId: JobId): void {
  library.snapshots.put({
    jobId, step: 3, loss: 1, validationLoss: null, likeness: null, facesFound: 0, isBest: true, createdAtMs: 1,
    previews: [],
  });
}

test('a paused job waits for nobody but its user, also over a restart', async () => {
  const queue = queueWith(patient);
  const [teach, waiting] = [queue.add(newJob('teach')), queue.add(newJob('waiting'))];
  expect(queue.pause(waiting.id)).toMatchObject({ state: 'paused' });
  await isRunning(teach.id);
  expect(queue.pause(teach.id)).toMatchObject({ state: 'running', request: 'pause' });
  expect(await queue.settled(teach.id)).toMatchObject({ state: 'paused', request: null, attempts: 0 });
  await queue.close();
  const again = queueWith(async () => undefined);
  expect([teach, waiting].map(({ id }) => library.jobs.get(id)?.state)).toEqual(['paused', 'paused']);
  again.resume(teach.id);
  while (library.jobs.get(teach.id)?.state !== 'done') await new Promise((resolve) => setTimeout(resolve, 1));
  expect(library.jobs.get(waiting.id)?.state).toBe('paused');
  await again.close();
});

test('a job that draws pauses at once and keeps what is drawn', async () => {
  const queue = queueWith(endless);
  const job = queue.add({ ...newJob('create'), kind: 'create' });
  await isRunning(job.id);
  queue.pause(job.id);
  expect(await queue.settled(job.id)).toMatchObject({ state: 'paused', error: null });
  await queue.close();
});

test('finishing needs a snapshot, reaches a running job and starts a paused one for its end', async () => {
  const requests: unknown[] = [];
  const queue = queueWith(async (job, control) => {
    requests.push(job.request);
    return await patient(job, control);
  });
  const [first, second] = [queue.add(newJob('first')), queue.add(newJob('second'))];
  await isRunning(first.id);
  queue.pause(second.id);
  expect(() => queue.finish(second.id)).toThrow(UserError);
  queue.finish(first.id);
  expect(await queue.settled(first.id)).toMatchObject({ state: 'done', request: null });
  keepSnapshot(second.id);
  queue.finish(second.id);
  while (library.jobs.get(second.id)?.state !== 'done') await new Promise((resolve) => setTimeout(resolve, 1));
  expect(requests).toEqual([null, 'finish']);
  await queue.close();
});

test('what was asked of a job survives a crash', async () => {
  const ids = ['pause', 'finish'] as const;
  const jobs = ids.map((request) => {
    const job = { ...newJob(request), id: newId<JobId>() };
    library.jobs.insert(job);
    library.jobs.claimNext(['teach']);
    library.jobs.setRequest(job.id, request);
    return job.id;
  });
  const queue = queueWith(patient);
  expect(library.jobs.get(jobs[0]!)).toMatchObject({ state: 'paused', request: null });
  // told to the runner at once
  expect(await queue.settled(jobs[1]!)).toMatchObject({ state: 'done' });
  await queue.close();
});

test('a run that gets on is not given up for its interruptions', async () => {
  const job = { ...newJob('crasher'), id: newId<JobId>() };
  library.jobs.insert(job);
  for (let attempt = 1; attempt <= 5; attempt++) {
    library.jobs.setState(job.id, 'waiting');
    library.jobs.claimNext(['teach']);
    library.jobs.forgetAttempts(job.id);
  }
  const queue = queueWith(async () => undefined);
  expect(await queue.settled(job.id)).toMatchObject({ state: 'done' });
  await queue.close();
});

test('a paused queue starts nothing, lets go on what runs, and remembers it', async () => {
  const queue = queueWith(patient);
  const [running, waiting] = [queue.add(newJob('running')), queue.add(newJob('waiting'))];
  await isRunning(running.id);
  queue.setPaused(true);
  queue.pause(running.id);
  expect(await queue.settled(running.id)).toMatchObject({ state: 'paused' });
  await queue.close();
  const again = queueWith(async () => undefined);
  expect([again.isPaused(), library.jobs.get(waiting.id)?.state]).toEqual([true, 'waiting']);
  again.resume(running.id);
  again.setPaused(false);
  expect(await again.settled(waiting.id)).toMatchObject({ state: 'done' });
  await again.close();
});
