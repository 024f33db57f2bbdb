// The directory of a zip archive, read as strictly as a reader can: the end record, ZIP64 where it is needed, and every
// entry must agree with each other and with the file. Archives on which two readers could disagree are refused.
// (PKWARE, APPNOTE.TXT 4.3 and 4.5.3. torch writes ZIP64 end records always and entries without compression.)

import { type FileBytes, ZipError } from './zip-file.ts';

export interface ZipEntry {
  /** Bytes of the name as Latin-1: any name is itself and no other. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly headerOffset: number;
  readonly flags: number;
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  /** Where the directory begins; every entry ends before it. */
  readonly offset: number;
}

const signatures = { entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 } as const;
const endBytes = 22;
const end64Bytes = 56;
const locatorBytes = 20;
const entryBytes = 46;
const maxDirectoryBytes = 64_000_000;
const maxEntries = 50_000;
const [full16, full32] = [0xffff, 0xffffffff];

interface EndRecord {
  readonly count: number;
  readonly sizeBytes: number;
  readonly offset: number;
  /** Where the directory must end. */
  readonly position: number;
}

export async function readZipDirectory(file: FileBytes): Promise<ZipDirectory> {
  const end = await readEnd(file);
  if (end.count > maxEntries || end.sizeBytes > maxDirectoryBytes) throw new ZipError('its directory is too large');
  if (end.offset + end.sizeBytes !== end.position) throw new ZipError('its directory is not where it should be');
  const bytes = await file.read(end.offset, end.sizeBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ZipEntry[] = [];
  let position = 0;
  for (let i = 0; i < end.count; i++) {
    if (view.byteLength - position < entryBytes) throw new ZipError('its directory has fewer entries than it says');
    const length = entryBytes + view.getUint16(position + 28, true) + view.getUint16(position + 30, true)
      + view.getUint16(position + 32, true);
    if (view.byteLength - position < length) throw new ZipError('its directory is cut off');
    entries.push(readEntry(bytes.subarray(position, position + length), end));
    position += length;
  }
  if (position !== view.byteLength) throw new ZipError('its directory has more entries than it says');
  return { entries, offset: end.offset };
}

/** The end record, which must be the very end of the file but for its comment. */
async function readEnd(file: FileBytes): Promise<EndRecord> {
  const tailBytes = Math.min(file.sizeBytes, endBytes + full16);
  const tailOffset = file.sizeBytes - tailBytes;
  const tail = await file.read(tailOffset, tailBytes);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = tailBytes - endBytes; at >= 0; at--) {
    const isEnd = view.getUint32(at, true) === signatures.end;
    if (!isEnd || at + endBytes + view.getUint16(at + 20, true) !== tailBytes) continue;
    return await readEnd64(file, tailOffset + at, {
      disks: view.getUint16(at + 4, true) + view.getUint16(at + 6, true), countHere: view.getUint16(at + 8, true),
      count: view.getUint16(at + 10, true), sizeBytes: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    });
  }
  throw new ZipError('its directory is missing at the end', 'truncated');
}

interface ShortEnd extends Omit<EndRecord, 'position'> {
  readonly disks: number;
  readonly countHere: number;
}

/** The long end record stands before the short one and must say the same, but where the short one has no room. */
async function readEnd64(file: FileBytes, position: number, short: ShortEnd): Promise<EndRecord> {
  if (short.disks !== 0 || short.countHere !== short.count) throw new ZipError('it is a part of an archive in several');
  const locatorOffset = position - locatorBytes;
  const locator = locatorOffset < 0 ? undefined : await view(file, locatorOffset, locatorBytes);
  if (!locator || locator.getUint32(0, true) !== signatures.locator64) {
    const isFull = short.count === full16 || short.sizeBytes === full32 || short.offset === full32;
    if (isFull) throw new ZipError('it lacks the record that large archives have');
    return { count: short.count, sizeBytes: short.sizeBytes, offset: short.offset, position };
  }
  const offset64 = safe(locator.getBigUint64(8, true));
  if (locator.getUint32(4, true) !== 0 || locator.getUint32(16, true) > 1 || offset64 + end64Bytes !== locatorOffset) {
    throw new ZipError('its large directory record is not where it should be');
  }
  const record = await view(file, offset64, end64Bytes);
  const isSound = record.getUint32(0, true) === signatures.end64 && record.getBigUint64(4, true) === 44n
    && record.getUint32(16, true) + record.getUint32(20, true) === 0
    && record.getBigUint64(24, true) === record.getBigUint64(32, true);
  const long = {
    count: safe(record.getBigUint64(32, true)), sizeBytes: safe(record.getBigUint64(40, true)),
    offset: safe(record.getBigUint64(48, true)),
  };
  const agrees = sameUnlessFull(short.count, long.count, full16) && sameUnlessFull(short.offset, long.offset, full32)
    && sameUnlessFull(short.sizeBytes, long.sizeBytes, full32);
  if (!isSound || !agrees) throw new ZipError('its two directory records disagree');
  return { ...long, position: offset64 };
}

function readEntry(bytes: Uint8Array, end: EndRecord): ZipEntry {
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (fields.getUint32(0, true) !== signatures.entry) throw new ZipError('its directory is damaged');
  const nameBytes = fields.getUint16(28, true);
  const name = Buffer.from(bytes.subarray(entryBytes, entryBytes + nameBytes)).toString('latin1');
  const extra = bytes.subarray(entryBytes + nameBytes, entryBytes + nameBytes + fields.getUint16(30, true));
  const flags = fields.getUint16(8, true);
  const method = fields.getUint16(10, true);
  if (flags & 0x2041) throw new ZipError('an entry of it is encrypted', 'unsupported');
  if (method !== 0) throw new ZipError('its entries are compressed, which torch never does', 'unsupported');
  const [sizeBytes, packedBytes, headerOffset] = longFields(extra, [
    fields.getUint32(24, true), fields.getUint32(20, true), fields.getUint32(42, true),
  ]);
  if (sizeBytes !== packedBytes || fields.getUint16(34, true) !== 0) throw new ZipError('an entry of it has two sizes');
  if (headerOffset! + sizeBytes! > end.offset) throw new ZipError('an entry of it reaches beyond the file');
  return { name, sizeBytes: sizeBytes!, headerOffset: headerOffset!, flags };
}

/** Sizes and offset that do not fit into 32 bits stand in the ZIP64 extra field, in this order. */
function longFields(extra: Uint8Array, fields: readonly number[]): number[] {
  if (!fields.includes(full32)) return [...fields];
  const all = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  for (let at = 0; at + 4 <= extra.length; at += 4 + all.getUint16(at + 2, true)) {
    if (all.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    const end = next + all.getUint16(at + 2, true);
    return fields.map((value) => {
      if (value !== full32) return value;
      if (next + 8 > Math.min(end, extra.length)) throw new ZipError('an entry of it lacks its size');
      next += 8;
      return safe(all.getBigUint64(next - 8, true));
    });
  }
  throw new ZipError('an entry of it lacks its size');
}

function sameUnlessFull(short: number, long: number, full: number): boolean {
  return short === long || short === full;
}

async function view(file: FileBytes, offset: number, length: number): Promise<DataView> {
  const bytes = await file.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipError('a size in its directory is impossible');
  return Number(value);
}
