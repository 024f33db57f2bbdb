// The order in which nodes are written and, because of it, the order in which ONNX Runtime runs a backward pass:
// each weight gradient soon after the gradient it needs, so that activations can be given back on the way.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { type Graph, presentInputs } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { executionOrder } from '../../src-main/compiler/4-emit/execution-order.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor } from './numbers.ts';
import { profiledNames } from './profile.ts';

const layers = 6;
const width = 4;

/** x → tanh(x·W0) → … , loss = sum; the gradients towards all W, apart or joined as a training step joins them. */
function chain(joined: boolean): { graph: Graph; feeds: Record<string, Tensor> } {
  const g = new GraphBuilder('chain');
  const feeds: Record<string, Tensor> = { x: randomTensor([3, width], 50) };
  let x = g.input('x', 'float32', [3, width]);
  const weights = Array.from({ length: layers }, (_, i) => {
    feeds[`w${i}`] = randomTensor([width, width], i);
    return g.input(`w${i}`, 'float32', [width, width]);
  });
  weights.forEach((w, i) => {
    x = g.scope(`layer${i}`, () => g.tanh(g.matmul(x, w)));
  });
  const loss = g.reduceSum(x, [0, 1], false);
  const gradients = differentiate(g, loss, weights);
  if (joined) g.output('gradients', g.concat(gradients.map((value) => g.reshape(value, [-1])), 0));
  else gradients.forEach((gradient, i) => g.output(`dw${i}`, gradient));
  g.output('loss', loss);
  return { graph: simplify(g.graph()), feeds };
}

test.each([false, true])('the order is topological and holds every node once (joined: %s)', (joined) => {
  const { graph } = chain(joined);
  const order = executionOrder(graph);
  expect(new Set(order).size).toBe(graph.nodes.length);
  const made = new Set([...graph.inputs, ...graph.initializers.keys()]);
  for (const node of order) {
    for (const value of presentInputs(node)) expect(made.has(value)).toBe(true);
    node.outputs.forEach((value) => made.add(value));
  }
  expect(executionOrder(graph)).toEqual(order);
});

test('of equals the one built first is written last, with what it needs', () => {
  const g = new GraphBuilder('siblings');
  const x = g.input('x', 'float32', [2]);
  for (const name of ['first', 'second', 'third']) g.output(name, g.scope(name, () => g.exp(g.neg(x))));
  expect(executionOrder(g.graph()).map((node) => `${node.scope} ${node.op}`)).toEqual(
    ['third Neg', 'third Exp', 'second Neg', 'second Exp', 'first Neg', 'first Exp']);
});

test('nodes that wait for each other are refused', () => {
  const g = new GraphBuilder('circle');
  g.output('y', g.exp(g.neg(g.input('x', 'float32', [2]))));
  const graph = g.graph();
  const [neg, exp] = graph.nodes;
  (neg as { inputs: unknown }).inputs = exp!.outputs;
  expect(() => executionOrder(graph)).toThrow(/wait for each other/);
});

test.each([false, true])('ONNX Runtime runs each weight gradient with its layer (joined: %s)', async (joined) => {
  const { graph, feeds } = chain(joined);
  const ran = await profiledNames(graph, feeds);
  const products = ran.filter((name) => name.includes('gradient/layer') && name.includes('matmul'))
    .map((name) => Number(/layer(\d+)/.exec(name)![1]));
  // two products a layer, but for the first, whose input nobody wants the gradient of
  expect(products.length).toBe(2 * layers - 1);
  // once a layer has begun, only the layer just above may still have a product to do
  products.forEach((layer, i) => {
    expect(products.slice(i + 1).filter((later) => later > layer + 1)).toEqual([]);
  });
});
