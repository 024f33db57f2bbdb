// The queue through the whole studio, with a real engine that dies at fixed places: jobs go on by themselves and end in
// what they would have ended in, an engine that keeps dying ends them with a reason, and the queue keeps its order.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SubjectId } from '../../src-main/contract/ids.ts';
import { type StudioEvent, eventSchema } from '../../src-main/contract/studio.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { writeTinyPack } from './tiny-pack.ts';

const root = join(import.meta.dirname, '..', '..');
const astronaut = join(root, 'test', 'photos', 'astronaut.png');
const small = { widthPx: 64, heightPx: 64, samplingSteps: 2 };
const quick = {
  trainingSteps: 4, snapshotEverySteps: 2, batchSize: 1, gradientAccumulationSteps: 1, rank: 2, resolutionPx: 64,
  warmupSteps: 0, previewCount: 0, recompute: 'none',
} as const;

let folder: string;
let studio: Studio;
let pack: ShelvedPack;
let subjectId: SubjectId;
let events: StudioEvent[];

async function open(): Promise<void> {
  events = [];
  studio = await openRealStudio(join(folder, 'library'));
  studio.subscribe((event) => events.push(eventSchema.parse(event)));
}

/** Kills the engine whenever an event is one of these, each once and in this order; returns how often it did. */
function killAt(...places: readonly ((event: StudioEvent) => boolean)[]): () => number {
  let kills = 0;
  studio.subscribe((event) => {
    if (!places[kills]?.(event)) return;
    kills++;
    process.kill(studio.engine.processId()!, 'SIGKILL');
  });
  return () => kills;
}

const isBusy = (event: StudioEvent): boolean => event.type === 'engine-state' && event.engine.state === 'busy';
const notesOf = (job: Job): string[] =>
  events.flatMap((event) => (event.type === 'job-note' && event.jobId === job.id ? [event.sentence] : []));

