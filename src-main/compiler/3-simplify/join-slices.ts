// Slices that together are all of a value as one Split: of a flat vector of parameters there are hundreds.

import { bytesPerElement, elementCount } from '../../tensor/tensor.ts';
import type { Graph, Node, Value } from '../1-build/graph.ts';
import { numberAttribute } from '../ops/shapes.ts';
import type { RewriteRule } from './rewrite.ts';

/** All parts of a split are there at once. Slices of more are made one by one, when each is needed. */
const mostBytes = 64e6;

export function joinSlices(graph: Graph): RewriteRule {
  const wholes = wholesOf(graph);
  const made = new Map<readonly Node[], readonly Value[]>();
  return (g, node, [x]) => {
    const slices = wholes.get(node);
    if (!slices) return undefined;
    let parts = made.get(slices);
    if (!parts) {
      const axis = numberAttribute(node.attributes, 'axis');
      parts = g.node('Split', [x], { axis, sizes: slices.map(({ outputs }) => outputs[0]!.shape[axis]!) });
      made.set(slices, parts);
    }
    return [parts[slices.indexOf(node)]!];
  };
}

/** For each slice that belongs to a whole: all slices of the whole, in their order. */
function wholesOf(graph: Graph): Map<Node, readonly Node[]> {
  const byValue = new Map<Value, Map<number, Node[]>>();
  for (const node of graph.nodes) {
    const [x] = node.inputs;
    if (node.op !== 'Slice' || numberAttribute(node.attributes, 'step') !== 1 || !x) continue;
    if (bytesPerElement[x.dtype] * elementCount(x.shape) > mostBytes) continue;
    const byAxis = byValue.get(x) ?? new Map<number, Node[]>();
    byValue.set(x, byAxis);
    const axis = numberAttribute(node.attributes, 'axis');
    byAxis.set(axis, [...byAxis.get(axis) ?? [], node]);
  }
  const wholes = new Map<Node, readonly Node[]>();
  for (const [x, byAxis] of byValue) for (const [axis, slices] of byAxis) {
    const ordered = slices.toSorted((a, b) => startOf(a) - startOf(b));
    if (ordered.length > 1 && isWhole(ordered, x.shape[axis]!)) ordered.forEach((slice) => wholes.set(slice, ordered));
  }
  return wholes;
}

function startOf(node: Node): number {
  return numberAttribute(node.attributes, 'start');
}

/** One after the other without gap or overlap, from the first element to the last. */
function isWhole(slices: readonly Node[], size: number): boolean {
  let reached = 0;
  for (const slice of slices) {
    if (startOf(slice) !== reached) return false;
    reached = numberAttribute(slice.attributes, 'end');
  }
  return reached === size;
}
