// Writes torch files for tests: pickles of protocol 2 as torch.save makes them, in its zip and its legacy container,
// and whatever else a test wants to put in their place.

import { bytesPerElement, type DType, type Tensor, tensorBytes } from '../../src-main/tensor/tensor.ts';

/** What a pickle can be made of; numbers are Python ints unless wrapped. */
export type Picklable =
  | null | boolean | number | string | readonly Picklable[] | ReadonlyMap<Picklable, Picklable>
  | { readonly float: number } | { readonly tuple: readonly Picklable[] }
  | { readonly global: readonly [string, string] } | Call
  | { readonly persistent: Picklable } | { readonly raw: Uint8Array };

interface Call {
  readonly call: Picklable;
  readonly values: readonly Picklable[];
  /** NEWOBJ in place of REDUCE. */
  readonly asClass?: boolean;
  readonly state?: Picklable;
}

const storageClasses: Partial<Record<DType, string>> = {
  float64: 'DoubleStorage', float32: 'FloatStorage', float16: 'HalfStorage', bfloat16: 'BFloat16Storage',
  int64: 'LongStorage', int32: 'IntStorage', uint8: 'ByteStorage', bool: 'BoolStorage',
};

export interface View {
  readonly key: string;
  readonly dtype: DType;
  /** Elements of the whole storage. */
  readonly count: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset?: number;
}

export const ordered: Picklable = { global: ['collections', 'OrderedDict'] };

/** A tensor as _rebuild_tensor_v2 makes it. `legacy` storages have a sixth part. */
export function viewOf(view: View, legacy = false): Picklable {
  const { key, dtype, count, shape, strides, offset = 0 } = view;
  const storage = ['storage', { global: ['torch', storageClasses[dtype]!] }, key, 'cpu', count] as const;
  return {
    call: { global: ['torch._utils', '_rebuild_tensor_v2'] },
    values: [
      { persistent: { tuple: legacy ? [...storage, null] : storage } }, offset, { tuple: shape }, { tuple: strides },
      false, { call: ordered, values: [] },
    ],
  };
}

export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
}

/** A pickle, from its protocol to its STOP. */
export function pickle(value: Picklable): Buffer {
  return Buffer.concat([Buffer.from([0x80, 2]), ...write(value), Buffer.from('.')]);
}

function write(value: Picklable): Uint8Array[] {
  const one = (opcode: string): Buffer => Buffer.from(opcode, 'latin1');
  if (value === null) return [one('N')];
  if (typeof value === 'boolean') return [one(value ? '\x88' : '\x89')];
  if (typeof value === 'number') return [one('\x8a\x08'), int64(value)];
  if (typeof value === 'string') return [one('X'), uint32(Buffer.byteLength(value)), Buffer.from(value)];
  if (Array.isArray(value)) return [one(']('), ...(value as Picklable[]).flatMap(write), one('e')];
  if (value instanceof Map) {
    return [one('}('), ...[...value].flatMap(([key, item]) => [...write(key), ...write(item)]), one('u')];
  }
  return writeObject(value as Extract<Picklable, object>);
}

function writeObject(value: Extract<Picklable, object>): Uint8Array[] {
  const one = (opcode: string): Buffer => Buffer.from(opcode, 'latin1');
  if ('raw' in value) return [value.raw];
  if ('float' in value) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value.float);
    return [one('G'), bytes];
  }
  if ('tuple' in value) return [one('('), ...value.tuple.flatMap(write), one('t')];
  if ('global' in value) return [one(`c${value.global[0]}\n${value.global[1]}\n`)];
  if ('persistent' in value) return [...write(value.persistent), one('Q')];
  if (!('call' in value)) throw new Error('no such value');
  const state = value.state === undefined ? [] : [...write(value.state), one('b')];
  return [...write(value.call), ...write({ tuple: value.values }), one(value.asClass ? '\x81' : 'R'), ...state];
}

export interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An archive without compression; `long`: sizes and places in ZIP64 records, as in files of 4 GB and more. */
export function zip(files: readonly ZipFile[], long = false): Buffer {
  const parts: Uint8Array[] = [];
  const entries: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const label = Buffer.from(name);
    // torch aligns the numbers with a field that the directory does not have
    const filler = Buffer.alloc(12 + ((64 - ((offset + 30 + label.length + 12) % 64)) % 64));
    filler.write('FB');
    filler.writeUInt16LE(filler.length - 4, 2);
    const local = Buffer.concat([
      uint32(0x04034b50), uint16(20, 0x0808, 0, 0, 0), uint32(0, 0, 0), uint16(label.length, filler.length),
      label, filler,
    ]);
    entries.push(directoryEntry(label, bytes.length, offset, long));
    parts.push(local, bytes);
    offset += local.length + bytes.length;
  }
  const directory = Buffer.concat(entries);
  return Buffer.concat([...parts, directory, endOfZip(files.length, directory.length, offset, long)]);
}

function directoryEntry(label: Buffer, length: number, offset: number, long: boolean): Buffer {
  const extra = long ? [uint16(1, 24), int64(length), int64(length), int64(offset)] : [];
  const short = (value: number): number => (long ? 0xffffffff : value);
  return Buffer.concat([
    uint32(0x02014b50), uint16(20, 20, 0x0808, 0, 0, 0), uint32(0, short(length), short(length)),
    uint16(label.length, long ? 28 : 0, 0, 0, 0), uint32(0, short(offset)), label, ...extra,
  ]);
}

function endOfZip(count: number, length: number, offset: number, long: boolean): Buffer {
  if (!long) return Buffer.concat([uint32(0x06054b50), uint16(0, 0, count, count), uint32(length, offset), uint16(0)]);
  return Buffer.concat([
    uint32(0x06064b50), int64(44), uint16(45, 45), uint32(0, 0), int64(count), int64(count), int64(length),
    int64(offset),
    uint32(0x07064b50, 0), int64(offset + length), uint32(1),
    uint32(0x06054b50), uint16(0, 0, 0xffff, 0xffff), uint32(0xffffffff, 0xffffffff), uint16(0),
  ]);
}

/** A zip file of torch.save with these storages. */
export function torchZip(
  value: Picklable, storages: ReadonlyMap<string, Uint8Array>, more: readonly ZipFile[] = [],
): Buffer {
  return zip([
    { name: 'archive/data.pkl', bytes: pickle(value) },
    ...[...storages].map(([key, bytes]) => ({ name: `archive/data/${key}`, bytes })),
    { name: 'archive/version', bytes: Buffer.from('3\n') }, ...more,
  ]);
}

/** A legacy file of torch.save; `counts`: elements of each storage. */
export function torchLegacy(
  value: Picklable, storages: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly count: number }>,
): Buffer {
  const magic = { raw: Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex') };
  const system = new Map<Picklable, Picklable>([['protocol_version', 1001], ['little_endian', true]]);
  const keys = [...storages.keys()];
  return Buffer.concat([
    ...[magic, 1001, system, value, keys].map((part) => pickle(part as Picklable)),
    ...[...storages.values()].flatMap(({ bytes, count }) => [int64(count), bytes]),
  ]);
}

/** Tensors by name as a dictionary, each in a storage of its own. */
export function dictionaryOf(tensors: ReadonlyMap<string, Tensor>, legacy = false) {
  const storages = new Map<string, { bytes: Uint8Array; count: number }>();
  const value = new Map<Picklable, Picklable>();
  for (const [name, tensor] of tensors) {
    const key = String(storages.size);
    const bytes = tensorBytes(tensor);
    const count = bytes.length / bytesPerElement[tensor.dtype];
    storages.set(key, { bytes, count });
    value.set(name, viewOf({
      key, dtype: tensor.dtype, count, shape: tensor.shape, strides: rowMajor(tensor.shape),
    }, legacy));
  }
  return { value, storages, bytes: new Map([...storages].map(([key, storage]) => [key, storage.bytes])) };
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

function uint32(...values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function uint16(...values: readonly number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer);
}
