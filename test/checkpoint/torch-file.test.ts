// Torch files: where the numbers lie, what is read into memory, what is refused and with which words; and that no
// damage to a file leads to anything but tensors or a message.

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { readTensor } from '../../src-main/checkpoint/safetensors.ts';
import { openTensorFile } from '../../src-main/checkpoint/tensor-file.ts';
import { PickleDictionary, TorchTensor } from '../../src-main/checkpoint/torch/pickle-values.ts';
import { readTorchFile, torchEntries } from '../../src-main/checkpoint/torch/torch-file.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { float32Tensor, type Tensor, tensorBytes } from '../../src-main/tensor/tensor.ts';
import { isTensorReference } from '../../src-main/tensor/weights.ts';
import {
  dictionaryOf, ordered, pickle, type Picklable, rowMajor, torchLegacy, torchZip, type View, viewOf, zip,
} from './torch-writer.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-torch-'));
  file = path.join(folder, 'model.pt');
});
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

const numbers = Float32Array.from({ length: 24 }, (_, i) => i + 0.5);
const tensors = new Map<string, Tensor>([
  ['weight', float32Tensor([4, 6], numbers)],
  ['half', { dtype: 'float16', shape: [3], data: Uint16Array.of(1, 0x3c00, 0xfc00) }],
  ['scalar', { dtype: 'int64', shape: [], data: BigInt64Array.of(-7n) }],
  ['nothing', float32Tensor([0, 3], [])],
]);
const storage: Pick<View, 'key' | 'dtype' | 'count'> = { key: '0', dtype: 'float32', count: 24 };

async function readAll(): Promise<Map<string, Tensor>> {
  const parts = await (await openTensorFile(file)).part('');
  return new Map(await Promise.all([...parts].map(async ([name, part]) => [name, await readTensor(part)] as const)));
}

async function writeView(view: Omit<View, 'key' | 'dtype' | 'count'>): Promise<void> {
  const value = new Map<Picklable, Picklable>([['x', viewOf({ ...storage, ...view })]]);
  await writeFile(file, torchZip(value, new Map([['0', tensorBytes(float32Tensor([24], numbers))]])));
}

const errorOf = (promise: Promise<unknown>): Promise<UserError> => promise.then(
  () => { throw new Error('nothing was refused'); },
  (error: unknown) => { if (error instanceof UserError) return error; throw error; });

async function codeOf(bytes: Uint8Array): Promise<string> {
  await writeFile(file, bytes);
  return (await errorOf(readAll())).code;
}

test.each(['zip', 'legacy'] as const)('%s: tensors lie in place in the file and have their numbers', async (format) => {
  const { value, storages, bytes } = dictionaryOf(tensors, format === 'legacy');
  await writeFile(file, format === 'zip' ? torchZip(value, bytes) : torchLegacy(value, storages));
  expect(await readAll()).toEqual(tensors);
  const weight = (await (await openTensorFile(file)).part('')).get('weight')!;
  expect(isTensorReference(weight) && weight.file).toBe(file);
  if (!isTensorReference(weight)) return;
  const raw = (await readFile(file)).subarray(weight.offsetBytes, weight.offsetBytes + weight.lengthBytes);
  expect(raw.equals(tensorBytes(tensors.get('weight')!))).toBe(true);
  if (format === 'zip') expect(weight.offsetBytes % 64).toBe(0);
});

test('sizes and places in ZIP64 records are read from there', async () => {
  const { value, bytes } = dictionaryOf(tensors);
  const files = [...bytes].map(([key, part]) => ({ name: `a/data/${key}`, bytes: part }));
  await writeFile(file, zip([{ name: 'a/data.pkl', bytes: pickle(value) }, ...files], true));
  expect(await readAll()).toEqual(tensors);
});

