// SDXL in miniature on ONNX Runtime: two text encoders, pooled text, time ids, adapters on all three networks, new
// tokens in both encoders.

import { afterAll, beforeAll, expect, test } from 'vitest';

import { evaluate } from '../../src-main/compiler/evaluate.ts';
import type { AdapterForm, AdapterInput } from '../../src-main/networks/adapter-input.ts';
import { textLoraModules, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import {
  type Pipeline, openPipeline, pipelineConfigOf, type PredictInput, type TextStates,
} from '../../src-main/networks/pipeline.ts';
import { textGraph } from '../../src-main/networks/pipeline-graphs.ts';
import { joinTextStates, promptFeeds, wholePictureTimeIds } from '../../src-main/networks/text-states.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { loraChanges } from './lora-changes.ts';
import { randomLora, tinySdxlCheckpoint } from './tiny-checkpoint.ts';

const checkpoint = tinySdxlCheckpoint();
const size = { rank: 2, loraAlpha: 1 };
const form: AdapterForm = {
  unet: unetLoraModules(checkpoint.unetConfig, 'transformer', size),
  textEncoders: checkpoint.textEncoders.map(({ config }) => textLoraModules(config, size)),
  newTokens: 2,
};
const numbers: Omit<AdapterInput, 'strength'> = {
  unet: randomLora(form.unet, 1), textEncoders: form.textEncoders.map((modules, i) => randomLora(modules, 2 + i)),
  newRows: [8, 12].map((width, i) => data(randomTensor([2, width], 5 + i))),
};
const options = { provider: 'cpu', threads: 1 } as const;
const plain = openPipeline(checkpoint, options);
const adapted = openPipeline(checkpoint, { ...options, adapter: form });
const latents = randomTensor([1, 4, 8, 4], 9);

/** Words, end of text, and each encoder's padding. */
const promptOf = (...words: number[]) => [39, 0].map((pad) => (
  [38, ...words, 39, ...new Array<number>(75 - words.length).fill(pad)]));
const prompt = promptOf(3, 4, 5);
let text: TextStates;

beforeAll(async () => { text = await plain.encodeText([prompt]); });
afterAll(async () => {
  await plain.release();
  await adapted.release();
});

function data(tensor: Tensor): Float32Array {
  return tensor.data as Float32Array;
}

const difference = (a: Tensor, b: Tensor): number => relativeError(data(a), Float64Array.from(data(b)));
const predict = (pipeline: Pipeline, change: Partial<PredictInput> = {}): Promise<Tensor> => (
  pipeline.predict({ latents, timestep: 300, text, ...change }));

test('the VAE has SDXL\'s scale, and the configuration its name', () => {
  expect(plain.config).toMatchObject({ architecture: 'sdxl', latentScale: 0.13025, vaeFactor: 2, resolutionPx: 16 });
});

test('SD 2\'s v-prediction and zero terminal SNR come from the schedule', () => {
  const schedulerConfig = {
    ...checkpoint.schedulerConfig, predictionType: 'v_prediction', rescaleBetasZeroSnr: true,
  } as const;
  const { predictionType, alphasCumprod } = pipelineConfigOf({ ...checkpoint, architecture: 'sd2', schedulerConfig });
  expect(predictionType).toBe('v_prediction');
  expect(alphasCumprod[999]).toBe(0);
  expect(pipelineConfigOf(checkpoint).alphasCumprod[999]).toBeGreaterThan(0);
});

test('a prompt becomes the states of both encoders and the pooled text of the second', async () => {
  expect([text.context.shape, text.pooled?.shape]).toEqual([[1, 77, 20], [1, 6]]);
  const reference = evaluate(textGraph(checkpoint, { count: 77, skipLayers: 0 }), promptFeeds([prompt]));
  expect(relativeError(data(text.context), reference['context']!.values)).toBeLessThan(1e-5);
  expect(relativeError(data(text.pooled!), reference['pooled']!.values)).toBeLessThan(1e-5);
  const other = await plain.encodeText([promptOf(9)]);
  expect(await plain.encodeText([prompt, promptOf(9)])).toEqual(joinTextStates([text, other]));
});

test('leaving a layer out changes the states, not the pooled text', async () => {
  const skipping = openPipeline(checkpoint, { ...options, skipLayers: 1 });
  const skipped = await skipping.encodeText([prompt]);
  expect(difference(skipped.context, text.context)).toBeGreaterThan(0.01);
  expect(skipped.pooled).toEqual(text.pooled);
  await skipping.release();
});

test('the UNet hears the pooled text, and what it is told of size and crop', async () => {
  const base = await predict(plain);
  expect(await predict(plain, { timeIds: wholePictureTimeIds(1, 16, 8) })).toEqual(base);
  const cropped = float32Tensor([1, 6], [16, 16, 0, 4, 16, 8]);
  expect(difference(await predict(plain, { timeIds: cropped }), base)).toBeGreaterThan(1e-4);
  const { pooled } = await plain.encodeText([promptOf(30, 31)]);
  expect(difference(await predict(plain, { text: { ...text, pooled: pooled! } }), base)).toBeGreaterThan(1e-4);
  await expect(predict(plain, { text: { context: text.context } })).rejects.toThrow('pooled text');
});

test('a batch of two prompts predicts what each predicts alone', async () => {
  const other = await plain.encodeText([promptOf(30, 31)]);
  const both = await predict(plain, {
    latents: float32Tensor([2, 4, 8, 4], [...data(latents), ...data(latents)]), text: joinTextStates([text, other]),
  });
  const [first, second] = [await predict(plain), await predict(plain, { text: other })];
  const joined = Float64Array.from([...data(first), ...data(second)]);
  expect(relativeError(data(both), joined)).toBeLessThan(1e-5);
});

test('an adapter of strength 0, or none, is the base model in every network', async () => {
  const without = await adapted.encodeText([prompt]);
  expect(await adapted.encodeText([prompt], { ...numbers, strength: 0 })).toEqual(without);
  expect(difference(without.context, text.context)).toBeLessThan(1e-6);
  expect(difference(without.pooled!, text.pooled!)).toBeLessThan(1e-6);
  expect(difference(await predict(adapted, { adapter: { ...numbers, strength: 0 } }), await predict(plain)))
    .toBeLessThan(1e-5);
});

function merged(weights: WeightTable, modules: AdapterForm['unet'], flat: Float32Array, strength: number): WeightTable {
  const changed = [...loraChanges(modules, flat, strength)].map(([path, change]): [string, Tensor] => {
    const base = weights.get(`${path}.weight`) as Tensor;
    return [`${path}.weight`, float32Tensor(base.shape, data(base).map((value, i) => value + change[i]!))];
  });
  return new Map([...weights, ...changed]);
}

test('an adapter on text encoders and UNet does what merging it into their weights does', async () => {
  const strength = 0.8;
  const inWeights = openPipeline({
    ...checkpoint, unet: merged(checkpoint.unet, form.unet, numbers.unet, strength),
    textEncoders: checkpoint.textEncoders.map(({ config, weights }, i) => (
      { config, weights: merged(weights, form.textEncoders[i]!, numbers.textEncoders![i]!, strength) })),
  }, options);
  const expected = await inWeights.encodeText([prompt]);
  const states = await adapted.encodeText([prompt], { ...numbers, strength });
  expect(difference(states.context, text.context)).toBeGreaterThan(0.01);
  expect(difference(states.pooled!, text.pooled!)).toBeGreaterThan(0.01);
  expect(difference(states.context, expected.context)).toBeLessThan(1e-4);
  expect(difference(states.pooled!, expected.pooled!)).toBeLessThan(1e-4);
  const drawn = await predict(adapted, { adapter: { ...numbers, strength } });
  expect(difference(drawn, await predict(plain))).toBeGreaterThan(0.01);
  expect(difference(drawn, await predict(inWeights))).toBeLessThan(1e-4);
  await inWeights.release();
});

test('a new token is read where its word stands, by both encoders', async () => {
  const withRows = { ...numbers, strength: 0 };
  const states = await adapted.encodeText([promptOf(3, 41, 5)], withRows);
  const rows = ({ context }: TextStates, start: number, end: number): Float32Array => (
    data(context).slice(start * 20, end * 20));
  // causal: what stands before the word is as it was
  expect(relativeError(rows(states, 0, 2), Float64Array.from(rows(text, 0, 2)))).toBeLessThan(1e-6);
  const before = rows(text, 2, 3);
  const changed = [...rows(states, 2, 3)].map((value, i) => Math.abs(value - before[i]!) > 1e-3);
  expect([changed.slice(0, 8).includes(true), changed.slice(8).includes(true)]).toEqual([true, true]);
  expect(difference(states.pooled!, text.pooled!)).toBeGreaterThan(1e-3);
  const other = await adapted.encodeText([promptOf(3, 40, 5)], withRows);
  expect(difference(other.context, states.context)).toBeGreaterThan(1e-3);
});

test('tokens and prompts that the encoders do not have are refused', async () => {
  await expect(plain.encodeText([promptOf(40)])).rejects.toThrow('has the token 40; there are 40 and 0 new ones');
  await expect(adapted.encodeText([promptOf(40)])).rejects.toThrow('has the token 40');
  await expect(adapted.encodeText([promptOf(42)], { ...numbers, strength: 1 })).rejects.toThrow('has the token 42');
  await expect(plain.encodeText([[prompt[0]!]])).rejects.toThrow('for 1 text encoders; there are 2');
  const wrong = { ...numbers, textEncoders: [new Float32Array(3), new Float32Array(3)], strength: 1 };
  await expect(adapted.encodeText([prompt], wrong)).rejects.toThrow('adapter has 3 numbers');
  await expect(plain.encodeText([prompt], { ...numbers, strength: 1 })).rejects.toThrow('without an adapter');
});
