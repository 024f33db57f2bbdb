// How the UNet is told the noise level: a sinusoid of the timestep (Vaswani et al. 2017, section 3.5, cosines first as
// in Ho et al. 2020's code for Stable Diffusion), then two linear layers.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';

/** Vaswani et al. 2017: wavelengths run from 2π to 10000·2π. */
const longestPeriod = 10_000;

/** [cos(x·f), sin(x·f)] of numbers `x` float32 [B] with f = 10000^(−i / (width/2)) → [B, width]. */
export function sinusoid(g: GraphBuilder, x: Value, width: number): Value {
  const half = width / 2;
  if (!Number.isInteger(half)) throw new Error(`A sinusoidal embedding needs an even width, not ${width}.`);
  const frequencies = Float32Array.from({ length: half }, (_, i) => Math.exp((-Math.log(longestPeriod) * i) / half));
  const angles = g.mul(g.reshape(x, [x.shape[0]!, 1]), g.constant(float32Tensor([1, half], frequencies)));
  return g.concat([g.cos(angles), g.sin(angles)], 1);
}

/** Linear, SiLU, linear: `x` [B, C] → [B, width]. */
export function timestepMlp(scope: NetworkScope, path: string, x: Value, width: number): Value {
  return scope.g.scope(path, () => {
    const hidden = scope.g.silu(linear(scope, `${path}.linear_1`, x, width));
    return linear(scope, `${path}.linear_2`, hidden, width);
  });
}
