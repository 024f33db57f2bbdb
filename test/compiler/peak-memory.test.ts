// The estimate of memory: the order it assumes is ONNX Runtime's, and the bytes are those of the values alive.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { peakBytes, runOrder } from '../../src-main/compiler/peak-memory.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor } from './numbers.ts';
import { profiledNames } from './profile.ts';

const kilobyte = 1024;

/** x float32 [256], one kilobyte. */
function inputOf(g: GraphBuilder): Value {
  return g.input('x', 'float32', [256]);
}

test('values live from the node that makes them to the last one that reads them', () => {
  const g = new GraphBuilder('chain');
  const x = inputOf(g);
  const a = g.exp(x);
  const b = g.tanh(g.neg(a));
  g.output('y', g.add(a, b));
  // a and neg(a); a, neg(a) and b; a, b and y
  expect(peakBytes(g.graph())).toBe(3 * kilobyte);
});

test('a reshaped value shares its bytes, and keeps them alive', () => {
  const g = new GraphBuilder('reshaped');
  const rows = g.reshape(g.exp(inputOf(g)), [16, 16]);
  g.output('y', g.reduceSum(g.neg(rows), [0]));
  expect(peakBytes(g.graph())).toBe(2 * kilobyte);
});

test('outputs stay to the end, inputs and weights do not count', () => {
  const g = new GraphBuilder('outputs');
  const x = inputOf(g);
  const w = g.weight('w', randomTensor([256], 1));
  ['first', 'second', 'third', 'fourth'].forEach((name, i) => g.output(name, g.mul(x, g.add(w, g.scalar(i + 1)))));
  // four outputs, and the sum of the last
  expect(peakBytes(g.graph())).toBe(5 * kilobyte);
});

/** Branches that meet again, with products, gradients and several outputs. */
function branches(): { graph: Graph; feeds: Record<string, Tensor> } {
  const g = new GraphBuilder('branches');
  const x = g.input('x', 'float32', [4, 4]);
  const weights = Array.from({ length: 5 }, (_, i) => g.input(`w${i}`, 'float32', [4, 4]));
  let h = x;
  for (const w of weights) h = g.add(g.tanh(g.matmul(h, w)), g.mul(h, g.sigmoid(h)));
  const loss = g.reduceSum(g.mul(h, h), [0, 1], false);
  differentiate(g, loss, weights).forEach((gradient, i) => g.output(`d${i}`, gradient));
  g.output('loss', loss);
  const feeds = Object.fromEntries(g.graph().inputs.map(({ name, shape }, i) => [name, randomTensor(shape, i)]));
  // twice: what is simple already keeps its names when a session simplifies it again
  return { graph: simplify(simplify(g.graph())), feeds };
}

test('the order assumed is the one in which ONNX Runtime runs', async () => {
  const { graph, feeds } = branches();
  const ran = await profiledNames(graph, feeds);
  const assumed = runOrder(graph).map((node) => node.outputs[0]!.name);
  expect(assumed.length).toBe(graph.nodes.length);
  // ONNX Runtime merges and fuses a few under other names; the others keep their places
  const both = new Set(ran.filter((name) => assumed.includes(name)));
  expect(both.size).toBeGreaterThan(0.9 * assumed.length);
  expect(ran.filter((name) => both.has(name))).toEqual(assumed.filter((name) => both.has(name)));
});

test('attention sliced by queries holds the probabilities of few slices at a time', () => {
  const g = new GraphBuilder('attention');
  const [q, k, v] = ['q', 'k', 'v'].map((name) => g.input(name, 'float32', [1, 2, 128, 4])) as [Value, Value, Value];
  const o = g.attention(q, k, v);
  const loss = g.reduceSum(g.mul(o, o), [0, 1, 2, 3], false);
  differentiate(g, loss, [q, k, v]).forEach((gradient, i) => g.output(`d${'qkv'[i]}`, gradient));
  const whole = 2 * 128 * 128 * 4;
  const peak = (maxBufferBytes: number): number => (
    peakBytes(simplify(g.graph(), { attention: { maxBufferBytes, recomputeBytes: 0 } })));
  // probabilities, dP and their products at once
  expect(peak(whole)).toBeGreaterThan(3 * whole);
  expect(peak(whole / 16)).toBeLessThan(whole);
});
