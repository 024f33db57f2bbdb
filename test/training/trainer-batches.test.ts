// What a step's number gives: noise added as the papers say, each loss's targets and weights, the same every time.

import { expect, test } from 'vitest';
import { scaledLinearBetas, alphasCumprodFromBetas } from '../../src-main/diffusion/noise-schedule.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { type BatchSourceOptions, openBatchSource } from '../../src-main/training/trainer-batches.ts';
import type { Sample } from '../../src-main/training/trainer-samples.ts';
import type { TrainingExample, TrainingSet } from '../../src-main/training/trainer-set.ts';
import type { TrainingBatch } from '../../src-main/training/training-batch.ts';
import { randomTensor } from '../compiler/numbers.ts';

const alphasCumprod = alphasCumprodFromBetas(scaledLinearBetas());
const pipeline = { alphasCumprod, latentScale: 0.5, predictionType: 'epsilon' } as const;
const settings = {
  batchSize: 2, gradientAccumulationSteps: 1, minSnrGamma: 0, minTimestep: 0, noiseOffset: 0, captionDropout: 0,
  captionTagDropout: 0, prior: 'none', priorLossWeight: 1, seed: 3,
} as const;

const caption = (number: number) => (
  { ids: [[number]], states: { context: float32Tensor([1, 1, 1], [number]) } });

/** Latents that are the image's number all over, without any spread. */
function example(number: number, shape = [1, 2, 4, 4], changes: Partial<TrainingExample> = {}): TrainingExample {
  const filled = (value: number): Tensor => (
    float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(value)));
  return { mean: filled(number), logVariance: filled(-60), caption: caption(number), repeats: 1, ...changes };
}

const set: TrainingSet = {
  images: [1, 2, 3].map((number) => example(number)), classImages: [8, 9].map((number) => example(number)),
  heldOut: [example(5), example(6)], emptyCaption: caption(0), subjectCaption: caption(50),
  classCaption: caption(100),
};

function source(changes: Partial<Omit<BatchSourceOptions, 'settings'>> & { settings?: object } = {}) {
  return openBatchSource({
    set, pipeline, isTextLearned: false, ...changes, settings: { ...settings, ...changes.settings },
  });
}

const captions = ({ text }: TrainingBatch): number[] => (
  'states' in text ? [...text.states.context.data as Float32Array] : text.inputIds.map((ids) => ids[0]![0]!));

/** The latents that a batch noised, worked out from noisy, target and timestep. */
function latentsOf({ noisy, target, timesteps }: TrainingBatch): number[] {
  const size = noisy.data.length / timesteps.length;
  return timesteps.map((timestep, i) => {
    const acp = alphasCumprod[timestep]!;
    return (Number(noisy.data[i * size]) - Math.sqrt(1 - acp) * Number(target.data[i * size])) / Math.sqrt(acp);
  });
}

test('noisy latents are sqrt(acp) x + sqrt(1 - acp) noise, with the noise as the target', async () => {
  const [batch] = await source().batchesOf(0);
  expect(batch!.noisy.shape).toEqual([2, 2, 4, 4]);
  const latents = latentsOf(batch!);
  captions(batch!).forEach((number, i) => expect(latents[i]).toBeCloseTo(0.5 * number, 3));
  expect(batch!.sampleWeights).toEqual([0.5, 0.5]);
  expect(new Set(batch!.target.data as Float32Array).size).toBe(64);
});

test('v-prediction has its target and min-SNR its weights', async () => {
  const [epsilon] = await source().batchesOf(1);
  const v = { ...pipeline, predictionType: 'v_prediction' } as const;
  const [batch] = await source({ pipeline: v, settings: { minSnrGamma: 5 } }).batchesOf(1);
  expect(batch!.noisy).toEqual(epsilon!.noisy);
  const size = 32;
  batch!.timesteps.forEach((timestep, i) => {
    const acp = alphasCumprod[timestep]!;
    const noise = Number(epsilon!.target.data[i * size]);
    const latent = 0.5 * captions(batch!)[i]!;
    const expected = Math.sqrt(acp) * noise - Math.sqrt(1 - acp) * latent;
    expect(Number(batch!.target.data[i * size])).toBeCloseTo(expected, 4);
    const snr = acp / (1 - acp);
    expect(batch!.sampleWeights[i]).toBeCloseTo(Math.min(snr, 5) / (snr + 1) / 2, 6);
  });
});

