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
 * x·f reaches 999 radians, where float32 has lost five digits. So quarter turns are counted instead, x·f/(π/2), with the
 * frequency in three parts of twelve bits: each product with a whole number below 4096 is exact, and whole quarters are
 * set aside before anything is rounded (Cody & Waite 1980, chapter 8).
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

// GPUs may err by 2^-11 in sin and cos (Vulkan and WGSL allow it inside −π…π and anything outside; SwiftShader does by
// 2e-4), which shows in the UNet's output. So both are made of additions and products, good to 1e-7 on every provider:
// Taylor series within an eighth of a turn, exchanged and negated by the quarter that the angle lies in.
function cosinesAndSines(g: GraphBuilder, { quarters, rest }: SplitAngle): Value {
  const x = g.mul(rest, g.scalar(Math.PI / 2));
  const square = g.mul(x, x);
  const sine = g.mul(x, g.add(g.scalar(1), series(g, square, [-1 / 6, 1 / 120, -1 / 5040, 1 / 362_880])));
  const cosine = g.add(g.scalar(1), series(g, square, [-1 / 2, 1 / 24, -1 / 720, 1 / 40_320, -1 / 3_628_800]));
  const quarter = g.sub(quarters, g.mul(g.scalar(4), g.floor(g.mul(quarters, g.scalar(0.25)))));
  const is = (n: number): Value => g.equal(quarter, g.scalar(n));
  const pick = (first: Value, second: Value, third: Value, fourth: Value): Value => (
    g.where(is(0), first, g.where(is(1), second, g.where(is(2), third, fourth))));
  const [minusSine, minusCosine] = [g.neg(sine), g.neg(cosine)];
  return g.concat([pick(cosine, minusSine, minusCosine, sine), pick(sine, cosine, minusSine, minusCosine)], 1);
}

/** c₁ s + c₂ s² + … by Horner's rule. */
function series(g: GraphBuilder, s: Value, coefficients: readonly number[]): Value {
  return coefficients.toReversed().reduce<Value | undefined>((sum, coefficient) => (
    g.mul(s, sum ? g.add(sum, g.scalar(coefficient)) : g.scalar(coefficient))), undefined)!;
}

/** Linear, SiLU, linear: `x` [B, C] → [B, width]. */
export function timestepMlp(scope: NetworkScope, path: string, x: Value, width: number): Value {
  return scope.g.scope(path, () => {
    const hidden = scope.g.silu(linear(scope, `${path}.linear_1`, x, width));
    return linear(scope, `${path}.linear_2`, hidden, width);
  });
}
