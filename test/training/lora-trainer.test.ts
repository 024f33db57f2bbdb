// Teaching a LoRA to the tiny golden checkpoint: it learns, repeats itself bit for bit, stops, and refuses.

import { beforeAll, describe, expect, test } from 'vitest';

import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import type { PromptIds } from '../../src-main/text/prompt-encoder.ts';
import {
  type CachedImage, type LoraTrainingSettings, type TrainedLora, type TrainingProgress, cacheTrainingImages,
  trainLora,
} from '../../src-main/training/lora-trainer.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { openTinyCheckpoint } from '../networks/tiny-checkpoint.ts';

const settings: LoraTrainingSettings = {
  rank: 2, loraAlpha: 2, targets: 'attention', learningRate: 1e-3, learningRateSchedule: 'constant', warmupSteps: 0,
  trainingSteps: 3, batchSize: 1, maxGradientNorm: 1, seed: 7,
};
const latentSize = [8, 8] as const;
const contextLength = 5;
let checkpoint: Checkpoint;
beforeAll(async () => { checkpoint = await openTinyCheckpoint(); });

function cachedImage(seed: number): CachedImage {
  const values = (count: number, stream: number, size: number): Float32Array => (
    randomTensor([count], 10 * seed + stream, -size, size).data as Float32Array);
  return {
    mean: values(256, 1, 5), logVariance: values(256, 2, 0).fill(-6), context: values(contextLength * 24, 3, 1),
  };
}

interface Run {
  readonly images?: readonly CachedImage[];
  readonly overrides?: Partial<LoraTrainingSettings>;
  readonly onProgress?: (progress: TrainingProgress) => void | 'stop';
  readonly from?: Checkpoint;
}

function run({ images, overrides, onProgress, from = checkpoint }: Run): Promise<TrainedLora> {
  const cache = { images: images ?? [1, 2, 3].map(cachedImage), latentSize, contextLength };
  return trainLora({
    checkpoint: from, cache, settings: { ...settings, ...overrides }, provider: 'cpu', threads: 1,
    ...(onProgress ? { onProgress } : {}),
  });
}

const errorOf = (promise: Promise<unknown>): Promise<UserError> => promise.then(
  () => { throw new Error('nothing was refused'); },
  (error: unknown) => { if (error instanceof UserError) return error; throw error; });

describe('a run', () => {
  const progress: TrainingProgress[] = [];
  const reads = [0, 0, 0];
  let first: TrainedLora;
  beforeAll(async () => {
    // every image counts how often it is taken
    const images = reads.map((_, i): CachedImage => {
      const image = cachedImage(i + 1);
      return { ...image, get mean() { reads[i]!++; return image.mean; } };
    });
    first = await run({ images, overrides: { trainingSteps: 6 }, onProgress: (each) => { progress.push(each); } });
  });

  test('reports each step, and returns what belongs together', () => {
    expect(progress.map(({ trainingStep }) => trainingStep)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(progress.map(({ loss }) => loss)).toEqual(first.losses);
    for (const { loss, gradientNorm, trainingSteps } of progress) {
      expect(loss).toBeGreaterThan(0);
      expect(gradientNorm).toBeGreaterThan(0);
      expect(trainingSteps).toBe(6);
    }
    expect(first.parameters.length).toBe(first.layout.size);
    expect(first.modules.length).toBe(128);
    expect(first.modules[0]).toMatchObject({ rank: 2, loraAlpha: 2 });
  });

  test('takes every image once an epoch', () => {
    expect(reads).toEqual([2, 2, 2]);
  });

  test('moves the up matrices away from zero', () => {
    const ups = first.layout.entries.filter((entry) => entry.name.endsWith('lora_up.weight'));
    expect(ups.length).toBe(128);
    for (const { name, offset, size } of ups) {
      const part = first.parameters.subarray(offset, offset + size);
      expect(part.some((value) => value !== 0), name).toBe(true);
      expect(part.every(Number.isFinite)).toBe(true);
    }
  });

  test('is bit for bit the same with the same seed, and another with another', async () => {
    const again = await run({ overrides: { trainingSteps: 6 } });
    expect(again.losses).toEqual(first.losses);
    expect(Buffer.compare(Buffer.from(again.parameters.buffer), Buffer.from(first.parameters.buffer))).toBe(0);
    const other = await run({ overrides: { trainingSteps: 1, seed: 8 } });
    expect(other.losses[0]).not.toBe(first.losses[0]);
    expect(other.parameters).not.toEqual(first.parameters);
  });

  test('that is stopped keeps exactly what it had learned', async () => {
    const stop = (wanted: number) => ({ trainingStep }: TrainingProgress): void | 'stop' => (
      trainingStep === wanted ? 'stop' : undefined);
    const stopped = await run({ overrides: { trainingSteps: 1000 }, onProgress: stop(2) });
    const short = await run({ overrides: { trainingSteps: 2 } });
    expect(stopped.losses).toEqual(first.losses.slice(0, 2));
    expect(stopped.parameters).toEqual(short.parameters);
  });
});

test('a larger batch sees the same images', async () => {
  const trained = await run({ overrides: { batchSize: 2, trainingSteps: 1 } });
  expect(trained.losses.length).toBe(1);
  expect(trained.losses[0]).toBeGreaterThan(0);
});

test('weights that are no numbers end the run with words', async () => {
  const broken = float32Tensor([16, 4, 3, 3], new Float32Array(576).fill(NaN));
  const from = { ...checkpoint, unet: new Map([...checkpoint.unet, ['conv_in.weight', broken]]) };
  const error = await errorOf(run({ from }));
  expect(error.code).toBe('training.not-finite');
  expect(error.parameters).toEqual({ trainingStep: 1 });
  expect(Object.values(error.text).every((text) => text.length > 10)).toBe(true);
});

test('without images there is nothing to learn from', async () => {
  expect((await errorOf(run({ images: [] }))).code).toBe('training.no-images');
  const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1 });
  expect((await errorOf(cacheTrainingImages(pipeline, []))).code).toBe('training.no-images');
});

test('images are encoded once, captions too', async () => {
  const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1 });
  const captions: PromptIds[][] = [];
  const counting = { ...pipeline, config: pipeline.config, checkpoint, encode: pipeline.encode.bind(pipeline),
    encodeText: (ids: PromptIds[]) => { captions.push(ids); return pipeline.encodeText(ids); } };
  const [one, two] = [[[1, 5, 2]], [[1, 6, 2]]];
  const images = [one, one, two].map((captionIds, i) => (
    { pixels: randomTensor([1, 3, 16, 16], i), captionIds: captionIds! }));
  const cache = await cacheTrainingImages(counting, images);
  expect([cache.images.length, cache.latentSize, cache.contextLength]).toEqual([3, [2, 2], 3]);
  expect(captions).toEqual([[one], [two]]);
  expect(cache.images[0]!.context).toEqual(cache.images[1]!.context);
  expect(cache.images[0]!.context).not.toEqual(cache.images[2]!.context);
  expect(cache.images[0]!.mean).not.toEqual(cache.images[1]!.mean);
  const uneven = [...images, { pixels: randomTensor([1, 3, 16, 24], 9), captionIds: one! }];
  await expect(cacheTrainingImages(counting, uneven)).rejects.toThrow(/differ in size/);
  await pipeline.release();
});
