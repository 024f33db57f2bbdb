// Layer and group normalisation (Ba et al. 2016; Wu & He 2018):
//   y = xhat · scale + bias,  xhat = (x - mean) / sqrt(var + eps)
// With n = dLoss/dxhat:  dx = rstd (n - mean(n) - xhat mean(n xhat)),  means over the normalised axes. Of xhat only
// c = x - mean is needed:  xhat mean(n xhat) = c mean(n c) / (var + eps).
// c and rstd are computed again from x in the backward pass: only x is kept.

import { elementCount } from '../../tensor/tensor.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Value } from '../1-build/graph.ts';
import type { NumberArray, OpRule, OpTable } from './op-rule.ts';
import { numberAttribute, shapeText } from './shapes.ts';

/** Normalises rows of `width` numbers in float64. */
function normalizeRows(x: Float64Array, width: number, epsilon: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += width) {
    let mean = 0;
    for (let i = row; i < row + width; i++) mean += x[i]!;
    mean /= width;
    let variance = 0;
    for (let i = row; i < row + width; i++) variance += (x[i]! - mean) ** 2;
    const rstd = 1 / Math.sqrt(variance / width + epsilon);
    for (let i = row; i < row + width; i++) out[i] = (x[i]! - mean) * rstd;
  }
  return out;
}

/** What the gradient of a normalisation along the last axis is made of. */
interface Spread {
  /** x - mean. */
  readonly centred: Value;
  /** 1 / (var + eps), and its root. */
  readonly inverse: Value;
  readonly rstd: Value;
}

function spreadOf(g: GraphBuilder, x: Value, epsilon: number): Spread {
  const last = x.shape.length - 1;
  const centred = g.sub(x, g.reduceMean(x, [last]));
  const variance = g.reduceMean(g.mul(centred, centred), [last]);
  const inverse = g.reciprocal(g.add(variance, g.scalar(epsilon)));
  return { centred, inverse, rstd: g.sqrt(inverse) };
}

function xhatOf(g: GraphBuilder, { centred, rstd }: Spread): Value {
  return g.mul(centred, rstd);
}

/** dx along the last axis from n = dLoss/dxhat. */
function normalizationGradient(g: GraphBuilder, n: Value, { centred, inverse, rstd }: Spread): Value {
  const last = n.shape.length - 1;
  const along = g.mul(g.reduceMean(g.mul(n, centred), [last]), inverse);
  const across = g.reduceMean(n, [last]);
  return g.mul(rstd, g.sub(g.sub(n, across), g.mul(centred, along)));
}

const layerNorm: OpRule = {
  infer: ([x, scale, bias]) => {
    const width = x!.shape.at(-1)!;
    if (elementCount(scale!.shape) !== width || elementCount(bias!.shape) !== width) {
      throw new Error(`LayerNorm of ${shapeText(x!.shape)} takes ${width} scales and biases.`);
    }
    return [x!];
  },
  gradient: ({ g, node, gradient, input, wants }) => {
    const spread = spreadOf(g, input(0), numberAttribute(node.attributes, 'epsilon'));
    const rows = gradient.shape.map((_, axis) => axis).slice(0, -1);
    return [
      wants(0) ? normalizationGradient(g, g.mul(gradient, input(1)), spread) : undefined,
      wants(1) ? g.reduceSum(g.mul(gradient, xhatOf(g, spread)), rows, false) : undefined,
      wants(2) ? g.reduceSum(gradient, rows, false) : undefined,
    ];
  },
  evaluate: ([x, scale, bias], node) => {
    const width = x!.shape.at(-1)!;
    const values = normalizeRows(x!.values, width, numberAttribute(node.attributes, 'epsilon'));
    for (let i = 0; i < values.length; i++) {
      values[i] = values[i]! * scale!.values[i % width]! + bias!.values[i % width]!;
    }
    return [{ shape: x!.shape, values }];
  },
};

/** scale or bias [C] as it multiplies [B, C, …]. */
function perChannel(g: GraphBuilder, parameter: Value, rank: number): Value {
  return g.reshape(parameter, [parameter.shape[0]!, ...new Array<number>(rank - 2).fill(1)]);
}

const groupNorm: OpRule = {
  infer: ([x, scale, bias], attributes) => {
    const groups = numberAttribute(attributes, 'groups');
    const channels = x!.shape[1]!;
    if (channels % groups !== 0 || elementCount(scale!.shape) !== channels || elementCount(bias!.shape) !== channels) {
      throw new Error(`GroupNorm of ${shapeText(x!.shape)} in ${groups} groups does not fit.`);
    }
    return [x!];
  },
  gradient: ({ g, node, gradient, input, wants }) => {
    const x = input(0);
    const groups = numberAttribute(node.attributes, 'groups');
    const grouped = [x.shape[0]!, groups, elementCount(x.shape) / x.shape[0]! / groups];
    const spread = spreadOf(g, g.reshape(x, grouped), numberAttribute(node.attributes, 'epsilon'));
    const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const n = g.mul(gradient, perChannel(g, input(1), x.shape.length));
    return [
      wants(0) ? g.reshape(normalizationGradient(g, g.reshape(n, grouped), spread), x.shape) : undefined,
      wants(1) ? g.reduceSum(g.mul(gradient, g.reshape(xhatOf(g, spread), x.shape)), others, false) : undefined,
      wants(2) ? g.reduceSum(gradient, others, false) : undefined,
    ];
  },
  evaluate: ([x, scale, bias], node) => [evaluateGroupNorm(
    x!, scale!, bias!, numberAttribute(node.attributes, 'groups'), numberAttribute(node.attributes, 'epsilon'),
  )],
};

function evaluateGroupNorm(
  x: NumberArray, scale: NumberArray, bias: NumberArray, groups: number, epsilon: number,
): NumberArray {
  const channels = x.shape[1]!;
  const plane = elementCount(x.shape.slice(2));
  const values = normalizeRows(x.values, (channels / groups) * plane, epsilon);
  for (let i = 0; i < values.length; i++) {
    const channel = Math.floor(i / plane) % channels;
    values[i] = values[i]! * scale.values[channel]! + bias.values[channel]!;
  }
  return { shape: x.shape, values };
}

export const normalizationOps: OpTable = { LayerNorm: layerNorm, GroupNorm: groupNorm };
