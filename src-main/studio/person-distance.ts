// How far apart two faces are, in the same unit for every face engine: 1 is what tells one person from two.

import type { FaceEngineId } from '../contract/faces.ts';
import { faceLikeness, samePersonDistance } from '../faces/likeness.ts';

/** Distance of two embeddings of one engine; below 1 they are taken for one person. */
export type PersonMetric = (a: Float32Array, b: Float32Array) => number;

/** Cosine below which two of antelopev2's embeddings are no more taken for one person. */
const samePersonCosine = 0.3;

export const personMetrics: Readonly<Record<FaceEngineId, PersonMetric>> = {
  'built-in': (a, b) => faceLikeness(a, b).distance / samePersonDistance,
  antelopev2: (a, b) => (1 - faceLikeness(a, b).cosine) / (1 - samePersonCosine),
};

/** The distances between every two of some embeddings, each computed once. */
export function distanceTable(
  embeddings: readonly Float32Array[], metric: PersonMetric,
): { between: (a: number, b: number) => number } {
  const count = embeddings.length;
  const table = new Float32Array(count * count);
  embeddings.forEach((a, i) => {
    for (let k = i + 1; k < count; k++) table[i * count + k] = table[k * count + i] = metric(a, embeddings[k]!);
  });
  return { between: (a, b) => table[a * count + b]! };
}
