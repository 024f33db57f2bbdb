// Learning in float16: gradients near float32's, small ones kept by the scale of the loss, large ones skipped, and runs
// that end where float32's do and go on bit for bit.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

import type { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { textLoraModules, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import {
  type LossScale, firstLossScale, lossScaleIn, lossScaleName, lossScaleTensor, mostSkippedInARow, nextLossScale,
} from '../../src-main/training/loss-scale.ts';
import { gradientGraph } from '../../src-main/training/optimizer-graph.ts';
import { flatChunk } from '../../src-main/training/parameter-chunks.ts';
import { startOfRows } from '../../src-main/training/starting-rows.ts';
import { openSnapshotFolder } from '../../src-main/training/trainer-snapshots.ts';
import { type TrainerOptions, train } from '../../src-main/training/trainer.ts';
import type { Trainables } from '../../src-main/training/trainables.ts';
import type { TrainingStep } from '../../src-main/training/training-step.ts';
import type { ReadTrainingState } from '../../src-main/training/training-state.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { dataOf, numbersIn, openTinyStep, tinyBatch, tinyPrompt, tinySd15 } from './tiny-training.ts';

const checkpoint = tinySd15();
const trainables: Trainables = { unet: {
  kind: 'lora',
  modules: unetLoraModules(checkpoint.unetConfig, 'transformer-and-convolution', { rank: 4, loraAlpha: 4 }),
} };
const rates = { learningRates: { unet: 2e-2 }, maxGradientNorm: 1 };
const batches = (index: number) => [
  tinyBatch(checkpoint, [index % 3 + 1], { text: { inputIds: [tinyPrompt(index % 3, 4)] } }),
];
/** Each keeps its sessions from test to test. */
const half = openTinyStep({ checkpoint, trainables, precision: 'float16' });
const single = openTinyStep({ checkpoint, trainables });
afterAll(async () => {
  await half.release();
  await single.release();
});

function withScale(state: ReadTrainingState, change: Partial<LossScale>): ReadTrainingState {
  const tensors = new Map(state.tensors);
  return { ...state, tensors: tensors.set(lossScaleName, lossScaleTensor({ ...firstLossScale, ...change })) };
}

const scaleOf = ({ tensors }: ReadTrainingState): LossScale => lossScaleIn(tensors.get(lossScaleName));

async function takeSteps(step: TrainingStep, state: ReadTrainingState, count: number) {
  const losses: number[] = [];
  for (let i = 0; i < count; i++) {
    const result = await step.run(state, batches(0), rates);
    losses.push(...result.losses);
    state = await step.read(result.state);
  }
  return { losses, state };
}

test('the scale doubles after many good steps, halves at an overflow, and stays where no loss was one', () => {
  let scale = firstLossScale;
  for (let i = 0; i < 255; i++) scale = nextLossScale(scale, 'good');
  expect(scale).toEqual({ scale: 65_536, goodSteps: 255, skippedSteps: 0, skippedInARow: 0 });
  scale = nextLossScale(scale, 'good');
  expect(scale).toEqual({ scale: 131_072, goodSteps: 0, skippedSteps: 0, skippedInARow: 0 });
  scale = nextLossScale(nextLossScale(scale, 'good'), 'overflow');
  expect(scale).toEqual({ scale: 65_536, goodSteps: 0, skippedSteps: 1, skippedInARow: 1 });
  scale = nextLossScale(scale, 'no-loss');
  expect(scale).toEqual({ scale: 65_536, goodSteps: 0, skippedSteps: 2, skippedInARow: 2 });
  expect(nextLossScale(scale, 'good').skippedInARow).toBe(0);
  for (let i = 0; i < mostSkippedInARow; i++) scale = nextLossScale(scale, 'overflow');
  expect(scale.scale).toBe(1);
  expect(nextLossScale({ ...scale, scale: 2 ** 24, goodSteps: 255 }, 'good').scale).toBe(2 ** 24);
  expect(lossScaleIn(lossScaleTensor(scale))).toEqual(scale);
});

test('gradients that float16 cannot tell from zero are kept by the scale of the loss', () => {
  const graph = gradientGraph({
    name: 'small', optimizer: defaultAdamW, isLossScaled: true,
    chunks: [flatChunk('all', [{ name: 'w', shape: [4, 4] }])],
    build: (g: GraphBuilder, parameter) => {
      const hidden = g.linear(g.input('x', 'float32', [2, 4]), parameter('w'), undefined);
      const y = g.linear(hidden, g.weight('v', randomTensor([4, 4], 2)), undefined);
      return { loss: g.mul(g.reduceSum(y, [0, 1], false), g.scalar(2e-9)) };
    },
  });
  const feeds = {
    x: randomTensor([2, 4], 3), 'parameters.all': randomTensor([16], 4), accumulation: float32Tensor([2], [0, 1]),
    'accumulated.all': randomTensor([16], 4),
  };
  const gradientAt = (lossScale: number, isHalf: boolean): Float64Array => evaluate(
    simplify(graph, isHalf ? { halfPrecision: {} } : {}),
    { ...feeds, lossScale: float32Tensor([1], [lossScale]) })['gradient.all']!.values;
  const expected = [...gradientAt(1, false)];
  expect(Math.max(...expected.map(Math.abs))).toBeLessThan(6e-8);
  expect([...gradientAt(1, true)].every((value) => value === 0)).toBe(true);
  expect(relativeError(gradientAt(65_536, true), expected)).toBeLessThan(4e-3);
  // one that is too large for float16 is known by what is no number
  expect([...gradientAt(1e15, true)].every(Number.isFinite)).toBe(false);
});

const pivotal: Trainables = {
  unet: { kind: 'lora', modules: unetLoraModules(checkpoint.unetConfig, 'attention', { rank: 2, loraAlpha: 1 }) },
  textEncoders: checkpoint.textEncoders.map(({ config }) => (
    { kind: 'lora' as const, modules: textLoraModules(config, { rank: 2, loraAlpha: 1 }) })),
  newTokens: { count: 2 },
};
const whole: Trainables = { unet: { kind: 'full' }, textEncoders: [{ kind: 'full' }] };

test.each([
  ['LoRA, text encoder and new tokens, with recomputation, two batches', pivotal, 'blocks', 2],
  ['whole networks', whole, 'none', 1],
] as const)('losses and gradients are those in float32: %s', async (_, learning, recompute, count) => {
  const [one, other] = (['float16', 'float32'] as const).map((precision) => (
    openTinyStep({ checkpoint, trainables: learning, precision, recompute }))) as [TrainingStep, TrainingStep];
  const start = await one.initialState(learning.newTokens ? startOfRows([randomTensor([2, 8], 77)]) : new Map(), 4);
  expect(scaleOf(start)).toEqual(firstLossScale);
  const words = learning.newTokens ? [20, 21] : [3, 4];
  const given = Array.from({ length: count }, (__, i) => (
    tinyBatch(checkpoint, [i + 1], { text: { inputIds: [tinyPrompt(i + 1, ...words)] } })));
  const all = { learningRates: { unet: 1e-2, textEncoders: 1e-2, newTokens: 1e-2 } };
  const [actual, expected] = [await one.run(start, given, all), await other.run(start, given, all)];
  expect(actual.skippedInARow).toBe(0);
  expect(relativeError(actual.losses, [...expected.losses])).toBeLessThan(2e-3);
  expect(actual.losses).not.toEqual(expected.losses);
  for (const [name, gradient] of expected.gradients!) {
    const error = relativeError(dataOf(actual.gradients!.get(name)), [...dataOf(gradient)]);
    expect(error, name).toBeLessThan(1e-2);
    expect(error, name).toBeGreaterThan(1e-6);
  }
  await one.release();
  await other.release();
});

test('a gradient that overflows changes nothing but the scale, and does not count for the optimizer', async () => {
  const step = half;
  const start = await step.initialState(new Map(), 3);
  const skipped = await step.run(withScale(start, { scale: 2 ** 60 }), batches(0), rates);
  expect(skipped.losses.every(Number.isFinite)).toBe(true);
  expect([skipped.skippedInARow, skipped.state.step, Number.isFinite(skipped.gradientNorm)]).toEqual([1, 1, false]);
  const after = await step.read(skipped.state);
  expect(scaleOf(after)).toEqual({ scale: 2 ** 59, goodSteps: 0, skippedSteps: 1, skippedInARow: 1 });
  const learned = ({ tensors }: ReadTrainingState) => (
    numbersIn(new Map([...tensors].filter(([name]) => name !== lossScaleName))));
  expect(learned(after)).toEqual(learned(start));
  // the next good step is the optimizer's first
  const [late, first] = [await step.run(withScale(after, { skippedSteps: 1 }), batches(0), rates),
    await step.run(start, batches(0), rates)];
  expect(learned(await step.read(late.state))).toEqual(learned(await step.read(first.state)));
});

test('learning in float16 ends where float32 ends', async () => {
  const start = await single.initialState(new Map(), 3);
  const [actual, expected] = [await takeSteps(half, start, 40), await takeSteps(single, start, 40)];
  const last = (losses: readonly number[]): number => losses.slice(-6).reduce((sum, loss) => sum + loss, 0) / 6;
  expect(last(expected.losses)).toBeLessThan(0.9 * last(expected.losses.slice(0, 6)));
  expect(last(actual.losses) / last(expected.losses)).toBeCloseTo(1, 3);
  expect(scaleOf(actual.state)).toMatchObject({ goodSteps: 40, skippedSteps: 0 });
});

/** A run of two steps a snapshot in a folder of its own, as train() takes it. */
async function trainerOptions(step: TrainingStep, trainingSteps: number, folder: string, firstScale?: number) {
  const start = await step.initialState(new Map(), 3);
  const source = { batchesOf: (index: number) => Promise.resolve(batches(index)), validation: [] };
  const options: TrainerOptions = {
    step, snapshots: await openSnapshotFolder(folder), asked: () => undefined, batches: source,
    start: () => Promise.resolve(firstScale === undefined ? start : withScale(start, { scale: firstScale })),
    measure: () => Promise.resolve({ likeness: null, facesFound: 0, previews: [] }),
    settings: {
      learningRate: 1e-2, textEncoderLearningRate: 0, newTokenLearningRate: 0, learningRateSchedule: 'constant',
      warmupSteps: 0, trainingSteps, maxGradientNorm: 1, snapshotEverySteps: 3,
    },
  };
  return options;
}

test('a run over skipped steps goes on from a snapshot bit for bit, with its scale and counters', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-half-training-'));
  const step = half;
  try {
    const [whole, parts] = ['whole', 'parts'].map((name) => path.join(folder, name)) as [string, string];
    const outcome = await train(await trainerOptions(step, 6, whole, 2 ** 30));
    await train(await trainerOptions(step, 3, parts, 2 ** 30));
    const rest = await train(await trainerOptions(step, 6, parts));
    expect(rest.losses).toEqual(outcome.losses);
    expect(outcome.losses.every(Number.isFinite)).toBe(true);
    const [one, two] = [(await openSnapshotFolder(whole)), (await openSnapshotFolder(parts))];
    const [expected, actual] = [(await one.load())!.state, (await two.load())!.state];
    expect(scaleOf(actual).skippedSteps).toBeGreaterThan(0);
    expect(scaleOf(actual)).toEqual(scaleOf(expected));
    expect(numbersIn(actual.tensors)).toEqual(numbersIn(expected.tensors));
  } finally {
    await rm(folder, { recursive: true });
  }
});

function like(step: TrainingStep, change: Partial<TrainingStep>): TrainingStep {
  return {
    checkpoint: step.checkpoint, trainables: step.trainables, layout: step.layout, run: step.run.bind(step),
    initialState: step.initialState.bind(step), checkState: step.checkState.bind(step), read: step.read.bind(step),
    evaluate: step.evaluate.bind(step), makeRoom: step.makeRoom.bind(step), release: step.release.bind(step),
    ...change,
  };
}

test('a run whose loss is no number from the start, or whose steps are all skipped, ends with words', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-half-training-'));
  const always = (losses: number[]): TrainingStep => like(half, {
    run: ({ step: done, tensors }) => Promise.resolve({
      state: { step: done + 1, tensors }, losses, sampleLosses: [], gradientNorm: NaN, skippedInARow: done + 1,
    }),
  });
  try {
    for (const [losses, trainingStep] of [[[NaN], 1], [[0.5], mostSkippedInARow + 1]] as const) {
      const options = await trainerOptions(always([...losses]), 100, path.join(folder, String(trainingStep)));
      await expect(train(options)).rejects.toMatchObject({
        code: 'training.exceeds-half', parameters: { trainingStep },
      });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a validation that float16 does not hold is none, and the run goes on', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-half-training-'));
  const step = like(half, { evaluate: () => Promise.resolve({ loss: NaN, sampleLosses: [NaN] }) });
  try {
    const options = await trainerOptions(step, 3, folder);
    const validation = [{ batch: batches(0)[0]!, count: 1 }];
    const { records } = await train({ ...options, batches: { ...options.batches, validation } });
    expect(records.map(({ evaluation }) => evaluation?.validationLoss)).toEqual([null]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
