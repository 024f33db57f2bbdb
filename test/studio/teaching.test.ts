// Teaching through the whole studio: every method to portraits and files, snapshots as the page sees them, pause and
// restart, what is kept of a run that failed or was cancelled. A tiny model, real parts.

import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { detectFileKind } from '../../src-main/checkpoint/architecture.ts';
import { readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import type { SubjectId } from '../../src-main/contract/ids.ts';
import type { Look } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { ExportFormat, Method, TrainingSettings } from '../../src-main/contract/settings.ts';
import { type CommandRequest, type StudioEvent, eventSchema } from '../../src-main/contract/studio.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import { weightsMark } from '../../src-main/packs/weights-mark.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { writeTinyPack } from './tiny-pack.ts';

const root = join(import.meta.dirname, '..', '..');
const astronaut = await readFile(join(root, 'test', 'photos', 'astronaut.png'));
const quick: TrainingSettings = {
  trainingSteps: 4, snapshotEverySteps: 2, batchSize: 1, gradientAccumulationSteps: 1, rank: 2, resolutionPx: 64,
  warmupSteps: 0, previewCount: 2, recompute: 'none',
};
const endless: TrainingSettings = { ...quick, trainingSteps: 5000, snapshotEverySteps: 40, previewCount: 0 };
const small = { widthPx: 64, heightPx: 64, samplingSteps: 2 };

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

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-teaching-'));
  await writeTinyPack(join(folder, 'pack'));
  await open();
  pack = await studio.packs.add(join(folder, 'pack'));
  await studio.run('settings.set', { provider: 'cpu' });
  subjectId = (await studio.run('subjects.create', { name: 'Ada', hasConsent: true })).id;
  await studio.run('photos.import', { subjectId, fileName: 'astronaut.png', bytes: astronaut });
  for (const job of await studio.run('jobs.list', {})) await studio.settled(job.id);
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function teach(method: Method, settings: TrainingSettings): Promise<Job> {
  return await studio.run('looks.teach', { subjectId, packId: pack.id, method, settings });
}

async function taught(method: Method, settings: TrainingSettings = {}): Promise<Look> {
  const job = await studio.settled((await teach(method, { ...quick, ...settings })).id);
  expect(job).toMatchObject({ state: 'done', error: null, method, trainingSteps: 4, resumeStep: null });
  const looks = await studio.run('looks.list', { subjectId });
  return looks.find(({ id }) => id === job.adapterId)!;
}

/** Waits until a job tells what the test asks for. */
function heard(isMeant: (event: StudioEvent) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = studio.subscribe((event) => {
      if (!isMeant(event)) return;
      end();
      resolve();
    });
  });
}

const step = (job: Job, least: number) => heard((event) => event.type === 'job-progress' && event.jobId === job.id
  && event.progress.phase === 'teaching' && event.progress.step >= least);

async function exported(look: Look, format: ExportFormat, precision?: 'float32') {
  const prepared = await studio.run('looks.export', { adapterId: look.id, format, precision });
  const found = studio.openExport(prepared.exportId)!;
  expect(found).toMatchObject({ sizeBytes: prepared.sizeBytes, downloadName: prepared.fileName });
  return { ...prepared, file: found.file, header: await readSafetensorsHeader(found.file) };
}

async function drawn(look: Look, changes: Partial<CommandRequest<'portraits.create'>> = {}) {
  const job = await studio.run('portraits.create', {
    subjectId, adapterId: look.id, packId: pack.id, prompts: ['photo of {subject}'], count: 1, seed: 3,
    compareWithout: true, settings: small, ...changes,
  });
  expect(await studio.settled(job.id)).toMatchObject({ state: 'done', error: null });
  const portraits = (await studio.run('portraits.list', { subjectId })).filter(({ jobId }) => jobId === job.id);
  const pixels = await Promise.all(portraits.map(async ({ id }) => (await studio.openMedia('portrait', id))!.bytes));
  return { portraits, pixels };
}

const runsOf = async (): Promise<string[]> => await readdir(join(folder, 'library', 'runs')).catch(() => []);

