// Simplification changes a graph's size and never its numbers; attention in slices gives what it gives whole.

import { describe, expect, test } from 'vitest';

import { barrier } from '../../src-main/compiler/1-build/barrier.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import type { AttentionLimits } from '../../src-main/compiler/3-simplify/attention-slices.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { type Shape, type Tensor, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { emitStyles, randomTensor, relativeError, runOnnx } from './numbers.ts';

/** Both graphs' outputs agree in float64. */
function expectSameNumbers(before: Graph, after: Graph, feeds: Record<string, Tensor>): void {
  verify(before);
  verify(after);
  const [expected, actual] = [evaluate(before, feeds), evaluate(after, feeds)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { shape, values }] of Object.entries(expected)) {
    expect(actual[name]!.shape).toEqual(shape);
    expect(relativeError(actual[name]!.values, values)).toBeLessThan(1e-12);
  }
}

const countOf = (graph: Graph, op: string): number => graph.nodes.filter((node) => node.op === op).length;
const x = randomTensor([2, 3], 5);

test('equal nodes become one, through chains of them', () => {
  const g = new GraphBuilder('equal');
  const input = g.input('x', 'float32', [2, 3]);
  const square = () => g.mul(g.exp(input), g.exp(input));
  g.output('y', g.add(square(), g.reduceSum(square(), [1])));
  g.output('z', g.reduceSum(square(), [0]));
  const graph = g.graph();
  const simple = simplify(graph);
  expect([countOf(graph, 'Exp'), countOf(simple, 'Exp')]).toEqual([6, 1]);
  expect([countOf(simple, 'Mul'), countOf(simple, 'ReduceSum')]).toEqual([1, 2]);
  expectSameNumbers(graph, simple, { x });
});

test('nodes that differ in an attribute or in the order of their inputs stay apart', () => {
  const g = new GraphBuilder('unequal');
  const [a, b] = [g.input('a', 'float32', [3, 3]), g.input('b', 'float32', [3, 3])];
  g.output('y', g.concat([g.matmul(a, b), g.matmul(b, a), g.matmul(a, b, { transposeA: true })], 0));
  g.output('z', g.add(g.clip(a, 0, 1), g.clip(a, 0, 2)));
  const graph = g.graph();
  expect(simplify(graph).nodes.length).toBe(graph.nodes.length);
  expectSameNumbers(graph, simplify(graph), { a: randomTensor([3, 3], 1), b: randomTensor([3, 3], 2) });
});

test('additions of zero and products with one go, those that change the shape stay', () => {
  const g = new GraphBuilder('identities');
  const input = g.input('x', 'float32', [2, 3]);
  const [zero, one] = [g.scalar(0), g.scalar(1)];
  g.output('y', g.div(g.mul(one, g.sub(g.add(zero, g.mul(input, one)), zero)), one));
  g.output('reciprocal', g.div(one, input));
  g.output('negative', g.sub(zero, input));
  g.output('repeated', g.add(g.constant(float32Tensor([2, 1], [0, 0])), input));
  const graph = g.graph();
  const simple = simplify(graph);
  expect(simple.nodes.map((node) => node.op).sort()).toEqual(['Add', 'Div', 'Sub']);
  expectSameNumbers(graph, simple, { x });
});

test('the gradient of a split in two is the two side by side', () => {
  const build = (axis: number, cut: number): Graph => {
    const g = new GraphBuilder('split');
    const input = g.input('x', 'float32', [2, 3]);
    const size = input.shape[axis]!;
    const [a, b] = g.split(input, axis, [cut, size - cut]) as [Value, Value];
    const loss = g.add(g.reduceSum(g.exp(a), [0, 1], false), g.reduceSum(g.sin(b), [0, 1], false));
    g.output('dx', differentiate(g, loss, [input])[0]!);
    return g.graph();
  };
  for (const graph of [build(1, 1), build(0, 1)]) {
    const simple = simplify(graph);
    expect([countOf(graph, 'Pad'), countOf(simple, 'Pad'), countOf(simple, 'Concat')]).toEqual([2, 0, 1]);
    expectSameNumbers(graph, simple, { x });
  }
});

