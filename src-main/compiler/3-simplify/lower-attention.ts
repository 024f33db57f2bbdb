// Lowers Attention and AttentionGradient to products and softmax, in slices of heads and, where one head alone is too
// large, of queries, so that no buffer outgrows a limit. Where the probabilities are large the backward pass computes
// them again behind a barrier: common-subexpression elimination (ours or ONNX Runtime's) would otherwise keep the
// forward ones alive. Of float16 queries, keys and values only the products are float16; softmax and sums are float32.

import { elementCount } from '../../tensor/tensor.ts';
import { barrier } from '../1-build/barrier.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Value } from '../1-build/graph.ts';
import { numberAttribute } from '../ops/shapes.ts';
import type { RewriteRule } from './rewrite.ts';

export interface AttentionLimits {
  /** Largest buffer of scores or probabilities in bytes; more is sliced by heads, then by queries. */
  readonly maxBufferBytes: number;
  /** Probabilities of one attention larger than this are recomputed in the backward pass instead of kept. */
  readonly recomputeBytes: number;
}

/** 80 MB fits what every WebGPU adapter binds as one buffer (128 MiB). */
export const defaultAttentionLimits: AttentionLimits = { maxBufferBytes: 80e6, recomputeBytes: 32e6 };

export function lowerAttention(limits: AttentionLimits): RewriteRule {
  return (g, node, inputs) => {
    const scale = (): number => numberAttribute(node.attributes, 'scale');
    if (node.op === 'Attention') {
      const [q, k, v, mask] = inputs as [Value, Value, Value, Value | undefined];
      return [forward(g, { q, k, v, mask }, scale(), limits)];
    }
    if (node.op === 'AttentionGradient') {
      const [dO, o, q, k, v, mask] = inputs as [Value, Value, Value, Value, Value, Value | undefined];
      return backward(g, { dO, o, q, k, v, mask }, scale(), limits);
    }
    return undefined;
  };
}

interface AttentionValues {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly mask: Value | undefined;
}

function probabilityBytes(q: Value, k: Value): number {
  return 4 * elementCount(q.shape.slice(0, 3)) * k.shape[2]!;
}

type Range = readonly [start: number, end: number];

/** 0…count in as few [start, end) ranges of at most `most` as can be, none much smaller than the others. */
function rangesOf(count: number, most: number): Range[] {
  const parts = Math.ceil(count / Math.max(1, Math.min(count, Math.floor(most))));
  return Array.from({ length: parts }, (_, i) => (
    [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)] as const));
}

/** Ranges of heads that fit the limit together, and of the queries of one head where it alone does not. */
function slicesOf(q: Value, k: Value, { maxBufferBytes }: AttentionLimits): { heads: Range[]; queries: Range[] } {
  const [, heads, queries] = q.shape as [number, number, number];
  const headBytes = probabilityBytes(q, k) / heads;
  return {
    heads: rangesOf(heads, maxBufferBytes / headBytes),
    queries: rangesOf(queries, maxBufferBytes >= headBytes ? queries : maxBufferBytes / (headBytes / queries)),
  };
}

const headAxis = 1;
const queryAxis = 2;

function cut(g: GraphBuilder, x: Value, axis: number, [start, end]: Range): Value {
  return g.slice(x, axis, start, end);
}

/** A mask's axes are counted from its end: it may have fewer than four, or be 1 along one. */
function cutMask(g: GraphBuilder, mask: Value | undefined, axis: number, range: Range): Value | undefined {
  const own = mask ? axis - 4 + mask.shape.length : -1;
  return mask && own >= 0 && mask.shape[own]! > 1 ? cut(g, mask, own, range) : mask;
}

/** Of float16 the queries are scaled instead of the scores, which 65504 might not hold before. */
function probabilities(g: GraphBuilder, q: Value, k: Value, mask: Value | undefined, scale: number): Value {
  const isHalf = q.dtype === 'float16';
  const scores = isHalf
    ? g.matmul(g.mul(q, g.scalar(scale, 'float16')), k, { transposeB: true })
    : g.matmul(q, k, { transposeB: true, alpha: scale });
  const wide = g.cast(scores, 'float32');
  return g.cast(g.softmax(mask ? g.add(wide, g.cast(mask, 'float32')) : wide), q.dtype);
}

