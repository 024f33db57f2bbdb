// Sin and Cos as additions and products, for GPUs: Vulkan and WGSL let them err by 2^-11 within −π…π and by anything
// outside (SwiftShader errs by 2e-4). The angle is taken apart into whole quarter turns and a rest within an eighth of
// a turn (Cody & Waite 1980, chapter 8), whose Taylor series are exchanged and negated by the quarter.

import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Value } from '../1-build/graph.ts';
import type { RewriteRule } from './rewrite.ts';

/** π/2 in three parts of at most eleven bits, so that products with whole numbers below 8192 are exact; and a rest. */
const quarterTurn = splitNumber(Math.PI / 2, 3, 11);

export const lowerTrigonometry: RewriteRule = (g, node, [angle]) => {
  if (node.op === 'Sin') return [sine(g, angle!, 0)];
  // cos x = sin(x + π/2): one quarter further on
  return node.op === 'Cos' ? [sine(g, angle!, 1)] : undefined;
};

function sine(g: GraphBuilder, angle: Value, extraQuarters: 0 | 1): Value {
  const turns = g.mul(angle, g.scalar(2 / Math.PI));
  const quarters = g.floor(g.add(turns, g.scalar(0.5)));
  const rest = quarterTurn.reduce((left, part) => g.sub(left, g.mul(quarters, g.scalar(part))), angle);
  const { sin, cos } = quarterSeries(g, rest);
  return byQuarter(g, g.add(quarters, g.scalar(extraQuarters)), sin, cos);
}

/** Taylor series of sine and cosine of x within ±π/4, good to 4e-9. */
export function quarterSeries(g: GraphBuilder, x: Value): { readonly sin: Value; readonly cos: Value } {
  const square = g.mul(x, x);
  return {
    sin: g.mul(x, g.add(g.scalar(1), series(g, square, [-1 / 6, 1 / 120, -1 / 5040, 1 / 362_880]))),
    cos: g.add(g.scalar(1), series(g, square, [-1 / 2, 1 / 24, -1 / 720, 1 / 40_320, -1 / 3_628_800])),
  };
}

/** sin(n π/2 + x) for whole numbers n, from sin x and cos x: sin, cos, −sin, −cos in turn. */
export function byQuarter(g: GraphBuilder, quarters: Value, sin: Value, cos: Value): Value {
  const quarter = g.sub(quarters, g.mul(g.scalar(4), g.floor(g.mul(quarters, g.scalar(0.25)))));
  const is = (n: number): Value => g.equal(quarter, g.scalar(n));
  return g.where(is(0), sin, g.where(is(1), cos, g.where(is(2), g.neg(sin), g.neg(cos))));
}

/** c₁ s + c₂ s² + … by Horner's rule. */
function series(g: GraphBuilder, s: Value, coefficients: readonly number[]): Value {
  const [highest, ...others] = coefficients.toReversed();
  return others.reduce((sum, coefficient) => g.mul(s, g.add(sum, g.scalar(coefficient))), g.mul(s, g.scalar(highest!)));
}

/** A number as `count` numbers of `bits` leading bits each, and the rest. */
function splitNumber(number: number, count: number, bits: number): number[] {
  const parts: number[] = [];
  let rest = number;
  for (let i = 0; i < count; i++) {
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(rest))) - bits + 1);
    const part = Math.round(rest / unit) * unit;
    parts.push(part);
    rest -= part;
  }
  return [...parts, rest];
}
