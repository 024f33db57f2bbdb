// How the UNet is told the noise level: a sinusoid of the timestep (Vaswani et al. 2017, section 3.5, cosines first as
// in Ho et al. 2020's code for Stable Diffusion), then two linear layers.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';

/** Vaswani et al. 2017: wavelengths run from 2π to 10000·2π. */
const longestPeriod = 10_000;

/**
 * [cos(x·f), sin(x·f)] of numbers `x` float32 [B] with f = 10000^(−i / (width/2)) → [B, width].
 *
 * x·f reaches 999 radians, where float32 has lost five digits and a GPU's sine more. So turns are counted instead,
 * x·f/2π, with the frequency in three parts of twelve bits: each product with a whole number below 4096 is exact, and
 * whole turns are dropped before anything is rounded (Cody & Waite 1980).
 */
export function sinusoid(g: GraphBuilder, x: Value, width: number): Value {
  const half = width / 2;
  if (!Number.isInteger(half)) throw new Error(`A sinusoidal embedding needs an even width, not ${width}.`);
  const column = g.reshape(x, [x.shape[0]!, 1]);
  const turns = Float64Array.from({ length: half }, (_, i) => longestPeriod ** (-i / half) / (2 * Math.PI));
  let left: Value | undefined;
  for (const part of twelveBitParts(turns, 3)) {
    const product = withoutWholeTurns(g, g.mul(column, g.constant(float32Tensor([1, half], part))));
    left = left ? g.add(left, product) : product;
  }
  const angles = g.mul(withoutWholeTurns(g, left!), g.scalar(2 * Math.PI));
  return g.concat([g.cos(angles), g.sin(angles)], 1);
}

/** Numbers as sums of `count` numbers, each of the leading twelve bits of what is left. */
function twelveBitParts(numbers: Float64Array, count: number): Float32Array[] {
  let rest = numbers;
  return Array.from({ length: count }, () => {
    const part = Float32Array.from(rest, (number) => {
      const unit = 2 ** (Math.floor(Math.log2(Math.abs(number) || 1)) - 11);
      return Math.round(number / unit) * unit;
    });
    rest = rest.map((number, i) => number - part[i]!);
    return part;
  });
}

/** x − round(x), between −1/2 and 1/2. */
function withoutWholeTurns(g: GraphBuilder, x: Value): Value {
  return g.sub(x, g.floor(g.add(x, g.scalar(0.5))));
}

/** Linear, SiLU, linear: `x` [B, C] → [B, width]. */
export function timestepMlp(scope: NetworkScope, path: string, x: Value, width: number): Value {
  return scope.g.scope(path, () => {
    const hidden = scope.g.silu(linear(scope, `${path}.linear_1`, x, width));
    return linear(scope, `${path}.linear_2`, hidden, width);
  });
}
