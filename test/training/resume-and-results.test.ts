// What goes in and out of training: how a state begins, that a saved one goes on bit for bit, and that what is handed
// out as learned is what was learned.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { readSafetensors, readSafetensorsHeader, readTensor } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { textLoraModules, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { defaultAdafactor } from '../../src-main/training/adafactor.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import {
  adapterFormOf, adapterNumbersOf, learnedParameters, loraLayersOf, newRowsOf, withLearnedWeights,
} from '../../src-main/training/learned.ts';
import { rowsOfTokens, startOfRows } from '../../src-main/training/starting-rows.ts';
import type { Trainables } from '../../src-main/training/trainables.ts';
import type { TrainingStep } from '../../src-main/training/training-step.ts';
import type { ReadTrainingState, TrainingState } from '../../src-main/training/training-state.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { numbersIn, openTinyStep, tinyBatch, tinyPrompt, tinySd15 } from './tiny-training.ts';

const checkpoint = tinySd15();
const size = { rank: 2, loraAlpha: 1 };
const unetModules = unetLoraModules(checkpoint.unetConfig, 'transformer', size);
const textModules = textLoraModules(checkpoint.textEncoders[0]!.config, { rank: 3, loraAlpha: 2 });
const pivotal: Trainables = {
  unet: { kind: 'lora', modules: unetModules }, textEncoders: [{ kind: 'lora', modules: textModules }],
  newTokens: { count: 2 },
};
const whole: Trainables = { unet: { kind: 'full' }, textEncoders: [{ kind: 'full' }], newTokens: { count: 2 } };
const rows = startOfRows([randomTensor([2, 8], 77)]);
const rates = { learningRates: { unet: 1e-2, textEncoders: 5e-3, newTokens: 1e-2 }, maxGradientNorm: 1 };

let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-training-')); });
afterAll(() => rm(folder, { recursive: true }));

async function train(step: TrainingStep, state: TrainingState, steps: number): Promise<ReadTrainingState> {
  for (let i = 0; i < steps; i++) {
    state = (await step.run(state, [tinyBatch(checkpoint, [state.step + 1])], rates)).state;
  }
  return step.read(state);
}

async function saveAndRead(state: ReadTrainingState): Promise<ReadTrainingState> {
  const file = path.join(folder, 'state.safetensors');
  await writeSafetensors(file, state.tensors, new Map([['step', String(state.step)]]));
  const { metadata } = await readSafetensorsHeader(file);
  return { step: Number(metadata.get('step')), tensors: await readSafetensors(file) };
}

test.each([
  ['LoRA and new tokens, AdamW', pivotal, defaultAdamW], ['whole networks and new tokens, AdamW', whole, defaultAdamW],
  ['LoRA and new tokens, Adafactor', pivotal, defaultAdafactor],
])('a saved state goes on bit for bit: %s', async (_name, trainables, optimizer) => {
  const first = openTinyStep({ checkpoint, trainables, optimizer });
  const start = await first.initialState(rows, 4);
  const uninterrupted = await train(first, start, 4);
  const saved = await saveAndRead(await train(first, start, 2));
  await first.release();
  const second = openTinyStep({ checkpoint, trainables, optimizer });
  const resumed = await train(second, saved, 2);
  await second.release();
  expect(resumed.step).toBe(4);
  for (const [name, { shape, data }] of uninterrupted.tensors) {
    const again = resumed.tensors.get(name)!;
    expect(again.shape, name).toEqual(shape);
    expect(Buffer.compare(bytesOf(again.data), bytesOf(data)), name).toBe(0);
  }
  expect(numbersIn(uninterrupted.tensors)).not.toEqual(numbersIn(start.tensors));
});

const bytesOf = ({ buffer, byteOffset, byteLength }: Tensor['data']): Uint8Array => (
  new Uint8Array(buffer, byteOffset, byteLength));

