// The order in which nodes are written, which steers the order in which ONNX Runtime runs them: it walks back from the
// last leaf and, at each node, visits the input with the highest index first. So of a node's inputs the one that could
// be made first is written last. Then a weight gradient runs as soon as the activations' gradient it needs is there,
// and they can be given back; written as built, all of them would wait for the end of the backward pass, or come in
// the order in which their parameters are listed.

import { type Graph, type Node, presentInputs } from '../1-build/graph.ts';

/** The graph's nodes in another topological order; the same graph always gives the same one. */
export function executionOrder(graph: Graph): readonly Node[] {
  const { nodes } = graph;
  const position = new Map(nodes.map((node, index) => [node, index]));
  const producersOf = nodes.map((node) => [...new Set(presentInputs(node).flatMap(({ producer }) => {
    const at = producer && position.get(producer);
    return at === undefined ? [] : [at];
  }))]);
  const unplaced = new Array<number>(nodes.length).fill(0);
  for (const producers of producersOf) for (const producer of producers) unplaced[producer]!++;
  // first by when the inputs were built, then by when the node was
  const key = (index: number): number => Math.max(-1, ...producersOf[index]!) * nodes.length + index;
  const free = new Heap();
  nodes.forEach((_, index) => { if (unplaced[index] === 0) free.push({ key: key(index), index }); });
  const fromTheEnd: Node[] = [];
  for (let next = free.pop(); next; next = free.pop()) {
    fromTheEnd.push(nodes[next.index]!);
    for (const producer of producersOf[next.index]!) {
      if (--unplaced[producer]! === 0) free.push({ key: key(producer), index: producer });
    }
  }
  if (fromTheEnd.length !== nodes.length) throw new Error(`${graph.name} has nodes that wait for each other.`);
  return fromTheEnd.reverse();
}

interface HeapItem {
  readonly key: number;
  readonly index: number;
}

/** A binary heap, the smallest key first (Williams 1964). */
class Heap {
  readonly #items: HeapItem[] = [];

  push(item: HeapItem): void {
    const items = this.#items;
    items.push(item);
    for (let at = items.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (items[parent]!.key <= items[at]!.key) break;
      [items[parent], items[at]] = [items[at]!, items[parent]!];
      at = parent;
    }
  }

  pop(): HeapItem | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    items[0] = last;
    for (let at = 0; ;) {
      let smallest = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < items.length && items[child]!.key < items[smallest]!.key) smallest = child;
      }
      if (smallest === at) return top;
      [items[at], items[smallest]] = [items[smallest]!, items[at]!];
      at = smallest;
    }
  }
}
