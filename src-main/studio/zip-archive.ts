// A ZIP that grows picture by picture and can be gone on with after a kill: each entry is on the disk before it is
// told, and what stands behind the last known one is cut off. Entries are stored as they are, because pictures do not
// get smaller. APPNOTE 6.3.10, with ZIP64 where offsets or counts need it.

import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

export interface ZipEntry {
  readonly fileName: string;
  /** Where its header begins, in bytes from the start. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly crc: number;
  readonly madeAtMs: number;
}

export interface ZipArchive {
  /** Whether everything that was known before is still there; else it is empty. */
  readonly isContinued: boolean;
  /** Appends a picture; it is on the disk when the answer comes. */
  add(fileName: string, bytes: Uint8Array, madeAtMs: number): Promise<ZipEntry>;
  /** Writes the list of all entries behind them. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

const [localSignature, centralSignature, endSignature] = [0x04034b50, 0x02014b50, 0x06054b50];
const [end64Signature, locatorSignature] = [0x06064b50, 0x07064b50];
const [maximum16, maximum32] = [0xffff, 0xffff_ffff];
/** Versions that a reader needs: 2.0 for folders and names, 4.5 for ZIP64. */
const [version20, version45] = [20, 45];
/** Names are UTF-8. */
const nameFlag = 1 << 11;

/** Opens or makes the file; `known` are its entries so far. `limit` is where ZIP64 begins, for tests. */
export async function openZipArchive(
  file: string, known: readonly ZipEntry[], limit = maximum32,
): Promise<ZipArchive> {
  const handle = await open(file, 'r+').catch(() => open(file, 'wx+', 0o600));
  const last = known.at(-1);
  const expected = last ? endOf(last) : 0;
  const isContinued = (await handle.stat()).size >= expected;
  await handle.truncate(isContinued ? expected : 0);
  const entries = isContinued ? [...known] : [];
  return {
    isContinued,
    async add(fileName, bytes, madeAtMs) {
      const before = entries.at(-1);
      const offset = before ? endOf(before) : 0;
      const entry = { fileName, offset, sizeBytes: bytes.length, crc: crc32(bytes), madeAtMs };
      await writeAt(handle, Buffer.concat([localHeader(entry), bytes]), entry.offset);
      await handle.datasync();
      entries.push(entry);
      return entry;
    },
    async finish() {
      const at = entries.length > 0 ? endOf(entries.at(-1)!) : 0;
      await writeAt(handle, directoryOf(entries, at, limit), at);
      await handle.sync();
    },
    close: () => handle.close(),
  };
}

function endOf({ offset, fileName, sizeBytes }: ZipEntry): number {
  return offset + 30 + Buffer.byteLength(fileName) + sizeBytes;
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  // one write may be cut short, e.g. by a disk that is nearly full
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** What a local header and the directory say alike: from the flags to the length of the name, 22 bytes. */
function sameFields({ fileName, sizeBytes, crc, madeAtMs }: ZipEntry): Buffer {
  const fields = Buffer.alloc(22);
  const { date, time } = dosTime(madeAtMs);
  fields.writeUInt16LE(nameFlag, 0);
  fields.writeUInt16LE(time, 4);
  fields.writeUInt16LE(date, 6);
  fields.writeUInt32LE(crc, 8);
  fields.writeUInt32LE(sizeBytes, 12);
  fields.writeUInt32LE(sizeBytes, 16);
  fields.writeUInt16LE(Buffer.byteLength(fileName), 20);
  return fields;
}

function localHeader(entry: ZipEntry): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt32LE(localSignature, 0);
  head.writeUInt16LE(version20, 4);
  return Buffer.concat([head, sameFields(entry), Buffer.alloc(2), Buffer.from(entry.fileName)]);
}

function centralHeader(entry: ZipEntry, limit: number): Buffer {
  const isFar = entry.offset >= limit;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(centralSignature, 0);
  head.writeUInt16LE(version45, 4);
  head.writeUInt16LE(isFar ? version45 : version20, 6);
  const extra = Buffer.alloc(isFar ? 12 : 0);
  if (isFar) {
    extra.writeUInt16LE(0x0001, 0);
    extra.writeUInt16LE(8, 2);
    extra.writeBigUInt64LE(BigInt(entry.offset), 4);
  }
  const tail = Buffer.alloc(16);
  tail.writeUInt16LE(extra.length, 0);
  tail.writeUInt32LE(isFar ? maximum32 : entry.offset, 12);
  return Buffer.concat([head, sameFields(entry), tail, Buffer.from(entry.fileName), extra]);
}

function directoryOf(entries: readonly ZipEntry[], at: number, limit: number): Buffer {
  const directory = Buffer.concat(entries.map((entry) => centralHeader(entry, limit)));
  const needs64 = at >= limit || entries.length >= maximum16;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(endSignature, 0);
  const count = needs64 ? maximum16 : entries.length;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(needs64 ? maximum32 : directory.length, 12);
  end.writeUInt32LE(needs64 ? maximum32 : at, 16);
  return Buffer.concat([directory, ...needs64 ? [end64(entries.length, directory.length, at)] : [], end]);
}

/** The end of a directory in 64 bits, and where it stands. */
function end64(count: number, length: number, at: number): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.writeUInt32LE(end64Signature, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE(version45, 12);
  bytes.writeUInt16LE(version45, 14);
  [count, count, length, at].forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), 24 + 8 * i));
  bytes.writeUInt32LE(locatorSignature, 56);
  bytes.writeBigUInt64LE(BigInt(at + length), 64);
  bytes.writeUInt32LE(1, 72);
  return bytes;
}

/** Date and time as DOS has them: local, from 1980 on, in steps of two seconds. */
function dosTime(timeMs: number): { date: number; time: number } {
  const at = new Date(Math.max(timeMs, Date.UTC(1980, 0, 2)));
  return {
    date: ((at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate(),
    time: (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1),
  };
}
