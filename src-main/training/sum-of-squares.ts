// The sum of many squares in float32. A plain running sum of millions of them loses what is small beside it; sums of
// short stretches, then of those, keep the error at that of a few thousand additions (Higham 1993, pairwise summation).

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { elementCount } from '../tensor/tensor.ts';

const stretch = 1024;

/** Σ x² over all elements of `x`: [1]. */
export function sumOfSquares(g: GraphBuilder, x: Value): Value {
  let sums = g.reshape(g.mul(x, x), [elementCount(x.shape)]);
  while (sums.shape[0]! > stretch) {
    const rows = Math.ceil(sums.shape[0]! / stretch);
    const padded = g.pad(sums, [0], [rows * stretch - sums.shape[0]!]);
    sums = g.reduceSum(g.reshape(padded, [rows, stretch]), [1], false);
  }
  return g.reduceSum(sums, [0]);
}
