// Seeded numbers, comparisons and ONNX Runtime runs for the tests of the compiler.

import path from 'node:path';

import { uniformNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { type EmitOptions, emitOnnx } from '../../src-main/compiler/4-emit/emit.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { openModel } from '../../src-main/runtime/session.ts';
import { type Shape, type Tensor, elementCount } from '../../src-main/tensor/tensor.ts';

export const root = path.parse(process.cwd()).root;

/** As openSession() emits for the CPU, and as it emits for WebGPU: transposition and epsilons spelled out. */
export const emitStyles: readonly EmitOptions[] = [
  { root, hasFusedMatMul: true },
  { root, hasFusedMatMul: false, needsCommonEpsilon: true },
];

/** Uniform numbers between two bounds, rounded to float32. */
export function randomTensor(shape: Shape, seed: number, low = -1, high = 1): Tensor {
  const uniform = uniformNumbers(seed, 0, elementCount(shape));
  return { dtype: 'float32', shape, data: Float32Array.from(uniform, (u) => low + u * (high - low)) };
}

/** Largest |a - b| over the largest |b|, or over `scale` where that is larger; NaN counts as infinite. */
export function relativeError(actual: ArrayLike<number | bigint>, expected: ArrayLike<number>, scale = 0): number {
  if (actual.length !== expected.length) return Infinity;
  let worst = 0;
  let size = scale;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(Number(actual[i]) - expected[i]!);
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return worst === 0 ? 0 : worst / size;
}

/** Runs a graph on ONNX Runtime's CPU provider, checked after simplification. */
export async function runOnnx(
  graph: Graph, feeds: Readonly<Record<string, Tensor>>, style: EmitOptions = emitStyles[0]!,
): Promise<Record<string, Tensor>> {
  const simple = simplify(graph);
  verify(simple);
  const session = await openModel(emitOnnx(simple, style), { provider: 'cpu', threads: 1 }, root);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}
