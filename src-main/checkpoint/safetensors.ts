// Strict reader of safetensors files: the header is checked in full, the tensors stay where they lie in the file.
// Layout (huggingface/safetensors README): u64 header length N, N bytes of JSON, then the tensors' bytes back to back.
// Beyond the public reader: names given twice, numbers that a double cannot hold, and oversized headers are refused,
// so that no other program can see other tensors in the same file.

import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';

import { bytesPerElement, type DType, type Shape, type Tensor, tensorFromBytes } from '../tensor/tensor.ts';
import { isTensorReference, type TensorReference, type WeightSource } from '../tensor/weights.ts';
import { dtypeOfName, isUnsupportedDTypeName } from './dtype-names.ts';
import { damagedFile, impostor, truncatedFile, unreadableFile, unsupportedDType } from './file-errors.ts';
import { type HeaderJson, type HeaderObject, HeaderSyntaxError, parseHeaderJson } from './header-json.ts';
import { readBytes, readFileBytes } from './read-bytes.ts';

export interface SafetensorsHeader {
  /** Absolute path. */
  readonly file: string;
  /** Free text that a stranger wrote: show it as text only. */
  readonly metadata: ReadonlyMap<string, string>;
  /** In the header's order. */
  readonly tensors: ReadonlyMap<string, TensorReference>;
  /** Where the tensors' bytes begin. */
  readonly dataOffsetBytes: number;
  readonly sizeBytes: number;
}

export interface HeaderLimits {
  /** Largest header in bytes; 16 MB holds 100,000 tensors. */
  readonly maxHeaderBytes: number;
}

const checkpointLimits: HeaderLimits = { maxHeaderBytes: 16_000_000 };
const maxMetadataBytes = 1_000_000;
const maxNameBytes = 512;
const maxAxes = 8;

/**
 * Reads and checks the header of a safetensors file.
 * Refuses, with a UserError that says what the file is instead: web pages, Git LFS pointers, pickles, truncated files,
 * and every file that breaks a rule of the format.
 */
export async function readSafetensorsHeader(
  file: string, limits: HeaderLimits = checkpointLimits,
): Promise<SafetensorsHeader> {
  const handle = await open(file, 'r').catch((cause: unknown) => { throw unreadableFile(file, cause); });
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw damagedFile(file, 'it is a folder or a device');
    const header = await readHeader(handle, path.resolve(file), before.size, limits);
    const after = await handle.stat();
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw damagedFile(file, 'it changed while it was read');
    }
    return header;
  } finally {
    await handle.close();
  }
}

/** Reads one tensor's numbers from its file. Refuses a file that has become shorter. */
export async function readTensor(source: WeightSource): Promise<Tensor> {
  if (!isTensorReference(source)) return source;
  const { file, dtype, shape, offsetBytes, lengthBytes } = source;
  return tensorFromBytes(dtype, shape, await readFileBytes(file, offsetBytes, lengthBytes));
}

/** Reads the tensors of a whole file: for small files only (golden data, adapters). */
export async function readSafetensors(file: string, limits?: HeaderLimits): Promise<Map<string, Tensor>> {
  const header = await readSafetensorsHeader(file, limits);
  const tensors = new Map<string, Tensor>();
  for (const [name, reference] of header.tensors) tensors.set(name, await readTensor(reference));
  return tensors;
}

async function readHeader(
  handle: FileHandle, file: string, sizeBytes: number, limits: HeaderLimits,
): Promise<SafetensorsHeader> {
  const head = await readBytes(handle, file, 0, Math.min(sizeBytes, 512));
  const headerBytes = head.length < 8 ? 0n : new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  // An impostor's first eight bytes are text, so the length they spell is far beyond any header
  if (headerBytes < 2n || headerBytes > BigInt(limits.maxHeaderBytes) || 8n + headerBytes > BigInt(sizeBytes)) {
    throw impostor(file, head) ?? headerLengthError(file, sizeBytes, headerBytes, limits);
  }
  const dataOffsetBytes = 8 + Number(headerBytes);
  const text = decodeHeader(file, await readBytes(handle, file, 8, Number(headerBytes)));
  const object = parseHeader(file, text);
  const metadata = readMetadata(file, object.get('__metadata__'));
  const tensors = new Map<string, TensorReference>();
  for (const [name, entry] of object) {
    if (name !== '__metadata__') tensors.set(name, readEntry(file, name, entry, dataOffsetBytes));
  }
  checkLayout(file, tensors, dataOffsetBytes, sizeBytes);
  return { file, metadata, tensors, dataOffsetBytes, sizeBytes };
}

