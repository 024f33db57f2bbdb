// The training step's optimizer against a few lines of plain arithmetic.

import { expect, test } from 'vitest';

import type { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import {
  type AdamWSettings, defaultAdamW, scheduleOf, trainingStepGraph,
} from '../../src-main/training/optimizer-graph.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';

const settings: AdamWSettings = { beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 };
const learningRate = 0.05;
const size = 6;

/** loss = sum(target · p²)/2 over two parameters: the gradient is target · p. */
const step = trainingStepGraph({
  name: 'quadratic', optimizer: settings, reportGradients: true,
  parameters: [{ name: 'a', shape: [2, 2] }, { name: 'b', shape: [2] }],
  build: (g, parameter) => {
    const p = g.concat([g.reshape(parameter('a'), [4]), parameter('b')], 0);
    const weighted = g.mul(g.input('target', 'float32', [size]), g.mul(p, p));
    return { loss: g.mul(g.scalar(0.5), g.reduceSum(weighted, [0], false)), report: { p } };
  },
});

interface State {
  p: Float64Array;
  m: Float64Array;
  v: Float64Array;
}

/** Loshchilov & Hutter 2019, algorithm 2, after torch's clipping of the gradient's norm. */
function plainAdamW({ p, m, v }: State, t: number, maxNorm: number): State & { norm: number } {
  const gradient = p.map((value, i) => value * Number(target.data[i]));
  const norm = Math.hypot(...gradient);
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  const { beta1, beta2, epsilon, weightDecay } = settings;
  const nextM = m.map((value, i) => beta1 * value + (1 - beta1) * factor * gradient[i]!);
  const nextV = v.map((value, i) => beta2 * value + (1 - beta2) * (factor * gradient[i]!) ** 2);
  const nextP = p.map((value, i) => {
    const mean = nextM[i]! / (1 - beta1 ** t);
    const variance = nextV[i]! / (1 - beta2 ** t);
    return value * (1 - learningRate * weightDecay) - (learningRate * mean) / (Math.sqrt(variance) + epsilon);
  });
  return { p: nextP, m: nextM, v: nextV, norm };
}

const vector = (values: Float64Array): Tensor => float32Tensor([size], Float32Array.from(values));
const target = randomTensor([size], 2, 0.5, 3);
const start = (): State => ({
  p: Float64Array.from(randomTensor([size], 1).data as Float32Array),
  m: new Float64Array(size), v: new Float64Array(size),
});

test.each([
  ['no clipping', Infinity], ['clipping', 0.2],
])('ten steps are those of plain AdamW: %s', async (_name, maxNorm) => {
  verify(step.graph);
  const session = await openSession(step.graph, { provider: 'cpu', threads: 1 });
  let plain = start();
  let state = plain;
  for (let t = 1; t <= 10; t++) {
    const feeds = {
      target, parameters: vector(state.p), firstMoment: vector(state.m), secondMoment: vector(state.v),
      schedule: float32Tensor([4], scheduleOf(t, learningRate, settings, maxNorm)),
    };
    const out = await session.run(feeds);
    const expected = plainAdamW(plain, t, maxNorm);
    const numbers = (name: string): Float64Array => Float64Array.from(out[name]!.data as Float32Array);
    plain = expected;
    state = { p: numbers('nextParameters'), m: numbers('nextFirstMoment'), v: numbers('nextSecondMoment') };
    expect(relativeError(state.p, expected.p)).toBeLessThan(1e-5);
    expect(relativeError(state.m, expected.m)).toBeLessThan(1e-5);
    expect(relativeError(state.v, expected.v)).toBeLessThan(1e-5);
    expect(Number(out['gradientNorm']!.data[0]) / expected.norm).toBeCloseTo(1, 5);
    if (maxNorm < 1) expect(expected.norm).toBeGreaterThan(maxNorm);
  }
  await session.release();
  expect(relativeError(plain.p, start().p)).toBeGreaterThan(0.1);
});

test('the step reports the loss, the flat gradient before clipping, and what was asked for', () => {
  const { p, m, v } = start();
  const out = evaluate(step.graph, {
    target, parameters: vector(p), firstMoment: vector(m), secondMoment: vector(v),
    schedule: float32Tensor([4], scheduleOf(1, 0, settings, 1e-3)),
  });
  const expected = p.map((value, i) => value * Number(target.data[i]));
  expect(relativeError(out['gradients']!.values, expected)).toBeLessThan(1e-7);
  expect(out['loss']!.values[0]).toBeCloseTo(p.reduce((sum, value, i) => sum + (value * expected[i]!) / 2, 0), 6);
  expect(out['loss']!.shape).toEqual([]);
  // a learning rate of zero moves nothing
  expect(relativeError(out['nextParameters']!.values, p)).toBeLessThan(1e-7);
  expect(relativeError(out['p']!.values, p)).toBeLessThan(1e-7);
});

test('AdamW is a dozen nodes or two, however many parameters there are', () => {
  const count = (parameters: number): number => {
    const { graph } = trainingStepGraph({
      name: 'many', optimizer: defaultAdamW,
      parameters: Array.from({ length: parameters }, (_, i) => ({ name: `p${i}`, shape: [3] })),
      build: (g, parameter) => ({
        loss: Array.from({ length: parameters }, (_, i) => g.reduceSum(parameter(`p${i}`), [0], false))
          .reduce((sum, part) => g.add(sum, part)),
      }),
    });
    return simplify(graph).nodes.filter(({ scope }) => scope.startsWith('optimizer')).length;
  };
  expect(count(2)).toBe(count(20));
  expect(count(2)).toBeLessThan(30);
});

test('a parameter that does not exist is refused', () => {
  expect(() => trainingStepGraph({
    name: 'wrong', optimizer: defaultAdamW, parameters: [{ name: 'a', shape: [1] }],
    build: (_g: GraphBuilder, parameter) => ({ loss: parameter('b') }),
  })).toThrow(/b is not among the trainable parameters/);
});
