// The graph: values with static shapes, nodes in an order in which every input is made before it is used.
// Words are ONNX's own (Graph, Node, Value, op, attribute, initializer); the op set is ours, see ops/op-table.ts.

import type { DType, Shape } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';

export type AttributeValue = number | string | boolean | readonly number[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A symbolic tensor: made by a node, fed as an input, or held as an initializer. */
export interface Value {
  readonly id: number;
  /** Unique in its graph; begins with the scope it was made in, e.g. 'mid_block/attentions.0/matmul_12'. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** The node that makes it; undefined for inputs and initializers. */
  readonly producer: Node | undefined;
}

export interface Node {
  readonly id: number;
  readonly op: string;
  /** An optional input that is absent is undefined. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  readonly scope: string;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  /** Frozen numbers, by the value that stands for them. */
  readonly initializers: ReadonlyMap<Value, WeightSource>;
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<string, Value>;
}

/** The values a node really reads. */
export function presentInputs(node: Node): Value[] {
  return node.inputs.filter((value): value is Value => value !== undefined);
}

/** How many times each value is read, graph outputs included. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) presentInputs(node).forEach(count);
  for (const value of graph.outputs.values()) count(value);
  return uses;
}