test('padded parts that overlap, leave a gap or are not padded with zeros are added', () => {
  const g = new GraphBuilder('padded');
  const input = g.input('x', 'float32', [2, 3]);
  const sum = (before: number, after: number, value = 0): Value => (
    g.add(g.pad(input, [0, before], [0, 0], value), g.pad(input, [0, 0], [0, after])));
  g.output('overlap', sum(2, 2));
  g.output('gap', sum(4, 4));
  g.output('ones', sum(3, 3, 1));
  const [columns, row] = [g.slice(input, 1, 0, 2), g.slice(input, 0, 0, 1)];
  g.output('crossed', g.add(g.pad(columns, [0, 3], [0, 0]), g.pad(row, [0, 0], [1, 2])));
  const simple = simplify(g.graph());
  expect(countOf(simple, 'Concat')).toBe(0);
  expectSameNumbers(g.graph(), simple, { x });
});

test('axes exchanged twice in a row are exchanged once, where nothing reads what is between', () => {
  const g = new GraphBuilder('transposes');
  const input = g.input('x', 'float32', [2, 3, 4]);
  const turned = g.transpose(input, [1, 2, 0]);
  g.output('twice', g.transpose(g.transpose(g.exp(input), [1, 2, 0]), [1, 0, 2]));
  g.output('back', g.transpose(g.transpose(g.neg(input), [1, 2, 0]), [2, 0, 1]));
  g.output('between', turned);
  g.output('after', g.transpose(turned, [1, 0, 2]));
  const graph = g.graph();
  const simple = simplify(graph);
  expect([countOf(graph, 'Transpose'), countOf(simple, 'Transpose')]).toEqual([6, 3]);
  expectSameNumbers(graph, simple, { x: randomTensor([2, 3, 4], 5) });
});

test('what no output needs goes; inputs stay', () => {
  const g = new GraphBuilder('dead');
  const input = g.input('x', 'float32', [2, 3]);
  const unused = g.input('unused', 'float32', [2]);
  g.mul(unused, g.weight('w', float32Tensor([2], [1, 2])));
  g.output('y', g.neg(input));
  const simple = simplify(g.graph());
  expect(simple.nodes.map((node) => node.op)).toEqual(['Neg']);
  expect(simple.initializers.size).toBe(0);
  expect(simple.inputs.map((value) => value.name)).toEqual(['x', 'unused']);
});

test('an output may be an input, a weight, or the same as another output', async () => {
  const g = new GraphBuilder('plain');
  const input = g.input('x', 'float32', [2, 3]);
  g.output('same', g.add(input, g.scalar(0)));
  g.output('weight', g.weight('w', float32Tensor([2], [7, 8])));
  g.output('one', g.neg(input));
  g.output('two', g.neg(input));
  const out = await runOnnx(g.graph(), { x });
  expect(out['same']!.data).toEqual(x.data);
  expect(Array.from(out['weight']!.data as Float32Array)).toEqual([7, 8]);
  expect(out['two']!.data).toEqual(out['one']!.data);
});

test('sine and cosine without the provider\'s own are good to float32, far from zero too', async () => {
  const g = new GraphBuilder('angles');
  const angle = g.input('angle', 'float32', [4000]);
  g.output('sin', g.sin(angle));
  g.output('cos', g.cos(angle));
  const graph = g.graph();
  const lowered = simplify(graph, { lowerTrigonometry: true });
  verify(lowered);
  expect(countOf(lowered, 'Sin') + countOf(lowered, 'Cos')).toBe(0);
  const feeds = { angle: randomTensor([4000], 8, -1000, 1000) };
  const expected = evaluate(graph, feeds);
  const [exact, rounded] = [evaluate(lowered, feeds), await runOnnx(lowered, feeds)];
  for (const name of ['sin', 'cos']) {
    expect(relativeError(exact[name]!.values, expected[name]!.values)).toBeLessThan(1e-7);
    expect(relativeError(rounded[name]!.data, expected[name]!.values)).toBeLessThan(1e-6);
  }
});

