// Muon against plain arithmetic: the polynomial in its textbook form, and whole updates beside AdamW's.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import type { AdamWSettings } from '../../src-main/training/adamw.ts';
import { flatStep } from '../../src-main/starter/flat-step.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { type MuonSettings, orthogonal } from '../../src-main/training/muon.ts';
import { scheduleOf, trainingStepGraph } from '../../src-main/training/optimizer-graph.ts';
import { flatChunk } from '../../src-main/training/parameter-chunks.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';

type Matrix = readonly (readonly number[])[];

const product = (a: Matrix, b: Matrix): number[][] => a.map((row) => (
  b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0))));
const transposed = (a: Matrix): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!));
const matrixOf = (values: ArrayLike<number>, rows: number, columns: number): number[][] => (
  Array.from({ length: rows }, (_, i) => Array.from(values).slice(i * columns, (i + 1) * columns)));

/** X ← a X + b X XᵀX + c X (XᵀX)², five times from X / ‖X‖, as Jordan 2024 writes it. */
function plainOrthogonal(x: Matrix): number[][] {
  const norm = Math.hypot(...x.flat());
  let now = x.map((row) => row.map((value) => value / norm));
  for (let i = 0; i < 5; i++) {
    const gram = product(transposed(now), now);
    const [cubic, quintic] = [product(now, gram), product(now, product(gram, gram))];
    now = now.map((row, r) => row.map((value, c) => (
      3.4445 * value - 4.775 * cubic[r]![c]! + 2.0315 * quintic[r]![c]!)));
  }
  return now;
}

function computed(x: Tensor): Float64Array {
  const g = new GraphBuilder('orthogonal');
  g.output('y', orthogonal(g, g.input('x', 'float32', x.shape), g.scalar(1)));
  return Float64Array.from(evaluate(g.graph(), { x })['y']!.values);
}

const sizes = [[3, 7], [7, 3], [5, 5], [1, 4]] as const;

test.each(sizes)('of %i x %i matrices in a batch, each becomes orthogonal', (rows, columns) => {
  const x = randomTensor([2, rows, columns], 4);
  const y = computed(x);
  for (const item of [0, 1]) {
    const of = (values: ArrayLike<number>) => (
      Array.from(values).slice(item * rows * columns, (item + 1) * rows * columns));
    const plain = plainOrthogonal(matrixOf(of(x.data as Float32Array), rows, columns));
    expect(relativeError(of(y), plain.flat())).toBeLessThan(1e-4);
  }
});

test('all directions of a lopsided matrix become about as long', () => {
  const x = float32Tensor([1, 2, 3], [100, 0, 0, 0, 1, 0]);
  const [first, , , , second] = computed(x);
  expect(first).toBeGreaterThan(0.6);
  expect(second).toBeGreaterThan(0.6);
  expect(Math.max(first!, second!)).toBeLessThan(1.25);
});

test('a matrix without a gradient stays where it is', () => {
  expect([...computed(float32Tensor([1, 2, 2], [0, 0, 0, 0]))]).toEqual([0, 0, 0, 0]);
});

const adamW: AdamWSettings = { kind: 'adamw', beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 };
const parameters = [
  { name: 'bias', shape: [3] }, { name: 'conv', shape: [3, 2, 1, 2] }, { name: 'table', shape: [2, 2] },
  { name: 'linear', shape: [4, 2] },
];
const chunk = flatChunk('all', parameters);
const { layout: { size, entries } } = chunk;

function stepWith(optimizer: AdamWSettings | MuonSettings, steps: number) {
  const description = {
    name: 'muon', optimizer, chunks: [chunk],
    build: (g: GraphBuilder, parameter: Parameters<Parameters<typeof trainingStepGraph>[0]['build']>[1]) => {
      const all = g.concat(parameters.map(({ name }) => g.reshape(parameter(name), [-1])), 0);
      return { loss: g.reduceSum(g.mul(g.input('target', 'float32', [size]), g.mul(all, all)), [0], false) };
    },
  };
  const graph = trainingStepGraph(description);
  let state: Record<string, Tensor> = {
    'parameters.all': randomTensor([size], 1), 'firstMoment.all': float32Tensor([size], new Float32Array(size)),
    'secondMoment.all': float32Tensor([size], new Float32Array(size)),
  };
  const target = randomTensor([size], 2, 0.5, 3);
  for (let t = 1; t <= steps; t++) {
    const out = evaluate(graph, { ...state, target, schedule: scheduleOf(description, t, { all: 0.05 }) });
    state = Object.fromEntries(Object.keys(state).map((name) => (
      [name, float32Tensor([size], [...out[`next.${name}`]!.values])])));
  }
  return { parameters: Array.from(state['parameters.all']!.data as Float32Array), target };
}

const muon: MuonSettings = {
  ...adamW, kind: 'muon', layout: chunk.layout, isMatrix: (name) => name !== 'table',
};
const partOf = (values: readonly number[], name: string): number[] => {
  const { offset, size: length } = entries.find((entry) => entry.name === name)!;
  return values.slice(offset, offset + length);
};

test('matrices move along the nearest orthogonal one, all else as with AdamW', () => {
  const steps = 3;
  const [plain, moved] = [stepWith(adamW, steps), stepWith(muon, steps)];
  for (const name of ['bias', 'table']) expect(partOf(moved.parameters, name)).toEqual(partOf(plain.parameters, name));
  for (const [name, rows, columns] of [['conv', 3, 4], ['linear', 4, 2]] as const) {
    let p = partOf(Array.from(randomTensor([size], 1).data as Float32Array), name);
    const target = partOf(Array.from(moved.target.data as Float32Array), name);
    let m = p.map(() => 0);
    for (let t = 0; t < steps; t++) {
      const gradient = p.map((value, i) => 2 * target[i]! * value);
      m = m.map((value, i) => 0.8 * value + 0.2 * gradient[i]!);
      const ahead = m.map((value, i) => 0.8 * value + 0.2 * gradient[i]!);
      const direction = plainOrthogonal(matrixOf(ahead, rows, columns)).flat();
      const factor = 0.05 * 0.2 * Math.sqrt(Math.max(rows, columns));
      p = p.map((value, i) => value * (1 - 0.05 * 0.1) - factor * direction[i]!);
    }
    expect(relativeError(partOf(moved.parameters, name), p)).toBeLessThan(1e-4);
  }
});

test('a recipe chooses it for matrices between first and last layer', () => {
  const plan = {
    steps: 1, batchSize: 1, learningRate: 1, warmUpSteps: 0, constantShare: 1, finalShare: 1, beta1: 0.9, beta2: 0.99,
    weightDecay: 0, clipNorm: 1,
  };
  const optimizerWith = (optimizer?: 'muon') => flatStep({
    name: 'chosen', parameters: [{ name: 'unet.conv_in.weight', shape: [2, 2] }],
    plan: optimizer ? { ...plan, optimizer } : plan, build: (g) => ({ loss: g.scalar(0) }),
  }).optimizer;
  expect(optimizerWith().kind).toBe('adamw');
  const chosen = optimizerWith('muon') as MuonSettings;
  expect(chosen.kind).toBe('muon');
  const names = ['unet.conv_in.weight', 'unet.conv_out.weight',
    'text_encoder.text_model.embeddings.token_embedding.weight', 'unet.mid_block.resnets.0.conv1.weight',
    'image_attention.0.to_k_ip.weight'];
  expect(names.map((name) => chosen.isMatrix(name))).toEqual([false, false, false, true, true]);
});
