// Text inside a PNG (PNG specification, third edition, sections 5.3 and 11.3.3): tEXt holds Latin-1, zTXt the same
// deflated, iTXt UTF-8. Pictures come from anywhere, so sizes are checked before anything is unpacked.

import { crc32, inflateSync } from 'node:zlib';

export interface PngText {
  readonly keyword: string;
  readonly text: string;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Larger than any prompt or workflow, small enough for a hostile file. */
const maximumTextBytes = 16 * 1024 * 1024;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** A copy of a PNG with texts added before its picture data; texts in Latin-1 become tEXt, others iTXt. */
export function addPngTexts(png: Uint8Array, texts: readonly PngText[]): Uint8Array {
  // signature, then IHDR: length, type, 13 bytes, checksum
  const afterHeader = signature.length + 25;
  if (!isPng(png) || png.length < afterHeader) throw new Error('Text can only be added to a PNG.');
  return Buffer.concat([png.subarray(0, afterHeader), ...texts.map(textChunk), png.subarray(afterHeader)]);
}

/** The texts of a PNG in their order; undefined when it is no PNG. Damaged or oversized chunks are left out. */
export function readPngTexts(png: Uint8Array): PngText[] | undefined {
  if (!isPng(png)) return undefined;
  return [...chunks(png)].map(readText).filter((text) => text !== undefined);
}

/** The types of a PNG's chunks in order, e.g. IHDR, iTXt, IDAT, IEND. */
export function pngChunkTypes(png: Uint8Array): string[] {
  return [...chunks(png)].map((chunk) => chunk.type);
}

function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, k) => bytes[k] === byte);
}

function* chunks(png: Uint8Array): Generator<Chunk> {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  let offset = signature.length;
  while (offset + 12 <= bytes.length) {
    const length = bytes.readUInt32BE(offset);
    const end = offset + 8 + length;
    if (end + 4 > bytes.length) return;
    const isSound = crc32(bytes.subarray(offset + 4, end)) === bytes.readUInt32BE(end);
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    if (isSound) yield { type, data: bytes.subarray(offset + 8, end) };
    if (type === 'IEND') return;
    offset = end + 4;
  }
}

function textChunk({ keyword, text }: PngText): Buffer {
  if (!/^[\x20-\x7e]{1,79}$/.test(keyword)) throw new Error(`${JSON.stringify(keyword)} is no keyword of a PNG text.`);
  // a null would end the text for most readers
  const clean = text.replaceAll('\0', '');
  if (/^[\0-\xff]*$/.test(clean) && keyword !== xmpKeyword) {
    return chunk('tEXt', Buffer.concat([Buffer.from(`${keyword}\0`, 'latin1'), Buffer.from(clean, 'latin1')]));
  }
  // keyword, not compressed, no language, no translated keyword
  return chunk('iTXt', Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(clean, 'utf8')]));
}

/** XMP's own keyword, always in iTXt and not compressed (XMP specification part 3, section 1.1.5). */
export const xmpKeyword = 'XML:com.adobe.xmp';

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

function readText({ type, data }: Chunk): PngText | undefined {
  const keywordEnd = data.indexOf(0);
  if (!['tEXt', 'zTXt', 'iTXt'].includes(type) || keywordEnd < 1 || data.length > maximumTextBytes) return undefined;
  const keyword = data.toString('latin1', 0, keywordEnd);
  const rest = data.subarray(keywordEnd + 1);
  if (type === 'tEXt') return { keyword, text: rest.toString('latin1') };
  if (type === 'zTXt') return inflated(rest.subarray(1), (bytes) => ({ keyword, text: bytes.toString('latin1') }));
  const isCompressed = rest[0] === 1;
  const languageEnd = rest.indexOf(0, 2);
  const translatedEnd = languageEnd < 0 ? -1 : rest.indexOf(0, languageEnd + 1);
  if (translatedEnd < 0) return undefined;
  const content = rest.subarray(translatedEnd + 1);
  if (!isCompressed) return { keyword, text: content.toString('utf8') };
  return inflated(content, (bytes) => ({ keyword, text: bytes.toString('utf8') }));
}

function inflated(data: Buffer, use: (bytes: Buffer) => PngText): PngText | undefined {
  try {
    return use(inflateSync(data, { maxOutputLength: maximumTextBytes }));
  } catch {
    // damaged or larger than allowed: the picture is still a picture
    return undefined;
  }
}