function headerLengthError(file: string, sizeBytes: number, headerBytes: bigint, limits: HeaderLimits): Error {
  if (sizeBytes < 8) return damagedFile(file, `it has ${sizeBytes} bytes and the format begins with 8`);
  if (headerBytes < 2n) return damagedFile(file, 'its header is empty');
  if (headerBytes <= BigInt(limits.maxHeaderBytes)) return truncatedFile(file, sizeBytes, 8 + Number(headerBytes));
  return damagedFile(file, `its header claims ${headerBytes} bytes, more than the ${limits.maxHeaderBytes} allowed`);
}

function decodeHeader(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw damagedFile(file, 'its header is not UTF-8 text');
  }
}

function parseHeader(file: string, text: string): HeaderObject {
  try {
    return parseHeaderJson(text);
  } catch (error) {
    if (error instanceof HeaderSyntaxError) throw damagedFile(file, `its header is malformed (${error.message})`);
    throw error;
  }
}

function readMetadata(file: string, value: HeaderJson | undefined): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (value === undefined) return metadata;
  if (!(value instanceof Map)) throw damagedFile(file, 'its metadata is not a list of texts');
  let size = 0;
  for (const [name, text] of value as HeaderObject) {
    if (typeof text !== 'string') throw damagedFile(file, `its metadata ${JSON.stringify(name)} is not a text`);
    size += name.length + text.length;
    metadata.set(name, text);
  }
  if (size > maxMetadataBytes) throw damagedFile(file, `its metadata is longer than ${maxMetadataBytes} characters`);
  return metadata;
}

function readEntry(file: string, name: string, entry: HeaderJson, dataOffsetBytes: number): TensorReference {
  const where = `tensor ${JSON.stringify(name.slice(0, 100))}`;
  if (Buffer.byteLength(name) > maxNameBytes) throw damagedFile(file, `the name of ${where} is too long`);
  if (!(entry instanceof Map)) throw damagedFile(file, `${where} has no description`);
  const object = entry as HeaderObject;
  const dtype = readDType(file, name, object.get('dtype'), where);
  const shape = integers(object.get('shape'));
  const offsets = integers(object.get('data_offsets'));
  if (!shape || shape.length > maxAxes) throw damagedFile(file, `the shape of ${where} is not a list of sizes`);
  if (!offsets || offsets.length !== 2) throw damagedFile(file, `${where} lacks its two offsets`);
  const [begin, end] = offsets as [number, number];
  const lengthBytes = checkedSize(shape, dtype);
  if (lengthBytes === undefined) throw damagedFile(file, `the shape of ${where} is too large`);
  if (end - begin !== lengthBytes) throw damagedFile(file, `${where} takes other bytes than its shape and type say`);
  return { dtype, shape, file, offsetBytes: dataOffsetBytes + begin, lengthBytes };
}

function readDType(file: string, name: string, value: HeaderJson | undefined, where: string): DType {
  if (typeof value !== 'string') throw damagedFile(file, `${where} has no type`);
  if (isUnsupportedDTypeName(value)) throw unsupportedDType(file, name, value);
  const dtype = dtypeOfName(value);
  if (!dtype) throw damagedFile(file, `${where} has the unknown type ${JSON.stringify(value.slice(0, 40))}`);
  return dtype;
}

/** A list of non-negative integers that a double holds exactly; undefined for anything else. */
function integers(value: HeaderJson | undefined): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const list: number[] = [];
  for (const item of value as readonly HeaderJson[]) {
    const digits = item !== null && typeof item === 'object' && 'digits' in item ? item.digits : '';
    const number = /^(?:0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : NaN;
    if (!Number.isSafeInteger(number)) return undefined;
    list.push(number);
  }
  return list;
}

function checkedSize(shape: Shape, dtype: DType): number | undefined {
  let bytes = bytesPerElement[dtype];
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return bytes;
}

/** No hole, no overlap, nothing left over. */
function checkLayout(
  file: string, tensors: ReadonlyMap<string, TensorReference>, dataOffsetBytes: number, sizeBytes: number,
): void {
  const sorted = [...tensors.values()].sort((a, b) => a.offsetBytes - b.offsetBytes || a.lengthBytes - b.lengthBytes);
  let end = dataOffsetBytes;
  for (const tensor of sorted) {
    if (tensor.offsetBytes < end) throw damagedFile(file, 'two of its tensors overlap');
    if (tensor.offsetBytes > end) throw damagedFile(file, 'there is a hole between its tensors');
    end += tensor.lengthBytes;
  }
  if (end > sizeBytes) throw truncatedFile(file, sizeBytes, end);
  if (end < sizeBytes) throw damagedFile(file, `${sizeBytes - end} bytes follow the last tensor`);
}
