// On WebGPU the state stays on the GPU from step to step, comes over when it is read, and is freed when it is left.

import { expect, test } from 'vitest';

import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { isOnDevice } from '../../src-main/runtime/session.ts';
import type { Trainables } from '../../src-main/training/trainables.ts';
import type { TrainingState } from '../../src-main/training/training-state.ts';
import { relativeError } from '../compiler/numbers.ts';
import { SkippedCase } from '../golden-runner/case.ts';
import { prepareWebgpu } from '../golden-runner/webgpu.ts';
import { numbersIn, openTinyStep, tinyBatch, tinyPrompt, tinySd15 } from './tiny-training.ts';

const checkpoint = tinySd15();
const trainables: Trainables = {
  unet: { kind: 'lora', modules: unetLoraModules(checkpoint.unetConfig, 'attention', { rank: 2, loraAlpha: 2 }) },
};
const rates = { learningRates: { unet: 1e-2 } };
const batches = [1, 2].map((seed) => tinyBatch(checkpoint, [seed], { text: { inputIds: [tinyPrompt(seed, 4)] } }));
const isThere = ({ tensors }: TrainingState): boolean => [...tensors.values()].every(isOnDevice);

test('two steps on the GPU, the second accumulated, are those of the CPU', async (context) => {
  try {
    await prepareWebgpu();
  } catch (error) {
    if (error instanceof SkippedCase) return context.skip(error.message);
    throw error;
  }
  const [gpu, cpu] = [openTinyStep({ checkpoint, trainables, provider: 'webgpu', reportGradients: false }),
    openTinyStep({ checkpoint, trainables })];
  const start = await gpu.initialState();
  const one = (await gpu.run(start, [batches[0]!], rates)).state;
  expect(isThere(one)).toBe(true);
  const discarded = (await gpu.run(one, batches, rates)).state;
  const two = await gpu.run(one, batches, rates);
  expect(isThere(two.state)).toBe(true);
  await expect(gpu.read(discarded)).rejects.toThrow();
  const expected = await cpu.run((await cpu.run(start, [batches[0]!], rates)).state, batches, rates);
  const read = await gpu.read(two.state);
  expect([read.step, isThere(read)]).toEqual([2, false]);
  expect(relativeError(two.losses, [...expected.losses])).toBeLessThan(1e-4);
  expect(relativeError(numbersIn(read.tensors), numbersIn(expected.state.tensors))).toBeLessThan(1e-2);
  // what was read goes on as well as what stayed
  const [stayed, came] = [await gpu.run(two.state, [batches[1]!], rates), await gpu.run(read, [batches[1]!], rates)];
  expect(came.losses).toEqual(stayed.losses);
  await gpu.release();
  await cpu.release();
}, 120_000);
