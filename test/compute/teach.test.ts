// Teaching through a real engine process: pause and finish, and a message of its own for everything that goes wrong.

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import type { TeachRequest } from '../../src-main/contract/engine.ts';
import type { Method, TrainingSettings } from '../../src-main/contract/settings.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { type EngineRun, type RunOptions, runEngine } from './engine-process.ts';
import { teachRequest } from './teach-requests.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-teach-'));
  await writeTinyPack(join(folder, 'pack'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const short = {
  trainingSteps: 12, snapshotEverySteps: 4, gradientAccumulationSteps: 1, prior: 'none', previewCount: 0,
  vectorCount: 0, textEncoderLearningRate: 0,
} as const;

function request(name: string, settings: TrainingSettings = {}, method: Method = 'lora') {
  return teachRequest(join(folder, name), method, join(folder, 'pack'), { ...short, ...settings });
}

/** Asks something of the engine at a step. */
function askAt(step: number, control: 'pause' | 'finish'): RunOptions {
  return {
    onReport(report, engine) {
      if (report.type !== 'progress' || report.progress.phase !== 'teaching') return;
      if (report.progress.step >= step) engine.ask(control);
    },
  };
}

async function hashOf(run: EngineRun): Promise<string> {
  if (run.result?.kind !== 'teach') throw new Error(`The run did not end: ${JSON.stringify(run.error)}.`);
  return createHash('sha256').update(await readFile(run.result.adapterFile)).digest('hex');
}

const snapshotsIn = async ({ runFolder }: TeachRequest): Promise<string[]> => (
  (await readdir(runFolder)).filter((name) => name.startsWith('step-')).sort());

test('a pause keeps where it stands, and what follows is what would have followed', async () => {
  const whole = await runEngine(await request('whole'));
  const teach = await request('paused');
  const paused = await runEngine(teach, askAt(1, 'pause'));
  expect(paused.result).toMatchObject({ kind: 'paused' });
  const step = paused.result?.kind === 'paused' ? paused.result.step : 0;
  expect(step).toBeGreaterThan(0);
  // measured or not, it is told, so that the page can say where it stands
  expect(paused.snapshots.at(-1)).toMatchObject({ step });
  const rest = await runEngine(teach);
  expect(await hashOf(rest)).toBe(await hashOf(whole));
  expect(rest.losses).toEqual(whole.losses);
  expect(await snapshotsIn(teach)).toContain('step-00000012');
});

test('finishing early makes the best snapshot the look, whether it runs or is paused', async () => {
  const running = await request('finished', { trainingSteps: 400, previewCount: 1 });
  const early = await runEngine(running, askAt(5, 'finish'));
  expect(early.error).toBeUndefined();
  const steps = early.snapshots.map(({ step }) => step);
  expect(early.result).toMatchObject({ kind: 'teach', trainingSteps: steps.at(-1)! });
  expect(steps.at(-1)).toBeLessThan(400);
  const best = early.snapshots.findLast(({ isBest }) => isBest)!;
  expect(early.result).toMatchObject({ bestStep: best.step });
  // the last of those within a hundredth of the most alike
  const most = Math.max(...early.snapshots.map(({ likeness }) => likeness ?? -1));
  expect(best.step).toBe(early.snapshots.findLast(({ likeness }) => (likeness ?? -1) >= most - 0.01)!.step);

  const teach = await request('finished-later', { trainingSteps: 400 });
  await runEngine(teach, askAt(5, 'pause'));
  const later = await runEngine({ ...teach, finish: true });
  expect(later.result).toMatchObject({ kind: 'teach', bestStep: expect.any(Number) as number });
  expect(later.losses).toEqual([]);
  const nothing = await runEngine({ ...await request('nothing'), finish: true });
  expect(nothing.error).toMatchObject({ code: 'training.nothing-to-keep' });
});

test('what cannot be taught says why, before anything is learned', async () => {
  const refused = async (teach: TeachRequest) => (await runEngine(teach)).error!;
  const gone = await request('gone');
  await rm(gone.images[1]!.file);
  expect(await refused(gone)).toMatchObject({ code: 'training.photo-missing', parameters: { name: 'b.png' } });
  const wide = await refused(await request('wide', { rank: 64 }));
  expect(wide).toMatchObject({ code: 'training.rank-too-large', parameters: { rank: 64 } });
  expect(wide.parameters['largest']).toBeLessThan(64);
  const known = await request('known', { newWord: 'person', vectorCount: 1 });
  expect(await refused(known)).toMatchObject({ code: 'text.word-known' });
  const crowd = await request('crowd', { trainingSteps: 20_000, resolutionPx: 2048 });
  const many = { ...crowd, images: Array.from({ length: 10_000 }, () => crowd.images[0]!) };
  expect(await refused(many)).toMatchObject({ code: 'training.too-many-photos', parameters: { count: 10_001 } });
});

test('of ten thousand photos it prepares those that it will look at, and says so', async () => {
  const few = await request('looks', { trainingSteps: 3, snapshotEverySteps: 3 });
  const run = await runEngine({ ...few, images: Array.from({ length: 10_000 }, () => few.images[0]!) });
  expect(run.error).toBeUndefined();
  expect(run.notes).toEqual([expect.stringContaining('Of 10000 photos it learns from 6')]);
});

test.each(['unet', 'vae'] as const)('a model with NaN in its %s is called damaged', async (network) => {
  const pack = join(folder, `nan-${network}`);
  await writeTinyPack(pack);
  const file = join(pack, network, 'diffusion_pytorch_model.safetensors');
  const tensors = await readSafetensors(file);
  const name = network === 'unet' ? 'conv_in.weight' : 'encoder.conv_in.weight';
  (tensors.get(name)!.data as Uint16Array)[3] = 0x7e00;
  await writeSafetensors(file, tensors);
  const teach = await teachRequest(join(folder, `with-${network}`), 'lora', pack, short);
  expect((await runEngine(teach)).error).toMatchObject({ code: 'training.model-damaged' });
});

test('a loss that stops being a number keeps the snapshots before it, which can still become a look', async () => {
  const teach = await request('wild', { trainingSteps: 40 });
  await runEngine(teach, askAt(5, 'pause'));
  const [last] = (await snapshotsIn(teach)).slice(-1);
  const file = join(teach.runFolder, last!, 'moments.safetensors');
  const moments = await readSafetensors(file);
  // as a run leaves them whose gradients overflowed
  (moments.get('firstMoment.unet')!.data as Float32Array).fill(Infinity);
  await writeSafetensors(file, moments);
  const run = await runEngine(teach);
  const step = Number(last!.slice('step-'.length));
  expect(run.error).toMatchObject({ code: 'training.not-finite', parameters: { snapshotStep: step } });
  expect(run.error!.safe).toContain(`step ${step}`);
  expect((await snapshotsIn(teach)).at(-1)).toBe(last);
  expect((await runEngine({ ...teach, finish: true })).result).toMatchObject({ kind: 'teach' });
});

test.skipIf(process.platform === 'win32')('a disk that fills during a snapshot leaves the one before it', async () => {
  const whole = await runEngine(await request('roomy'));
  const teach = await request('full');
  const first = await runEngine(teach, askAt(1, 'pause'));
  const before = await snapshotsIn(teach);
  expect(first.result).toMatchObject({ kind: 'paused' });
  // no file may grow beyond 8 KB: the next snapshot runs out of room in its first file
  const limited = ['bash', '-c', 'trap "" XFSZ; ulimit -f 8; exec "$@"', 'bash'] as const;
  const stopped = await runEngine(teach, { through: limited });
  expect(stopped.error).toMatchObject({ code: 'disk.full' });
  expect(await snapshotsIn(teach)).toEqual(before);
  expect(await hashOf(await runEngine(teach))).toBe(await hashOf(whole));
});