test('every step draws anew, every source with this seed draws the same', async () => {
  const [first, second] = [source(), source()];
  // in another order: nothing depends on what was asked before
  const late = await second.batchesOf(9);
  expect(await first.batchesOf(9)).toEqual(late);
  expect((await first.batchesOf(8))[0]!.noisy).not.toEqual(late[0]!.noisy);
  expect((await source({ settings: { seed: 4 } }).batchesOf(9))[0]!.noisy).not.toEqual(late[0]!.noisy);
});

test('accumulation takes the next micro-batches, and every image comes as often as it repeats', async () => {
  const accumulated = source({ settings: { gradientAccumulationSteps: 3 } });
  const single = source();
  const pairs = [await accumulated.batchesOf(1), [3, 4, 5].map((step) => single.batchesOf(step))] as const;
  expect(pairs[0]).toEqual((await Promise.all(pairs[1])).flat());
  const images = [example(1), { ...example(2), repeats: 3 }];
  const repeated = source({ set: { ...set, images }, settings: { batchSize: 1 } });
  const seen = [];
  for (let step = 0; step < 8; step++) seen.push(...captions((await repeated.batchesOf(step))[0]!));
  expect(seen.filter((number) => number === 2)).toHaveLength(6);
});

test('captions are dropped by their share, noise is moved by its offset', async () => {
  const all = await source({ settings: { captionDropout: 1 } }).batchesOf(0);
  expect(captions(all[0]!)).toEqual([0, 0]);
  const counts = { dropped: 0, kept: 0 };
  const half = source({ settings: { captionDropout: 0.5 } });
  for (let step = 0; step < 40; step++) {
    for (const number of captions((await half.batchesOf(step))[0]!)) counts[number === 0 ? 'dropped' : 'kept']++;
  }
  expect(Math.abs(counts.dropped - 40)).toBeLessThan(20);
  const nameAlone = source({ settings: { captionDropout: 0.5, captionTagDropout: 0.5 } });
  const named = new Map([[0, 0], [50, 0]]);
  for (let step = 0; step < 40; step++) {
    for (const number of captions((await nameAlone.batchesOf(step))[0]!)) {
      named.set(number, (named.get(number) ?? 0) + 1);
    }
  }
  // half of the captions are left out whole, and half of the others but for the name
  expect(Math.abs(named.get(0)! - 40)).toBeLessThan(20);
  expect(Math.abs(named.get(50)! - 20)).toBeLessThan(12);
  expect(named.size).toBe(5);
  expect(captions((await source({ settings: { captionTagDropout: 1, prior: 'images' } }).batchesOf(0))[0]!).slice(0, 2))
    .toEqual([50, 50]);
  const [plain] = await source().batchesOf(0);
  const [moved] = await source({ settings: { noiseOffset: 0.3 } }).batchesOf(0);
  const shifts = Array.from(moved!.target.data as Float32Array, (value, i) => value - Number(plain!.target.data[i]));
  // one shift a channel
  expect(new Set(shifts.map((value) => value.toFixed(4))).size).toBe(4);
});

test('timesteps of little noise are left out on request, of the held-out images too', async () => {
  const seen = async (minTimestep: number): Promise<number[]> => {
    const own = source({ settings: { minTimestep } });
    const drawn = await Promise.all(Array.from({ length: 40 }, (_, step) => own.batchesOf(step)));
    return [...drawn.flat(), ...own.validation.map(({ batch }) => batch)].flatMap(({ timesteps }) => [...timesteps]);
  };
  const [all, upper, last] = [await seen(0), await seen(600), await seen(999)];
  expect(Math.min(...all)).toBeLessThan(100);
  expect(Math.min(...upper)).toBeGreaterThanOrEqual(600);
  expect(Math.min(...upper)).toBeLessThan(640);
  expect(Math.max(...upper)).toBeGreaterThan(960);
  expect(new Set(last)).toEqual(new Set([999]));
  // the same draws, closer together
  expect(upper[0]).toBe(600 + Math.floor(all[0]! * 0.4));
});

test('a prior by pictures adds samples of the class, weighted, in the same batch', async () => {
  const [batch, ...others] = await source({ settings: { prior: 'images', priorLossWeight: 0.5 } }).batchesOf(0);
  expect(others).toEqual([]);
  expect(batch!.sampleWeights).toEqual([0.5, 0.5, 0.25, 0.25]);
  const classNumbers = captions(batch!).slice(2);
  expect(classNumbers.every((number) => number === 8 || number === 9)).toBe(true);
  expect((await source().batchesOf(0))[0]!.noisy.data).toEqual(batch!.noisy.data.slice(0, 64));
});

