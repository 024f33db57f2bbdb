// torch's format before 1.6: five pickles one after the other (magic number, protocol, system, the object, the keys of
// its storages), then for each key in that order an element count and the numbers, to the very end of the file.

import { damaged, PickleEndError, PickleError } from './pickle-error.ts';
import { readPickle } from './pickle-machine.ts';
import { bytesPerElement } from '../../tensor/tensor.ts';
import { PickleDictionary, PickleSequence, type PickleValue } from './pickle-values.ts';
import type { TorchContents } from './torch-contents.ts';
import { TorchWorld } from './torch-world.ts';
import { type FileBytes, ZipError } from './zip-file.ts';

/** torch/serialization.py: MAGIC_NUMBER and PROTOCOL_VERSION. */
const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001n;

/** The pickles' end is nowhere written, so the head that is read grows until they are whole. */
const headSizes = [1_000_000, 8_000_000, 64_000_000];
const countBytes = 8;

interface Pickles {
  readonly value: PickleValue;
  readonly keys: readonly PickleValue[];
  readonly storages: TorchWorld['storages'];
  readonly end: number;
}

/** Throws ZipError and PickleError. */
export async function readTorchLegacy(file: FileBytes): Promise<TorchContents> {
  const { value, keys, storages, end } = await readHead(file);
  const offsets = new Map<string, number>();
  let position = end;
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage || offsets.has(storage.key)) return damaged('its list of storages is not that of its tensors');
    if (position + countBytes + storage.lengthBytes > file.sizeBytes) throw cutOff();
    const bytes = await file.read(position, countBytes);
    const count = new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true);
    const itemBytes = storage.dtype ? bytesPerElement[storage.dtype] : 1;
    if (count * BigInt(itemBytes) !== BigInt(storage.lengthBytes)) damaged('a storage in it has two lengths');
    offsets.set(storage.key, position + countBytes);
    position += countBytes + storage.lengthBytes;
  }
  if (offsets.size !== storages.size) damaged('its list of storages is not that of its tensors');
  if (position !== file.sizeBytes) damaged('something follows its last storage');
  return { value, offsets, isBigEndian: false };
}

async function readHead(file: FileBytes): Promise<Pickles> {
  for (const size of headSizes) {
    const bytes = await file.read(0, Math.min(size, file.sizeBytes));
    try {
      return readPickles(bytes);
    } catch (error) {
      if (!(error instanceof PickleEndError)) throw error;
      if (bytes.length === file.sizeBytes) throw cutOff();
    }
  }
  throw new PickleError('unsupported', 'its pickle is larger than that of any model');
}

function readPickles(bytes: Uint8Array): Pickles {
  const magic = readPickle(bytes, new TorchWorld());
  if (magic.value !== magicNumber) throw new PickleError('unsupported', 'it is a pickle that PyTorch did not make');
  const protocol = readPickle(bytes, new TorchWorld(), magic.end);
  if (protocol.value !== protocolVersion) throw new PickleError('unsupported', 'it is of an unknown PyTorch edition');
  const system = readPickle(bytes, new TorchWorld(), protocol.end);
  if (!(system.value instanceof PickleDictionary)) return damaged('it does not say what system made it');
  // torch is said to swap before it writes, but no such file was there to read it against
  if (system.value.get('little_endian') !== true) {
    throw new PickleError('unsupported', 'it was saved on a big-endian machine');
  }
  const world = new TorchWorld();
  const { value, end } = readPickle(bytes, world, system.end);
  const keys = readPickle(bytes, new TorchWorld(), end);
  const list = keys.value;
  if (!(list instanceof PickleSequence) || list.kind !== 'list') return damaged('it lacks the list of its storages');
  return { value, keys: list.items, storages: world.storages, end: keys.end };
}

function cutOff(): ZipError {
  return new ZipError('it ends too soon', 'truncated');
}
