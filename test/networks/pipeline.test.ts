// The loaded networks of the tiny golden checkpoint: shapes, batches, adapters; sessions are kept and released.

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { type LoraModule, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { type Pipeline, openPipeline, pipelineConfigOf } from '../../src-main/networks/pipeline.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { openTinyCheckpoint, randomLora } from './tiny-checkpoint.ts';

const options = { provider: 'cpu', threads: 1 } as const;
const latents = randomTensor([1, 4, 8, 8], 1);
const ids = Array.from({ length: 77 }, (_, i) => (i === 0 ? 0 : 2 + (i * 7) % 500));
let checkpoint: Checkpoint;
let plain: Pipeline;
let modules: LoraModule[];
let adapted: Pipeline;
let context: Tensor;

beforeAll(async () => {
  checkpoint = await openTinyCheckpoint();
  modules = unetLoraModules(checkpoint.unetConfig, 'transformer-and-convolution', { rank: 2, loraAlpha: 2 });
  plain = openPipeline(checkpoint, options);
  adapted = openPipeline(checkpoint, { ...options, adapterModules: modules });
  context = await plain.encodeText([ids]);
});
afterAll(async () => {
  await plain.release();
  await adapted.release();
});

const data = (tensor: Tensor): Float32Array => tensor.data as Float32Array;

test('the configuration follows from the checkpoint', () => {
  const { latentScale, vaeFactor, resolutionPx, predictionType, latentChannels, alphasCumprod } = plain.config;
  expect({ latentScale, vaeFactor, resolutionPx, predictionType, latentChannels }).toEqual(
    { latentScale: 0.18215, vaeFactor: 8, resolutionPx: 128, predictionType: 'epsilon', latentChannels: 4 });
  expect(alphasCumprod.length).toBe(1000);
  // sqrt(acp) of Stable Diffusion's last timestep, from its scaled-linear betas
  expect(alphasCumprod[999]).toBeCloseTo(0.0047, 4);
  const linear = { ...checkpoint.schedulerConfig, betaSchedule: 'linear' as const };
  expect(pipelineConfigOf({ ...checkpoint, schedulerConfig: linear }).alphasCumprod[500]).not.toBe(alphasCumprod[500]);
});

test('prompts become states, each as if it were alone', async () => {
  const other = [...ids].reverse();
  const both = await plain.encodeText([ids, other]);
  expect([context.shape, both.shape]).toEqual([[1, 77, 24], [2, 77, 24]]);
  expect(data(both).subarray(0, 77 * 24)).toEqual(data(context));
  expect(data(both).subarray(77 * 24)).toEqual(data(await plain.encodeText([other])));
});

test('pictures become latents an eighth as large, and latents pictures', async () => {
  const pixels = randomTensor([2, 3, 32, 64], 2);
  const { mean, logVariance } = await plain.encode(pixels);
  expect([mean.shape, logVariance.shape]).toEqual([[2, 4, 4, 8], [2, 4, 4, 8]]);
  const second = await plain.encode(float32Tensor([1, 3, 32, 64], data(pixels).slice(3 * 32 * 64)));
  expect(data(mean).subarray(4 * 32)).toEqual(data(second.mean));
  const pictures = await plain.decode(mean);
  expect(pictures.shape).toEqual([2, 3, 32, 64]);
  expect(data(pictures).every(Number.isFinite)).toBe(true);
  expect(relativeError(data(mean), Float64Array.from(data(logVariance)))).toBeGreaterThan(0.1);
});

test('a prediction has the shape of its latents and depends on timestep and text', async () => {
  const at = async (timestep: number, text: Tensor): Promise<Float32Array> => {
    const prediction = await plain.predict({ latents, timestep, context: text });
    expect(prediction.shape).toEqual(latents.shape);
    return data(prediction);
  };
  const base = await at(500, context);
  expect(await at(500, context)).toEqual(base);
  expect(relativeError(await at(20, context), Float64Array.from(base))).toBeGreaterThan(1e-3);
  const otherText = await plain.encodeText([[...ids].reverse()]);
  expect(relativeError(await at(500, otherText), Float64Array.from(base))).toBeGreaterThan(1e-4);
});

test('an adapter of strength 0, or none, is the base model; a stronger one is not', async () => {
  const base = data(await plain.predict({ latents, timestep: 300, context }));
  const parameters = randomLora(modules, 4);
  const with0 = await adapted.predict({ latents, timestep: 300, context, adapter: { parameters, strength: 0 } });
  const without = await adapted.predict({ latents, timestep: 300, context });
  const with1 = await adapted.predict({ latents, timestep: 300, context, adapter: { parameters, strength: 1 } });
  expect(relativeError(data(with0), Float64Array.from(base))).toBeLessThan(1e-5);
  expect(data(without)).toEqual(data(with0));
  expect(relativeError(data(with1), Float64Array.from(base))).toBeGreaterThan(0.01);
});

test('an adapter that does not fit is refused', async () => {
  const adapter = { parameters: new Float32Array(7), strength: 1 };
  await expect(adapted.predict({ latents, timestep: 1, context, adapter })).rejects.toThrow(/adapter has 7 numbers/);
  await expect(plain.predict({ latents, timestep: 1, context, adapter })).rejects.toThrow(/without an adapter/);
});

test('sizes beyond those kept are let go and opened again; a released pipeline opens anew', async () => {
  const pipeline = openPipeline(checkpoint, { ...options, favour: 'memory' });
  const decode = async (width: number): Promise<Float32Array> => (
    data(await pipeline.decode(randomTensor([1, 4, 1, width], 5))));
  const first = await decode(1);
  for (let width = 2; width <= 7; width++) expect((await decode(width)).length).toBe(3 * 8 * 8 * width);
  expect(await decode(1)).toEqual(first);
  await pipeline.release();
  await pipeline.release();
  expect(await decode(1)).toEqual(first);
  await pipeline.release();
});