test('a LoRA begins as the base model: down small and drawn from the seed, up zero', async () => {
  const step = openTinyStep({ checkpoint, trainables: pivotal });
  const [one, same, other] = [await step.initialState(rows, 4), await step.initialState(rows, 4),
    await step.initialState(rows, 5)];
  expect(numbersIn(one.tensors)).toEqual(numbersIn(same.tensors));
  expect(numbersIn(one.tensors)).not.toEqual(numbersIn(other.tensors));
  expect(one.step).toBe(0);
  for (const { down, up, rank } of loraLayersOf(pivotal, learnedParameters(step.layout.chunks, one.tensors))) {
    expect(up.data.every((value) => value === 0)).toBe(true);
    const bound = 1 / Math.sqrt(down.data.length / rank);
    const numbers = Array.from(down.data, Number);
    expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...numbers) - Math.min(...numbers)).toBeGreaterThan(bound / 2);
  }
  const base = openTinyStep({ checkpoint, trainables: { unet: { kind: 'full' } } });
  const { noisy, target, timesteps, sampleWeights } = tinyBatch(checkpoint, [1]);
  const batch = { noisy, target, timesteps, sampleWeights, text: { inputIds: [tinyPrompt(3)] } };
  const { loss } = await base.evaluate(await base.initialState(), batch);
  expect((await step.evaluate(one, batch)).loss / loss).toBeCloseTo(1, 6);
  await step.release();
  await base.release();
});

test('what must be given is asked for, and what does not learn is refused', async () => {
  const step = openTinyStep({ checkpoint, trainables: pivotal });
  await expect(step.initialState()).rejects.toThrow(/new_rows needs numbers/);
  await expect(step.initialState(new Map([...rows, ['unet.conv_in.weight', randomTensor([1], 1)]])))
    .rejects.toThrow(/conv_in.weight does not learn/);
  await expect(step.initialState(startOfRows([randomTensor([3, 8], 1)]))).rejects.toThrow(/starts as \[3, 8\]/);
  const incomplete = { ...checkpoint, unet: new Map([...checkpoint.unet].filter(([name]) => name !== 'conv_in.bias')) };
  await expect(openTinyStep({ checkpoint: incomplete, trainables: whole }).initialState(rows))
    .rejects.toMatchObject({ code: 'checkpoint.weight-missing' });
  expect(() => openTinyStep({ checkpoint, trainables: {} })).toThrow(/Nothing is to learn/);
});

test('learned layers and rows start another run where this one ended', async () => {
  const step = openTinyStep({ checkpoint, trainables: pivotal });
  const state = await train(step, await step.initialState(rows, 1), 2);
  const learned = learnedParameters(step.layout.chunks, state.tensors);
  const layers = loraLayersOf(pivotal, learned);
  expect(layers.length).toBe(unetModules.length + textModules.length);
  expect(new Set(layers.map(({ network, rank, loraAlpha }) => `${network} ${rank} ${loraAlpha}`)))
    .toEqual(new Set(['unet 2 1', 'textEncoder 3 2']));
  const newRows = newRowsOf(learned, checkpoint);
  expect(newRows.map(({ shape }) => shape)).toEqual([[2, 8]]);
  const matrices = layers.flatMap(({ network, modulePath, down, up }): [string, Tensor][] => {
    const prefix = network === 'unet' ? 'unet' : 'text_encoder';
    return [[`${prefix}.${modulePath}.lora_down.weight`, down], [`${prefix}.${modulePath}.lora_up.weight`, up]];
  });
  const again = await step.initialState(new Map([...matrices, ...startOfRows(newRows)]));
  const batch = tinyBatch(checkpoint, [1, 2]);
  expect(await step.evaluate(again, batch)).toEqual(await step.evaluate(state, batch));
  expect(await step.evaluate(await step.initialState(rows, 1), batch)).not.toEqual(await step.evaluate(state, batch));
  await step.release();
});

