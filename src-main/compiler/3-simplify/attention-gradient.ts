// The gradient of attention whose probabilities are too large to keep. It goes by keys, with scores turned over. Of
// each query the logarithm L of the sum of exp(scores) is known from the forward pass (Dao et al. 2022, section 3.1):
//   Pᵀ = exp(scale K Qᵀ - L)    dV = Pᵀ dO    dSᵀ = Pᵀ (V dOᵀ - sum(O dO))    dK = scale dSᵀ Q    dQᵀ = scale Kᵀ dS
// Neither product turns a large matrix, softmax is one exp, and both subtractions are one more column of a product.

import { barrier } from '../1-build/barrier.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Value } from '../1-build/graph.ts';
import { type AttentionLimits, cut, headAxis, rowAxis, slicesOf } from './attention-slices.ts';

export interface GradientByKeysValues {
  readonly dO: Value;
  /** The forward pass's output. */
  readonly o: Value;
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  /** L: [B, h, N, 1]. */
  readonly logSums: Value;
}

/** What the gradient of one slice is computed from; those of the two subtractions have a column more. */
interface Slice {
  readonly q: Value;
  /** [.., d, M]. */
  readonly kTurned: Value;
  readonly dO: Value;
  readonly qAndLogSums: Value;
  readonly dOAndAlong: Value;
  readonly kAndOnes: Value;
  readonly vAndOnes: Value;
}

/** log Σ exp(scores) of each query, from its largest score and its largest probability: [.., N, 1]. */
export function logSumsOf(g: GraphBuilder, scores: Value, probabilities: Value): Value {
  const last = [scores.shape.length - 1];
  return g.sub(g.reduceMax(scores, last), g.log(g.reduceMax(probabilities, last)));
}

/** dQ, dK and dV. */
export function gradientByKeys(
  g: GraphBuilder, { dO, o, q, k, v, logSums }: GradientByKeysValues, scale: number, limits: AttentionLimits,
): Value[] {
  const whole: Slice = {
    q, dO,
    // turned once and small: a product that turns it slice by slice takes a fifth longer (measured)
    kTurned: g.transpose(k, [0, 1, 3, 2]),
    // not before the gradient is there, or its buffers would be made early
    qAndLogSums: g.concat([q, barrier(g, logSums, dO)], 3),
    dOAndAlong: g.concat([dO, g.reduceSum(g.mul(dO, o), [3])], 3),
    kAndOnes: g.pad(k, [0, 0, 0, 0], [0, 0, 0, 1], -1 / scale),
    vAndOnes: g.pad(v, [0, 0, 0, 0], [0, 0, 0, 1], -1),
  };
  const { heads, rows } = slicesOf(q, k, 'keys', limits);
  const parts = heads.map((range) => {
    const names = ['q', 'kTurned', 'dO', 'qAndLogSums', 'dOAndAlong', 'kAndOnes', 'vAndOnes'] as const;
    const slice = cutEach(g, whole, names, (x) => cut(g, x, headAxis, range));
    return rows.map((row) => {
      const ofKeys = cutEach(g, slice, ['kAndOnes', 'vAndOnes'], (x) => cut(g, x, rowAxis, row));
      return sliceGradient(g, { ...ofKeys, kTurned: cut(g, slice.kTurned, rowAxis + 1, row) }, scale);
    });
  });
  return joinSlices(g, parts, { q, k, v });
}

function cutEach(g: GraphBuilder, slice: Slice, names: readonly (keyof Slice)[], by: (x: Value) => Value): Slice {
  return { ...slice, ...Object.fromEntries(names.map((name) => [name, by(slice[name])])) };
}

interface SliceGradient {
  /** The share of these keys, turned: [.., d, N]. */
  readonly dQ: Value;
  readonly dK: Value;
  readonly dV: Value;
}

function sliceGradient(g: GraphBuilder, slice: Slice, scale: number): SliceGradient {
  const p = g.exp(g.matmul(slice.kAndOnes, slice.qAndLogSums, { transposeB: true, alpha: scale }));
  const dS = g.mul(p, g.matmul(slice.vAndOnes, slice.dOAndAlong, { transposeB: true }));
  return {
    dQ: g.matmul(slice.kTurned, dS, { alpha: scale }),
    dK: g.matmul(dS, slice.q, { alpha: scale }),
    dV: g.matmul(p, slice.dO),
  };
}

/**
 * dQ, dK and dV from those of each slice, parts[heads][keys]. A slice's three are joined in one row a head first:
 * whatever needs one of them then waits for all of a slice, so that ONNX Runtime ends a slice, and frees its
 * probabilities, before the next.
 */
function joinSlices(
  g: GraphBuilder, parts: readonly (readonly SliceGradient[])[], { q, k, v }: Record<'q' | 'k' | 'v', Value>,
): Value[] {
  const flat = (x: Value): Value => g.reshape(x, [x.shape[0]!, x.shape[1]!, -1]);
  const widths = [q, k, v].map(({ shape }) => shape[2]! * shape[3]!);
  const rows = parts.map((slices) => {
    const pieces = slices.map(({ dQ, dK, dV }) => {
      const three = [dQ, dK, dV].map(flat);
      return g.split(g.concat(three, 2), 2, three.map(({ shape }) => shape[2]!)) as [Value, Value, Value];
    });
    const dQ = pieces.map(([share]) => share).reduce((sum, share) => g.add(sum, share));
    return g.concat([dQ, ...pieces.map(([, dK]) => dK), ...pieces.map(([, , dV]) => dV)], 2);
  });
  const [dQ, dK, dV] = g.split(g.concat(rows, 1), 2, widths) as [Value, Value, Value];
  const [batch, heads, queries, width] = q.shape as [number, number, number, number];
  return [
    g.transpose(g.reshape(dQ, [batch, heads, width, queries]), [0, 1, 3, 2]),
    g.reshape(dK, k.shape), g.reshape(dV, v.shape),
  ];
}
