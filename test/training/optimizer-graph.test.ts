// The training step's optimizers, clipping, groups and accumulation against a few lines of plain arithmetic.

import { expect, test } from 'vitest';

import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { elementCount, float32Tensor, type Shape, type Tensor } from '../../src-main/tensor/tensor.ts';
import { type AdafactorSettings, defaultAdafactor } from '../../src-main/training/adafactor.ts';
import { type AdamWSettings, defaultAdamW } from '../../src-main/training/adamw.ts';
import type { OptimizerSettings } from '../../src-main/training/optimizer.ts';
import {
  gradientGraph, lossGraph, scheduleOf, stateShapes, type TrainingStepDescription, trainingStepGraph, updateGraph,
} from '../../src-main/training/optimizer-graph.ts';
import { chunksOf, flatChunk, type ParameterChunk } from '../../src-main/training/parameter-chunks.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';

const adamW: AdamWSettings = { kind: 'adamw', beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 };
const adafactor: AdafactorSettings = {
  kind: 'adafactor', decayExponent: 0.7, clipThreshold: 0.4, epsilon: 1e-9, weightDecay: 0.1,
};
const rates = { slow: 0.05, fast: 0.2 };

/** Two vectors of two groups and a matrix that lies alone; the last as a convolution's weight. */
const matrix = { name: 'matrix', shape: [3, 2, 2] };
const chunks: readonly ParameterChunk[] = [
  flatChunk('slow', [{ name: 'a', shape: [2, 2] }, { name: 'b', shape: [2] }]),
  { name: 'matrix', group: 'slow', shape: matrix.shape, layout: flatChunk('', [matrix]).layout },
  flatChunk('fast', [{ name: 'c', shape: [3] }]),
];
const count = 4 + 2 + 12 + 3;

/** loss = sum(target · p²)/2 over all parameters in a row: the gradient is target · p. */
function quadratic(optimizer: OptimizerSettings): TrainingStepDescription {
  return {
    name: 'quadratic', optimizer, chunks, reportGradients: true,
    build: (g, parameter) => {
      const p = g.concat(['a', 'b', 'matrix', 'c'].map((name) => g.reshape(parameter(name), [-1])), 0);
      const weighted = g.mul(g.input('target', 'float32', [count]), g.mul(p, p));
      return { loss: g.mul(g.scalar(0.5), g.reduceSum(weighted, [0], false)), report: { p } };
    },
  };
}

type Feeds = Record<string, Tensor>;

const target = randomTensor([count], 2, 0.5, 3);
const parts = (values: ArrayLike<number>): Float64Array[] => {
  let at = 0;
  return chunks.map(({ shape }) => Float64Array.from(values).slice(at, at += elementCount(shape)));
};
const joined = (tensors: Feeds, prefix: string): Float64Array => Float64Array.from(
  chunks.flatMap(({ name }) => [...tensors[`${prefix}.${name}`]!.data as Float32Array]));

function startState(description: TrainingStepDescription): Feeds {
  const values = parts(randomTensor([count], 1).data as Float32Array);
  return Object.fromEntries([...stateShapes(description)].map(([name, shape]) => {
    const chunk = chunks.findIndex((each) => name === `parameters.${each.name}`);
    return [name, float32Tensor(shape, chunk < 0 ? new Float32Array(elementCount(shape)) : [...values[chunk]!])];
  }));
}

const nextState = (out: Feeds): Feeds => Object.fromEntries(Object.entries(out).flatMap(([name, tensor]) => (
  name.startsWith('next.') ? [[name.slice(5), tensor]] : [])));

