// What a network that tells people apart is trained towards: pictures of one person together and of others apart, and
// what the person looks like to be told from the embedding.

import type { Value } from '../compiler/1-build/graph.ts';
import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';

/**
 * InfoNCE (van den Oord et al. 2018) both ways, as CLIP has it (Radford et al. 2021): of embeddings [2·I, E], each of
 * length √E, row i and row I + i are one person. `sharpness` times the cosines are the logits. A scalar.
 */
export function contrastiveLoss(g: GraphBuilder, embeddings: Value, sharpness: number): Value {
  const [rows, length] = embeddings.shape as [number, number];
  const people = rows / 2;
  const [first, second] = g.split(embeddings, 0, [people, people]) as [Value, Value];
  // |sharpness| stays so small that no exponential runs over
  const logits = g.matmul(first, second, { transposeB: true, alpha: sharpness / length });
  const own = g.mul(g.reduceMean(g.mul(first, second), [1], false), g.scalar(sharpness));
  const spread = (axis: number) => g.log(g.reduceSum(g.exp(logits), [axis], false));
  const both = g.mul(g.scalar(0.5), g.add(spread(0), spread(1)));
  return g.reshape(g.reduceMean(g.sub(both, own), [0], true), []);
}

/** Mean square error of a linear reading of embeddings [B, E], a scalar; `wanted` [B, N]. */
export function readingLoss(
  g: GraphBuilder, parameter: (name: string) => Value, name: string, embeddings: Value, wanted: Value,
): Value {
  const told = g.linear(embeddings, parameter(`${name}.weight`), parameter(`${name}.bias`));
  const error = g.sub(told, wanted);
  return g.reshape(g.reduceMean(g.mul(error, error), [0, 1], true), []);
}

/** Parameters of readingLoss(). */
export const readingParameters = (name: string, inputs: number, outputs: number) => [
  { name: `${name}.weight`, shape: [outputs, inputs] }, { name: `${name}.bias`, shape: [outputs] },
];