function forward(g: GraphBuilder, { q, k, v, mask }: AttentionValues, scale: number, limits: AttentionLimits): Value {
  const slices = slicesOf(q, k, limits);
  const parts = slices.heads.map((heads) => {
    const [qs, ks, vs] = [q, k, v].map((x) => cut(g, x, headAxis, heads)) as [Value, Value, Value];
    const masks = cutMask(g, mask, headAxis, heads);
    return g.concat(slices.queries.map((range) => {
      const p = probabilities(g, cut(g, qs, queryAxis, range), ks, cutMask(g, masks, queryAxis, range), scale);
      return g.matmul(p, vs);
    }), queryAxis);
  });
  return g.concat(parts, headAxis);
}

interface BackwardValues extends AttentionValues {
  readonly dO: Value;
  /** The forward pass's output. */
  readonly o: Value;
}

/** What the gradient of a slice is computed from. */
interface GradientSlice extends AttentionValues {
  readonly dO: Value;
  /** q behind a barrier where the probabilities are to be computed again. */
  readonly again: Value;
  /** sum(O dO) of each query. */
  readonly along: Value;
}

function backward(
  g: GraphBuilder, { dO, o, q, k, v, mask }: BackwardValues, scale: number, limits: AttentionLimits,
): Value[] {
  const again = probabilityBytes(q, k) > limits.recomputeBytes ? barrier(g, q, dO) : q;
  const along = g.reduceSum(g.mul(g.cast(dO, 'float32'), g.cast(o, 'float32')), [3]);
  const slices = slicesOf(q, k, limits);
  const parts = slices.heads.map((heads) => {
    const of = (x: Value): Value => cut(g, x, headAxis, heads);
    const slice = {
      dO: of(dO), q: of(q), k: of(k), v: of(v), again: of(again), along: of(along),
      mask: cutMask(g, mask, headAxis, heads),
    };
    return slices.queries.map((range) => sliceGradient(g, querySlice(g, slice, range), scale));
  });
  const [[first]] = parts as [[readonly Value[]]];
  return slices.heads.length * slices.queries.length === 1 ? [...first] : joinSlices(g, parts, [q, k, v]);
}

function querySlice(g: GraphBuilder, slice: GradientSlice, range: Range): GradientSlice {
  const of = (x: Value): Value => cut(g, x, queryAxis, range);
  return {
    ...slice, dO: of(slice.dO), q: of(slice.q), again: of(slice.again), along: of(slice.along),
    mask: cutMask(g, slice.mask, queryAxis, range),
  };
}

/** dQ, and the share of these queries in dK and dV. */
function sliceGradient(g: GraphBuilder, slice: GradientSlice, scale: number): readonly Value[] {
  const { dO, q, k, v, mask, again, along } = slice;
  const p = probabilities(g, again, k, mask, scale);
  const dV = g.matmul(p, dO, { transposeA: true });
  const dP = g.cast(g.matmul(dO, v, { transposeB: true }), 'float32');
  const dS = g.mul(p, g.cast(g.sub(dP, along), p.dtype));
  return [g.matmul(dS, k, { alpha: scale }), g.matmul(dS, q, { transposeA: true, alpha: scale }), dV];
}

/**
 * dQ, dK and dV from those of each slice, parts[heads][queries]. A slice's three are joined in one row a head first:
 * whatever needs one of them then waits for all of a slice, so that ONNX Runtime ends a slice, and frees its
 * probabilities, before the next.
 */
function joinSlices(g: GraphBuilder, parts: readonly (readonly (readonly Value[])[])[], like: Value[]): Value[] {
  const flat = (x: Value): Value => g.reshape(x, [x.shape[0]!, x.shape[1]!, -1]);
  const rows = parts.map((slices) => {
    const joined = slices.map((gradients) => g.concat(gradients.map(flat), 2));
    if (joined.length === 1) return joined[0]!;
    const widths = slices.map(([dQ]) => dQ!.shape[2]! * dQ!.shape[3]!);
    const dQs = joined.map((row, i) => g.slice(row, 2, 0, widths[i]!));
    const shares = joined.map((row, i) => g.slice(row, 2, widths[i]!, row.shape[2]!));
    return g.concat([...dQs, shares.reduce((sum, share) => g.add(sum, share))], 2);
  });
  const widths = like.map(({ shape }) => shape[2]! * shape[3]!);
  return g.split(g.concat(rows, 1), 2, widths).map((row, index) => g.reshape(row, like[index]!.shape));
}
