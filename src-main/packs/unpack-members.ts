// Takes named files out of a zip archive whose SHA-256 is known. Only what was asked for is written, under the names
// that were asked for and up to the sizes that were published: no name or size in the archive decides anything.
// (PKWARE, APPNOTE.TXT 4.3; archives below 4 GiB.)

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { syncFolder } from '../checkpoint/atomic-file.ts';
import { brokenArchive } from './download-errors.ts';

export interface WantedMember {
  /** Base name, wherever in the archive it lies. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly headerOffset: number;
}

const [stored, deflated] = [0, 8];
const endBytes = 22;
const longestComment = 0xffff;

/** Writes the members into `folder`, each whole or not at all. Throws download.archive. */
export async function unpackMembers(archive: string, members: readonly WantedMember[], folder: string): Promise<void> {
  const handle = await open(archive, 'r');
  try {
    const entries = await readEntries(handle).catch(() => undefined);
    for (const member of members) {
      const entry = entries?.find(({ name }) => name.split('/').at(-1) === member.name);
      if (!entry) throw brokenArchive(path.basename(archive));
      await unpack(archive, handle, entry, member, folder);
    }
    await syncFolder(folder);
  } finally {
    await handle.close();
  }
}

async function readEntries(handle: FileHandle): Promise<Entry[]> {
  const { size } = await handle.stat();
  const tailBytes = Math.min(size, endBytes + longestComment);
  const tail = await readAt(handle, size - tailBytes, tailBytes);
  const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const [count, length, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  const directory = await readAt(handle, offset, length);
  const entries: Entry[] = [];
  for (let from = 0; entries.length < count;) {
    if (directory.readUInt32LE(from) !== 0x02014b50) throw new Error('The directory is broken.');
    const nameLength = directory.readUInt16LE(from + 28);
    entries.push({
      name: directory.toString('utf8', from + 46, from + 46 + nameLength),
      method: directory.readUInt16LE(from + 10), packedBytes: directory.readUInt32LE(from + 20),
      headerOffset: directory.readUInt32LE(from + 42),
    });
    from += 46 + nameLength + directory.readUInt16LE(from + 30) + directory.readUInt16LE(from + 32);
  }
  return entries;
}

async function unpack(
  archive: string, handle: FileHandle, entry: Entry, member: WantedMember, folder: string,
): Promise<void> {
  const header = await readAt(handle, entry.headerOffset, 30);
  const start = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (entry.method !== stored && entry.method !== deflated) throw brokenArchive(path.basename(archive));
  const file = path.join(folder, member.name);
  const out = await open(`${file}.part`, 'w');
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measure = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      sizeBytes += bytes.length;
      hash.update(bytes);
      done(sizeBytes > member.bytes ? new Error('It is larger than it should be.') : null, bytes);
    },
  });
  try {
    const source = createReadStream(archive, { start, end: start + entry.packedBytes - 1 });
    const unpacked = entry.method === deflated ? [createInflateRaw(), measure] : [measure];
    await pipeline([source, ...unpacked, out.createWriteStream({ flush: true })]);
    if (hash.digest('hex') !== member.sha256) throw new Error('It is another file.');
    await rename(`${file}.part`, file);
  } catch (error) {
    await rm(`${file}.part`, { force: true });
    throw isDisk(error) ? error : brokenArchive(path.basename(archive));
  } finally {
    await out.close().catch(() => undefined);
  }
}

const isDisk = (error: unknown): boolean => (
  error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code)));

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  if (bytesRead < length) throw new Error('The archive is cut off.');
  return bytes;
}
