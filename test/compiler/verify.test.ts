// The law of the graph: what the builder makes obeys it, and every planted fault is found and shown.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Node, Value } from '../../src-main/compiler/1-build/graph.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

/** sum = x·w + x, in two nodes. */
function sound(): Graph {
  const g = new GraphBuilder('sound');
  const x = g.input('x', 'float32', [2, 2]);
  const w = g.weight('w', float32Tensor([2, 2], [1, 2, 3, 4]));
  g.output('sum', g.add(g.matmul(x, w), x));
  return g.graph();
}

function rename(value: Value, name: string): void {
  (value as Changeable<Value>).name = name;
}

function reshaped(value: Value, shape: readonly number[]): void {
  (value as Changeable<Value>).shape = shape;
}

const faults: readonly [string, RegExp, (graph: Graph) => Graph | void][] = [
  ['a value used before it is made', /Add uses matmul before it is made[^]*→ .*= Add/,
    (graph) => ({ ...graph, nodes: [...graph.nodes].reverse() })],
  ['a value that nothing makes', /uses matmul before it is made/, (graph) => ({ ...graph, nodes: graph.nodes.slice(1) })],
  ['a wrong shape', /matmul is float32\[2, 3\], its op makes float32\[2, 2\]/,
    (graph) => reshaped(graph.nodes[0]!.outputs[0]!, [2, 3])],
  ['a wrong dtype', /is int64\[2, 2\], its op makes float32/, (graph) => {
    (graph.nodes[1]!.outputs[0] as Changeable<Value>).dtype = 'int64';
  }],
  ['one output too many', /its op makes nothing/, (graph) => {
    (graph.nodes[0] as Changeable<Node>).outputs = [...graph.nodes[0]!.outputs, ...graph.nodes[0]!.outputs];
  }],
  ['two values of one name', /Two values of sound are named w/, (graph) => rename(graph.nodes[0]!.outputs[0]!, 'w')],
  ['another producer', /names another producer/, (graph) => {
    (graph.nodes[0]!.outputs[0] as Changeable<Value>).producer = graph.nodes[1];
  }],
  ['an output named like an input', /an input and an output named x/,
    (graph) => ({ ...graph, outputs: new Map([['x', [...graph.outputs.values()][0]!]]) })],
  ['an output named like another value', /Two values of sound are named matmul/,
    (graph) => ({ ...graph, outputs: new Map([['matmul', [...graph.outputs.values()][0]!]]) })],
  ['an output that nothing makes', /output sum of sound is made nowhere/,
    (graph) => ({ ...graph, nodes: graph.nodes.slice(0, 1) })],
  ['an op that is not there', /no op named Guess/, (graph) => { (graph.nodes[0] as Changeable<Node>).op = 'Guess'; }],
];

test('a graph as built is sound', () => {
  expect(() => verify(sound())).not.toThrow();
});

test.each(faults)('%s is found', (_name, words, plant) => {
  const graph = sound();
  const faulty = plant(graph) ?? graph;
  expect(() => verify(faulty)).toThrow(words);
});

test('names stay unique whatever the inputs are called', () => {
  const g = new GraphBuilder('names');
  const inputs = Array.from({ length: 12 }, (_, i) => g.input(i === 0 ? 'add' : `add_${i}`, 'float32', [1]));
  g.output('y', inputs.reduce((sum, x) => g.add(sum, x)));
  expect(() => verify(g.graph())).not.toThrow();
});

test('an input is given once', () => {
  const g = new GraphBuilder('twice');
  g.input('x', 'float32', [1]);
  expect(() => g.input('x', 'float32', [1])).toThrow(/already has a value named x/);
});
