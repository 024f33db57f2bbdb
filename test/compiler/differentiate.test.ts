// Reverse-mode differentiation: what it visits, what it adds up, what it refuses.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate, sumToShape } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor } from './numbers.ts';

const numbersIn = (graph: Graph, feeds: Parameters<typeof evaluate>[1], name: string): number[] => {
  verify(graph);
  return Array.from(evaluate(graph, feeds)[name]!.values);
};

/** y = w2 · tanh(w1 · x), loss = sum(y). */
function twoLayers(g: GraphBuilder): { loss: Value; x: Value; w1: Value; w2: Value } {
  const x = g.input('x', 'float32', [2, 3]);
  const w1 = g.weight('w1', randomTensor([4, 3], 1));
  const w2 = g.weight('w2', randomTensor([5, 4], 2));
  const hidden = g.scope('first', () => g.tanh(g.linear(x, w1, undefined)));
  const y = g.scope('second', () => g.linear(hidden, w2, undefined));
  return { loss: g.reduceSum(y, [0, 1], false), x, w1, w2 };
}

test('only nodes between a wanted value and the loss are visited', () => {
  const gradientNodes = (wanted: 'x' | 'w1' | 'w2'): number => {
    const g = new GraphBuilder('layers');
    const layers = twoLayers(g);
    const before = g.graph().nodes.length;
    const [gradient] = differentiate(g, layers.loss, [layers[wanted]]);
    expect(gradient!.shape).toEqual(layers[wanted].shape);
    return g.graph().nodes.length - before;
  };
  const [towardsLast, towardsFirst] = [gradientNodes('w2'), gradientNodes('w1')];
  expect(towardsLast).toBeGreaterThan(0);
  expect(towardsLast).toBeLessThan(towardsFirst);
  const g = new GraphBuilder('layers');
  const layers = twoLayers(g);
  differentiate(g, layers.loss, [layers.w2]);
  const scopes = g.graph().nodes.map((node) => node.scope).filter((scope) => scope.startsWith('gradient'));
  expect(scopes).toContain('gradient/second');
  expect(scopes.some((scope) => scope.includes('first'))).toBe(false);
});

test('all shares of a value that is used several times are added', () => {
  const g = new GraphBuilder('shares');
  const x = g.input('x', 'float32', [3]);
  const loss = g.reduceSum(g.add(g.mul(x, x), g.sub(g.neg(x), g.mul(g.scalar(3), x))), [0], false);
  g.output('dx', differentiate(g, loss, [x])[0]!);
  expect(numbersIn(g.graph(), { x: float32Tensor([3], [1, 2, -5]) }, 'dx')).toEqual([-2, 0, -14]);
});

test('a loss that is itself wanted has the gradient one', () => {
  const g = new GraphBuilder('self');
  const loss = g.reduceSum(g.input('x', 'float32', [2]), [0], false);
  g.output('d', differentiate(g, loss, [loss])[0]!);
  expect(numbersIn(g.graph(), { x: float32Tensor([2], [1, 2]) }, 'd')).toEqual([1]);
});

test('what the loss does not depend on gets zeros', () => {
  const g = new GraphBuilder('zeros');
  const [x, other] = [g.input('x', 'float32', [2]), g.input('other', 'float32', [2, 2])];
  g.exp(other);
  const [dx, dOther] = differentiate(g, g.reduceSum(x, [0], false), [x, other]) as [Value, Value];
  g.output('dx', dx);
  g.output('dOther', dOther);
  const feeds = { x: float32Tensor([2], [3, 4]), other: float32Tensor([2, 2], [1, 1, 1, 1]) };
  expect(numbersIn(g.graph(), feeds, 'dx')).toEqual([1, 1]);
  expect(numbersIn(g.graph(), feeds, 'dOther')).toEqual([0, 0, 0, 0]);
});

test('an op without a derivative is refused on the way, and let be beside it', () => {
  const build = (wantsFloor: boolean): (() => unknown) => () => {
    const g = new GraphBuilder('floor');
    const [x, y] = [g.input('x', 'float32', [2]), g.input('y', 'float32', [2])];
    const loss = g.reduceSum(g.mul(x, g.floor(y)), [0], false);
    return differentiate(g, loss, [wantsFloor ? y : x]);
  };
  expect(build(true)).toThrow(/Floor \(floor\) has no derivative/);
  expect(build(false)).not.toThrow();
});

test('an input that a rule has no derivative for is refused, not taken as zero', () => {
  const g = new GraphBuilder('mask');
  const q = g.input('q', 'float32', [1, 1, 2, 2]);
  const mask = g.input('mask', 'float32', [2, 2]);
  const loss = g.reduceSum(g.attention(q, q, q, { mask }), [0, 1, 2, 3], false);
  expect(() => differentiate(g, loss, [mask])).toThrow(/Attention .* has no derivative towards mask/);
});

test('a path through integers ends there', () => {
  const g = new GraphBuilder('integers');
  const x = g.input('x', 'float32', [2]);
  const loss = g.reduceSum(g.mul(x, g.cast(g.cast(x, 'int64'), 'float32')), [0], false);
  g.output('dx', differentiate(g, loss, [x])[0]!);
  expect(numbersIn(g.graph(), { x: float32Tensor([2], [2.5, -1.5]) }, 'dx')).toEqual([2, -1]);
});

test('a loss is one number', () => {
  const g = new GraphBuilder('loss');
  const x = g.input('x', 'float32', [2]);
  expect(() => differentiate(g, x, [x])).toThrow(/A loss is one number; x has shape \[2\]/);
});

test.each([
  [[2, 3, 4], [3, 1]], [[2, 3], [2, 3]], [[2, 1, 3], []], [[3], [2, 3]], [[4], [1, 1, 4]],
])('a gradient %j is summed, or repeated, to %j', (from, to) => {
  const g = new GraphBuilder('sum');
  const x = g.input('x', 'float32', from);
  const y = sumToShape(g, x, to);
  expect(y.shape).toEqual(to);
  g.output('y', y);
  const count = from.reduce((product, size) => product * size, 1);
  const feed = float32Tensor(from, new Float32Array(count).fill(1));
  const wanted = to.reduce((product, size) => product * size, 1);
  const each = wanted > count ? 1 : count / wanted;
  if (y !== x) expect(numbersIn(g.graph(), { x: feed }, 'y')).toEqual(new Array(wanted).fill(each));
});

test('a finished graph can be differentiated', () => {
  const first = new GraphBuilder('forward');
  const x = first.input('x', 'float32', [2]);
  first.output('loss', first.reduceSum(first.mul(x, x), [0], false));
  const graph = first.graph();
  const g = GraphBuilder.from(graph);
  g.output('dx', differentiate(g, graph.outputs.get('loss')!, [x])[0]!);
  expect(numbersIn(g.graph(), { x: float32Tensor([2], [3, -1]) }, 'dx')).toEqual([6, -2]);
});