test('a LoRA: snapshots with previews, a curve, portraits, files in every form', async () => {
  const look = await taught('lora', { prior: 'prediction', useBuckets: true, faceMaskWeight: 0.5 });
  expect(look).toMatchObject({ method: 'lora', rank: 2, vectorCount: 0, trainingSteps: 4, triggerWord: 'ohwx' });
  const snapshots = await studio.run('looks.snapshots', { jobId: look.jobId });
  expect(snapshots.map((each) => each.step)).toEqual([2, 4]);
  expect(look.curve).toEqual(snapshots.map((each) => (
    { step: each.step, likeness: each.likeness, validationLoss: each.validationLoss })));
  expect(snapshots.filter(({ isBest }) => isBest).map((each) => each.step)).toEqual([look.bestStep]);
  expect(snapshots.every(({ likeness }) => likeness !== null && likeness > 0)).toBe(true);
  for (const id of snapshots.flatMap(({ previewIds }) => previewIds)) {
    expect(await studio.openMedia('preview', id)).toMatchObject({ contentType: 'image/png' });
  }
  expect(snapshots.flatMap(({ previewIds }) => previewIds)).toHaveLength(4);
  expect(events.filter((event) => event.type === 'snapshot-added')).toHaveLength(2);
  expect(await runsOf()).toEqual([]);
  const { portraits, pixels } = await drawn(look);
  expect(portraits.map(({ prompt }) => prompt)).toEqual(['photo of ohwx person', 'photo of ohwx person']);
  expect(pixels[0]).not.toEqual(pixels[1]);

  const kohya = await exported(look, 'kohya');
  expect([...kohya.header.tensors.keys()].every((name) => name.startsWith('lora_unet_'))).toBe(true);
  expect(kohya.header.tensors.values().next().value!.dtype).toBe('float16');
  expect((await exported(look, 'kohya', 'float32')).sizeBytes).toBe(look.sizeBytes);
  const diffusers = await exported(look, 'diffusers');
  expect([...diffusers.header.tensors.keys()].every((name) => name.startsWith('unet.'))).toBe(true);
  const merged = await exported(look, 'checkpoint');
  expect(merged.header.tensors.has('model.diffusion_model.input_blocks.0.0.weight')).toBe(true);
  await expect(exported(look, 'embedding')).rejects.toMatchObject({ code: 'looks.format' });
  // asked for again it is the same file, made once
  expect((await exported(look, 'diffusers')).exportId).toBe(diffusers.exportId);
});

test('DreamBooth: a whole checkpoint, and pictures of the class that are drawn once for everybody', async () => {
  const drawnForClass = (): number => events.filter((event) => event.type === 'job-progress'
    && event.progress.phase === 'drawing-class' && event.progress.step === event.progress.steps).length;
  const look = await taught('dreambooth', { prior: 'images', priorImageCount: 2 });
  expect(look).toMatchObject({ rank: 0, vectorCount: 0, exportFormats: ['checkpoint', 'a1111', 'comfyui'] });
  const mark = await weightsMark(pack, studio.library.companions);
  const classKey = { packId: pack.id, weightsMark: mark, classWord: 'person', edgePx: 64 } as const;
  const first = studio.library.classImages.list(classKey);
  expect(first.map(({ seed }) => seed)).toEqual([1, 2]);
  expect(drawnForClass()).toBeGreaterThan(0);
  events.length = 0;
  await taught('dreambooth', { prior: 'images', priorImageCount: 2 });
  expect(drawnForClass()).toBe(0);
  await taught('lora', { prior: 'images', priorImageCount: 3 });
  expect(studio.library.classImages.list(classKey)).toEqual([...first, expect.objectContaining({ seed: 3 })]);

  const { header, sizeBytes } = await exported(look, 'checkpoint');
  expect(sizeBytes).toBe(look.sizeBytes);
  expect(detectFileKind(header.tensors)).toBe('sd15');
  const { pixels } = await drawn(look);
  expect(pixels[0]).not.toEqual(pixels[1]);
});

test('textual inversion: a new word, which prompts call and its file is named by', async () => {
  const look = await taught('textual-inversion', { vectorCount: 2, newTokenLearningRate: 0.5 });
  expect(look).toMatchObject({ rank: 0, vectorCount: 2, triggerWord: 'ohwxface' });
  const { portraits, pixels } = await drawn(look);
  expect(portraits[0]!.prompt).toBe('photo of ohwxface person');
  expect(pixels[0]).not.toEqual(pixels[1]);
  const file = await exported(look, 'a1111');
  expect(file).toMatchObject({ fileName: 'ohwxface.safetensors' });
  expect(file.header.tensors.get('emb_params')!.shape).toEqual([2, 16]);
  expect((await exported(look, 'diffusers')).header.tensors.has('ohwxface')).toBe(true);
});