test('views: parts of a storage stay in place, transposed and stepped ones are laid out anew', async () => {
  const of = async (view: Omit<View, 'key' | 'dtype' | 'count'>) => {
    await writeView(view);
    const source = (await (await openTensorFile(file)).part('')).get('x')!;
    return { inPlace: isTensorReference(source), data: [...(await readTensor(source)).data as Float32Array] };
  };
  const part = await of({ shape: [2, 3], strides: [3, 1], offset: 6 });
  expect(part).toEqual({ inPlace: true, data: [6.5, 7.5, 8.5, 9.5, 10.5, 11.5] });
  const turned = await of({ shape: [3, 2], strides: [1, 6] });
  expect(turned).toEqual({ inPlace: false, data: [0.5, 6.5, 1.5, 7.5, 2.5, 8.5] });
  expect(await of({ shape: [3], strides: [2], offset: 1 })).toEqual({ inPlace: false, data: [1.5, 3.5, 5.5] });
  const repeated = await of({ shape: [2, 2], strides: [0, 1], offset: 4 });
  expect(repeated).toEqual({ inPlace: false, data: [4.5, 5.5, 4.5, 5.5] });
  // an axis of one may have any stride
  expect(await of({ shape: [1, 2], strides: [99, 1] })).toEqual({ inPlace: true, data: [0.5, 1.5] });
});

test('views that would fill the memory are refused, however many', async () => {
  const views = Array.from({ length: 50 }, (_, i): [Picklable, Picklable] =>
    [`v${i}`, viewOf({ ...storage, shape: [1000, 1000], strides: [0, 0] })]);
  const bytes = torchZip(new Map(views), new Map([['0', tensorBytes(float32Tensor([24], numbers))]]));
  expect(await codeOf(bytes)).toBe('checkpoint.torch-scattered');
});

test('big-endian numbers are turned round', async () => {
  const bytes = Buffer.from(tensorBytes(float32Tensor([24], numbers))).swap32();
  const value = new Map<Picklable, Picklable>([['x', viewOf({ ...storage, shape: [4, 6], strides: [6, 1] })]]);
  const order = { name: 'archive/byteorder', bytes: Buffer.from('big') };
  await writeFile(file, torchZip(value, new Map([['0', bytes]]), [order]));
  expect((await readAll()).get('x')).toEqual(tensors.get('weight'));
});

const weight = viewOf({ ...storage, shape: [4, 6], strides: [6, 1] });
const storages = new Map([['0', tensorBytes(float32Tensor([24], numbers))]]);

test('what stands beside the weights is passed over, and wrappers are taken off', async () => {
  const callback = { global: ['pytorch_lightning.callbacks.model_checkpoint', 'ModelCheckpoint'] } as const;
  const scalar = { global: ['numpy.core.multiarray', 'scalar'] } as const;
  const dtype: Picklable = {
    call: { global: ['numpy', 'dtype'] }, values: ['f8', false, true],
    state: { tuple: [3, '<', null, null, null, -1, -1, 0] },
  };
  const encoded: Picklable = { call: { global: ['_codecs', 'encode'] }, values: ['\u0000\u00d0?', 'latin1'] };
  const state = new Map<Picklable, Picklable>([['best', 'path']]);
  const object = { call: callback, values: [], asClass: true, state };
  const weights: Picklable = {
    call: ordered, values: [[{ tuple: ['weight', weight] }]], state: new Map([['_metadata', 1]]),
  };
  await writeFile(file, torchZip(new Map<Picklable, Picklable>([
    ['epoch', 3], ['loss', { float: 0.25 }], ['callbacks', new Map([[callback, object]])],
    ['best', { call: scalar, values: [dtype, encoded] }],
    ['state_dict', new Map<Picklable, Picklable>([['state_dict', weights]])],
  ]), storages));
  expect(await readAll()).toEqual(new Map([['weight', tensors.get('weight')]]));
  const entries = torchEntries(await readTorchFile(file));
  expect(entries.map((entry) => entry.path.join('/'))).toEqual(['epoch', 'loss', 'state_dict/state_dict/weight']);
  expect(entries[0]!.value).toBe(3n);
});

test('a ParameterDict of old embeddings is a dictionary, and parameters are tensors', async () => {
  const parameter: Picklable = {
    call: { global: ['torch._utils', '_rebuild_parameter'] }, values: [weight, true, { call: ordered, values: [] }],
  };
  const parameters = { call: ordered, values: [[{ tuple: ['*', parameter] }]] };
  const state = new Map<Picklable, Picklable>([['training', true], ['_parameters', parameters]]);
  const type: Picklable = { global: ['torch.nn.modules.container', 'ParameterDict'] };
  const object: Picklable = { call: type, values: [], asClass: true, state };
  await writeFile(file, torchZip(new Map([['string_to_param', object]]), storages));
  const { value } = await readTorchFile(file);
  const inner = value instanceof PickleDictionary ? value.get('string_to_param') : undefined;
  expect(inner instanceof PickleDictionary && inner.get('*')).toBeInstanceOf(TorchTensor);
  expect((await readAll()).get('string_to_param.*')).toEqual(tensors.get('weight'));
});