async function runGraph(graph: Graph, feeds: Feeds): Promise<Feeds> {
  verify(graph);
  const session = await openSession(graph, { provider: 'cpu', threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

// plain arithmetic

interface Plain {
  readonly p: Float64Array[];
  /** By chunk; what they mean is the optimizer's business. */
  readonly moments: Float64Array[][];
}

const clipped = (p: readonly Float64Array[], maxNorm: number): { gradients: Float64Array[]; norm: number } => {
  const raw = parts(p.flatMap((part) => [...part]).map((value, i) => value * Number(target.data[i])));
  const norm = Math.hypot(...raw.flatMap((part) => [...part]));
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  return { gradients: raw.map((part) => part.map((value) => value * factor)), norm };
};

const rateOf = (chunk: number): number => rates[chunks[chunk]!.group as keyof typeof rates];

/** Loshchilov & Hutter 2019, algorithm 2. */
function plainAdamW({ p, moments }: Plain, t: number, gradients: readonly Float64Array[]): Plain {
  const { beta1, beta2, epsilon, weightDecay } = adamW;
  const next = p.map((part, chunk) => {
    const [m, v] = moments[chunk]! as [Float64Array, Float64Array];
    const gradient = gradients[chunk]!;
    const nextM = m.map((value, i) => beta1 * value + (1 - beta1) * gradient[i]!);
    const nextV = v.map((value, i) => beta2 * value + (1 - beta2) * gradient[i]! ** 2);
    const rate = rateOf(chunk);
    const moved = part.map((value, i) => value * (1 - rate * weightDecay)
      - (rate * nextM[i]! / (1 - beta1 ** t)) / (Math.sqrt(nextV[i]! / (1 - beta2 ** t)) + epsilon));
    return { moved, moments: [nextM, nextV] };
  });
  return { p: next.map(({ moved }) => moved), moments: next.map((each) => each.moments) };
}

/** Shazeer & Stern 2018, algorithm 4, with sums as means; vectors keep every second moment. */
function plainAdafactor({ p, moments }: Plain, t: number, gradients: readonly Float64Array[]): Plain {
  const { decayExponent, clipThreshold, epsilon, weightDecay } = adafactor;
  const beta = 1 - t ** -decayExponent;
  const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;
  const next = p.map((part, chunk) => {
    const gradient = gradients[chunk]!;
    const squared = gradient.map((value) => value ** 2 + epsilon);
    const [rows, columns] = chunks[chunk]!.shape.length > 1 ? [3, 4] : [1, part.length];
    const isMatrix = rows > 1;
    const row = (i: number): Float64Array => squared.slice(i * columns, (i + 1) * columns);
    const column = (j: number): number[] => Array.from({ length: rows }, (_, i) => squared[i * columns + j]!);
    const averages = isMatrix
      ? [Float64Array.from({ length: rows }, (_, i) => mean(row(i))),
        Float64Array.from({ length: columns }, (_, j) => mean(column(j)))]
      : [squared];
    const kept = averages.map((now, k) => now.map((value, i) => beta * moments[chunk]![k]![i]! + (1 - beta) * value));
    const v = (i: number): number => (isMatrix
      ? kept[0]![Math.floor(i / columns)]! * kept[1]![i % columns]! / mean(kept[0]!) : kept[0]![i]!);
    const u = gradient.map((value, i) => value / Math.sqrt(v(i)));
    const excess = Math.max(1, Math.sqrt(mean(u.map((value) => value ** 2))) / clipThreshold);
    const rate = rateOf(chunk);
    return { moved: part.map((value, i) => value * (1 - rate * weightDecay) - rate * u[i]! / excess), moments: kept };
  });
  return { p: next.map(({ moved }) => moved), moments: next.map((each) => each.moments) };
}

const zeros = (shapes: readonly Shape[]): Float64Array[] => shapes.map((s) => new Float64Array(elementCount(s)));

const optimizers = [
  { kind: 'adamw', settings: adamW, plain: plainAdamW,
    moments: chunks.map(({ shape }) => zeros([shape, shape])) },
  { kind: 'adafactor', settings: adafactor, plain: plainAdafactor,
    moments: chunks.map(({ shape }) => (shape.length > 1 ? zeros([[3], [4]]) : zeros([shape]))) },
] as const;

const clippings = [['no clipping', undefined], ['clipping', 0.2]] as const;
const rows = optimizers.flatMap((each) => clippings.map(([name, maxNorm]) => ({ ...each, name, maxNorm })));

test.each(rows)('ten steps are those of plain $kind: $name', async ({ settings, plain, moments, maxNorm }) => {
  const description = quadratic(settings);
  const session = await openSession(trainingStepGraph(description), { provider: 'cpu', threads: 1 });
  let state = startState(description);
  let expected: Plain = { p: parts(joined(state, 'parameters')), moments };
  for (let t = 1; t <= 10; t++) {
    const out = await session.run({ ...state, target, schedule: scheduleOf(description, t, rates, maxNorm) });
    const { gradients, norm } = clipped(expected.p, maxNorm ?? Infinity);
    expected = plain(expected, t, gradients);
    state = nextState(out);
    expected.p.forEach((part, i) => (
      expect(relativeError(state[`parameters.${chunks[i]!.name}`]!.data, part)).toBeLessThan(1e-5)));
    expect(Number(out['gradientNorm']!.data[0]) / norm).toBeCloseTo(1, 5);
    if (maxNorm) expect(norm).toBeGreaterThan(maxNorm);
  }
  await session.release();
  expected.moments.flat().forEach((values) => expect(values.some((value) => value > 0)).toBe(true));
});

test('Adafactor keeps a row and a column of a matrix, and its largest update is limited', () => {
  const shapes = stateShapes(quadratic(adafactor));
  expect(Object.fromEntries(shapes)).toEqual({
    'parameters.slow': [6], 'secondMoment.slow': [6], 'parameters.matrix': [3, 2, 2],
    'rowMoment.matrix': [3, 1], 'columnMoment.matrix': [1, 4], 'parameters.fast': [3], 'secondMoment.fast': [3],
  });
});

test('Adafactor stands still where there is no gradient', async () => {
  const description = quadratic({ ...defaultAdafactor, weightDecay: 0 });
  const state = startState(description);
  const zero = float32Tensor([count], new Float32Array(count));
  const out = await runGraph(trainingStepGraph(description), {
    ...state, target: zero, schedule: scheduleOf(description, 1, rates),
  });
  expect(joined(out, 'next.parameters')).toEqual(joined(state, 'parameters'));
});

test('the step reports the loss, the gradients before clipping, and what was asked for', () => {
  const description = quadratic(adamW);
  const state = startState(description);
  const out = evaluate(trainingStepGraph(description), {
    ...state, target, schedule: scheduleOf(description, 1, { slow: 0, fast: 0 }, 1e-3),
  });
  const p = joined(state, 'parameters');
  const gradient = p.map((value, i) => value * Number(target.data[i]));
  chunks.forEach(({ name }, i) => (
    expect(relativeError(out[`gradient.${name}`]!.values, parts(gradient)[i]!)).toBeLessThan(1e-7)));
  expect(out['loss']!.values[0]).toBeCloseTo(p.reduce((sum, value, i) => sum + (value * gradient[i]!) / 2, 0), 6);
  expect(out['loss']!.shape).toEqual([]);
  // a learning rate of zero moves nothing
  chunks.forEach(({ name }, i) => (
    expect(relativeError(out[`next.parameters.${name}`]!.values, parts(p)[i]!)).toBeLessThan(1e-7)));
  expect(relativeError(out['p']!.values, p)).toBeLessThan(1e-7);
});

test.each(optimizers)('gradient, then update, is the whole step bit for bit: $kind', async ({ settings }) => {
  const description = quadratic(settings);
  const state = startState(description);
  const schedule = scheduleOf(description, 1, rates, 0.5);
  const whole = await runGraph(trainingStepGraph(description), { ...state, target, schedule });
  const parameters = Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith('parameters.')));
  // what is accumulated already is multiplied by zero
  const garbage = Object.fromEntries(chunks.map(({ name, shape }) => [`accumulated.${name}`, randomTensor(shape, 9)]));
  const first = await runGraph(gradientGraph(description), {
    ...parameters, ...garbage, target, accumulation: float32Tensor([2], [0, 1]),
  });
  const { loss, p, ...gradients } = first;
  const out = await runGraph(updateGraph(description), { ...state, ...gradients, schedule });
  expect(nextState(out)).toEqual(nextState(whole));
  expect(loss).toEqual(whole['loss']);
  expect(await runGraph(lossGraph(description), { ...parameters, target })).toEqual({ loss, p });
});

test('gradients add up by their shares', async () => {
  const description = quadratic(adamW);
  const parameters = Object.fromEntries(Object.entries(startState(description))
    .filter(([name]) => name.startsWith('parameters.')));
  const accumulated = Object.fromEntries(
    chunks.map(({ name, shape }, i) => [`accumulated.${name}`, randomTensor(shape, 20 + i)]));
  const out = await runGraph(gradientGraph(description), {
    ...parameters, ...accumulated, target, accumulation: float32Tensor([2], [1, 0.25]),
  });
  const expected = joined(parameters, 'parameters').map((value, i) => value * Number(target.data[i]) * 0.25);
  const before = joined(accumulated, 'accumulated');
  expect(relativeError(joined(out, 'gradient'), expected.map((value, i) => value + before[i]!))).toBeLessThan(1e-6);
});

test('small parameters share a vector a group, large ones lie alone unless they are to be flat', () => {
  const large = [2 ** 9, 2 ** 9];
  const made = chunksOf([
    { name: 'x.bias', shape: [5], group: 'x' }, { name: 'x.weight', shape: large, group: 'x' },
    { name: 'y.down', shape: large, group: 'y', alwaysFlat: true }, { name: 'x.scale', shape: [3], group: 'x' },
    { name: 'z.weight', shape: [...large, 2], group: 'z' },
  ]);
  expect(made.map(({ name, group, shape }) => [name, group, shape])).toEqual([
    ['x', 'x', [8]], ['x.weight', 'x', large], ['y', 'y', [2 ** 18]], ['z.weight', 'z', [...large, 2]],
  ]);
  expect(made[0]!.layout.entries.map(({ name, offset, size }) => [name, offset, size])).toEqual([
    ['x.bias', 0, 5], ['x.scale', 5, 3],
  ]);
});

test('a flat vector ends where a GPU might not bind it', () => {
  const parameter = (name: string, size: number) => ({ name, shape: [size], group: 'x', alwaysFlat: true });
  const made = chunksOf([parameter('a', 2 ** 23), parameter('b', 2 ** 23), parameter('c', 1), parameter('d', 2 ** 25)]);
  const names = made.map(({ name, group, layout }) => [name, group, layout.entries.map((entry) => entry.name).join()]);
  expect(names).toEqual([['x/1', 'x', 'a,b'], ['x/2', 'x', 'c'], ['x/3', 'x', 'd']]);
});

test('AdamW is a dozen nodes or two a chunk, however many parameters there are', () => {
  const nodes = (parameters: number): number => {
    const entries = Array.from({ length: parameters }, (_, i) => ({ name: `p${i}`, shape: [3] }));
    const graph = trainingStepGraph({
      name: 'many', optimizer: defaultAdamW, chunks: [flatChunk('all', entries)],
      build: (g, parameter) => ({
        loss: Array.from({ length: parameters }, (_, i) => g.reduceSum(parameter(`p${i}`), [0], false))
          .reduce((sum, part) => g.add(sum, part)),
      }),
    });
    return simplify(graph).nodes.filter(({ scope }) => scope.startsWith('optimizer')).length;
  };
  expect(nodes(2)).toBe(nodes(20));
  expect(nodes(2)).toBeLessThan(30);
});

test('a parameter that does not exist, and a group without a learning rate, are refused', () => {
  const description = {
    ...quadratic(adamW),
    build: (_g: unknown, parameter: Parameters<TrainingStepDescription['build']>[1]) => ({ loss: parameter('d') }),
  };
  expect(() => trainingStepGraph(description)).toThrow(/d is not among the trainable parameters/);
  expect(() => scheduleOf(description, 1, { slow: 1 })).toThrow(/fast have no learning rate/);
});
