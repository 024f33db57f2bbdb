// Parts of the jobs that Python is given: where a layout's parameters lie in its vector, and numbers to try a step
// with.

import type { Value } from '../../../src-main/compiler/1-build/graph.ts';
import type { ParameterLayout } from '../../../src-main/networks/flat-parameters.ts';
import type { Random } from '../../../src-main/starter/seeded-random.ts';
import { elementCount, float32Tensor, type Tensor } from '../../../src-main/tensor/tensor.ts';

export const placesOf = ({ entries, size }: ParameterLayout) => (
  { size, entries: Object.fromEntries(entries.map(({ name, ...place }) => [name, place])) });

/** Some numbers that suit an input of a training step. */
export function feedFor({ name, dtype, shape }: Value, parameters: Float32Array, random: Random): Tensor {
  const count = elementCount(shape);
  if (dtype === 'int64') {
    return { dtype, shape, data: BigInt64Array.from({ length: count }, () => BigInt(random.integer(200))) };
  }
  if (name.startsWith('parameters.')) return float32Tensor(shape, parameters);
  if (name === 'schedule') return float32Tensor(shape, [1, 1.5, 3, 1e-3]);
  const draw = name === 'timestep' ? () => random.integer(1000) : name.startsWith('secondMoment') ? () => 1e-6
    : name.startsWith('firstMoment') ? () => 1e-3 * random.normal() : () => random.normal();
  return float32Tensor(shape, Float32Array.from({ length: count }, draw));
}
