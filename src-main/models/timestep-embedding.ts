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
  return cosinesAndSines(g, angles);
}

// GPUs may err by 2^-11 in sin and cos (Vulkan and WGSL allow it inside −π…π and anything outside; SwiftShader does by
// 2e-4), which shows in the UNet's output. So both are made of additions and products, good to 2e-7 on every provider:
// r = angle − 2πn in −π…π, folded into −π/2…π/2 by sin r = sin(π − r) and cos r = sin(π/2 − |r|), then a Taylor series.
function cosinesAndSines(g: GraphBuilder, angles: Value): Value {
  const r = withoutTurns(g, angles);
  const forCosine = g.sub(g.scalar(Math.PI / 2), g.abs(r));
  const forSine = g.max(g.min(r, g.sub(g.scalar(Math.PI), r)), g.sub(g.scalar(-Math.PI), r));
  return sineOfQuarterTurn(g, g.concat([forCosine, forSine], 1));
}

/** 2π as a number of 8 bits, whose product with a whole number below 65536 is exact in float32, and the rest of it. */
const turnHigh = 6.28125;
const turnLow = 2 * Math.PI - turnHigh;

/** angle − 2πn with n the nearest whole number of turns (Cody & Waite 1980, chapter 8). */
function withoutTurns(g: GraphBuilder, angles: Value): Value {
  const turns = g.floor(g.add(g.mul(angles, g.scalar(1 / (2 * Math.PI))), g.scalar(0.5)));
  return g.sub(g.sub(angles, g.mul(turns, g.scalar(turnHigh))), g.mul(turns, g.scalar(turnLow)));
}

/** sin x for |x| ≤ π/2: x − x³/3! + x⁵/5! − … to x¹¹; the next term is below 6e-8. */
function sineOfQuarterTurn(g: GraphBuilder, x: Value): Value {
  const square = g.mul(x, x);
  const coefficients = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362_880, -1 / 39_916_800];
  const [highest, ...others] = coefficients.toReversed();
  let series = g.mul(square, g.scalar(highest!));
  for (const coefficient of others) series = g.mul(square, g.add(series, g.scalar(coefficient)));
  return g.mul(x, g.add(series, g.scalar(1)));
}

/** Linear, SiLU, linear: `x` [B, C] → [B, width]. */
export function timestepMlp(scope: NetworkScope, path: string, x: Value, width: number): Value {
  return scope.g.scope(path, () => {
    const hidden = scope.g.silu(linear(scope, `${path}.linear_1`, x, width));
    return linear(scope, `${path}.linear_2`, hidden, width);
  });
}