test('names that JavaScript objects have of their own are plain text', async () => {
  await writeFile(file, torchZip(new Map<Picklable, Picklable>([
    ['__proto__', new Map<Picklable, Picklable>([['polluted', true], ['weight', weight]])], ['constructor', weight],
  ]), storages));
  expect([...(await readAll()).keys()]).toEqual(['__proto__.weight', 'constructor']);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test.each<[string, string, Picklable]>([
  ['os.system', 'checkpoint.pickle-unsafe',
    { call: { global: ['os', 'system'] }, values: [`touch ${path.join(tmpdir(), 'likeness-ran')}`] }],
  ['a name that is only mentioned', 'checkpoint.pickle-unsafe', { global: ['builtins', 'eval'] }],
  ['a dotted name', 'checkpoint.pickle-unsafe', { global: ['torch.serialization', 'os.system'] }],
  ['a function of a module whose classes are passed over', 'checkpoint.pickle-unsafe',
    { global: ['pytorch_lightning.callbacks', 'load'] }],
  ['a name of JavaScript', 'checkpoint.pickle-unsafe', { global: ['__proto__', 'constructor'] }],
  ['a sparse tensor', 'checkpoint.torch-unsupported', { global: ['torch._utils', '_rebuild_sparse_tensor'] }],
  ['float8 numbers', 'checkpoint.dtype-unsupported', {
    call: { global: ['torch._utils', '_rebuild_tensor_v3'] },
    values: [
      { persistent: { tuple: ['storage', { global: ['torch.storage', 'UntypedStorage'] }, '1', 'cpu', 4] } }, 0,
      { tuple: [4] }, { tuple: [1] }, false, { call: ordered, values: [] }, { global: ['torch', 'float8_e4m3fn'] },
    ],
  }],
  ['a storage that is a path', 'checkpoint.torch-damaged',
    viewOf({ ...storage, key: '../0', shape: [1], strides: [1] })],
  ['a storage that is not there', 'checkpoint.torch-damaged',
    viewOf({ ...storage, key: '9', shape: [1], strides: [1] })],
  ['a view beyond its storage', 'checkpoint.torch-damaged', viewOf({ ...storage, shape: [4, 7], strides: [7, 1] })],
  ['a call of a type', 'checkpoint.torch-damaged', { call: { global: ['torch', 'FloatStorage'] }, values: [2 ** 40] }],
  ['an opcode of protocol 0', 'checkpoint.torch-damaged', { raw: Buffer.from('I5\n') }],
])('%s is refused, and nothing is run', async (_, code, value) => {
  const error = await (async () => {
    await writeFile(file, torchZip(new Map<Picklable, Picklable>([['weight', weight], ['evil', value]]), storages));
    return errorOf(readAll());
  })();
  expect(error.code).toBe(code);
  expect(error.message).not.toContain(folder);
  expect(error.text.todo).not.toBe('');
  expect(existsSync(path.join(tmpdir(), 'likeness-ran'))).toBe(false);
});

test('a dtype argument types an untyped storage', async () => {
  const value: Picklable = {
    call: { global: ['torch._utils', '_rebuild_tensor_v3'] },
    values: [
      { persistent: { tuple: ['storage', { global: ['torch.storage', 'UntypedStorage'] }, '0', 'cpu', 96] } }, 6,
      { tuple: [2] }, { tuple: [1] }, false, { call: ordered, values: [] }, { global: ['torch', 'float32'] }, null,
    ],
  };
  await writeFile(file, torchZip(new Map([['x', value]]), storages));
  expect((await readAll()).get('x')).toEqual(float32Tensor([2], [6.5, 7.5]));
});

test('archives on which two readers could disagree are refused', async () => {
  const value = new Map<Picklable, Picklable>([['weight', weight]]);
  const data = { name: 'a/data.pkl', bytes: pickle(value) };
  const part = { name: 'a/data/0', bytes: storages.get('0')! };
  expect(await codeOf(zip([data, part, data]))).toBe('checkpoint.torch-damaged');
  expect(await codeOf(zip([data, part, { ...data, name: 'b/data.pkl' }]))).toBe('checkpoint.torch-damaged');
  expect(await codeOf(zip([data, part, { name: 'a/../../x', bytes: data.bytes }]))).toBe('checkpoint.torch-damaged');
  expect(await codeOf(zip([part]))).toBe('checkpoint.torch-unsupported');
  const whole = zip([data, part]);
  expect(await codeOf(Buffer.concat([whole, Buffer.from('x')]))).toBe('checkpoint.truncated');
  // method 8 in the directory's first entry
  const compressed = Buffer.from(whole);
  compressed.writeUInt16LE(8, compressed.indexOf(Buffer.from('PK\u0001\u0002')) + 10);
  expect(await codeOf(compressed)).toBe('checkpoint.zip-unsupported');
});

test('files that are no torch files are named for what they are', async () => {
  const refusal = async (text: string) => {
    await writeFile(file, text);
    return (await errorOf(readTorchFile(file))).code;
  };
  expect(await refusal('<!doctype html><title>Sign in</title>')).toBe('checkpoint.web-page');
  expect(await refusal('version https://git-lfs.github.com/spec/v1\n')).toBe('checkpoint.lfs-pointer');
  expect(await refusal('')).toBe('checkpoint.torch-unknown');
  expect(await refusal(`GGUF${'\u0000'.repeat(20)}`)).toBe('checkpoint.foreign-format');
  expect(await refusal(`${'sys_info'.padEnd(257, '\u0000')}ustar  \u0000`)).toBe('checkpoint.foreign-format');
  expect((await errorOf(readTorchFile(path.join(folder, 'none.pt')))).code).toBe('checkpoint.file-missing');
});

const small = new Map([['weight', float32Tensor([2, 2], [1, 2, 3, 4])]]);

const formats = ['zip', 'legacy'] as const;

test.each(formats)('%s: cut short or one byte changed, it is tensors or a message', async (format) => {
  const { value, storages: parts, bytes } = dictionaryOf(small, format === 'legacy');
  const whole = format === 'zip' ? torchZip(value, bytes) : torchLegacy(value, parts);
  for (let length = 4; length < whole.length; length += 3) {
    expect(await codeOf(whole.subarray(0, length))).toMatch(/^checkpoint\.(?:truncated|torch-damaged)$/);
  }
  let refused = 0;
  for (let at = 0; at < whole.length; at += 2) {
    const damaged = Buffer.from(whole);
    damaged[at] = damaged[at]! ^ (1 << (at % 8));
    await writeFile(file, damaged);
    const outcome = await readAll().then(() => 'read', (error: unknown) => error);
    if (outcome !== 'read') refused++;
    expect(outcome === 'read' || outcome instanceof UserError).toBe(true);
  }
  expect(refused).toBeGreaterThan(100);
}, 60_000);

test('a safetensors file whose header length reads as a pickle\'s first bytes is none', async () => {
  const header = JSON.stringify({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }).padEnd(0x280);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFile(file, Buffer.concat([length, Buffer.from(header), Buffer.alloc(4)]));
  expect([length[0], length[1]]).toEqual([0x80, 2]);
  expect([...(await openTensorFile(file)).tensors.keys()]).toEqual(['a']);
});

test('a pickle that asks for endless work is refused in good time', async () => {
  const protocol = Buffer.from([0x80, 2]);
  const end = Buffer.from('.');
  const nested = Buffer.concat([protocol, Buffer.alloc(100_000, ']'), Buffer.alloc(99_999, 'a'), end]);
  const endless = Buffer.concat([protocol, Buffer.alloc(3_000_000, ')'), end]);
  const of = (bytes: Uint8Array) => zip([{ name: 'a/data.pkl', bytes }]);
  expect(await codeOf(of(nested))).toBe('checkpoint.torch-damaged');
  expect(await codeOf(of(endless))).toBe('checkpoint.torch-unsupported');
});

test('row-major strides of the writer are torch\'s own', () => {
  expect(rowMajor([2, 3, 4])).toEqual([12, 4, 1]);
});
