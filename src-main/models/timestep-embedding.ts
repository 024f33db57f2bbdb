// How the UNet is told the noise level: a sinusoid of the timestep (Vaswani et al. 2017, section 3.5, cosines first as
// in Ho et al. 2020's code for Stable Diffusion), then two linear layers.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { byQuarter, quarterSeries } from '../compiler/3-simplify/lower-trigonometry.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';

/** Vaswani et al. 2017: wavelengths run from 2π to 10000·2π. */
const longestPeriod = 10_000;

/**
 * [cos(x·f), sin(x·f)] of numbers `x` float32 [B] with f = 10000^(−i / (width/2)) → [B, width].
 *
 * x·f reaches 999 radians, where float32 has lost five digits. So quarter turns are counted instead, x·f/(π/2), with
 * the frequency in three parts of twelve bits: each product with a whole number below 4096 is exact, and whole
 * quarters are set aside before anything is rounded (Cody & Waite 1980, chapter 8). The rest needs no sine of the
 * provider's own.
 */
export function sinusoid(g: GraphBuilder, x: Value, width: number): Value {
  const half = width / 2;
  if (!Number.isInteger(half)) throw new Error(`A sinusoidal embedding needs an even width, not ${width}.`);
  const column = g.reshape(x, [x.shape[0]!, 1]);
  const frequencies = Float64Array.from({ length: half }, (_, i) => longestPeriod ** (-i / half) / (Math.PI / 2));
  let angle: SplitAngle | undefined;
  for (const part of twelveBitParts(frequencies, 3)) {
    const product = splitQuarters(g, g.mul(column, g.constant(float32Tensor([1, half], part))));
    angle = angle ? addAngles(g, angle, product) : product;
  }
  return cosinesAndSines(g, angle!);
}

/** An angle of `quarters` (whole) + `rest` (within ±1/2) quarter turns. */
interface SplitAngle {
  readonly quarters: Value;
  readonly rest: Value;
}

function splitQuarters(g: GraphBuilder, x: Value): SplitAngle {
  const quarters = g.floor(g.add(x, g.scalar(0.5)));
  return { quarters, rest: g.sub(x, quarters) };
}

function addAngles(g: GraphBuilder, a: SplitAngle, b: SplitAngle): SplitAngle {
  const sum = splitQuarters(g, g.add(a.rest, b.rest));
  return { quarters: g.add(g.add(a.quarters, b.quarters), sum.quarters), rest: sum.rest };
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

function cosinesAndSines(g: GraphBuilder, { quarters, rest }: SplitAngle): Value {
  const { sin, cos } = quarterSeries(g, g.mul(rest, g.scalar(Math.PI / 2)));
  return g.concat([byQuarter(g, g.add(quarters, g.scalar(1)), sin, cos), byQuarter(g, quarters, sin, cos)], 1);
}

/** Linear, SiLU, linear: `x` [B, C] → [B, width]. */
export function timestepMlp(scope: NetworkScope, path: string, x: Value, width: number): Value {
  return scope.g.scope(path, () => {
    const hidden = scope.g.silu(linear(scope, `${path}.linear_1`, x, width));
    return linear(scope, `${path}.linear_2`, hidden, width);
  });
}
