// Lowers Attention and AttentionGradient to products and softmax, in slices of heads so that no buffer outgrows a
// provider's limit. Where the probabilities are large the backward pass computes them again behind a barrier:
// common-subexpression elimination (ours or ONNX Runtime's) would otherwise keep the forward ones alive.

import { elementCount } from '../../tensor/tensor.ts';
import { barrier } from '../1-build/barrier.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Value } from '../1-build/graph.ts';
import { numberAttribute } from '../ops/shapes.ts';
import type { RewriteRule } from './rewrite.ts';

export interface AttentionLimits {
  /** Largest buffer of attention probabilities in bytes; more is sliced by heads. */
  readonly sliceBytes: number;
  /** Probabilities of one attention larger than this are recomputed in the backward pass instead of kept. */
  readonly recomputeBytes: number;
}

export const defaultAttentionLimits: AttentionLimits = { sliceBytes: 80e6, recomputeBytes: 32e6 };

export function lowerAttention(limits: AttentionLimits): RewriteRule {
  return (g, node, inputs) => {
    if (node.op === 'Attention') {
      const [q, k, v, mask] = inputs as [Value, Value, Value, Value | undefined];
      return [forward(g, q, k, v, mask, numberAttribute(node.attributes, 'scale'), limits)];
    }
    if (node.op === 'AttentionGradient') {
      const [dO, o, q, k, v, mask] = inputs as [Value, Value, Value, Value, Value, Value | undefined];
      return backward(g, { dO, o, q, k, v, mask }, numberAttribute(node.attributes, 'scale'), limits);
    }
    return undefined;
  };
}

function probabilityBytes(q: Value, k: Value): number {
  return 4 * elementCount(q.shape.slice(0, 3)) * k.shape[2]!;
}

/** [start, end) ranges of heads that fit the limit together. */
function headSlices(q: Value, k: Value, limits: AttentionLimits): [number, number][] {
  const heads = q.shape[1]!;
  const atOnce = Math.max(1, Math.min(heads, Math.floor(limits.sliceBytes / (probabilityBytes(q, k) / heads))));
  const slices: [number, number][] = [];
  for (let start = 0; start < heads; start += atOnce) slices.push([start, Math.min(heads, start + atOnce)]);
  return slices;
}

function probabilities(g: GraphBuilder, q: Value, k: Value, mask: Value | undefined, scale: number): Value {
  const scores = g.matmul(q, k, { transposeB: true, alpha: scale });
  return g.softmax(mask ? g.add(scores, mask) : scores);
}

function maskOf(g: GraphBuilder, mask: Value | undefined, start: number, end: number): Value | undefined {
  const headAxis = mask ? mask.shape.length - 3 : -1;
  return mask && headAxis >= 0 && mask.shape[headAxis]! > 1 ? g.slice(mask, headAxis, start, end) : mask;
}

function forward(
  g: GraphBuilder, q: Value, k: Value, v: Value, mask: Value | undefined, scale: number, limits: AttentionLimits,
): Value {
  const parts = headSlices(q, k, limits).map(([start, end]) => {
    const [qs, ks, vs] = [q, k, v].map((x) => g.slice(x, 1, start, end)) as [Value, Value, Value];
    return g.matmul(probabilities(g, qs, ks, maskOf(g, mask, start, end), scale), vs);
  });
  return g.concat(parts, 1);
}

interface BackwardValues {
  readonly dO: Value;
  /** The forward pass's output. */
  readonly o: Value;
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly mask: Value | undefined;
}

function backward(
  g: GraphBuilder, { dO, o, q, k, v, mask }: BackwardValues, scale: number, limits: AttentionLimits,
): Value[] {
  const again = probabilityBytes(q, k) > limits.recomputeBytes ? barrier(g, q, dO) : q;
  const along = g.reduceSum(g.mul(dO, o), [3]);
  const parts = headSlices(q, k, limits).map(([start, end]) => {
    const heads = (x: Value): Value => g.slice(x, 1, start, end);
    const p = probabilities(g, heads(again), heads(k), maskOf(g, mask, start, end), scale);
    const dV = g.matmul(p, heads(dO), { transposeA: true });
    const dP = g.matmul(heads(dO), heads(v), { transposeB: true });
    const dS = g.mul(p, g.sub(dP, heads(along)));
    return [g.matmul(dS, heads(k), { alpha: scale }), g.matmul(dS, heads(q), { transposeA: true, alpha: scale }), dV];
  });
  return joinSlices(g, parts);
}

/**
 * dQ, dK and dV from those of each slice of heads. They are joined slice by slice first: whatever needs one of the
 * three then waits for all of a slice, so that ONNX Runtime ends a slice, and frees its probabilities, before the next.
 */
function joinSlices(g: GraphBuilder, slices: readonly (readonly Value[])[]): Value[] {
  const [first] = slices as [readonly Value[]];
  const isOneWidth = first.every((gradient) => gradient.shape[3] === first[0]!.shape[3]);
  if (slices.length === 1 || !isOneWidth) {
    return first.map((_, index) => g.concat(slices.map((slice) => slice[index]!), 1));
  }
  const joined = g.concat(slices.map((slice) => g.concat(slice, 2)), 1);
  return g.split(joined, 2, first.map((gradient) => gradient.shape[2]!));
}
