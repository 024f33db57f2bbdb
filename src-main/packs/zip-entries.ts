// The directory of a zip archive on disk, and the bytes of one of its files. (PKWARE, APPNOTE.TXT 4.3, with the 64-bit
// sizes of 4.5.3.) Nothing here is believed: who unpacks checks a hash or the CRC-32.

import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly crc32: number;
  readonly headerOffset: number;
}

const [stored, deflated] = [0, 8];
const endBytes = 22;
const locatorBytes = 20;
const longestComment = 0xffff;
/** Stands where a number is in the 64-bit field. */
const elsewhere = 0xffffffff;

/** Throws where the archive has no whole directory. */
export async function readEntries(handle: FileHandle): Promise<ZipEntry[]> {
  const { count, length, offset } = await readEnd(handle);
  const directory = await readAt(handle, offset, length);
  const entries: ZipEntry[] = [];
  for (let from = 0; entries.length < count;) {
    if (directory.readUInt32LE(from) !== 0x02014b50) throw new Error('The directory is broken.');
    const nameLength = directory.readUInt16LE(from + 28);
    const extraLength = directory.readUInt16LE(from + 30);
    const extraAt = from + 46 + nameLength;
    const [bytes, packedBytes, headerOffset] = wideNumbers(
      [directory.readUInt32LE(from + 24), directory.readUInt32LE(from + 20), directory.readUInt32LE(from + 42)],
      directory.subarray(extraAt, extraAt + extraLength));
    entries.push({
      name: directory.toString('utf8', from + 46, extraAt), method: directory.readUInt16LE(from + 10),
      crc32: directory.readUInt32LE(from + 16), bytes: bytes!, packedBytes: packedBytes!, headerOffset: headerOffset!,
    });
    from = extraAt + extraLength + directory.readUInt16LE(from + 32);
  }
  return entries;
}

async function readEnd(handle: FileHandle): Promise<{ count: number; length: number; offset: number }> {
  const { size } = await handle.stat();
  const tailBytes = Math.min(size, endBytes + longestComment + locatorBytes);
  const tail = await readAt(handle, size - tailBytes, tailBytes);
  const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const [count, length, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (count !== 0xffff && length !== elsewhere && offset !== elsewhere) return { count, length, offset };
  const end = await readAt(handle, Number(tail.readBigUInt64LE(at - locatorBytes + 8)), 56);
  if (end.readUInt32LE(0) !== 0x06064b50) throw new Error('The directory is broken.');
  const [wideCount, wideLength, wideOffset] = [32, 40, 48].map((field) => Number(end.readBigUInt64LE(field)));
  return { count: wideCount!, length: wideLength!, offset: wideOffset! };
}

/** Those of the numbers that did not fit stand, in their order, in the extra field 1. */
function wideNumbers(numbers: readonly number[], extra: Buffer): number[] {
  let field: Buffer = Buffer.alloc(0);
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1) field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  }
  let at = 0;
  return numbers.map((number) => {
    if (number !== elsewhere) return number;
    at += 8;
    return Number(field.readBigUInt64LE(at - 8));
  });
}

/** The streams that give an entry's bytes as they were packed from; undefined where it is packed in another way. */
export async function entryStreams(
  archive: string, handle: FileHandle, { method, packedBytes, headerOffset }: ZipEntry,
): Promise<[Readable, ...NodeJS.ReadWriteStream[]] | undefined> {
  const header = await readAt(handle, headerOffset, 30);
  const start = headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (method !== stored && method !== deflated) return undefined;
  const end = start + packedBytes - 1;
  const source = packedBytes === 0 ? Readable.from([]) : createReadStream(archive, { start, end });
  return method === deflated ? [source, createInflateRaw()] : [source];
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  if (bytesRead < length) throw new Error('The archive is cut off.');
  return bytes;
}