test('a prior of another size comes as batches of its own, whose mean gradient is the same sum', async () => {
  const wide = { ...set, classImages: [example(8, [1, 2, 4, 8])] };
  const batches = await source({ set: wide, settings: { prior: 'images', priorLossWeight: 0.5 } }).batchesOf(0);
  expect(batches.map(({ noisy }) => noisy.shape[3])).toEqual([4, 8]);
  expect(batches.map(({ sampleWeights }) => sampleWeights)).toEqual([[1, 1], [0.5, 0.5]]);
});

test('a prior by prediction asks the base model of the same latents under the caption of the class', async () => {
  const asked: number[] = [];
  const options = {
    settings: { prior: 'prediction' },
    basePrediction: async ({ noisy, caption: { ids } }: Sample) => {
      asked.push(ids[0]![0]!);
      return noisy.map((value) => 2 * value);
    },
  };
  const [batch] = await source(options).batchesOf(0);
  expect(asked).toEqual([100, 100]);
  const subjects = captions((await source().batchesOf(0))[0]!);
  expect(captions(batch!)).toEqual([...subjects, 100, 100]);
  const [own, prior] = [batch!.noisy.data.slice(0, 64), batch!.noisy.data.slice(64)];
  expect(prior).toEqual(own);
  expect(batch!.target.data.slice(64)).toEqual((own as Float32Array).map((value) => 2 * value));
});

test('captions are left out of the class where there is one: no captions at all then mean anybody', async () => {
  const subjects = captions((await source().batchesOf(0))[0]!);
  const [images] = await source({ settings: { prior: 'images', captionDropout: 1 } }).batchesOf(0);
  expect(captions(images!)).toEqual([...subjects, 0, 0]);
  const asked: number[] = [];
  const [predicted] = await source({
    settings: { prior: 'prediction', captionDropout: 1 },
    basePrediction: async ({ noisy, caption: { ids } }: Sample) => {
      asked.push(ids[0]![0]!);
      return noisy;
    },
  }).batchesOf(0);
  expect(captions(predicted!)).toEqual([...subjects, 0, 0]);
  expect(asked).toEqual([0, 0]);
});

test('masks and SDXL sizes go with their image', async () => {
  const mask = Float32Array.from({ length: 16 }, (_, i) => i / 8);
  const timeIds = [64, 64, 0, 0, 32, 32];
  const images = [example(1, undefined, { mask, timeIds })];
  const [batch] = await source({
    set: { ...set, images, classImages: [example(8, undefined, { timeIds })] }, settings: { prior: 'images' },
  }).batchesOf(0);
  expect(batch!.mask!.shape).toEqual([4, 1, 4, 4]);
  expect([...batch!.mask!.data.slice(0, 16)]).toEqual([...mask]);
  expect(batch!.mask!.data.slice(32).every((value) => value === 1)).toBe(true);
  expect(batch!.timeIds).toMatchObject({ shape: [4, 6] });
});

test('validation is always the same: every held-out image, timesteps over the whole schedule, no dropout', () => {
  const first = source({ settings: { captionDropout: 1, noiseOffset: 0.5, batchSize: 3 } }).validation;
  expect(source({ settings: { captionDropout: 1, noiseOffset: 0.5, batchSize: 3 } }).validation).toEqual(first);
  expect(first.reduce((sum, { count }) => sum + count, 0)).toBe(16);
  expect(first.every(({ batch }) => batch.noisy.shape[0] === 3)).toBe(true);
  const timesteps = first.flatMap(({ batch, count }) => batch.timesteps.slice(0, count));
  expect([Math.min(...timesteps), Math.max(...timesteps)]).toEqual([31, 968]);
  expect(new Set(first.flatMap(({ batch, count }) => captions(batch).slice(0, count)))).toEqual(new Set([5, 6]));
  expect(source({ set: { ...set, heldOut: [] } }).validation).toEqual([]);
});

test('the spread of the VAE is drawn', async () => {
  const spread = { ...example(1), logVariance: randomTensor([1, 2, 4, 4], 1, 0, 0) };
  const [batch] = await source({ set: { ...set, images: [spread] }, settings: { batchSize: 1 } }).batchesOf(0);
  expect(Math.abs(latentsOf(batch!)[0]! - 0.5)).toBeGreaterThan(1e-3);
});
