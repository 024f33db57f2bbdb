// The training step on SDXL's topology: two text encoders, pooled text, time ids, and layers that SDXL never reads.

import { afterAll, expect, test } from 'vitest';

import { textLoraModules, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import {
  adapterFormOf, adapterNumbersOf, learnedParameters, withLearnedWeights,
} from '../../src-main/training/learned.ts';
import { rowsOfTokens, startOfRows } from '../../src-main/training/starting-rows.ts';
import type { Trainables } from '../../src-main/training/trainables.ts';
import type { TrainingBatch } from '../../src-main/training/training-batch.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';
import { openTinyStep } from './tiny-training.ts';

const checkpoint = tinySdxlCheckpoint();
const size = { rank: 2, loraAlpha: 1 };
const pivotal: Trainables = {
  unet: { kind: 'lora', modules: unetLoraModules(checkpoint.unetConfig, 'attention', size) },
  textEncoders: checkpoint.textEncoders.map(({ config }) => (
    { kind: 'lora' as const, modules: textLoraModules(config, size) })),
  newTokens: { count: 1 },
};
const promptOf = (...words: number[]) => [39, 0].map((pad) => (
  [38, ...words, 39, ...new Array<number>(75 - words.length).fill(pad)]));
const batch: TrainingBatch = {
  noisy: randomTensor([2, 4, 8, 4], 1), target: randomTensor([2, 4, 8, 4], 2), timesteps: [100, 700],
  sampleWeights: [0.5, 0.5], text: { inputIds: [promptOf(3, 40), promptOf(40, 5, 6)] },
  timeIds: float32Tensor([2, 6], [16, 8, 0, 0, 16, 8, 32, 16, 4, 0, 16, 8]),
};
const step = openTinyStep({ checkpoint, trainables: pivotal });
const start = startOfRows(await rowsOfTokens(checkpoint.textEncoders, [[7], [9]], 1));
const random = new Map(step.layout.parameters.map(({ name, shape }, i): [string, Tensor] => (
  [name, randomTensor(shape, i, -0.3, 0.3)])));
const rates = { learningRates: { unet: 1e-3, textEncoders: 1e-3, newTokens: 1e-3 } };
afterAll(() => step.release());

test('a LoRA on all three networks and a new token in both encoders have gradients', async () => {
  const { gradients } = await step.run(await step.initialState(random), [batch], rates);
  expect([...gradients!.keys()]).toEqual(['unet', 'textEncoders', 'newTokens']);
  const { chunks } = step.layout;
  const still = chunks.flatMap(({ name: chunk, layout }) => layout.entries.filter(({ offset, size: count }) => (
    (gradients!.get(chunk)!.data as Float32Array).subarray(offset, offset + count).every((value) => value === 0))));
  // of the first encoder SDXL does not read the last layer
  expect(still.map(({ name }) => name).every((name) => name.startsWith('text_encoder.text_model.encoder.layers.2.')))
    .toBe(true);
  expect(still.length).toBe(12);
});

test('encoders that learn whole leave out what SDXL never reads, and give it back as it was', async () => {
  const whole = openTinyStep({ checkpoint, trainables: { textEncoders: [{ kind: 'full' }, { kind: 'full' }] } });
  const names = whole.layout.parameters.map(({ name }) => name);
  const read = (encoder: string): string[] => names.filter((name) => name.startsWith(encoder));
  expect(read('text_encoder.').some((name) => /layers\.2\.|final_layer_norm/.test(name))).toBe(false);
  expect(read('text_encoder.').some((name) => name.includes('layers.1.'))).toBe(true);
  expect(read('text_encoder_2.').length).toBe(checkpoint.textEncoders[1]!.weights.size);
  const { state, gradients } = await whole.run(await whole.initialState(), [
    { ...batch, text: { inputIds: [promptOf(3), promptOf(4)] } }], rates);
  await whole.release();
  expect((gradients!.get('textEncoders')!.data as Float32Array).some((value) => value !== 0)).toBe(true);
  const learned = learnedParameters(whole.layout.chunks, (await whole.read(state)).tensors);
  const first = withLearnedWeights(checkpoint, learned).textEncoders[0]!.weights;
  const last = 'text_model.final_layer_norm.weight';
  expect(first.get(last)).toBe(checkpoint.textEncoders[0]!.weights.get(last));
  const token = 'text_model.embeddings.token_embedding.weight';
  expect((first.get(token) as Tensor).data).not.toEqual(
    (checkpoint.textEncoders[0]!.weights.get(token) as Tensor).data);
});

test('skipping a layer leaves out one more', () => {
  const names = (skipLayers: number): string[] => openTinyStep({
    checkpoint, skipLayers, trainables: { textEncoders: [{ kind: 'full' }, undefined] },
  }).layout.parameters.map(({ name }) => name);
  expect(names(0).some((name) => name.includes('layers.1.'))).toBe(true);
  expect(names(1).some((name) => name.includes('layers.1.'))).toBe(false);
});

test('the loss is that of the pipeline\'s own prediction with what was learned', async () => {
  const state = await step.initialState(random);
  const learned = learnedParameters(step.layout.chunks, state.tensors);
  const input = { ...adapterNumbersOf(pivotal, learned, checkpoint), strength: 1 };
  const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1, adapter: adapterFormOf(pivotal) });
  const { inputIds } = batch.text as { inputIds: number[][][] };
  const losses: number[] = [];
  for (const sample of [0, 1]) {
    const part = (tensor: Tensor): Tensor => {
      const [, ...rest] = tensor.shape;
      const count = tensor.data.length / 2;
      return { ...tensor, shape: [1, ...rest], data: tensor.data.slice(sample * count, (sample + 1) * count) };
    };
    const prediction = await pipeline.predict({
      latents: part(batch.noisy), timestep: batch.timesteps[sample]!, adapter: input, timeIds: part(batch.timeIds!),
      text: await pipeline.encodeText([inputIds[sample]!], input),
    });
    const target = part(batch.target).data as Float32Array;
    const errors = (prediction.data as Float32Array).map((value, i) => (value - target[i]!) ** 2);
    losses.push(errors.reduce((sum, value) => sum + value, 0) / errors.length);
  }
  await pipeline.release();
  const { sampleLosses, loss } = await step.evaluate(state, batch);
  expect(relativeError(sampleLosses, losses)).toBeLessThan(1e-5);
  expect(loss).toBeCloseTo((losses[0]! + losses[1]!) / 2, 4);
});

test('a batch without time ids is refused', async () => {
  const { timeIds: _, ...without } = batch;
  await expect(step.run(await step.initialState(start), [without], rates)).rejects.toThrow(/lacks timeIds/);
});
