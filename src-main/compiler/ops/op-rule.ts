// What there is to know about one op, together in one place: its shape, its gradient, its float64 evaluation.

import type { DType, Shape } from '../../tensor/tensor.ts';
import type { Attributes, Node, Value } from '../1-build/graph.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';

export interface ValueType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Numbers under evaluation; integers and booleans are held as float64 too. */
export interface NumberArray {
  readonly shape: Shape;
  readonly values: Float64Array;
}

export interface GradientContext {
  readonly g: GraphBuilder;
  readonly node: Node;
  /** The node's inputs; throws for one that is absent. */
  input(index: number): Value;
  readonly output: Value;
  /** dLoss/dOutput, one for each output; undefined where the loss does not depend on it. */
  readonly outputGradients: readonly (Value | undefined)[];
  /** dLoss/dOutput of the first output. */
  readonly gradient: Value;
  /** Whether anybody wants dLoss/dInput of this input: a rule may leave out what nobody wants. */
  wants(index: number): boolean;
}

/**
 * One entry for each input: dLoss/dInput, or undefined for none.
 * An entry may have more or larger axes than its input where the op broadcasts: differentiate() sums them away.
 */
export type GradientRule = (context: GradientContext) => readonly (Value | undefined)[];

export interface OpRule {
  /** Shapes and dtypes of the outputs; throws a sentence when the inputs do not fit. */
  infer(inputs: readonly (ValueType | undefined)[], attributes: Attributes): readonly ValueType[];
  /** 'none': the op has no derivative, or none is needed (comparisons, gradient ops). */
  readonly gradient: GradientRule | 'none';
  evaluate(inputs: readonly (NumberArray | undefined)[], node: Node): readonly NumberArray[];
}

export type OpTable = Readonly<Record<string, OpRule>>;
