// The studio with every real part: library, queue, engine process, faces, training and drawing on a tiny model.

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import type { AdapterId, PhotoId, SubjectId } from '../../src-main/contract/ids.ts';
import type { StartPicture } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { type StudioEvent, eventSchema } from '../../src-main/contract/studio.ts';
import { readParameters } from '../../src-main/generation/portrait-file.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { writeTinyPack } from './tiny-pack.ts';

const root = join(import.meta.dirname, '..', '..');
const astronaut = await readFile(join(root, 'test', 'photos', 'astronaut.png'));
const quick = { trainingSteps: 3, batchSize: 1, rank: 2, resolutionPx: 64, warmupSteps: 0 };
const small = { widthPx: 64, heightPx: 64, samplingSteps: 2 };

let folder: string;
let studio: Studio;
let pack: ShelvedPack;
let subjectId: SubjectId;
let events: StudioEvent[];

async function open(): Promise<void> {
  events = [];
  studio = await openRealStudio(join(folder, 'library'));
  studio.subscribe((event) => events.push(event));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-studio-'));
  await writeTinyPack(join(folder, 'pack'));
  await open();
  pack = await studio.packs.add(join(folder, 'pack'));
  await studio.run('settings.set', { provider: 'cpu' });
  subjectId = (await studio.run('subjects.create', { name: 'Ada Ä', hasConsent: true })).id;
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

function running(job: Job): Promise<void> {
  return new Promise((resolve) => {
    const end = studio.subscribe((event) => {
      if (event.type !== 'job-progress' || event.jobId !== job.id || event.progress.phase === 'starting') return;
      end();
      resolve();
    });
  });
}

async function looks() {
  return await studio.run('looks.list', { subjectId });
}

test('a photo is imported once, looked at, and used', async () => {
  const first = await studio.run('photos.import', { subjectId, fileName: 'C:\\me\\astronaut.png', bytes: astronaut });
  expect(first).toMatchObject({ isNew: true, photo: { fileName: 'astronaut.png', verdict: { grade: 'waiting' } } });
  const again = await studio.run('photos.import', { subjectId, fileName: 'other-name.png', bytes: astronaut });
  expect(again).toMatchObject({ isNew: false, photo: { id: first.photo.id } });
  for (const job of await studio.run('jobs.list', {})) {
    expect(await studio.settled(job.id)).toMatchObject({ state: 'done' });
  }
  const [photo, ...others] = await studio.run('photos.list', { subjectId });
  expect(others).toEqual([]);
  expect(photo).toMatchObject({ faceCount: 1, isUsed: true, caption: 'photo of ohwx person, grey background' });
  // the face of the well-known picture is in its upper middle
  expect(photo!.faceBox!.x).toBeGreaterThan(0.25);
  expect(photo!.faceBox!.x + photo!.faceBox!.width).toBeLessThan(0.65);
  expect(events.map((event) => event.type)).toEqual(expect.arrayContaining(['photo-added', 'photo-changed']));
});

test('pictures are handed out by id and hold no metadata of the original', async () => {
  const [photo] = await studio.run('photos.list', { subjectId });
  for (const kind of ['thumbnail', 'photo', 'face'] as const) {
    const media = await studio.openMedia(kind, photo!.id);
    expect(media?.contentType).toBe(kind === 'face' ? 'image/png' : 'image/webp');
    expect(media!.bytes.byteLength).toBeGreaterThan(1000);
  }
  for (const id of ['', '../library.db', 'f'.repeat(32)]) expect(await studio.openMedia('photo', id)).toBeUndefined();
});

test('what is no photo is refused and leaves nothing', async () => {
  const files = await readdir(join(folder, 'library', 'files'), { recursive: true });
  const bytes = new TextEncoder().encode('this is a text');
  await expect(studio.run('photos.import', { subjectId, fileName: 'me.jpg', bytes }))
    .rejects.toMatchObject({ code: 'photos.not-a-picture' });
  expect(await readdir(join(folder, 'library', 'files'), { recursive: true })).toEqual(files);
});

test('nothing is taught without consent, nor from no usable photo', async () => {
  const other = await studio.run('subjects.create', { name: 'Bo', hasConsent: false });
  const teach = { subjectId: other.id, packId: pack.id };
  await expect(studio.run('looks.teach', teach)).rejects.toMatchObject({ code: 'subjects.no-consent' });
  await studio.run('subjects.change', { subjectId: other.id, hasConsent: true });
  await expect(studio.run('looks.teach', teach)).rejects.toMatchObject({ code: 'photos.no-face' });
  await studio.run('subjects.remove', { subjectId: other.id });
  expect((await studio.run('subjects.list', {})).map((subject) => subject.name)).toEqual(['Ada Ä']);
});

test('killing the engine in the middle leaves everything as it was, and the job goes on', async () => {
  const before = createHash('sha256').update(astronaut).digest('hex');
  const job = await studio.run('looks.teach', {
    subjectId, packId: pack.id, settings: { ...quick, trainingSteps: 5000 },
  });
  await running(job);
  process.kill(studio.engine.processId()!, 'SIGKILL');
  await running(job);
  const notes = events.flatMap((event) => (event.type === 'job-note' ? [event.sentence] : []));
  expect(notes.join()).toContain('The engine stopped (killed by SIGKILL) and was started again');
  await studio.run('jobs.cancel', { jobId: job.id });
  expect(await studio.settled(job.id)).toMatchObject({ state: 'cancelled', error: null });
  expect(await looks()).toEqual([]);
  expect(await readdir(join(folder, 'library', 'work'))).toEqual([]);
  const [photo] = await studio.run('photos.list', { subjectId });
  const kept = await studio.library.readFile(studio.library.photos.get(photo!.id as PhotoId)!.originalSha256);
  expect(createHash('sha256').update(kept!.bytes).digest('hex')).toBe(before);
});

test('a look is taught, with its losses, and is a LoRA that says nothing of the person', async () => {
  const job = await studio.run('looks.teach', { subjectId, packId: pack.id, settings: quick });
  expect(await studio.settled(job.id)).toMatchObject({ state: 'done' });
  const [look] = await looks();
  expect(look).toMatchObject({ name: 'Ada Ä', rank: 2, trainingSteps: 3, photoCount: 1 });
  const losses = await studio.run('looks.lossHistory', { jobId: job.id });
  expect(losses.map((point) => point.step)).toEqual([1, 2, 3]);
  expect(losses.every((point) => point.loss > 0)).toBe(true);

  const exported = await studio.run('looks.export', { adapterId: look!.id });
  expect(exported).toMatchObject({ fileName: 'ada-a.safetensors', format: 'kohya', precision: 'float16' });
  expect(JSON.stringify(exported.metadata)).not.toMatch(/Ada|astronaut|likeness-studio/);
  const path = studio.library.pathOf(studio.library.adapters.get(look!.id as AdapterId)!.fileSha256);
  const tensors = await readSafetensors(path);
  const names = [...tensors.keys()].filter((name) => name.endsWith('lora_up.weight'));
  expect(names.length).toBeGreaterThan(10);
  expect(names.every((name) => name.startsWith('lora_unet_'))).toBe(true);
  // up starts at zero, so a look that learned anything has numbers there
  expect(names.some((name) => tensors.get(name)!.data.some((value) => Number(value) !== 0))).toBe(true);
});

test('portraits are drawn with and without the look on the same seeds, measured and labelled', async () => {
  const [look] = await looks();
  const request = {
    subjectId, packId: pack.id, adapterId: look!.id, prompts: ['a hat'], styleIds: ['casual' as never], count: 2,
    seed: 2 ** 32 - 1, compareWithout: true, settings: small,
  };
  const job = await studio.run('portraits.create', request);
  expect(await studio.settled(job.id)).toMatchObject({ state: 'done', items: 8, itemsDone: 8 });
  const portraits = await studio.run('portraits.list', { subjectId });
  const last = 2 ** 32 - 1;
  expect(portraits.map((portrait) => portrait.seed).sort()).toEqual([0, 0, 0, 0, last, last, last, last]);
  expect(portraits.filter((portrait) => portrait.adapterId === null)).toHaveLength(4);
  expect(new Set(portraits.map((portrait) => portrait.prompt)).size).toBe(2);
  expect(portraits.every((portrait) => portrait.prompt.includes('ohwx person'))).toBe(true);
  expect(portraits.every((portrait) => portrait.likeness.latentDistance! > 0)).toBe(true);

  const { bytes } = (await studio.openMedia('portrait', portraits[0]!.id))!;
  const png = Buffer.from(bytes);
  expect(png.includes('trainedAlgorithmicMedia')).toBe(true);
  expect((await readParameters(bytes))?.settings.get('Seed')).toBe(String(portraits[0]!.seed));
  expect(png.includes('Ada')).toBe(false);
  expect((await studio.openMedia('sheet', job.id))?.contentType).toBe('image/png');
});

test('the same request draws the same pixels', async () => {
  const [look] = await looks();
  const draw = async () => {
    const job = await studio.run('portraits.create', {
      subjectId, packId: pack.id, adapterId: look!.id, prompts: ['a hat'], count: 1, seed: 5, settings: small,
    });
    await studio.settled(job.id);
    return studio.library.portraits.ofJob(job.id)[0]!.fileSha256;
  };
  expect(await draw()).toBe(await draw());
});

test('portraits start from a picture: little strength keeps it, a photo makes the label say composite', async () => {
  const [first] = await studio.run('portraits.list', { subjectId });
  const [photo] = await studio.run('photos.list', { subjectId });
  const draw = async (source: StartPicture['source'], strength: number) => {
    const job = await studio.run('portraits.create', {
      subjectId, packId: pack.id, adapterId: null, prompts: ['a hat'], count: 1, seed: 6, settings: small,
      start: { source, strength },
    });
    await studio.settled(job.id);
    const [portrait] = studio.library.portraits.ofJob(job.id);
    return (await studio.openMedia('portrait', portrait!.id))!.bytes;
  };
  const kept = await draw({ portraitId: first!.id }, 0);
  expect(await draw({ portraitId: first!.id }, 0)).toEqual(kept);
  expect(await draw({ portraitId: first!.id }, 1)).not.toEqual(kept);
  expect(Buffer.from(kept).includes('/trainedAlgorithmicMedia')).toBe(true);
  expect((await readParameters(kept))?.settings.get('Denoising strength')).toBe('0');
  const fromPhoto = await draw({ photoId: photo!.id }, 0.5);
  expect(Buffer.from(fromPhoto).includes('compositeWithTrainedAlgorithmicMedia')).toBe(true);
  const stranger = await studio.run('subjects.create', { name: 'Bo', hasConsent: true });
  await expect(studio.run('portraits.create', {
    subjectId: stranger.id, packId: pack.id, adapterId: null, prompts: ['a hat'], count: 1,
    start: { source: { portraitId: first!.id }, strength: 0.5 },
  })).rejects.toMatchObject({ code: 'portraits.other-start' });
  await studio.run('subjects.remove', { subjectId: stranger.id });
});

test('a batch that is cut short is finished at the next start, every portrait once', async () => {
  const [look] = await looks();
  const job = await studio.run('portraits.create', {
    subjectId, packId: pack.id, adapterId: look!.id, prompts: ['a hat'], count: 6, seed: 100, settings: small,
  });
  await new Promise<void>((resolve) => {
    const end = studio.subscribe((event) => {
      if (event.type === 'portrait-added' && event.portrait.jobId === job.id) resolve(end() as never);
    });
  });
  await studio.close();
  await open();
  // nobody asks for it again: it is in the queue, and the user's own checkpoint is on the shelf
  expect(await studio.settled(job.id)).toMatchObject({ state: 'done', items: 6, itemsDone: 6 });
  const seeds = studio.library.portraits.ofJob(job.id).map((portrait) => portrait.seed);
  expect(seeds).toEqual([100, 101, 102, 103, 104, 105]);
});

test('a removed portrait can be taken back', async () => {
  const [first] = await studio.run('portraits.list', { subjectId });
  await studio.run('portraits.remove', { portraitIds: [first!.id] });
  expect((await studio.run('portraits.list', { subjectId })).some((one) => one.id === first!.id)).toBe(false);
  await studio.run('portraits.remove', { portraitIds: [first!.id], restore: true });
  expect((await studio.run('portraits.list', { subjectId })).some((one) => one.id === first!.id)).toBe(true);
});

test('what a caller from another process sends is parsed, and answered as data', async () => {
  const unknown = await studio.call('nothing', {});
  expect(unknown).toMatchObject({ ok: false, error: { code: 'studio.request-misunderstood' } });
  expect(await studio.call('constructor', {})).toMatchObject({ ok: false });
  expect(await studio.call('photos.list', { subjectId: '../x' })).toMatchObject({ ok: false });
  const answer = await studio.call('portraits.list', { subjectId });
  expect(answer.ok).toBe(true);
  expect(JSON.stringify(answer)).not.toContain('Sha256');
});

test('every event fits the contract', () => {
  expect(events.length).toBeGreaterThan(5);
  for (const event of events) expect(eventSchema.safeParse(event).success, event.type).toBe(true);
});

test('removing the subject removes every file of it', async () => {
  await studio.run('subjects.remove', { subjectId });
  expect(await studio.run('subjects.list', {})).toEqual([]);
  const left = await readdir(join(folder, 'library', 'files'), { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toEqual([]);
});
