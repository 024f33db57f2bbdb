// Where the bytes of a zip archive's entries lie. Each entry's own header is read and compared with the directory, and
// no two entries may share a byte: whatever the directory says, every byte belongs to one name.

import { readZipDirectory, type ZipEntry } from './zip-directory.ts';
import { type FileBytes, ZipError } from './zip-file.ts';

export interface StoredEntry {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

const signature = 0x04034b50;
const headerBytes = 30;
const full32 = 0xffffffff;
/** Headers are read this many at a time. */
const readsAtOnce = 64;

/** Every entry by name ('archive/data/0'), in the order of the directory. Throws ZipError. */
export async function readZipEntries(file: FileBytes): Promise<Map<string, StoredEntry>> {
  const directory = await readZipDirectory(file);
  checkNames(directory.entries);
  const places: { readonly start: number; readonly end: number }[] = [];
  const stored = new Map<string, StoredEntry>();
  for (let i = 0; i < directory.entries.length; i += readsAtOnce) {
    const some = directory.entries.slice(i, i + readsAtOnce);
    const offsets = await Promise.all(some.map((entry) => dataOffset(file, entry, directory.offset)));
    for (const [j, entry] of some.entries()) {
      const offsetBytes = offsets[j]!;
      stored.set(entry.name, { offsetBytes, sizeBytes: entry.sizeBytes });
      places.push({ start: entry.headerOffset, end: offsetBytes + entry.sizeBytes });
    }
  }
  places.sort((a, b) => a.start - b.start);
  for (const [i, place] of places.entries()) {
    const next = places[i + 1]?.start ?? directory.offset;
    if (place.end > next) throw new ZipError('two of its entries overlap');
  }
  return stored;
}

/** The extra field here is longer than the directory's, so only the entry's own header tells where its data begins. */
async function dataOffset(file: FileBytes, entry: ZipEntry, limit: number): Promise<number> {
  const { headerOffset, name, sizeBytes } = entry;
  if (headerOffset + headerBytes + name.length > limit) throw new ZipError('an entry of it lies beyond the file');
  const bytes = await file.read(headerOffset, headerBytes + name.length);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.getUint32(0, true) !== signature) throw new ZipError('an entry of it has no header');
  const ownName = Buffer.from(bytes.subarray(headerBytes)).toString('latin1');
  const isSame = header.getUint16(26, true) === name.length && ownName === name
    && header.getUint16(6, true) === entry.flags && header.getUint16(8, true) === 0
    // without a descriptor behind the data the sizes stand here too
    && [18, 22].every((at) => [sizeBytes, 0, full32].includes(header.getUint32(at, true)));
  if (!isSame) throw new ZipError('an entry of it disagrees with the directory');
  const offset = headerOffset + headerBytes + name.length + header.getUint16(28, true);
  if (offset + sizeBytes > limit) throw new ZipError('an entry of it lies beyond the file');
  return offset;
}

/** One folder for all, every name once, and none that leads out of the archive. */
function checkNames(entries: readonly ZipEntry[]): void {
  const names = new Set<string>();
  const roots = new Set<string>();
  for (const { name } of entries) {
    const parts = name.split('/');
    const isOdd = parts.length < 2 || /[\\\u0000-\u001f]/.test(name)
      || parts.some((part) => part === '' || part === '.' || part === '..');
    if (isOdd) throw new ZipError('an entry of it has a name that torch would not give');
    if (names.has(name)) throw new ZipError('two of its entries have the same name');
    names.add(name);
    roots.add(parts[0]!);
  }
  if (roots.size > 1) throw new ZipError('it holds more than one folder');
}
