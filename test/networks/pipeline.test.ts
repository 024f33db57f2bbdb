// The loaded networks of the tiny golden checkpoint: shapes, batches, adapters; sessions are kept and released.

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { type LoraModule, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { type Pipeline, openPipeline, pipelineConfigOf, type TextStates } from '../../src-main/networks/pipeline.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { openTinyCheckpoint, randomLora } from './tiny-checkpoint.ts';

const options = { provider: 'cpu', threads: 1 } as const;
const latents = randomTensor([1, 4, 8, 8], 1);
const ids = [Array.from({ length: 77 }, (_, i) => (i === 0 ? 0 : 2 + (i * 7) % 500))];
const reversed = [[...ids[0]!].reverse()];
let checkpoint: Checkpoint;
let plain: Pipeline;
let modules: LoraModule[];
let adapted: Pipeline;
let text: TextStates;

beforeAll(async () => {
  checkpoint = await openTinyCheckpoint();
  modules = unetLoraModules(checkpoint.unetConfig, 'transformer-and-convolution', { rank: 2, loraAlpha: 2 });
  plain = openPipeline(checkpoint, options);
  adapted = openPipeline(checkpoint, { ...options, adapter: { unet: modules, textEncoders: [] } });
  text = await plain.encodeText([ids]);
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
  const { context, pooled } = await plain.encodeText([ids, reversed]);
  expect([text.context.shape, context.shape, pooled]).toEqual([[1, 77, 24], [2, 77, 24], undefined]);
  expect(data(context).subarray(0, 77 * 24)).toEqual(data(text.context));
  expect(data(context).subarray(77 * 24)).toEqual(data((await plain.encodeText([reversed])).context));
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
  const at = async (timestep: number, states: TextStates): Promise<Float32Array> => {
    const prediction = await plain.predict({ latents, timestep, text: states });
    expect(prediction.shape).toEqual(latents.shape);
    return data(prediction);
  };
  const base = await at(500, text);
  expect(await at(500, text)).toEqual(base);
  expect(relativeError(await at(20, text), Float64Array.from(base))).toBeGreaterThan(1e-3);
  const otherText = await plain.encodeText([reversed]);
  expect(relativeError(await at(500, otherText), Float64Array.from(base))).toBeGreaterThan(1e-4);
});

test('an adapter of strength 0, or none, is the base model; a stronger one is not', async () => {
  const base = data(await plain.predict({ latents, timestep: 300, text }));
  const parameters = randomLora(modules, 4);
  const with0 = await adapted.predict({ latents, timestep: 300, text, adapter: { unet: parameters, strength: 0 } });
  const without = await adapted.predict({ latents, timestep: 300, text });
  const with1 = await adapted.predict({ latents, timestep: 300, text, adapter: { unet: parameters, strength: 1 } });
  expect(relativeError(data(with0), Float64Array.from(base))).toBeLessThan(1e-5);
  expect(data(without)).toEqual(data(with0));
  expect(relativeError(data(with1), Float64Array.from(base))).toBeGreaterThan(0.01);
});

test('an adapter that does not fit is refused', async () => {
  const adapter = { unet: new Float32Array(7), strength: 1 };
  await expect(adapted.predict({ latents, timestep: 1, text, adapter })).rejects.toThrow(/adapter has 7 numbers/);
  await expect(plain.predict({ latents, timestep: 1, text, adapter })).rejects.toThrow(/without an adapter/);
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