function draw(count: number): Promise<Job> {
  return studio.run('portraits.create', {
    subjectId, packId: pack.id, adapterId: null, prompts: ['a hat'], count, seed: 100, settings: small,
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-queue-'));
  await writeTinyPack(join(folder, 'pack'));
  await open();
  pack = await studio.packs.add(join(folder, 'pack'));
  await studio.run('settings.set', { provider: 'cpu' });
  subjectId = (await studio.run('subjects.create', { name: 'Ada', hasConsent: true })).id;
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

test('an import is a job, and the look for faces that follows goes on after the engine died', async () => {
  const kills = killAt(isBusy);
  const job = await studio.queueImport(subjectId, [astronaut]);
  expect(job).toMatchObject({ kind: 'import', items: 1, itemsDone: 0, outcome: null });
  expect(await studio.settled(job.id)).toMatchObject({
    state: 'done', itemsDone: 1, outcome: { kind: 'import', added: 1, known: 0, refused: [], refusedCount: 0 },
  });
  const analysis = (await studio.run('jobs.list', {})).find(({ kind }) => kind === 'analyze')!;
  expect(await studio.settled(analysis.id)).toMatchObject({ state: 'done', error: null });
  expect(kills()).toBe(1);
  expect(notesOf(analysis).join()).toContain('SIGKILL');
  expect(await studio.run('photos.list', { subjectId })).toMatchObject([{ faceCount: 1, isUsed: true }]);
});

test('a batch whose engine dies three times draws every portrait once, with the same pixels', async () => {
  const undisturbed = await studio.settled((await draw(4)).id);
  let drawn = 0;
  const isPortrait = (number: number) => (event: StudioEvent): boolean => {
    if (event.type === 'portrait-added') drawn = studio.library.jobs.get(event.portrait.jobId)!.itemsDone;
    return event.type === 'portrait-added' && drawn === number;
  };
  const kills = killAt(isPortrait(1), isPortrait(2), isPortrait(3));
  const job = await studio.settled((await draw(4)).id);
  expect(kills()).toBe(3);
  expect(job).toMatchObject({ state: 'done', error: null, items: 4, itemsDone: 4 });
  expect(notesOf(job)).toHaveLength(3);
  const pixelsOf = ({ id }: Job): unknown[] =>
    studio.library.portraits.ofJob(id).map(({ seed, fileSha256 }) => [seed, fileSha256]);
  expect(pixelsOf(job)).toEqual(pixelsOf(undisturbed));
});

test('a run whose engine dies after a snapshot ends in the numbers of one that was never stopped', async () => {
  const teach = (): Promise<Job> => studio.run('looks.teach', { subjectId, packId: pack.id, settings: quick });
  const undisturbed = await studio.settled((await teach()).id);
  const isSnapshot = (step: number) => (event: StudioEvent): boolean =>
    event.type === 'snapshot-added' && event.snapshot.step === step;
  const kills = killAt(isSnapshot(2));
  const job = await studio.settled((await teach()).id);
  expect(kills()).toBe(1);
  expect(job).toMatchObject({ state: 'done', error: null });
  const fileOf = ({ adapterId }: Job): string => studio.library.adapters.get(adapterId!)!.fileSha256;
  expect(fileOf(job)).toBe(fileOf(undisturbed));
  const losses = await studio.run('looks.lossHistory', { jobId: job.id });
  expect(losses).toEqual(await studio.run('looks.lossHistory', { jobId: undisturbed.id }));
});

test('an engine that dies three times in a row ends the job with a reason; the next one runs', async () => {
  const kills = killAt(isBusy, isBusy, isBusy);
  const [job, next] = [await draw(1), await draw(1)];
  const failed = await studio.settled(job.id);
  expect(kills()).toBe(3);
  expect(failed).toMatchObject({ state: 'failed', itemsDone: 0, error: { code: 'engine.keeps-stopping' } });
  const { what, safe, todo } = failed.error!;
  expect(what).toContain('drawing portraits (killed by SIGKILL), 3 times in a row.');
  expect([safe, todo].join()).toMatch(/photos are untouched.*memory.*try again/);
  expect(notesOf(job)).toHaveLength(2);
  expect(await studio.settled(next.id)).toMatchObject({ state: 'done' });
  await studio.run('jobs.retry', { jobId: job.id });
  expect(await studio.settled(job.id)).toMatchObject({ state: 'done', error: null, itemsDone: 1 });
});

test('a paused queue starts nothing, also after a restart; what waits is put in order, and runs in it', async () => {
  await studio.run('queue.pause', { isPaused: true });
  const again = (): Promise<Job> => studio.queueImport(subjectId, [astronaut]);
  const jobs = [await again(), await again(), await again()];
  const [first, second, third] = jobs.map(({ id }) => id);
  await studio.run('jobs.reorder', { jobId: third!, beforeJobId: first! });
  await studio.run('jobs.reorder', { jobId: first!, beforeJobId: null });
  await studio.close();
  await open();
  expect(await studio.run('studio.state', {})).toMatchObject({ isQueuePaused: true });
  const waiting = (await studio.run('jobs.list', {})).filter(({ state }) => state === 'waiting');
  expect(waiting.sort((a, b) => a.position - b.position).map(({ id }) => id)).toEqual([third, second, first]);
  await studio.run('queue.pause', { isPaused: false });
  for (const { id } of jobs) await studio.settled(id);
  const begun = events.flatMap((event) => (event.type === 'job-changed' && event.job.state === 'running'
    && event.job.itemsDone === 0 && event.job.progress === null ? [event.job.id] : []));
  expect(begun).toEqual([third, second, first]);
  expect(events.filter(({ type }) => type === 'queue-state')).toEqual([{ type: 'queue-state', isPaused: false }]);
});

test('clearing takes what has ended off the list and nothing else away', async () => {
  const portraits = await studio.run('portraits.list', { subjectId });
  const looks = await studio.run('looks.list', { subjectId });
  const jobs = await studio.run('jobs.list', {});
  await studio.run('jobs.clear', { jobIds: jobs.map(({ id }) => id) });
  expect(await studio.run('jobs.list', {})).toEqual([]);
  expect(await studio.run('portraits.list', { subjectId })).toEqual(portraits);
  expect(await studio.run('looks.list', { subjectId })).toEqual(looks);
  expect(await studio.run('looks.lossHistory', { jobId: looks[0]!.jobId })).not.toEqual([]);
  const removed = events.flatMap((event) => (event.type === 'job-removed' ? [event.jobId] : []));
  expect(removed.sort()).toEqual(jobs.map(({ id }) => id).sort());
});
