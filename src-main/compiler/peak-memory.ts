// How much memory a graph's values take while it runs, estimated without running it: in which order ONNX Runtime takes
// the nodes, and which values are alive at each.

import { bytesPerElement, elementCount } from '../tensor/tensor.ts';
import { type Graph, type Node, type Value, presentInputs } from './1-build/graph.ts';
import { executionOrder } from './4-emit/execution-order.ts';

/**
 * The nodes of a simplified graph in the order in which ONNX Runtime runs them when they are written as emitOnnx()
 * writes them: depth first from the last leaf, at each node the input written last first. What ONNX Runtime fuses or
 * folds may move.
 */
export function runOrder(graph: Graph): Node[] {
  const written = executionOrder(graph);
  const position = new Map(written.map((node, index) => [node, index]));
  const byPosition = (a: Node, b: Node): number => position.get(a)! - position.get(b)!;
  const read = new Set(written.flatMap((node) => presentInputs(node).map(({ producer }) => producer)));
  const stack = written.filter((node) => !read.has(node)).map((node) => ({ node, isDone: false }));
  const visited = new Set<Node>();
  const order: Node[] = [];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, isDone } = next;
    if (isDone) order.push(node);
    if (isDone || visited.has(node)) continue;
    visited.add(node);
    stack.push({ node, isDone: true });
    const producers = new Set(presentInputs(node).flatMap(({ producer }) => (producer ? [producer] : [])));
    for (const producer of [...producers].sort(byPosition)) {
      if (!visited.has(producer)) stack.push({ node: producer, isDone: false });
    }
  }
  return order;
}

/** What a graph takes as it is emitted. */
export interface GraphMemory {
  /** Frozen numbers that runs read, in the number type that they lie in, each once, wherever it stands. */
  readonly weightBytes: number;
  /** Values that hang on frozen numbers alone: ONNX Runtime makes them when it opens the session, and keeps them. */
  readonly foldedBytes: number;
  /** See peakBytes(), without the folded ones. */
  readonly peakBytes: number;
}

export function graphMemory(graph: Graph): GraphMemory {
  const folded = foldedNodes(graph);
  const order = runOrder(graph);
  const run = order.filter((node) => !folded.has(node));
  const read = new Set(run.flatMap((node) => presentInputs(node)));
  const kept = [...folded].flatMap(({ outputs }) => outputs.filter((value) => read.has(value)));
  return {
    weightBytes: sum([...new Map([...graph.initializers].filter(([value]) => read.has(value)).map(([, source]) => (
      ['file' in source ? `${source.file}:${source.offsetBytes}:${source.lengthBytes}` : source, source]))).values(),
    ].map(valueBytes)),
    foldedBytes: sum(kept.map(valueBytes)),
    peakBytes: peakBytes(graph, run),
  };
}

/** Nodes that read nothing but frozen numbers, or what such nodes make of them. */
function foldedNodes(graph: Graph): Set<Node> {
  const folded = new Set<Node>();
  const isFrozen = (value: Value): boolean => (
    value.producer ? folded.has(value.producer) : graph.initializers.has(value));
  for (const node of executionOrder(graph)) if (presentInputs(node).every(isFrozen)) folded.add(node);
  return folded;
}

/**
 * The most bytes that values made by nodes take at one moment, each from the node that makes it to the last one that
 * reads it, outputs to the end. A reshaped value shares its bytes. Inputs, initializers and what a kernel needs for
 * itself are not counted, nor values of nodes that `order` leaves out.
 */
export function peakBytes(graph: Graph, order: readonly Node[] = runOrder(graph)): number {
  const owner = ownersOf(graph.nodes);
  const ownerOf = (value: Value): Value => owner.get(value) ?? value;
  const reads = new Map<Value, number>();
  const countRead = (value: Value): void => void reads.set(ownerOf(value), (reads.get(ownerOf(value)) ?? 0) + 1);
  for (const node of order) new Set(presentInputs(node).map(ownerOf)).forEach(countRead);
  for (const value of graph.outputs.values()) countRead(value);
  const held = new Set<Value>();
  let [alive, peak] = [0, 0];
  for (const node of order) {
    const made = node.outputs.filter((value) => ownerOf(value) === value);
    for (const value of made) held.add(value);
    alive += sum(made.map(valueBytes));
    peak = Math.max(peak, alive);
    for (const value of new Set([...made, ...presentInputs(node).map(ownerOf)])) {
      const left = (reads.get(value) ?? 0) - (made.includes(value) ? 0 : 1);
      reads.set(value, left);
      if (left === 0 && held.has(value)) alive -= valueBytes(value);
    }
  }
  return peak;
}

/** The value whose bytes a reshaped one shares. */
function ownersOf(nodes: readonly Node[]): Map<Value, Value> {
  const owner = new Map<Value, Value>();
  for (const node of nodes) {
    const [input] = node.inputs;
    if (node.op === 'Reshape' && input) owner.set(node.outputs[0]!, owner.get(input) ?? input);
  }
  return owner;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function valueBytes({ dtype, shape }: Pick<Value, 'dtype' | 'shape'>): number {
  return bytesPerElement[dtype] * elementCount(shape);
}
