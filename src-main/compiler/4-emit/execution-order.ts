// The order in which nodes are written, which steers the order in which ONNX Runtime runs them.
//
// ONNX Runtime walks back from the last leaf and, at each node, visits the input with the highest index first. So that
// it runs siblings in the order in which the graph was built (forward, then backward from the last layer to the first,
// each gradient as soon as its activations are at hand), siblings are written in the reverse of it: of all nodes that
// are ready, the one built last comes first. Otherwise every weight gradient would wait for the end of the backward
// pass, and all that it needs with it.

import { type Graph, type Node, presentInputs } from '../1-build/graph.ts';

/** The graph's nodes in another topological order; the same graph always gives the same one. */
export function executionOrder(graph: Graph): readonly Node[] {
  const position = new Map(graph.nodes.map((node, index) => [node, index]));
  const missing = new Map<Node, number>();
  const consumers = new Map<Node, Node[]>();
  const ready = new Heap();
  graph.nodes.forEach((node, index) => {
    const producers = new Set(presentInputs(node).flatMap(({ producer }) => (
      producer && position.has(producer) ? [producer] : [])));
    missing.set(node, producers.size);
    for (const producer of producers) {
      const others = consumers.get(producer);
      if (others) others.push(node);
      else consumers.set(producer, [node]);
    }
    if (producers.size === 0) ready.push(index);
  });
  const order: Node[] = [];
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    const node = graph.nodes[index]!;
    order.push(node);
    for (const consumer of consumers.get(node) ?? []) {
      const left = missing.get(consumer)! - 1;
      missing.set(consumer, left);
      if (left === 0) ready.push(position.get(consumer)!);
    }
  }
  if (order.length !== graph.nodes.length) throw new Error(`${graph.name} has nodes that wait for each other.`);
  return order;
}

/** A binary heap of numbers, the largest first (Williams 1964). */
class Heap {
  readonly #items: number[] = [];

  push(item: number): void {
    const items = this.#items;
    items.push(item);
    for (let at = items.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (items[parent]! >= items[at]!) break;
      [items[parent], items[at]] = [items[at]!, items[parent]!];
      at = parent;
    }
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    items[0] = last;
    for (let at = 0; ;) {
      let largest = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < items.length && items[child]! > items[largest]!) largest = child;
      }
      if (largest === at) return top;
      [items[at], items[largest]] = [items[largest]!, items[at]!];
      at = largest;
    }
  }
}
