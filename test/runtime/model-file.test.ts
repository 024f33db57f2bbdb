// Foreign .onnx files: read once, held against their hash, run as they are, and never given a folder to read from.

import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeModel, type OnnxModel } from '../../src-main/compiler/4-emit/onnx-model.ts';
import type { CheckedFile } from '../../src-main/contract/engine-faces.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { type ModelFileOptions, openModelFile } from '../../src-main/runtime/model-file.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';

let folder: string;

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-model-file-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

const options: ModelFileOptions = { provider: 'cpu', threads: 1, maximumBytes: 10_000, input: [1, 4], outputCount: 2 };
const offsets = float32Tensor([4], Float32Array.of(1, 2, 3, 4));

/** Two outputs: the input with [1, 2, 3, 4] added, and that with its sign changed. -1 is a size that is left open. */
function graph(change: Partial<OnnxModel> = {}): OnnxModel {
  return {
    name: 'foreign', opset: 17, locate: (file) => file, tensors: [{ name: 'offsets', source: offsets }],
    nodes: [
      { op: 'Add', name: 'add', inputs: ['picture', 'offsets'], outputs: ['sum'] },
      { op: 'Neg', name: 'turn', inputs: ['sum'], outputs: ['turned'] },
    ],
    inputs: [{ name: 'picture', dtype: 'float32', shape: [-1, 4] }],
    outputs: [{ name: 'turned', dtype: 'float32', shape: [-1, 4] }, { name: 'sum', dtype: 'float32', shape: [-1, 4] }],
    ...change,
  };
}

async function written(bytes: Uint8Array): Promise<CheckedFile> {
  const file = path.join(folder, 'model.onnx');
  await writeFile(file, bytes);
  return { file, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function refusal(checked: CheckedFile, change: Partial<ModelFileOptions> = {}): Promise<UserError> {
  const error = await openModelFile(checked, { ...options, ...change })
    .then(() => { throw new Error('nothing was refused'); }, (thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw error;
  expect(error.message).not.toContain(folder);
  return error;
}

test('every output comes in the graph\'s order, and a size that is left open takes any', async () => {
  const model = await openModelFile(await written(encodeModel(graph())), options);
  const outputs = await model.run(float32Tensor([1, 4], Float32Array.of(10, 20, 30, 40)));
  expect(outputs.map(({ shape, data }) => [shape, [...data]])).toEqual([
    [[1, 4], [-11, -22, -33, -44]], [[1, 4], [11, 22, 33, 44]],
  ]);
  expect([[1, 4], [3, 4], [1, 5], [4]].map((shape) => model.accepts(shape))).toEqual([true, true, false, false]);
  await model.release();
});

test('other bytes than those that were named are not run', async () => {
  const checked = await written(encodeModel(graph()));
  const sha256 = `${checked.sha256.startsWith('0') ? '1' : '0'}${checked.sha256.slice(1)}`;
  expect(await refusal({ ...checked, sha256 })).toMatchObject({ code: 'models.wrong-hash' });
});

test('a file that is too large is refused before it is read', async () => {
  const checked = await written(encodeModel(graph()));
  expect(await refusal(checked, { maximumBytes: 100 })).toMatchObject({
    code: 'models.file-too-large', parameters: { file: 'model.onnx', maximumBytes: 100 },
  });
});

test('what is not there, or is a folder, is said so', async () => {
  const sha256 = '0'.repeat(64);
  expect((await refusal({ file: path.join(folder, 'nothing.onnx'), sha256 })).code).toBe('models.file-missing');
  expect((await refusal({ file: folder, sha256 })).code).toBe('models.file-missing');
});

test('a file that is cut off is unreadable, at whatever place', async () => {
  const whole = encodeModel(graph());
  for (let length = 0; length < whole.length - 60; length += 29) {
    expect((await refusal(await written(whole.subarray(0, length)))).code).toMatch(/^models\.(unreadable|other-network)$/);
  }
});

test('a network with other inputs or outputs is another one', async () => {
  const [turned] = graph().outputs;
  const others: OnnxModel[] = [
    graph({ inputs: [{ name: 'picture', dtype: 'float32', shape: [2, 4] }] }),
    graph({ outputs: [turned!] }),
  ];
  for (const other of others) {
    expect((await refusal(await written(encodeModel(other)))).code).toBe('models.other-network');
  }
});

test('a graph that names a file beside it gets nothing of it', async () => {
  await writeFile(path.join(folder, 'beside.bin'), new Uint8Array(16));
  for (const location of ['beside.bin', path.join(folder, 'beside.bin'), '../beside.bin']) {
    const source = { file: location, dtype: 'float32' as const, shape: [4], offsetBytes: 0, lengthBytes: 16 };
    const outside = graph({ tensors: [{ name: 'offsets', source }] });
    expect((await refusal(await written(encodeModel(outside)))).code).toBe('models.unreadable');
  }
});