describe('attention', () => {
  const q: Shape = [2, 4, 3, 5];
  const k: Shape = [2, 4, 6, 5];
  /** One head's probabilities are 2·3·6 float32, 144 bytes; one query's of it 48. */
  const limits: readonly [string, AttentionLimits, number][] = [
    ['whole', { maxBufferBytes: 1e9, recomputeBytes: 1e9 }, 1],
    ['whole, computed again', { maxBufferBytes: 1e9, recomputeBytes: 0 }, 2],
    ['two heads at once', { maxBufferBytes: 3 * 144, recomputeBytes: 1e9 }, 2],
    ['head by head, computed again', { maxBufferBytes: 144, recomputeBytes: 0 }, 8],
    ['one query, then two', { maxBufferBytes: 2 * 48, recomputeBytes: 1e9 }, 8],
    ['query by query, computed again', { maxBufferBytes: 1, recomputeBytes: 0 }, 24],
  ];
  const masks: readonly (Shape | undefined)[] = [undefined, [3, 6], [4, 3, 6], [2, 4, 1, 6], [2, 1, 3, 6]];

  function attentionGraph(mask: Shape | undefined, width: number): { graph: Graph; feeds: Record<string, Tensor> } {
    const g = new GraphBuilder('attention');
    const feeds: Record<string, Tensor> = {
      q: randomTensor(q, 1), k: randomTensor(k, 2), v: randomTensor([2, 4, 6, width], 3),
    };
    if (mask) feeds['mask'] = randomTensor(mask, 4, -2, 2);
    const [Q, K, V, M] = Object.entries(feeds).map(([name, { shape }]) => g.input(name, 'float32', shape));
    const o = g.attention(Q!, K!, V!, { mask: M });
    g.output('o', o);
    const loss = g.reduceSum(g.mul(o, g.constant(randomTensor(o.shape, 6))), [0, 1, 2, 3], false);
    differentiate(g, loss, [Q!, K!, V!]).forEach((gradient, i) => g.output(`d${'qkv'[i]}`, gradient));
    return { graph: g.graph(), feeds };
  }

  test.each(limits.flatMap(([name, limit, softmaxes]) => masks.map((mask) => (
    { name, limit, softmaxes, mask }))))('$name, mask $mask: same numbers', ({ limit, softmaxes, mask }) => {
    // values as wide as keys, and not: their gradients are joined differently
    const { graph, feeds } = attentionGraph(mask, mask ? 5 : 2);
    const lowered = simplify(graph, { attention: limit });
    expect(countOf(lowered, 'Attention') + countOf(lowered, 'AttentionGradient')).toBe(0);
    // probabilities that are not computed again are merged with the forward pass's; without a mask they are, as an exp
    const again = mask === undefined && limit.recomputeBytes === 0 ? softmaxes / 2 : 0;
    expect(countOf(lowered, 'Softmax')).toBe(softmaxes - again);
    expect(countOf(lowered, 'Exp') > 0).toBe(again > 0);
    const buffers = lowered.nodes.filter(({ op }) => /^(Softmax|Exp)$/.test(op)).map(({ outputs }) => outputs[0]!.shape);
    const largest = Math.max(...buffers.map((shape) => 4 * elementCount(shape)));
    expect(largest).toBeLessThanOrEqual(Math.max(limit.maxBufferBytes, 48));
    expectSameNumbers(graph, lowered, feeds);
  });

  test.each(emitStyles)('ONNX Runtime gives the same in slices (fused product: $hasFusedMatMul)', async (style) => {
    const { graph, feeds } = attentionGraph([4, 3, 6], 2);
    const sliced = simplify(graph, { attention: { maxBufferBytes: 2 * 48, recomputeBytes: 0 } });
    const expected = evaluate(graph, feeds);
    for (const [name, { data }] of Object.entries(await runOnnx(sliced, feeds, style))) {
      expect(relativeError(data, expected[name]!.values)).toBeLessThan(1e-5);
    }
  });

  test('ONNX Runtime does not merge what is computed again behind the barrier', async () => {
    const g = new GraphBuilder('barrier');
    const [input, after] = [g.input('x', 'float32', [2, 3]), g.input('after', 'float32', [2, 2])];
    g.output('y', g.sub(g.exp(barrier(g, input, after)), g.exp(input)));
    expect(countOf(simplify(g.graph()), 'Exp')).toBe(2);
    for (const awkward of [0, NaN, Infinity, -Infinity]) {
      const { y } = await runOnnx(g.graph(), { x, after: float32Tensor([2, 2], [awkward, 1, 1, 1]) });
      expect(Array.from(y!.data as Float32Array)).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });
});
