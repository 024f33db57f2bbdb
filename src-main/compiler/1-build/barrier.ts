// Holds a value back until another has been computed, by adding a zero that no optimiser can see to be one: neither our
// simplification nor ONNX Runtime's folds it or merges what comes after it with the same thing computed before.

import type { GraphBuilder } from './graph-builder.ts';
import type { Value } from './graph.ts';

/** `x`, but not before `after` has been computed. */
export function barrier(g: GraphBuilder, x: Value, after: Value): Value {
  return heldBack(g, x, zeroAfter(g, after));
}

/**
 * A zero, float32 of one element, that is known only once `after` is: whether one element of it exceeds +Infinity. So
 * a NaN or infinity there cannot spread, as it would from a product with zero.
 */
export function zeroAfter(g: GraphBuilder, after: Value): Value {
  let element = after;
  for (let axis = 0; axis < after.shape.length; axis++) element = g.slice(element, axis, 0, 1);
  return g.reshape(g.cast(g.greater(g.cast(element, 'float32'), g.scalar(Infinity)), 'float32'), [1]);
}

/** `x` with one of zeroAfter()'s zeros added. */
export function heldBack(g: GraphBuilder, x: Value, zero: Value): Value {
  const own = g.cast(zero, x.dtype);
  return g.add(x, x.shape.length === 0 ? g.reshape(own, []) : own);
}