test('a word and a LoRA together, warm-started into another run', async () => {
  const settings = { vectorCount: 1, newWord: 'zqxada', textEncoderLearningRate: 1e-3 };
  const look = await taught('lora', settings);
  expect(look).toMatchObject({ vectorCount: 1, triggerWord: 'zqxada', rank: 2 });
  const names = [...(await exported(look, 'kohya')).header.tensors.keys()];
  expect(names).toContain('bundle_emb.zqxada.emb_params');
  expect(names.some((name) => name.startsWith('lora_te_'))).toBe(true);
  expect(await exported(look, 'embedding')).toMatchObject({ fileName: 'zqxada.safetensors' });
  const request = { subjectId, packId: pack.id, warmStartAdapterId: look.id } as const;
  const next = await studio.run('looks.teach', { ...request, method: 'lora', settings: { ...quick, ...settings } });
  expect(await studio.settled(next.id)).toMatchObject({ state: 'done', error: null });
  await expect(studio.run('looks.teach', { ...request, method: 'dreambooth' }))
    .rejects.toMatchObject({ code: 'looks.other-kind' });
  const wider = await studio.run('looks.teach', {
    ...request, method: 'lora', settings: { ...quick, ...settings, rank: 4 },
  });
  expect(await studio.settled(wider.id)).toMatchObject({ state: 'failed', error: { code: 'training.other-look' } });
});

test('a pause outlives the studio, and finishing makes a look of what there is', async () => {
  const job = await teach('lora', endless);
  await step(job, 3);
  expect(await studio.run('jobs.pause', { jobId: job.id })).toMatchObject({ state: 'running', request: 'pause' });
  const paused = await studio.settled(job.id);
  expect(paused).toMatchObject({ state: 'paused', request: null, error: null, trainingSteps: 5000 });
  expect(paused.resumeStep).toBeGreaterThan(2);
  await studio.close();
  await open();
  expect((await studio.run('jobs.list', {})).find(({ id }) => id === job.id)).toEqual(paused);
  expect(await runsOf()).toContain(job.id);
  await studio.run('jobs.resume', { jobId: job.id });
  await step(job, paused.resumeStep! + 1);
  await studio.run('jobs.finish', { jobId: job.id });
  const done = await studio.settled(job.id);
  expect(done).toMatchObject({ state: 'done', error: null });
  const look = (await studio.run('looks.list', { subjectId })).find(({ id }) => id === done.adapterId)!;
  expect(look.trainingSteps).toBeGreaterThan(paused.resumeStep!);
  expect(look.trainingSteps).toBeLessThan(5000);
  const losses = await studio.run('looks.lossHistory', { jobId: job.id });
  expect(losses.map((point) => point.step)).toEqual(losses.map((_, index) => index + 1));
  expect(await runsOf()).not.toContain(job.id);
});

test('a run whose engine dies goes on by itself from its last snapshot', async () => {
  const job = await teach('lora', { ...endless, snapshotEverySteps: 3 });
  await heard((event) => event.type === 'snapshot-added' && event.snapshot.step >= 3);
  process.kill(studio.engine.processId()!, 'SIGKILL');
  await heard((event) => event.type === 'job-note' && event.jobId === job.id);
  const { resumeStep, state } = studio.library.jobs.get(job.id)!;
  expect(state).toBe('running');
  expect(resumeStep).toBeGreaterThanOrEqual(3);
  events.length = 0;
  await step(job, resumeStep! + 1);
  const told = events.flatMap((event) => (event.type === 'job-progress' && event.progress.phase === 'teaching'
    ? [event.progress.step] : []));
  expect(Math.min(...told)).toBeGreaterThanOrEqual(resumeStep!);
  await studio.run('jobs.cancel', { jobId: job.id });
  expect(await studio.settled(job.id)).toMatchObject({ state: 'cancelled' });
  // its snapshots are there for a second thought, and gone at the next start
  expect(await runsOf()).toContain(job.id);
  await studio.close();
  await open();
  expect(await runsOf()).not.toContain(job.id);
  expect(await studio.run('looks.snapshots', { jobId: job.id })).toEqual([]);
});

test('removing a subject removes what its runs have on the disk', async () => {
  const other = await studio.run('subjects.create', { name: 'Bo', hasConsent: true });
  await studio.run('photos.import', { subjectId: other.id, fileName: 'bo.png', bytes: astronaut });
  const job = await studio.run('looks.teach', { subjectId: other.id, packId: pack.id, settings: endless });
  await step(job, 1);
  await studio.run('subjects.remove', { subjectId: other.id });
  expect(await runsOf()).not.toContain(job.id);
});

test('photos may repeat', async () => {
  const [photo] = await studio.run('photos.list', { subjectId });
  expect(photo!.repeats).toBe(1);
  expect(await studio.run('photos.setRepeats', { photoId: photo!.id, repeats: 3 })).toMatchObject({ repeats: 3 });
});
