// ONNX files: weights that stay in their safetensors file, names of outputs, ops that have no ONNX form.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { readSafetensors, readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { emitOnnx } from '../../src-main/compiler/4-emit/emit.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { type Tensor, tensorBytes } from '../../src-main/tensor/tensor.ts';
import { type WeightTable, isTensorReference } from '../../src-main/tensor/weights.ts';
import { emitStyles, randomTensor, relativeError, root } from './numbers.ts';

let folder: string;
let file: string;

const dtypeNames: Readonly<Record<string, string>> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

/** A safetensors file whose header makes every tensor begin at an odd byte. */
async function writeOdd(tensors: Readonly<Record<string, Tensor>>): Promise<void> {
  let at = 0;
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    const start = at;
    at += tensorBytes(tensor).length;
    return [name, { dtype: dtypeNames[tensor.dtype], shape: tensor.shape, data_offsets: [start, at] }];
  });
  let header = JSON.stringify(Object.fromEntries(entries));
  if (header.length % 2 === 0) header += ' ';
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFile(file, Buffer.concat([length, Buffer.from(header), ...Object.values(tensors).map(tensorBytes)]));
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-emit-'));
  file = path.join(folder, 'weights with spaces.safetensors');
  await writeOdd({
    kernel: randomTensor([3, 2, 3, 3], 1),
    half: toFloatDType(randomTensor([5, 3], 2), 'float16'),
    brain: toFloatDType(randomTensor([5], 3), 'bfloat16'),
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function network(weights: WeightTable): Graph {
  const g = new GraphBuilder('weights');
  const weight = (name: string) => g.weight(name, weights.get(name)!);
  const h = g.conv(g.input('x', 'float32', [1, 2, 4, 4]), weight('kernel'), undefined);
  g.output('y', g.linear(g.reshape(g.transpose(h, [0, 2, 3, 1]), [4, 3]), weight('half'), weight('brain')));
  return g.graph();
}

test.each([
  'speed', 'memory',
] as const)('weights at odd offsets of a file equal weights in memory (%s)', async (favour) => {
  const { tensors } = await readSafetensorsHeader(file);
  for (const reference of tensors.values()) expect(reference.offsetBytes % 2).toBe(1);
  const inMemory = await readSafetensors(file);
  const feeds = { x: randomTensor([1, 2, 4, 4], 7) };
  const results: Float32Array[] = [];
  for (const weights of [tensors, inMemory]) {
    const session = await openSession(network(weights), { provider: 'cpu', threads: 1, favour });
    results.push((await session.run(feeds))['y']!.data as Float32Array);
    await session.release();
  }
  expect(results[0]).toEqual(results[1]);
  const expected = evaluate(network(inMemory), feeds)['y']!.values;
  expect(relativeError(results[0]!, expected)).toBeLessThan(1e-5);
});

test('weights in place are not copied into the model', async () => {
  const { tensors } = await readSafetensorsHeader(file);
  const bytes = Buffer.from(emitOnnx(network(tensors), emitStyles[0]!));
  const stored = await readFile(file);
  for (const reference of tensors.values()) {
    if (!isTensorReference(reference)) throw new Error('not a reference');
    const start = reference.offsetBytes;
    expect(bytes.includes(stored.subarray(start, start + reference.lengthBytes))).toBe(false);
    expect(bytes.includes(`${start}`)).toBe(true);
  }
  expect(bytes.includes(path.relative(root, file))).toBe(true);
});

test('a file outside the root is refused', async () => {
  const { tensors } = await readSafetensorsHeader(file);
  const elsewhere = { hasFusedMatMul: true, root: path.join(folder, 'elsewhere') + path.sep };
  expect(() => emitOnnx(network(tensors), elsewhere)).toThrow(/is not below/);
});

test('weights in a file are not evaluated', async () => {
  const { tensors } = await readSafetensorsHeader(file);
  expect(() => evaluate(network(tensors), { x: randomTensor([1, 2, 4, 4], 7) })).toThrow(/lies in a file/);
});

test('an op that has no ONNX form is refused by name', () => {
  const g = new GraphBuilder('attention');
  const q = g.input('q', 'float32', [1, 1, 2, 2]);
  g.output('o', g.attention(q, q, q));
  expect(() => emitOnnx(g.graph(), emitStyles[0]!)).toThrow(/Attention has no ONNX form/);
});

test('only the CPU and CUDA are given the fused product', () => {
  const g = new GraphBuilder('product');
  const [a, b] = [g.input('a', 'float32', [2, 3, 4]), g.input('b', 'float32', [2, 5, 4])];
  g.output('y', g.matmul(a, b, { transposeB: true }));
  const [fused, spelledOut] = emitStyles.map((style) => Buffer.from(emitOnnx(g.graph(), style)));
  expect([fused!.includes('FusedMatMul'), spelledOut!.includes('FusedMatMul')]).toEqual([true, false]);
});
