// Reverse-mode differentiation (Griewank & Walther, chapter 3): walks the nodes between the loss and the wanted values
// from the last to the first and asks each op's rule for its share. The result is more nodes of ordinary ops.

import { type DType, type Shape, elementCount } from '../../tensor/tensor.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import { type Node, type Value, presentInputs } from '../1-build/graph.ts';
import { ruleOf } from '../ops/op-table.ts';
import { sameShape, shapeText } from '../ops/shapes.ts';
import { type BlockOf, Recomputation } from './recompute.ts';

export interface DifferentiateOptions {
  /**
   * Blocks of the forward pass by the scope of their nodes, e.g. numberedBlock. Values inside a block that its gradient
   * needs are computed again from what comes into the block, instead of being kept: less memory, more time, the same
   * numbers. Absent: everything is kept.
   */
  readonly recompute?: BlockOf;
}

/**
 * Adds to the graph the gradients of a scalar loss towards the `wanted` values and returns them in that order.
 *
 * Only nodes on a path from a wanted value to the loss are visited. A wanted value that the loss does not depend
 * on gets zeros. Throws when such a path runs through an op that has no derivative.
 */
export function differentiate(
  g: GraphBuilder, loss: Value, wanted: readonly Value[], options: DifferentiateOptions = {},
): Value[] {
  if (elementCount(loss.shape) !== 1) {
    throw new Error(`A loss is one number; ${loss.name} has shape ${shapeText(loss.shape)}.`);
  }
  const nodes = g.graph().nodes;
  const walk: Walk = {
    g, active: activeValues(nodes, wanted), shares: new Map(),
    recomputation: options.recompute && new Recomputation(g, nodes, options.recompute),
  };
  const { active, shares } = walk;
  const one = g.constant({ dtype: 'float32', shape: loss.shape, data: Float32Array.of(1) });
  shares.set(loss, [one]);
  g.scope('gradient', () => {
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i]!;
      if (!node.outputs.some((value) => active.has(value) && shares.has(value))) continue;
      g.scope(node.scope, () => propagate(walk, node));
    }
  });
  return wanted.map((value) => summed(g, shares, value) ?? zeros(g, value.shape));
}

/** The wanted values and everything computed from them. */
function activeValues(nodes: readonly Node[], wanted: readonly Value[]): Set<Value> {
  const active = new Set(wanted);
  for (const node of nodes) {
    if (presentInputs(node).some((value) => active.has(value))) {
      for (const output of node.outputs) if (isFloat(output.dtype)) active.add(output);
    }
  }
  return active;
}

function isFloat(dtype: DType): boolean {
  return dtype.includes('float');
}

/** What stays the same from node to node. */
interface Walk {
  readonly g: GraphBuilder;
  readonly active: ReadonlySet<Value>;
  /** The gradients that have arrived at a value so far, one from each of its uses. */
  readonly shares: Map<Value, Value[]>;
  readonly recomputation: Recomputation | undefined;
}

function propagate({ g, active, shares, recomputation }: Walk, node: Node): void {
  const rule = ruleOf(node.op);
  if (rule.gradient === 'none') throw new Error(`${node.op} (${node.outputs[0]!.name}) has no derivative.`);
  const outputGradients = node.outputs.map((value) => summed(g, shares, value));
  recomputation?.reach(node, outputGradients.find((gradient) => gradient !== undefined)!);
  const standIn = (value: Value): Value => recomputation?.standIn(value) ?? value;
  const input = (index: number): Value => {
    const value = node.inputs[index];
    if (!value) throw new Error(`${node.op} has no input ${index}.`);
    return standIn(value);
  };
  const inputGradients = rule.gradient({
    g, node, input, get output() { return standIn(node.outputs[0]!); },
    outputGradients, gradient: outputGradients[0]!,
    wants: (index) => node.inputs[index] !== undefined && active.has(node.inputs[index]!),
  });
  node.inputs.forEach((value, index) => {
    const gradient = inputGradients[index];
    if (!value || !active.has(value)) return;
    if (!gradient) throw new Error(`${node.op} (${node.outputs[0]!.name}) has no derivative towards ${value.name}.`);
    const share = sumToShape(g, gradient, value.shape);
    const others = shares.get(value);
    if (others) others.push(share);
    else shares.set(value, [share]);
  });
}

/** The sum of all shares that arrived at a value; folds them into one. */
function summed(g: GraphBuilder, shares: Map<Value, Value[]>, value: Value): Value | undefined {
  const parts = shares.get(value);
  if (!parts) return undefined;
  const sum = parts.reduce((total, part) => g.add(total, part));
  shares.set(value, [sum]);
  return sum;
}

function zeros(g: GraphBuilder, shape: Shape): Value {
  return g.expand(g.scalar(0), shape);
}

/** Sums away the axes along which an operand was repeated by broadcasting, and repeats where a rule gave fewer. */
export function sumToShape(g: GraphBuilder, gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  if (extra < 0) {
    const aligned = [...new Array<number>(-extra).fill(1), ...gradient.shape];
    return sumToShape(g, g.reshape(gradient, aligned), shape);
  }
  const axes = gradient.shape.flatMap((size, axis) => (
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : []
  ));
  const reduced = axes.length > 0 ? g.reduceSum(gradient, axes) : gradient;
  const aligned = g.reshape(reduced, reduced.shape.slice(extra));
  return g.expand(aligned, shape);
}
