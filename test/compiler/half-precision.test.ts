// Float16 graphs: what is rounded and what is not, overflow and underflow, and how far they are from float32.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Node, Value } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { fitsHalf } from '../../src-main/compiler/3-simplify/half-precision-rules.ts';
import { type SimplifyOptions, simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { emitOnnx } from '../../src-main/compiler/4-emit/emit.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { peakBytes } from '../../src-main/compiler/peak-memory.ts';
import { printGraph } from '../../src-main/compiler/print.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { openModel, openSession } from '../../src-main/runtime/session.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { type Tensor, bytesPerElement, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';
import type { TensorReference } from '../../src-main/tensor/weights.ts';
import { SkippedCase } from '../golden-runner/case.ts';
import { prepareWebgpu } from '../golden-runner/webgpu.ts';
import { emitStyles, randomTensor, relativeError, root } from './numbers.ts';

/** A float16's rounding error, relative. */
const unit = 2 ** -11;

function half(graph: Graph, options: SimplifyOptions = {}): Graph {
  const simple = simplify(graph, { halfPrecision: {}, ...options });
  verify(simple);
  return simple;
}

const opsIn = (graph: Graph, op: string): Node[] => graph.nodes.filter((node) => node.op === op);
const typesOf = (graph: Graph, op: string): string[] => opsIn(graph, op).map(({ inputs: [x] }) => x!.dtype);

/** The largest error of each output against the float32 graph's, relative to its largest number. */
function errorsOf(graph: Graph, feeds: Record<string, Tensor>, options?: SimplifyOptions): Record<string, number> {
  const expected = evaluate(graph, feeds);
  const actual = evaluate(half(graph, options), feeds);
  return Object.fromEntries(Object.entries(expected).map(([name, { values }]) => (
    [name, relativeError(actual[name]!.values, [...values])])));
}

type Source = Tensor | TensorReference;
interface Case { readonly graph: Graph; readonly feeds: Record<string, Tensor> }

/** Convolution, group norm, attention, gated layer, layer norm, all with gradients towards a small vector. */
function network(dtype: 'float16' | 'float32' = 'float16', sourceOf: (weight: Tensor) => Source = (own) => own): Case {
  const g = new GraphBuilder('network');
  let seed = 1;
  const weight = (shape: readonly number[], size = 0.5): Value => (
    g.weight(`w${++seed}`, sourceOf(toFloatDType(randomTensor(shape, seed, -size, size), dtype))));
  const x = g.input('x', 'float32', [1, 8, 6, 6]);
  const shift = g.input('shift', 'float32', [8]);
  const strength = g.input('strength', 'float32', [1]);
  const channels = g.reshape(shift, [1, 8, 1, 1]);
  const h = g.add(g.conv(x, weight([8, 8, 3, 3]), weight([8]), { pads: [1, 1, 1, 1] }), channels);
  const normed = g.silu(g.groupNorm(h, weight([8], 2), weight([8]), 4, 1e-5));
  const tokens = g.reshape(g.transpose(g.conv(normed, weight([8, 8, 1, 1]), weight([8])), [0, 2, 3, 1]), [36, 8]);
  const rows = g.layerNorm(tokens, weight([8], 2), weight([8]));
  const heads = (): Value => (
    g.transpose(g.reshape(g.linear(rows, weight([8, 8]), undefined), [1, 36, 2, 4]), [0, 2, 1, 3]));
  const mixed = g.reshape(g.transpose(g.attention(heads(), heads(), heads()), [0, 2, 1, 3]), [36, 8]);
  const attended = g.add(tokens, g.mul(g.linear(mixed, weight([8, 8]), weight([8])), strength));
  const [value, gate] = g.split(g.linear(attended, weight([32, 8]), weight([32])), 1, [16, 16]) as [Value, Value];
  const y = g.add(attended, g.linear(g.mul(value, g.gelu(gate)), weight([8, 16]), undefined));
  const loss = g.reduceMean(g.mul(y, y), [0, 1], false);
  g.output('y', y);
  g.output('loss', loss);
  g.output('gradient', differentiate(g, loss, [shift])[0]!);
  return { graph: g.graph(), feeds: {
    x: randomTensor([1, 8, 6, 6], 90), shift: randomTensor([8], 91), strength: float32Tensor([1], [0.7]),
  } };
}

test('products are float16, norms, softmax, losses and what is said to the outside float32', () => {
  const simple = half(network().graph);
  for (const op of ['Conv', 'ConvTranspose', 'MatMul']) {
    expect(new Set(typesOf(simple, op)), op).toEqual(new Set(['float16']));
  }
  for (const op of ['GroupNorm', 'LayerNorm', 'Softmax', 'ReduceMean', 'ReduceSum', 'Erf', 'Exp', 'Sqrt']) {
    expect(new Set(typesOf(simple, op)), op).toEqual(new Set(['float32']));
  }
  expect([...simple.inputs, ...simple.outputs.values()].map(({ dtype }) => dtype)).toEqual(
    new Array(simple.inputs.length + 3).fill('float32'));
  // the strength is rounded, not what it multiplies widened
  expect(opsIn(simple, 'Mul').filter(({ inputs }) => inputs.some((value) => value?.name === 'strength'))).toEqual([]);
});

const inFile = ({ dtype, shape }: Tensor): TensorReference => (
  { dtype, shape, file: '/weights', offsetBytes: 0, lengthBytes: bytesPerElement[dtype] * elementCount(shape) });
const castWeights = (graph: Graph): string[] => opsIn(graph, 'Cast')
  .filter(({ inputs: [x] }) => graph.initializers.has(x!)).map(({ inputs: [x], attributes: { to } }) => (
    `${x!.dtype}[${x!.shape.join(', ')}] to ${String(to)}`));

test('weights that a file has in float16 are read as they are, all but those of norms', () => {
  const norms = new Array<string>(4).fill('float16[8] to float32');
  expect(castWeights(half(network('float16', inFile).graph))).toEqual(norms);
});

test('weights in float32 are rounded once: in memory here, in a file by a node', () => {
  const [inMemory, onDisk] = [network('float32'), network('float32', inFile)];
  expect(castWeights(half(inMemory.graph))).toEqual([]);
  const converted = castWeights(half(onDisk.graph));
  expect(converted).toContain('float32[8, 8, 3, 3] to float16');
  // one that is read in parts has a node a part
  expect(converted.every((words) => words.endsWith('to float16'))).toBe(true);
  expect(errorsOf(inMemory.graph, inMemory.feeds)['y']).toBeLessThan(8 * unit);
});

test('values and gradients are near those in float32, and are rounded', () => {
  const { graph, feeds } = network();
  const errors = errorsOf(graph, feeds);
  for (const [name, error] of Object.entries(errors)) {
    expect(error, name).toBeLessThan(8 * unit);
    expect(error, name).toBeGreaterThan(unit / 100);
  }
});

test.each(emitStyles)('ONNX Runtime takes the graph, FusedMatMul: $hasFusedMatMul', async (style) => {
  const { graph, feeds } = network();
  const expected = evaluate(graph, feeds);
  const session = await openModel(emitOnnx(half(graph), style), { provider: 'cpu', threads: 1 }, root);
  const actual = await session.run(feeds);
  await session.release();
  for (const [name, { values }] of Object.entries(expected)) {
    expect(actual[name]!.dtype).toBe('float32');
    expect(relativeError(actual[name]!.data, [...values]), name).toBeLessThan(8 * unit);
  }
});

test('a GPU that computes in float16 takes the graph, with nothing left to the processor', async (context) => {
  try {
    await prepareWebgpu();
  } catch (error) {
    if (error instanceof SkippedCase) return context.skip(error.message);
    throw error;
  }
  const { graph, feeds } = network();
  const options = { provider: 'webgpu', noFallback: true, simplify: { halfPrecision: {} } } as const;
  let actual: Record<string, Tensor>;
  try {
    const session = await openSession(graph, options);
    actual = await session.run(feeds);
    await session.release();
  } catch (error) {
    // as SwiftShader
    if (/requires f16/.test(String(error))) return context.skip('this adapter has no float16');
    throw error;
  }
  for (const [name, { values }] of Object.entries(evaluate(graph, feeds))) {
    expect(relativeError(actual[name]!.data, [...values]), name).toBeLessThan(16 * unit);
  }
}, 60_000);

/** One op on inputs of one size, with the gradient of the sum of its squares. */
function one(build: (g: GraphBuilder, x: Value) => Value, shape: readonly number[]): Graph {
  const g = new GraphBuilder('one');
  const x = g.input('x', 'float32', shape);
  // a product before and after, so that what lies between is in float16
  const identity = (width: number): Value => g.constant(float32Tensor([width, width], Array.from(
    { length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0))));
  const y = build(g, g.matmul(x, identity(shape.at(-1)!)));
  const out = g.matmul(y, identity(y.shape.at(-1)!));
  g.output('y', out);
  g.output('gradient', differentiate(g, g.reduceMean(g.mul(out, out), y.shape.map((_, i) => i), false), [x])[0]!);
  return g.graph();
}

test('a norm of numbers whose squares exceed 65504', () => {
  const graph = one((g, x) => g.groupNorm(x, g.constant(float32Tensor([4], [1, 2, 1, 2])),
    g.constant(float32Tensor([4], [0, 1, 0, 1])), 2, 1e-5), [1, 4, 6, 6]);
  const errors = errorsOf(graph, { x: randomTensor([1, 4, 6, 6], 1, -900, 900) });
  expect(errors['y']).toBeLessThan(4 * unit);
  // 1/900 of what comes in: far below a normal float16, hence the scale of the loss
  expect(errors['gradient']).toBeLessThan(0.1);
});

test.each([
  ['Gelu', (g: GraphBuilder, x: Value) => g.gelu(x)], ['silu', (g: GraphBuilder, x: Value) => g.silu(x)],
  ['QuickGelu', (g: GraphBuilder, x: Value) => g.quickGelu(x)],
] as const)('the derivative of %s far out, where the square exceeds 65504', (_, curve) => {
  const errors = errorsOf(one(curve, [2, 24]), { x: randomTensor([2, 24], 2, -600, 600) });
  expect(errors['y']).toBeLessThan(2 * unit);
  expect(errors['gradient']).toBeLessThan(6 * unit);
});

test('a loss of numbers whose squares exceed 65504', () => {
  const g = new GraphBuilder('loss');
  const y = g.linear(g.input('x', 'float32', [4, 4]), g.weight('w', randomTensor([4, 4], 3)), undefined);
  g.output('loss', g.reduceSum(g.mul(y, y), [0, 1], false));
  expect(errorsOf(g.graph(), { x: randomTensor([4, 4], 4, -900, 900) })['loss']).toBeLessThan(4 * unit);
});

/** Attention whose scores are about `size` before the softmax. */
function attention(size: number): Case {
  const g = new GraphBuilder('attention');
  const inputs = ['q', 'k', 'v'].map((name) => g.input(name, 'float32', [1, 2, 8, 64]));
  const out = g.attention(inputs[0]!, inputs[1]!, inputs[2]!);
  g.output('y', out);
  const edge = Math.sqrt(3 * size);
  return { graph: g.graph(), feeds: Object.fromEntries(['q', 'k', 'v'].map((name, i) => (
    [name, randomTensor([1, 2, 8, 64], i + 5, ...(name === 'v' ? [-1, 1] as const : [-edge, edge] as const))]))) };
}

test('scores that float16 holds only once they are scaled', () => {
  const { graph, feeds } = attention(3000);
  const products = evaluate(graph, feeds)['y']!.values;
  expect(products.every(Number.isFinite)).toBe(true);
  const out = evaluate(half(graph), feeds)['y']!.values;
  expect(out.every(Number.isFinite)).toBe(true);
  expect(relativeError(out, [...products])).toBeLessThan(0.05);
});

test('scores that float16 never holds are computed in float32 where that is asked for', () => {
  const { graph, feeds } = attention(40_000);
  expect(evaluate(half(graph), feeds)['y']!.values.every(Number.isFinite)).toBe(false);
  expect(errorsOf(graph, feeds, { halfPrecision: { attention: 'float32' } })['y']).toBeLessThan(2 * unit);
});

test('numbers that float16 does not hold well are multiplied in float32', () => {
  expect([1, 0, 0.1, 65504, Infinity, 7e-5].every(fitsHalf)).toBe(true);
  expect([1e-6, 70_000, 3e38, 1e-9].some(fitsHalf)).toBe(false);
  const g = new GraphBuilder('small');
  const y = g.linear(g.input('x', 'float32', [2, 8]), g.weight('w', randomTensor([8, 8], 6)), undefined);
  g.output('y', g.mul(g.mul(y, g.scalar(3e-7)), g.scalar(1e7)));
  expect(errorsOf(g.graph(), { x: randomTensor([2, 8], 7) })['y']).toBeLessThan(4 * unit);
});

test('what the backward pass needs is kept in float16', () => {
  const g = new GraphBuilder('deep');
  const weight = (seed: number): Value => (
    g.weight(`w${seed}`, toFloatDType(randomTensor([32, 32], seed, -0.2, 0.2), 'float16')));
  const start = g.input('x', 'float32', [64, 32]);
  let x = start;
  for (let layer = 0; layer < 24; layer++) {
    const [scale, bias] = [1, 0].map((n) => g.constant(float32Tensor([32], new Float32Array(32).fill(n))));
    const input = x;
    x = g.scope(`layers.${layer}`, () => (
      g.add(input, g.linear(g.silu(g.layerNorm(input, scale!, bias!)), weight(layer + 1), undefined))));
  }
  const loss = g.reduceMean(g.mul(x, x), [0, 1], false);
  g.output('loss', loss);
  g.output('gradient', differentiate(g, loss, [start])[0]!);
  const graph = g.graph();
  expect(peakBytes(half(graph))).toBeLessThan(0.6 * peakBytes(simplify(graph)));
});

test('the same graph is always converted to the same', () => {
  expect(printGraph(half(network().graph))).toBe(printGraph(half(network().graph)));
});
