// GroupNorm for a provider that lets all its InstanceNormalization nodes share one epsilon (WebGPU in ONNX Runtime
// 1.30): the numbers must be those of each node's own epsilon, and the file must hold only the shared one.

import path from 'node:path';

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { emitOnnx } from '../../src-main/compiler/4-emit/emit.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { openModel } from '../../src-main/runtime/session.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';

const root = path.parse(process.cwd()).root;
const shape = [2, 4, 3, 3];
// small enough that epsilon decides the result
const x = float32Tensor(shape, Float32Array.from({ length: 72 }, (_, i) => 0.003 * Math.sin(i * i)));

function twoNorms(): Graph {
  const g = new GraphBuilder('norms');
  const input = g.input('x', 'float32', shape);
  const scale = g.constant(float32Tensor([4], [1, 2, 3, 4]));
  const bias = g.constant(float32Tensor([4], [0, 1, 0, -1]));
  g.output('common', g.groupNorm(input, scale, bias, 2, 1e-5));
  g.output('smaller', g.groupNorm(input, scale, bias, 2, 1e-6));
  return g.graph();
}

/** How often a float32 stands in the file. */
function countFloats(bytes: Uint8Array, number: number): number {
  const pattern = Buffer.from(Float32Array.of(number).buffer);
  return Buffer.from(bytes).toString('latin1').split(pattern.toString('latin1')).length - 1;
}

test('norms with different epsilons keep their numbers under a common one', async () => {
  const graph = twoNorms();
  const model = emitOnnx(graph, { hasFusedMatMul: false, needsCommonEpsilon: true, root });
  expect(countFloats(model, 1e-5)).toBe(2);
  expect(countFloats(model, 1e-6)).toBe(0);
  const expected = evaluate(graph, { x });
  const session = await openModel(model, { provider: 'cpu', threads: 1 }, root);
  const outputs = await session.run({ x });
  await session.release();
  for (const name of ['common', 'smaller']) {
    const actual = outputs[name]!.data as Float32Array;
    expected[name]!.values.forEach((value, i) => expect(Math.abs(actual[i]! - value)).toBeLessThan(3e-6));
  }
  const difference = expected['common']!.values.map((value, i) => Math.abs(value - expected['smaller']!.values[i]!));
  expect(Math.max(...difference)).toBeGreaterThan(0.1);
});

test('elsewhere every norm has its own epsilon', () => {
  const model = emitOnnx(twoNorms(), { hasFusedMatMul: true, root });
  expect([countFloats(model, 1e-5), countFloats(model, 1e-6)]).toEqual([1, 1]);
});
