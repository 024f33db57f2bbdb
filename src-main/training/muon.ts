// Muon (Jordan 2024) for the matrices of a flat vector, AdamW for what is left: the momentum of a matrix is replaced by
// the nearest matrix whose singular values are one, so that rare directions are learned as fast as common ones.
//   m ← beta1 m + (1 − beta1) g,   u = beta1 m + (1 − beta1) g,   O ≈ (u uᵀ)^(−1/2) u
//   p ← (1 − rate · weightDecay) p − rate · 0.2 sqrt(max(rows, columns)) O
// The factor makes updates as large as AdamW's, whose rate then serves both (Liu et al. 2025, section 2.2).

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { adamW, type AdamWSettings } from './adamw.ts';
import type { ChunkValues, Optimizer } from './optimizer.ts';

export interface MuonSettings extends Omit<AdamWSettings, 'kind'> {
  readonly kind: 'muon';
  /** Of the only chunk, a flat vector. */
  readonly layout: ParameterLayout;
  /** Which of its parameters with two axes or more, and rows, are updated as matrices [out, in · kh · kw]. */
  isMatrix(name: string): boolean;
}

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
  const { beta1, weightDecay } = settings;
  const { learningRate, moments: { firstMoment, secondMoment } } = values;
  const stretches = stretchesOf(settings);
  const cut = (vector: Value, { start, end }: Stretch) => g.slice(vector, 0, start, end);
  const rest = updatedRest(g, fallback, values, stretches.filter(({ matrix }) => !matrix));
  const share = g.mul(values.clipFactor, g.scalar(1 - beta1));
  const kept = weightDecay === 0 ? undefined : g.sub(g.scalar(1), g.mul(learningRate, g.scalar(weightDecay)));
  const parts = stretches.map((stretch): Record<'parameters' | 'firstMoment' | 'secondMoment', Value> => {
    const { matrix: size } = stretch;
    if (!size) return rest.shift()!;
    const gradient = g.mul(cut(values.gradient, stretch), share);
    const moment = g.add(g.mul(cut(firstMoment!, stretch), g.scalar(beta1)), gradient);
    const ahead = g.reshape(g.add(g.mul(moment, g.scalar(beta1)), gradient), [1, ...size]);
    const step = orthogonal(g, ahead, g.mul(learningRate, g.scalar(0.2 * Math.sqrt(Math.max(...size)))));
    const before = cut(values.parameters, stretch);
    return {
      parameters: g.sub(kept ? g.mul(before, kept) : before, g.reshape(step, [-1])), firstMoment: moment,
      secondMoment: cut(secondMoment!, stretch),
    };
  });
  const joined = (name: keyof (typeof parts)[number]) => g.concat(parts.map((part) => part[name]), 0);
  return {
    parameters: joined('parameters'),
    moments: { firstMoment: joined('firstMoment'), secondMoment: joined('secondMoment') },
  };
}

/** What is no matrix, updated as one short vector and cut up again. */
function updatedRest(
  g: GraphBuilder, fallback: Optimizer, { parameters, gradient, moments, ...others }: ChunkValues,
  stretches: readonly Stretch[],
): Record<'parameters' | 'firstMoment' | 'secondMoment', Value>[] {
  if (stretches.length === 0) return [];
  const joined = (vector: Value) => g.concat(stretches.map(({ start, end }) => g.slice(vector, 0, start, end)), 0);
  const next = fallback.update(g, {
    ...others, parameters: joined(parameters), gradient: joined(gradient),
    moments: Object.fromEntries(Object.entries(moments).map(([name, vector]) => [name, joined(vector)])),
  });
  const sizes = stretches.map(({ start, end }) => end - start);
  const [cutParameters, first, second] = [
    next.parameters, next.moments['firstMoment']!, next.moments['secondMoment']!,
  ].map((vector) => g.split(vector, 0, sizes)) as [Value[], Value[], Value[]];
  return cutParameters.map((part, i) => ({ parameters: part, firstMoment: first[i]!, secondMoment: second[i]! }));
}

interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Rows and columns; undefined for what lies between two matrices. */
  readonly matrix?: readonly [number, number];
}

/** The vector in its order. One matrix after the other, each small enough for a processor's cache. */
function stretchesOf({ layout: { entries, size }, isMatrix }: MuonSettings): Stretch[] {
  const stretches: Stretch[] = [];
  let start = 0;
  for (const { name, shape, offset, size: length } of entries) {
    if (shape.length < 2 || shape[0] === 1 || !isMatrix(name)) continue;
    if (offset > start) stretches.push({ start, end: offset });
    stretches.push({ start: offset, end: offset + length, matrix: [shape[0]!, length / shape[0]!] });
    start = offset + length;
  }
  return start < size ? [...stretches, { start, end: size }] : stretches;
}

/**
 * x [n, rows, columns] with singular values near one, times `scale` [1]. The polynomial is iterated on the smaller of
 * x xᵀ and xᵀ x alone, with which all its factors commute, and multiplied to x once; x is divided by its norm there,
 * too, where there is less to divide.
 */
export function orthogonal(g: GraphBuilder, x: Value, scale: Value): Value {
  const [, rows, columns] = x.shape as [number, number, number];
  const isWide = rows <= columns;
  const [a, b, c] = coefficients;
  const identity = g.constant(identityMatrix(Math.min(rows, columns)));
  const raw = g.matmul(x, x, isWide ? { transposeB: true } : { transposeA: true });
  // the trace of x xᵀ
  const squares = g.add(g.reduceSum(g.mul(raw, identity), [1, 2]), g.scalar(1e-14));
  let gram = g.div(raw, squares);
  let product: Value | undefined;
  for (let i = 0; i < iterations; i++) {
    const square = g.matmul(gram, gram);
    const factor = g.add(g.mul(identity, g.scalar(a)), g.add(g.mul(gram, g.scalar(b)), g.mul(square, g.scalar(c))));
    product = product ? g.matmul(factor, product) : factor;
    if (i < iterations - 1) gram = g.matmul(factor, g.matmul(gram, factor));
  }
  const scaled = g.mul(product!, g.div(scale, g.sqrt(squares)));
  return isWide ? g.matmul(scaled, x) : g.matmul(x, scaled);
}

function identityMatrix(size: number): Tensor {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * (size + 1)] = 1;
  return float32Tensor([size, size], values);
}
