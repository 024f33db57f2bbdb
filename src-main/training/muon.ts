// Muon (Jordan 2024) for the matrices of a flat vector, AdamW for what is left: the momentum of a matrix is replaced by
// the nearest matrix whose singular values are one, so that rare directions are learned as fast as common ones.
//   m ← beta1 m + (1 − beta1) g,   u = beta1 m + (1 − beta1) g,   O ≈ (u uᵀ)^(−1/2) u
//   p ← (1 − rate · weightDecay) p − rate · 0.2 sqrt(max(rows, columns)) O
// The factor makes updates as large as AdamW's, whose rate then serves both (Liu et al. 2025, section 2.2).

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { elementCount, float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { adamW, type AdamWSettings } from './adamw.ts';
import type { ChunkValues, Optimizer } from './optimizer.ts';

export interface MuonSettings extends Omit<AdamWSettings, 'kind'> {
  readonly kind: 'muon';
  /** Of the only chunk, a flat vector. */
  readonly layout: ParameterLayout;
  /** Which of its parameters with two axes or more, and rows, are updated as matrices [out, in · kh · kw]. */
  isMatrix(name: string): boolean;
}

type Entry = ParameterLayout['entries'][number];

/** Newton and Schulz's odd polynomial of fifth degree, tuned by Jordan to pull small values up fast. */
const coefficients = [3.4445, -4.775, 2.0315] as const;
const iterations = 5;

export function muon(settings: MuonSettings): Optimizer {
  const fallback = adamW({ ...settings, kind: 'adamw' });
  return { ...fallback, update: (g, values) => update(g, settings, fallback, values) };
}

function update(
  g: GraphBuilder, settings: MuonSettings, fallback: Optimizer, values: ChunkValues,
): ReturnType<Optimizer['update']> {
  const { layout, beta1, weightDecay } = settings;
  const { parameters, gradient, learningRate } = values;
  const plain = fallback.update(g, values);
  const mixed = (a: Value, b: Value) => g.add(g.mul(a, g.scalar(beta1)), g.mul(b, g.scalar(1 - beta1)));
  const ahead = mixed(plain.moments['firstMoment']!, gradient);
  const directions = orthogonalParts(g, ahead, layout.entries.filter((entry) => (
    entry.shape.length > 1 && entry.shape[0]! > 1 && settings.isMatrix(entry.name))));
  const kept = g.sub(g.scalar(1), g.mul(learningRate, g.scalar(weightDecay)));
  const decayed = g.mul(parameters, kept);
  const parts = stretchesOf(layout, directions).map(({ start, end, direction }) => {
    if (!direction) return g.slice(plain.parameters, 0, start, end);
    return g.sub(g.slice(decayed, 0, start, end), g.mul(learningRate, direction));
  });
  return { parameters: g.concat(parts, 0), moments: plain.moments };
}

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly direction?: Value;
}

/** The vector in its order: each matrix, and what lies between two of them. */
function stretchesOf({ entries, size }: ParameterLayout, directions: ReadonlyMap<string, Value>): Stretch[] {
  const stretches: Stretch[] = [];
  let start = 0;
  for (const { name, offset, size: length } of entries) {
    const direction = directions.get(name);
    if (!direction) continue;
    if (offset > start) stretches.push({ start, end: offset });
    stretches.push({ start: offset, end: offset + length, direction });
    start = offset + length;
  }
  return start < size ? [...stretches, { start, end: size }] : stretches;
}

/** Matrices of one size go together, as one batch. */
function orthogonalParts(g: GraphBuilder, ahead: Value, entries: readonly Entry[]): Map<string, Value> {
  const sizeOf = ({ shape }: Entry) => [shape[0]!, elementCount(shape.slice(1))] as const;
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const size = sizeOf(entry).join(' x ');
    groups.set(size, [...groups.get(size) ?? [], entry]);
  }
  const parts = new Map<string, Value>();
  for (const group of groups.values()) {
    const [rows, columns] = sizeOf(group[0]!);
    const joined = g.concat(group.map(({ offset, size }) => g.slice(ahead, 0, offset, offset + size)), 0);
    const wide = orthogonal(g, g.reshape(joined, [group.length, rows, columns]));
    const scaled = g.mul(wide, g.scalar(0.2 * Math.sqrt(Math.max(rows, columns))));
    g.split(scaled, 0, group.map(() => 1)).forEach((part, i) => parts.set(group[i]!.name, g.reshape(part, [-1])));
  }
  return parts;
}

/**
 * x [n, rows, columns] with singular values near one. The polynomial is iterated on the smaller of x xᵀ and xᵀ x alone,
 * with which all its factors commute, and multiplied to x once.
 */
export function orthogonal(g: GraphBuilder, x: Value): Value {
  const [, rows, columns] = x.shape as [number, number, number];
  const isWide = rows <= columns;
  const norm = g.sqrt(g.add(g.reduceSum(g.mul(x, x), [1, 2]), g.scalar(1e-14)));
  const unit = g.div(x, norm);
  const [a, b, c] = coefficients;
  const identity = g.constant(identityMatrix(Math.min(rows, columns)));
  let gram = g.matmul(unit, unit, isWide ? { transposeB: true } : { transposeA: true });
  let product: Value | undefined;
  for (let i = 0; i < iterations; i++) {
    const square = g.matmul(gram, gram);
    const factor = g.add(g.mul(identity, g.scalar(a)), g.add(g.mul(gram, g.scalar(b)), g.mul(square, g.scalar(c))));
    product = product ? g.matmul(factor, product) : factor;
    if (i < iterations - 1) gram = g.matmul(factor, g.matmul(gram, factor));
  }
  return isWide ? g.matmul(product!, unit) : g.matmul(unit, product!);
}

function identityMatrix(size: number): Tensor {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * (size + 1)] = 1;
  return float32Tensor([size, size], values);
}
