// The list of jobs: its order, clearing it, what counts as done, and how it answers when it is long.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import type { JobId } from '../../src-main/contract/ids.ts';
import { type JobRunner, type Queue, openQueue } from '../../src-main/jobs/queue.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import { type Filled, fill } from '../library/filled-library.ts';

let folder: string;
let library: Library;
let filled: Filled;
let queue: Queue;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-order-'));
  library = await openLibrary(folder);
  filled = await fill(library, 'Ada');
  queue = openIdle();
});
afterEach(async () => {
  await queue.close();
  library.close();
  await rm(folder, { recursive: true, force: true });
});

function openIdle(): Queue {
  const never: JobRunner = () => Promise.reject(new Error('An idle queue runs nothing.'));
  const runners = { import: never, analyze: never, teach: never, create: never, export: never };
  return openQueue({ library, onChange: () => undefined, runners, isIdle: true });
}

function newJob(title: string) {
  const { subjectId } = filled;
  return { id: newId<JobId>(), kind: 'create', subjectId, title, parameters: '{}', createdAtMs: Date.now() } as const;
}

function itemsOf(count: number) {
  return Array.from({ length: count }, (_, itemIndex) => ({ itemIndex, seed: itemIndex, parameters: '{}' }));
}

const titlesOf = (jobs: readonly { readonly title: string }[]): string => jobs.map(({ title }) => title).join('');

test('what waits is put in order and never runs out of places', () => {
  queue.cancel(filled.createId);
  const ids = new Map(['a', 'b', 'c', 'd'].map((name) => [name, queue.add(newJob(name)).id]));
  const move = (name: string, before: string | null): string =>
    titlesOf(queue.reorder(ids.get(name)!, before === null ? null : ids.get(before)!));
  expect(move('d', 'b')).toBe('dbc');
  expect(titlesOf(library.jobs.waiting())).toBe('adbc');
  expect(move('a', null)).toBe('dbca');
  expect(move('c', 'c')).toBe('');
  // places halfway between two others would be used up after some fifty of these
  for (let round = 0; round < 30; round++) {
    move('a', 'b');
    move('d', 'b');
  }
  expect(titlesOf(library.jobs.waiting())).toBe('adbc');
  queue.cancel(ids.get('b')!);
  // what has just started or ended is in front of all that waits
  expect(move('c', 'b')).not.toBe('');
  expect(titlesOf(library.jobs.waiting())).toBe('cad');
  expect(move('b', 'a')).toBe('');
  expect(() => queue.reorder(newId<JobId>(), null)).toThrow(UserError);
});

test('clearing hides what has portraits or looks, removes the rest, and touches nothing that has not ended', () => {
  const [empty, waiting] = ['empty', 'waiting'].map((title) => queue.add(newJob(title), itemsOf(2)));
  for (const id of [filled.createId, empty!.id]) queue.cancel(id);
  const all = [filled.createId, filled.teachId, empty!.id, waiting!.id, newId<JobId>()];
  expect(queue.clear(all)).toEqual([filled.createId, filled.teachId, empty!.id]);
  expect(queue.clear(all)).toEqual([]);
  expect(titlesOf(library.jobs.list())).toBe('waiting');
  expect(library.jobs.get(empty!.id)).toBeUndefined();
  expect(library.portraits.ofJob(filled.createId)).toHaveLength(2);
  expect(library.adapters.ofJob(filled.teachId)?.id).toBe(filled.adapterId);
  // put back into the queue, it is on the list again
  queue.retry(filled.createId);
  expect(library.jobs.list().map(({ id }) => id)).toContain(filled.createId);
});

test('an item is done with its portrait, also when that is removed for good, and counted once', () => {
  const { createId } = filled;
  expect(library.jobs.get(createId)).toMatchObject({ items: 4, itemsDone: 3 });
  library.portraits.emptyTrash();
  expect(library.portraits.ofJob(createId)).toHaveLength(2);
  expect(library.jobs.get(createId)).toMatchObject({ items: 4, itemsDone: 3 });
  expect(library.jobs.itemsToDo(createId).map(({ itemIndex }) => itemIndex)).toEqual([3]);
  for (const outcome of ['{"kind":"added"}', '{"kind":"known"}']) library.jobs.setItemOutcome(createId, 3, outcome);
  expect(library.jobs.get(createId)).toMatchObject({ items: 4, itemsDone: 4 });
  expect(library.jobs.itemOutcomes(createId).at(-1)).toEqual({ itemIndex: 3, outcome: '{"kind":"known"}' });
});

test('a long list is read without looking at the items of its jobs', () => {
  const jobs = Array.from({ length: 200 }, () => newJob('batch'));
  library.transaction(() => jobs.forEach((job) => library.jobs.insert(job, itemsOf(20))));
  expect(library.jobs.list()).toHaveLength(202);
  expect(library.jobs.get(jobs[7]!.id)).toMatchObject({ items: 20, itemsDone: 0 });
  expect(library.jobs.waiting().map(({ id }) => id)).toEqual([filled.createId, ...jobs.map(({ id }) => id)]);
});
