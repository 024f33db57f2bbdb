// Fusions change which nodes there are, and no number: additions inside products and convolutions, slices as one split,
// products with a part of a frozen matrix, frozen numbers in another shape.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify, type SimplifyOptions } from '../../src-main/compiler/3-simplify/simplify.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError, runOnnx } from './numbers.ts';

const opsOf = (graph: Graph): string => graph.nodes.map(({ op }) => op).join(' ');

/** The graph fused, after both the reference and ONNX Runtime gave the same numbers for it. */
async function fused(g: GraphBuilder, feeds: Record<string, Tensor>, options: SimplifyOptions = {}): Promise<Graph> {
  const graph = g.graph();
  const simple = simplify(graph, options);
  verify(simple);
  const [expected, actual] = [evaluate(graph, feeds), evaluate(simple, feeds)];
  const onnx = await runOnnx(simple, feeds);
  for (const [name, { values }] of Object.entries(expected)) {
    expect(relativeError(actual[name]!.values, values)).toBeLessThan(1e-12);
    expect(relativeError(onnx[name]!.data, values)).toBeLessThan(1e-5);
  }
  return simple;
}

const matrix = randomTensor([3, 4], 1);

test('a bias, a residual and a second product become part of a product', async () => {
  const g = new GraphBuilder('products');
  const x = g.input('x', 'float32', [3, 4]);
  const y = g.linear(x, g.weight('w', randomTensor([4, 4], 2)), g.weight('b', randomTensor([4], 3)));
  g.output('y', g.add(x, g.add(g.matmul(x, g.weight('v', randomTensor([4, 4], 4))), y)));
  // the outer sum's operands are no plain products any more
  expect(opsOf(await fused(g, { x: matrix }))).toBe('Gemm Gemm Add');
});

test('a product that something else reads stays, and so does one of a batch', async () => {
  const g = new GraphBuilder('used');
  const x = g.input('x', 'float32', [3, 4]);
  const product = g.matmul(x, g.weight('w', randomTensor([4, 4], 2)));
  g.output('y', g.add(product, x));
  g.output('z', g.exp(product));
  const batch = g.reshape(x, [1, 3, 4]);
  g.output('batch', g.add(g.matmul(batch, g.weight('v', randomTensor([4, 4], 4))), batch));
  expect(opsOf(await fused(g, { x: matrix }))).not.toContain('Gemm');
});

test('a picture is added inside a convolution where the provider can', async () => {
  const g = new GraphBuilder('convolution');
  const x = g.input('x', 'float32', [1, 2, 4, 5]);
  const w = g.weight('w', randomTensor([2, 2, 3, 3], 2));
  g.output('y', g.add(x, g.conv(x, w, g.weight('b', randomTensor([2], 3)), { pads: [1, 1, 1, 1] })));
  const feeds = { x: randomTensor([1, 2, 4, 5], 5) };
  expect(opsOf(await fused(g, feeds, { addsIntoConvolutions: true }))).toBe('Conv');
  expect(opsOf(await fused(g, feeds))).toBe('Conv Add');
});

test('slices that are all of a value become one split, others stay slices', async () => {
  const g = new GraphBuilder('slices');
  const x = g.input('x', 'float32', [3, 4]);
  g.split(x, 1, [1, 2, 1]).reverse().forEach((part, i) => g.output(`part ${i}`, part));
  g.split(g.exp(x), 0, [1, 2]).slice(1).forEach((part) => g.output('rest', part));
  const simple = await fused(g, { x: matrix }, { splitsWidely: true });
  expect(opsOf(simple)).toBe('Split Exp Slice');
  expect(opsOf(await fused(g, { x: matrix }))).not.toContain('Split');
});

const weightTypes = ['float32', 'float16'] as const;

