// The training step on miniatures: what the loss is made of, what a gradient adds up to, what moves and what must not.

import { afterAll, expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import { textLoraModules, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { textConditioning } from '../../src-main/networks/text-conditioning.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { float32Tensor, int64Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { defaultAdafactor } from '../../src-main/training/adafactor.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import { startOfRows } from '../../src-main/training/starting-rows.ts';
import type { Trainables } from '../../src-main/training/trainables.ts';
import type { TrainingStep } from '../../src-main/training/training-step.ts';
import type { TrainingState } from '../../src-main/training/training-state.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { dataOf, numbersIn, openTinyStep, tinyBatch, tinyPrompt, tinySd15 } from './tiny-training.ts';

const checkpoint = tinySd15();
const size = { rank: 2, loraAlpha: 1 };
const unetLora: Trainables['unet'] = {
  kind: 'lora', modules: unetLoraModules(checkpoint.unetConfig, 'attention', size),
};
const textLora = { kind: 'lora' as const, modules: textLoraModules(checkpoint.textEncoders[0]!.config, size) };
const rows = startOfRows([randomTensor([2, 8], 77)]);

/** LoRA on both networks and two new tokens, with matrices that are not zero. */
const everything: Trainables = { unet: unetLora, textEncoders: [textLora], newTokens: { count: 2 } };
/** The same on every layer of the UNet. */
const wide: Trainables = {
  ...everything,
  unet: {
    kind: 'lora',
    modules: unetLoraModules(checkpoint.unetConfig, 'transformer-and-convolution', { rank: 4, loraAlpha: 4 }),
  },
};
const opened: TrainingStep[] = [];
const open = (options: Partial<Parameters<typeof openTinyStep>[0]> = {}): TrainingStep => {
  const step = openTinyStep({ checkpoint, trainables: everything, ...options });
  opened.push(step);
  return step;
};
afterAll(async () => { for (const step of opened) await step.release(); });

const step = open();
const state = await step.initialState(new Map([
  ...step.layout.parameters.map(({ name, shape }, i): [string, Tensor] => [name, randomTensor(shape, i, -0.3, 0.3)]),
]));
const rates = { learningRates: { unet: 1e-2, textEncoders: 1e-2, newTokens: 1e-2 } };
const batch = (seeds: readonly number[], change?: Parameters<typeof tinyBatch>[2]): ReturnType<typeof tinyBatch> => (
  tinyBatch(checkpoint, seeds, change));
const inRow = (tensors: TrainingState['tensors']): Float64Array => Float64Array.from(numbersIn(tensors));

test('two half batches are one batch', async () => {
  const whole = await step.run(state, [batch([1, 2])], rates);
  const halves = await step.run(state, [batch([1]), batch([2])], rates);
  expect(halves.losses.length).toBe(2);
  expect((halves.losses[0]! + halves.losses[1]!) / 2).toBeCloseTo(whole.losses[0]!, 5);
  expect(halves.sampleLosses.flat().map((loss, i) => loss / whole.sampleLosses[0]![i]!).join())
    .toMatch(/^(1|1\.00000\d*|0\.99999\d*),(1|1\.00000\d*|0\.99999\d*)$/);
  expect(halves.gradientNorm / whole.gradientNorm).toBeCloseTo(1, 5);
  expect(relativeError(inRow(halves.gradients!), inRow(whole.gradients!))).toBeLessThan(1e-5);
  expect(inRow(whole.gradients!).every((value) => value !== 0)).toBe(true);
  expect(halves.state.step).toBe(1);
  const moved = inRow(whole.state.tensors);
  expect(relativeError(inRow(halves.state.tensors), moved)).toBeLessThan(1e-4);
});

test('three micro-batches of different shapes add up too', async () => {
  const all = [batch([1, 2]), batch([3]), batch([4])];
  const { gradients } = await step.run(state, all, rates);
  const alone: Float64Array[] = [];
  for (const each of all) alone.push(inRow((await step.run(state, [each], rates)).gradients!));
  const mean = alone[0]!.map((value, i) => (value + alone[1]![i]! + alone[2]![i]!) / 3);
  expect(relativeError(inRow(gradients!), mean)).toBeLessThan(1e-5);
});

test('sample weights weigh loss and gradient: prior preservation is a weight', async () => {
  const run = (sampleWeights: number[]) => step.run(state, [batch([1, 2], { sampleWeights })], rates);
  const [instance, prior, both] = [await run([1, 0]), await run([0, 1]), await run([1, 0.5])];
  expect(both.losses[0]).toBeCloseTo(both.sampleLosses[0]![0]! + 0.5 * both.sampleLosses[0]![1]!, 4);
  const [a, b] = [inRow(instance.gradients!), inRow(prior.gradients!)];
  expect(relativeError(inRow(both.gradients!), a.map((value, i) => value + 0.5 * b[i]!))).toBeLessThan(1e-5);
});

test('a mask counts where it is and nowhere else', async () => {
  const half = (side: 0 | 1): Tensor => float32Tensor([1, 1, 4, 4], Array.from({ length: 16 }, (_, i) => (
    Math.floor((i % 4) / 2) === side ? 1 : 0)));
  const [left, right] = [half(0), half(1)];
  const loss = async (change: Parameters<typeof tinyBatch>[2]): Promise<number> => (
    (await step.evaluate(state, batch([5], change))).loss);
  const whole = await loss({});
  expect(await loss({ mask: left }) + await loss({ mask: right })).toBeCloseTo(whole, 4);
  const { target } = batch([5]);
  const isRight = (i: number): boolean => Math.floor((i % 4) / 2) === 1;
  const changed = float32Tensor(
    target.shape, (target.data as Float32Array).map((value, i) => (isRight(i) ? value + 9 : value)));
  expect(await loss({ mask: left, target: changed })).toBe(await loss({ mask: left }));
  expect(await loss({ mask: right, target: changed })).toBeGreaterThan(await loss({ mask: right }) + 1);
});

test('each group has its own learning rate', async () => {
  const plain = open({ optimizer: { ...defaultAdamW, weightDecay: 0 } });
  const start = [...state.tensors].filter(([name]) => name.startsWith('parameters.'));
  const move = async (learningRates: Record<string, number>): Promise<Record<string, number>> => {
    const { state: next } = await plain.run(state, [batch([1])], { learningRates });
    return Object.fromEntries(start.map(([name, { data }]) => {
      const moves = dataOf(next.tensors.get(name)).map((value, i) => Math.abs(value - Number(data[i])));
      return [name, Math.max(...moves)];
    }));
  };
  const moved = await move({ unet: 1e-2, textEncoders: 0, newTokens: 1e-3 });
  expect(moved['parameters.textEncoders']).toBe(0);
  // Adam's first step is as long as the learning rate
  expect(moved['parameters.unet']! / 1e-2).toBeCloseTo(1, 3);
  expect(moved['parameters.newTokens']! / 1e-3).toBeCloseTo(1, 3);
  await expect(plain.run(state, [batch([1])], { learningRates: { unet: 1 } })).rejects.toThrow(/no learning rate/);
});

test('clipping shortens the gradient, not its direction', async () => {
  const free = await step.run(state, [batch([1])], rates);
  const maxGradientNorm = free.gradientNorm / 10;
  const factor = maxGradientNorm / (free.gradientNorm + 1e-6);
  const short = await step.run(state, [batch([1])], { ...rates, maxGradientNorm });
  expect(short.gradientNorm).toBe(free.gradientNorm);
  const moment = (result: typeof free): Float64Array => inRow(new Map([...result.state.tensors]
    .filter(([name]) => name.startsWith('firstMoment.'))));
  expect(relativeError(moment(short), moment(free).map((value) => value * factor))).toBeLessThan(1e-5);
});

test('only rows of new tokens learn, and of these only those that a prompt has', async () => {
  const inversion = open({ trainables: { newTokens: { count: 2 } }, optimizer: { ...defaultAdamW, weightDecay: 0 } });
  const table = checkpoint.textEncoders[0]!.weights.get('text_model.embeddings.token_embedding.weight') as Tensor;
  const before = [...table.data];
  let now: TrainingState = await inversion.initialState(rows);
  expect([...now.tensors.keys()]).toEqual(['parameters.newTokens', 'firstMoment.newTokens', 'secondMoment.newTokens']);
  for (let i = 0; i < 3; i++) {
    now = (await inversion.run(now, [batch([1], { text: { inputIds: [tinyPrompt(3, 20, 20)] } })], rates)).state;
  }
  const [start, end] = [dataOf(rows.get('text_encoder.new_rows')), dataOf(now.tensors.get('parameters.newTokens'))];
  expect([...end].slice(8)).toEqual([...start].slice(8));
  expect([...end].slice(0, 8).every((value, i) => value !== start[i])).toBe(true);
  expect([...table.data]).toEqual(before);
});

test('a step that met no number says so, and leaves the state before it good', async () => {
  const copy = numbersIn(state.tensors);
  const { target } = batch([1]);
  const poison = float32Tensor(target.shape, (target.data as Float32Array).map((value, i) => (i === 7 ? NaN : value)));
  const huge = float32Tensor(target.shape, (target.data as Float32Array).map(() => 1e30));
  for (const bad of [poison, huge]) {
    const one = await step.run(state, [batch([1], { target: bad })], rates);
    const two = await step.run(state, [batch([1]), batch([1], { target: bad })], rates);
    expect(Number.isFinite(one.losses[0]!)).toBe(false);
    expect(Number.isFinite(one.gradientNorm)).toBe(false);
    expect(two.losses.map(Number.isFinite)).toEqual([true, false]);
    expect(Number.isFinite(two.gradientNorm)).toBe(false);
  }
  expect(numbersIn(state.tensors)).toEqual(copy);
  const good = await step.run(state, [batch([1])], rates);
  expect(numbersIn(good.state.tensors).every(Number.isFinite)).toBe(true);
});

test('encoded prompts and their token ids are one batch where the text is frozen', async () => {
  const unetOnly = open({ trainables: { unet: unetLora } });
  const start = await unetOnly.initialState();
  const ids = tinyPrompt(3, 5);
  const g = new GraphBuilder('text');
  const { weights } = checkpoint.textEncoders[0]!;
  const input = g.input('ids', 'int64', [1, 9]);
  g.output('context', textConditioning([frozenScope(g, weights)], checkpoint, [input]).context);
  const session = await openSession(g.graph(), { provider: 'cpu', threads: 1 });
  const { context } = await session.run({ ids: int64Tensor([1, 9], ids[0]!) });
  await session.release();
  const encoded = batch([1], { text: { states: { context: context! } } });
  const { loss } = await unetOnly.evaluate(start, encoded);
  expect((await unetOnly.evaluate(start, batch([1], { text: { inputIds: [ids] } }))).loss / loss).toBeCloseTo(1, 6);
  await expect(step.run(state, [encoded], rates)).rejects.toThrow(/must have token ids/);
});

test('computing activations again changes no number', async () => {
  const again = open({ recompute: 'blocks' });
  const kept = await step.run(state, [batch([1, 2])], rates);
  const recomputed = await again.run(state, [batch([1, 2])], rates);
  expect(recomputed.losses).toEqual(kept.losses);
  expect(relativeError(inRow(recomputed.gradients!), inRow(kept.gradients!))).toBeLessThan(1e-6);
});

test.each([
  ['LoRA with AdamW', wide, defaultAdamW, 3e-2],
  ['LoRA with Adafactor', wide, defaultAdafactor, 3e-2],
  ['whole networks with AdamW', { unet: { kind: 'full' }, textEncoders: [{ kind: 'full' }] }, defaultAdamW, 1e-2],
] as const)('the loss of one batch falls: %s', async (_name, trainables, optimizer, rate) => {
  const learner = open({ trainables, optimizer });
  let now: TrainingState = await learner.initialState('newTokens' in trainables ? rows : new Map());
  const losses: number[] = [];
  for (let i = 0; i < 25; i++) {
    const ids = 'newTokens' in trainables ? tinyPrompt(3, 20, 21) : tinyPrompt(3, 4);
    const result = await learner.run(now, [batch([1], { text: { inputIds: [ids] } })], {
      learningRates: { unet: rate, textEncoders: rate, newTokens: rate }, maxGradientNorm: 1,
    });
    losses.push(result.losses[0]!);
    now = result.state;
  }
  expect(losses.at(-1)!).toBeLessThan(0.85 * losses[0]!);
});

test('an id that no encoder has is refused', async () => {
  const unknown = batch([1], { text: { inputIds: [tinyPrompt(22)] } });
  await expect(step.run(state, [unknown], rates)).rejects.toThrow(/the token 22; there are 20 and 2 new ones/);
  await expect(step.evaluate(state, unknown)).rejects.toThrow(/the token 22/);
});

test('a step without a batch and a state of another run are refused', async () => {
  await expect(step.run(state, [], rates)).rejects.toThrow(/needs a batch/);
  const other = await open({ trainables: { unet: unetLora } }).initialState();
  await expect(step.run(other, [batch([1])], rates)).rejects.toThrow(/of another run: parameters.textEncoders is missing/);
});
