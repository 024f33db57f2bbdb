// What a shared library of Linux says of itself: the libraries that it needs, as the system's loader reads it.
// (System V ABI, chapters 4 and 5: program headers, PT_DYNAMIC, DT_NEEDED.) Only those few bytes are read of its file.

import { type FileHandle, open } from 'node:fs/promises';

const [headerBytes, programBytes, entryBytes] = [64, 56, 16];
const [loadType, dynamicType] = [1, 2];
const [neededTag, stringsTag, stringBytesTag] = [1n, 5n, 10n];
const x64Machine = 62;
/** More than any library has; what claims more is broken. */
const mostBytes = 1 << 20;

/** The names under DT_NEEDED, in their order; undefined for what is no 64-bit library for x64 processors. */
export async function neededLibraries(file: string): Promise<string[] | undefined> {
  const handle = await open(file, 'r');
  try {
    return await readNeeded(handle).catch(() => undefined);
  } finally {
    await handle.close();
  }
}

async function readNeeded(handle: FileHandle): Promise<string[] | undefined> {
  const header = await readAt(handle, 0, headerBytes);
  const isElf = header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1;
  if (!isElf || header.readUInt16LE(0x12) !== x64Machine) return undefined;
  const count = header.readUInt16LE(0x38);
  const programs = await readAt(handle, number(header, 0x20), count * programBytes);
  const segments = Array.from({ length: count }, (_, i) => programs.subarray(i * programBytes)).map((one) => ({
    type: one.readUInt32LE(0), offset: number(one, 8), address: number(one, 16), bytes: number(one, 32),
  }));
  const dynamic = segments.find(({ type }) => type === dynamicType);
  if (!dynamic) return [];
  const entries = await readAt(handle, dynamic.offset, dynamic.bytes - dynamic.bytes % entryBytes);
  const tagged = Array.from({ length: entries.length / entryBytes }, (_, i) => (
    { tag: entries.readBigInt64LE(i * entryBytes), value: number(entries, i * entryBytes + 8) }));
  const valueOf = (tag: bigint): number => tagged.find((one) => one.tag === tag)?.value ?? NaN;
  const address = valueOf(stringsTag);
  const segment = segments.find((one) => (
    one.type === loadType && address >= one.address && address < one.address + one.bytes));
  if (!segment) return undefined;
  const strings = await readAt(handle, segment.offset + address - segment.address, valueOf(stringBytesTag));
  return tagged.filter(({ tag }) => tag === neededTag)
    .map(({ value }) => strings.toString('latin1', value, strings.indexOf(0, value)));
}

const number = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  if (!(length <= mostBytes)) throw new Error('It says that it is larger than any library.');
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  if (bytesRead < length) throw new Error('It is cut off.');
  return bytes;
}