test.each(weightTypes)('a gated product of %s weights is two, forwards and backwards', async (dtype) => {
  const g = new GraphBuilder('gate');
  const x = g.input('x', 'float32', [3, 4]);
  const frozen = (shape: number[], seed: number): Tensor => toFloatDType(randomTensor(shape, seed), dtype);
  const both = g.linear(x, g.weight('w', frozen([6, 4], 2)), g.weight('b', frozen([6], 3)));
  const [value, gate] = g.split(both, 1, [3, 3]);
  const y = g.mul(value!, g.gelu(gate!));
  g.output('y', y);
  g.output('dx', differentiate(g, g.reduceSum(y, [0, 1], false), [x])[0]!);
  const simple = await fused(g, { x: matrix });
  expect(opsOf(simple)).not.toMatch(/Slice|Concat|Pad/);
  expect(simple.nodes.filter(({ op }) => op === 'Gemm' || op === 'MatMul').length).toBe(4);
  expect([...simple.initializers.keys()].map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual(
    expect.arrayContaining(['w[0:3] 3x4', 'w[3:6] 3x4', 'b[0:3] 3', 'b[3:6] 3']));
});

test.each(weightTypes)('with an adapter a gated product of %s weights is read in halves alone', async (dtype) => {
  const g = new GraphBuilder('adapted-gate');
  const x = g.input('x', 'float32', [3, 4]);
  const [down, up] = [g.input('down', 'float32', [2, 4]), g.input('up', 'float32', [6, 2])];
  const frozen = (shape: number[], seed: number): Tensor => toFloatDType(randomTensor(shape, seed), dtype);
  const base = g.linear(x, g.weight('w', frozen([6, 4], 2)), g.weight('b', frozen([6], 3)));
  const share = g.linear(g.linear(x, down, undefined), up, undefined);
  const [value, gate] = g.split(g.add(base, share), 1, [3, 3]);
  const y = g.mul(value!, g.gelu(gate!));
  g.output('y', y);
  const gradients = differentiate(g, g.reduceSum(y, [0, 1], false), [x, down, up]);
  gradients.forEach((gradient, i) => g.output(`gradient ${i}`, gradient));
  const simple = await fused(g, { x: matrix, down: randomTensor([2, 4], 7), up: randomTensor([6, 2], 8) });
  const names = [...simple.initializers.keys()].map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['w[0:3]', 'w[3:6]']));
  expect(names).not.toContain('w');
  // nothing as wide as both halves: neither the product, nor the gradient of both
  const wide = simple.nodes.flatMap(({ outputs }) => outputs).filter(({ shape }) => shape.join() === '3,6');
  expect(wide).toEqual([]);
});

test('a matrix whose product something else reads too stays whole', async () => {
  const g = new GraphBuilder('whole');
  const x = g.input('x', 'float32', [3, 4]);
  const product = g.matmul(x, g.weight('w', randomTensor([6, 4], 2)), { transposeB: true });
  const sum = g.add(product, g.matmul(x, g.input('v', 'float32', [6, 4]), { transposeB: true }));
  g.split(sum, 1, [3, 3]).forEach((part, i) => g.output(`part ${i}`, g.exp(part)));
  g.output('product', g.exp(product));
  const simple = await fused(g, { x: matrix, v: randomTensor([6, 4], 9) });
  expect([...simple.initializers.keys()].map(({ name }) => name)).toContain('w');
});

test('rows of weights that lie in a file are read from where they lie', () => {
  const g = new GraphBuilder('file');
  const x = g.input('x', 'float32', [3, 4]);
  const w = g.weight('w', {
    dtype: 'float16', shape: [6, 4], file: '/models/unet.safetensors', offsetBytes: 1000, lengthBytes: 48,
  });
  g.split(g.linear(x, w, undefined), 1, [2, 4]).forEach((part, i) => g.output(`part ${i}`, g.exp(part)));
  expect([...simplify(g.graph()).initializers.values()]).toMatchObject([
    { shape: [2, 4], offsetBytes: 1000, lengthBytes: 16 }, { shape: [4, 4], offsetBytes: 1016, lengthBytes: 32 },
  ]);
});

test('a reshaped weight is another view of it', async () => {
  const g = new GraphBuilder('view');
  const x = g.input('x', 'float32', [3, 4]);
  g.output('y', g.mul(x, g.reshape(g.weight('w', randomTensor([4], 2)), [1, 4])));
  expect(opsOf(await fused(g, { x: matrix }))).toBe('Mul');
});
