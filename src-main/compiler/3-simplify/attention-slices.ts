// How attention is cut so that no buffer of scores outgrows a limit: by heads, and where one head alone is too large by
// its queries, or in the backward pass by its keys.

import { elementCount } from '../../tensor/tensor.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Value } from '../1-build/graph.ts';

export interface AttentionLimits {
  /** Largest buffer of scores or probabilities in bytes; more is sliced by heads, then by queries. */
  readonly maxBufferBytes: number;
  /** Probabilities of one attention larger than this are recomputed in the backward pass instead of kept. */
  readonly recomputeBytes: number;
}

/** 80 MB fits what every WebGPU adapter binds as one buffer (128 MiB). */
export const defaultAttentionLimits: AttentionLimits = { maxBufferBytes: 80e6, recomputeBytes: 32e6 };

/**
 * For where memory is short: buffers of a quarter, of which several are there at once, and probabilities of a quarter
 * are kept for the backward pass. More and smaller products; the numbers are the same but for rounding.
 */
export function narrowerLimits({ maxBufferBytes, recomputeBytes }: AttentionLimits): AttentionLimits {
  return { maxBufferBytes: maxBufferBytes / 4, recomputeBytes: recomputeBytes / 4 };
}

export interface AttentionValues {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly mask: Value | undefined;
}

export function probabilityBytes(q: Value, k: Value): number {
  return 4 * elementCount(q.shape.slice(0, 3)) * k.shape[2]!;
}

export type Range = readonly [start: number, end: number];

/** 0…count in as few [start, end) ranges of at most `most` as can be, none much smaller than the others. */
function rangesOf(count: number, most: number): Range[] {
  const parts = Math.ceil(count / Math.max(1, Math.min(count, Math.floor(most))));
  return Array.from({ length: parts }, (_, i) => (
    [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)] as const));
}

/** Ranges of heads that fit the limit together, and of the queries or keys of one head where it alone does not. */
export function slicesOf(
  q: Value, k: Value, by: 'queries' | 'keys', { maxBufferBytes }: AttentionLimits,
): { heads: Range[]; rows: Range[] } {
  const heads = q.shape[1]!;
  const rows = (by === 'queries' ? q : k).shape[2]!;
  const headBytes = probabilityBytes(q, k) / heads;
  return {
    heads: rangesOf(heads, maxBufferBytes / headBytes),
    rows: rangesOf(rows, maxBufferBytes >= headBytes ? rows : maxBufferBytes / (headBytes / rows)),
  };
}

export const headAxis = 1;
/** Of queries in q and of keys in k and v. */
export const rowAxis = 2;

export function cut(g: GraphBuilder, x: Value, axis: number, [start, end]: Range): Value {
  return g.slice(x, axis, start, end);
}