test('an adapter for a pipeline holds the same numbers', async () => {
  const step = openTinyStep({ checkpoint, trainables: pivotal });
  const state = await train(step, await step.initialState(rows, 1), 1);
  const form = adapterFormOf(pivotal);
  const input = adapterNumbersOf(pivotal, learnedParameters(step.layout.chunks, state.tensors), checkpoint);
  expect(form.unet.map(({ path: at, rank }) => `${at} ${rank}`))
    .toEqual(unetModules.map(({ path: at, rank }) => `${at} ${rank}`));
  expect(form.textEncoders[0]!.length).toBe(textModules.length);
  expect(form.newTokens).toBe(2);
  const numbers = (name: string): number[] => Array.from(state.tensors.get(`parameters.${name}`)!.data as Float32Array);
  expect([...input.unet]).toEqual(numbers('unet'));
  expect([...input.textEncoders![0]!]).toEqual(numbers('textEncoders'));
  expect([...input.newRows![0]!]).toEqual(numbers('newTokens'));
  await step.release();
});

test('whole networks come out as weights under the checkpoint\'s names, and compute what was learned', async () => {
  const trainables: Trainables = { unet: { kind: 'full' }, textEncoders: [{ kind: 'full' }] };
  const step = openTinyStep({ checkpoint, trainables });
  const batch = tinyBatch(checkpoint, [1], { text: { inputIds: [tinyPrompt(3, 4)] } });
  const state = await step.read((await step.run(await step.initialState(), [batch], rates)).state);
  const learned = learnedParameters(step.layout.chunks, state.tensors);
  expect(loraLayersOf(trainables, learned)).toEqual([]);
  const taught = withLearnedWeights(checkpoint, learned);
  expect([...taught.unet.keys()]).toEqual([...checkpoint.unet.keys()]);
  const moved = [...taught.unet].filter(([name, weights]) => (
    (weights as Tensor).data[0] !== (checkpoint.unet.get(name) as Tensor).data[0]));
  expect(moved.length).toBe(checkpoint.unet.size);
  const base = openTinyStep({ checkpoint: taught, trainables: { unet: { kind: 'lora', modules: unetModules } } });
  const { loss } = await step.evaluate(state, batch);
  expect((await base.evaluate(await base.initialState(), batch)).loss / loss).toBeCloseTo(1, 6);
  expect(loss).not.toBeCloseTo((await step.evaluate(await step.initialState(), batch)).loss, 4);
  await step.release();
  await base.release();
});

test('weights in a saved state are read where they lie', async () => {
  const step = openTinyStep({ checkpoint, trainables: whole });
  const state = await train(step, await step.initialState(rows), 1);
  await step.release();
  await saveAndRead(state);
  const { tensors } = await readSafetensorsHeader(path.join(folder, 'state.safetensors'));
  const inFile = withLearnedWeights(checkpoint, learnedParameters(step.layout.chunks, tensors));
  const inMemory = withLearnedWeights(checkpoint, learnedParameters(step.layout.chunks, state.tensors));
  for (const [name, source] of inFile.unet) {
    expect(source, name).toHaveProperty('file');
    expect(await readTensor(source), name).toEqual(inMemory.unet.get(name));
  }
});

test('new rows begin as the rows of a word\'s tokens, in memory and in a file', async () => {
  const table = checkpoint.textEncoders[0]!.weights.get('text_model.embeddings.token_embedding.weight') as Tensor;
  const row = (id: number): number[] => Array.from((table.data as Float32Array).slice(id * 8, id * 8 + 8));
  const [given] = await rowsOfTokens(checkpoint.textEncoders, [[4, 7]], 3);
  expect(given!.shape).toEqual([3, 8]);
  expect([...given!.data]).toEqual([...row(4), ...row(7), ...row(4)]);
  const file = path.join(folder, 'encoder.safetensors');
  await writeSafetensors(file, checkpoint.textEncoders[0]!.weights);
  const { tensors } = await readSafetensorsHeader(file);
  const inFile = [{ config: checkpoint.textEncoders[0]!.config, weights: tensors }];
  expect(await rowsOfTokens(inFile, [[4, 7]], 3)).toEqual([given]);
  await expect(rowsOfTokens(inFile, [[20]], 1)).rejects.toThrow(/no row 20/);
  await expect(rowsOfTokens(inFile, [[]], 1)).rejects.toThrow(/need a token/);
});
