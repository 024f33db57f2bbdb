// Lowers Attention and AttentionGradient to products and softmax, in slices of heads and, where one head alone is too
// large, of queries, so that no buffer outgrows a limit. Where the probabilities are large the backward pass computes
// them again instead of keeping them: by keys, see attention-gradient.ts; or, where there is a mask or the numbers are
// halves, behind a barrier, since common-subexpression elimination would otherwise keep the forward ones alive.
// Of float16 queries, keys and values only the products are float16; softmax and sums are float32.

import { barrier } from '../1-build/barrier.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Graph, Node, Value } from '../1-build/graph.ts';
import { numberAttribute } from '../ops/shapes.ts';
import { gradientByKeys, logSumsOf } from './attention-gradient.ts';
import {
  type AttentionLimits, type AttentionValues, type Range, cut, headAxis, probabilityBytes, rowAxis, slicesOf,
} from './attention-slices.ts';
import type { RewriteRule } from './rewrite.ts';

export function lowerAttention(graph: Graph, limits: AttentionLimits): RewriteRule {
  const wanted = outputsOfLogSums(graph, limits);
  const logSumsByOutput = new Map<Value, Value>();
  return (g, node, inputs) => {
    const scale = (): number => numberAttribute(node.attributes, 'scale');
    if (node.op === 'Attention') {
      const [q, k, v, mask] = inputs as [Value, Value, Value, Value | undefined];
      const { o, logSums } = forward(g, { q, k, v, mask }, scale(), limits, wanted.has(node.outputs[0]!));
      if (logSums) logSumsByOutput.set(node.outputs[0]!, logSums);
      return [o];
    }
    if (node.op === 'AttentionGradient') {
      const [dO, o, q, k, v, mask] = inputs as [Value, Value, Value, Value, Value, Value | undefined];
      const logSums = logSumsByOutput.get(node.inputs[1]!);
      return logSums && goesByKeys(node, limits)
        ? gradientByKeys(g, { dO, o, q, k, v, logSums }, scale(), limits)
        : backward(g, { dO, o, q, k, v, mask }, scale(), limits);
    }
    return undefined;
  };
}

/** Outputs of attention whose gradient needs the logarithms of its sums. */
function outputsOfLogSums(graph: Graph, limits: AttentionLimits): Set<Value> {
  return new Set(graph.nodes.flatMap((node) => (
    node.op === 'AttentionGradient' && goesByKeys(node, limits) ? [node.inputs[1]!] : [])));
}

function goesByKeys({ inputs: [, , q, k, , mask] }: Node, { recomputeBytes }: AttentionLimits): boolean {
  return mask === undefined && q!.dtype === 'float32' && probabilityBytes(q!, k!) > recomputeBytes;
}

/** A mask's axes are counted from its end: it may have fewer than four, or be 1 along one. */
function cutMask(g: GraphBuilder, mask: Value | undefined, axis: number, range: Range): Value | undefined {
  const own = mask ? axis - 4 + mask.shape.length : -1;
  return mask && own >= 0 && mask.shape[own]! > 1 ? cut(g, mask, own, range) : mask;
}

/** Of float16 the queries are scaled instead of the scores, which 65504 might not hold before. */
function scoresOf(g: GraphBuilder, q: Value, k: Value, mask: Value | undefined, scale: number): Value {
  const isHalf = q.dtype === 'float16';
  const scores = isHalf
    ? g.matmul(g.mul(q, g.scalar(scale, 'float16')), k, { transposeB: true })
    : g.matmul(q, k, { transposeB: true, alpha: scale });
  const wide = g.cast(scores, 'float32');
  return mask ? g.add(wide, g.cast(mask, 'float32')) : wide;
}

/** With logSums as a column beside the output of each slice: so ONNX Runtime ends a slice before the next. */
function forward(
  g: GraphBuilder, { q, k, v, mask }: AttentionValues, scale: number, limits: AttentionLimits, wantsLogSums: boolean,
): { o: Value; logSums?: Value } {
  const slices = slicesOf(q, k, 'queries', limits);
  const parts = slices.heads.map((heads) => {
    const [qs, ks, vs] = [q, k, v].map((x) => cut(g, x, headAxis, heads)) as [Value, Value, Value];
    const masks = cutMask(g, mask, headAxis, heads);
    return g.concat(slices.rows.map((range) => {
      const scores = scoresOf(g, cut(g, qs, rowAxis, range), ks, cutMask(g, masks, rowAxis, range), scale);
      const p = g.cast(g.softmax(scores), q.dtype);
      const o = g.matmul(p, vs);
      return wantsLogSums ? g.concat([o, logSumsOf(g, scores, p)], 3) : o;
    }), rowAxis);
  });
  const whole = g.concat(parts, headAxis);
  if (!wantsLogSums) return { o: whole };
  const [o, logSums] = g.split(whole, 3, [v.shape[3]!, 1]) as [Value, Value];
  return { o, logSums };
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
  const slices = slicesOf(q, k, 'queries', limits);
  const parts = slices.heads.map((heads) => {
    const of = (x: Value): Value => cut(g, x, headAxis, heads);
    const slice = {
      dO: of(dO), q: of(q), k: of(k), v: of(v), again: of(again), along: of(along),
      mask: cutMask(g, mask, headAxis, heads),
    };
    return slices.rows.map((range) => sliceGradient(g, querySlice(g, slice, range), scale));
  });
  const [[first]] = parts as [[readonly Value[]]];
  return slices.heads.length * slices.rows.length === 1 ? [...first] : joinSlices(g, parts, [q, k, v]);
}

function querySlice(g: GraphBuilder, slice: GradientSlice, range: Range): GradientSlice {
  const of = (x: Value): Value => cut(g, x, rowAxis, range);
  return {
    ...slice, dO: of(slice.dO), q: of(slice.q), again: of(slice.again), along: of(slice.along),
    mask: cutMask(g, slice.mask, rowAxis, range),
  };
}

/** dQ, and the share of these queries in dK and dV. */
function sliceGradient(g: GraphBuilder, slice: GradientSlice, scale: number): readonly Value[] {
  const { dO, q, k, v, mask, again, along } = slice;
  const p = g.cast(g.softmax(scoresOf(g, again, k, mask, scale)), q.dtype);
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
