// torch's zip format (since 1.6): one folder with data.pkl, the object, and data/KEY, one entry a storage.

import { damaged, PickleError } from './pickle-error.ts';
import { readPickle } from './pickle-machine.ts';
import type { TorchContents } from './torch-contents.ts';
import { TorchWorld } from './torch-world.ts';
import { readZipEntries, type StoredEntry } from './zip-entries.ts';
import type { FileBytes } from './zip-file.ts';

const maxPickleBytes = 64_000_000;

/** Throws ZipError and PickleError. */
export async function readTorchZip(file: FileBytes): Promise<TorchContents> {
  const entries = await readZipEntries(file);
  const root = [...entries.keys()][0]?.split('/')[0];
  const pickle = entries.get(`${root}/data.pkl`);
  if (!pickle) throw new PickleError('unsupported', 'it is an archive of something else than a PyTorch file');
  if (pickle.sizeBytes > maxPickleBytes) {
    throw new PickleError('unsupported', 'its pickle is larger than that of any model');
  }
  const world = new TorchWorld();
  const { value, end } = readPickle(await file.read(pickle.offsetBytes, pickle.sizeBytes), world);
  if (end !== pickle.sizeBytes) damaged('something follows its pickle');
  const offsets = new Map<string, number>();
  for (const { key, lengthBytes } of world.storages.values()) {
    const entry = entries.get(`${root}/data/${key}`);
    if (!entry) return damaged(`it lacks the numbers of storage ${key}`);
    if (entry.sizeBytes !== lengthBytes) damaged(`storage ${key} has ${entry.sizeBytes} bytes, not ${lengthBytes}`);
    offsets.set(key, entry.offsetBytes);
  }
  return { value, offsets, isBigEndian: await isBigEndian(file, entries.get(`${root}/byteorder`)) };
}

/** Files from before that entry are little-endian. */
async function isBigEndian(file: FileBytes, entry: StoredEntry | undefined): Promise<boolean> {
  if (!entry) return false;
  const order = entry.sizeBytes <= 8 ? Buffer.from(await file.read(entry.offsetBytes, entry.sizeBytes)).toString() : '';
  if (order !== 'little' && order !== 'big') damaged('it does not say in which order its bytes are');
  return order === 'big';
}
