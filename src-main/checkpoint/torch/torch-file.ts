// Reads files of torch.save (.pt, .pth, .bin, .ckpt) without running anything in them. The numbers stay in the file:
// tensors whose elements lie in order are references to its bytes, the others are laid out anew in memory.

import { open } from 'node:fs/promises';
import path from 'node:path';

import type { WeightSource } from '../../tensor/weights.ts';
import { impostor, unreadableFile } from '../file-errors.ts';
import { readBytes } from '../read-bytes.ts';
import { PickleError } from './pickle-error.ts';
import {
  InertObject, PickleDictionary, PickleGlobal, PickleSequence, type PickleValue, TorchStorage, type TorchTensor,
} from './pickle-values.ts';
import type { TorchContents } from './torch-contents.ts';
import {
  changedFile, compressedZip, damagedTorch, notTorch, torchDType, truncatedTorch, unsafePickle, unsupportedTorch,
} from './torch-errors.ts';
import { readTorchLegacy } from './torch-legacy.ts';
import { TensorLayout } from './torch-layout.ts';
import { readTorchZip } from './torch-zip.ts';
import { type FileBytes, ZipError } from './zip-file.ts';

/** A torch file: what was pickled, and where its tensors are. */
export interface TorchFile {
  /** Absolute path. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Dictionaries, lists, numbers, texts, tensors, and objects of which only the class is known. */
  readonly value: PickleValue;
  /** Where a tensor of `value` is; one whose elements lie out of order is read into memory. */
  locate(tensor: TorchTensor): Promise<WeightSource>;
}

export interface TorchEntry {
  /** Keys from the top: texts, and positions in lists or integer keys as numbers. */
  readonly path: readonly (string | number)[];
  readonly value: PickleValue;
}

export type TorchFormat = 'zip' | 'legacy';

/** The format of a torch file by its first bytes; undefined when it is none. Zip archives of all kinds are 'zip'. */
export function torchFormat(head: Uint8Array): TorchFormat | undefined {
  if (beginsAsSafetensors(head)) return undefined;
  if (head[0] === 0x50 && head[1] === 0x4b && head[2]! <= 7 && head[3]! <= 8) return 'zip';
  return head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5 ? 'legacy' : undefined;
}

/** A length of 64 bits and the JSON behind it: a header of 640 bytes begins as a pickle of protocol 2 does. */
function beginsAsSafetensors(head: Uint8Array): boolean {
  return head.length > 8 && head.subarray(4, 8).every((byte) => byte === 0) && head[8] === 0x7b;
}

/**
 * Reads a torch file of either format. Refuses with a UserError: files that are none (web pages, Git LFS pointers),
 * cut off or damaged ones, archives on which two readers could disagree, and every pickle that names anything which
 * weights have no need of.
 */
export async function readTorchFile(file: string): Promise<TorchFile> {
  const absolute = path.resolve(file);
  const handle = await open(absolute, 'r').catch((cause: unknown) => { throw unreadableFile(absolute, cause); });
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw notTorch(absolute);
    const bytes: FileBytes = {
      sizeBytes: before.size, read: (offset, length) => readBytes(handle, absolute, offset, length),
    };
    const contents = await readContents(absolute, bytes);
    const after = await handle.stat();
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changedFile(absolute);
    const layout = new TensorLayout(absolute, before.size, contents);
    return {
      file: absolute, sizeBytes: before.size, value: contents.value, locate: (tensor) => layout.locate(tensor),
    };
  } finally {
    await handle.close();
  }
}

async function readContents(file: string, bytes: FileBytes): Promise<TorchContents> {
  const head = await bytes.read(0, Math.min(bytes.sizeBytes, 512));
  const format = torchFormat(head);
  if (!format) throw impostor(file, head) ?? notTorch(file);
  try {
    return await (format === 'zip' ? readTorchZip(bytes) : readTorchLegacy(bytes));
  } catch (error) {
    throw asUserError(file, error);
  }
}

function asUserError(file: string, error: unknown): unknown {
  if (error instanceof ZipError) {
    if (error.problem === 'truncated') return truncatedTorch(file);
    return error.problem === 'unsupported' ? compressedZip(file, error.message) : damagedTorch(file, error.message);
  }
  if (!(error instanceof PickleError)) return error;
  switch (error.problem) {
    case 'damaged': return damagedTorch(file, error.message);
    case 'unsafe': return unsafePickle(file, error.message);
    case 'unsupported': return unsupportedTorch(file, error.message);
    case 'dtype': return torchDType(file, error.message);
  }
}

/** Deeper and larger than any file of weights; a list may contain itself. */
const maxDepth = 32;
const maxVisits = 400_000;

/**
 * Everything in a torch file that is no container, and empty containers, with the way to it, in the file's order.
 * Names and objects that stand beside the weights are left out. Refuses nesting without end.
 */
export function torchEntries({ file, value }: Pick<TorchFile, 'file' | 'value'>): TorchEntry[] {
  const entries: TorchEntry[] = [];
  let visits = 0;
  const visit = (here: PickleValue, way: readonly (string | number)[]): void => {
    if (way.length > maxDepth || ++visits > maxVisits) throw damagedTorch(file, 'it is nested without end');
    const children = childrenOf(here);
    if (children.length === 0 && !isPassedOver(here)) entries.push({ path: way, value: here });
    for (const [key, child] of children) visit(child, [...way, key]);
  };
  visit(value, []);
  return entries;
}

/** Dictionaries have no children where all their keys are objects. */
function isPassedOver(value: PickleValue): boolean {
  if (value instanceof PickleDictionary) return value.size > 0;
  return value instanceof InertObject || value instanceof PickleGlobal || value instanceof TorchStorage;
}

function childrenOf(value: PickleValue): [string | number, PickleValue][] {
  if (value instanceof PickleSequence) return value.items.map((item, i) => [i, item]);
  if (!(value instanceof PickleDictionary)) return [];
  return [...value].flatMap(([key, child]): [string | number, PickleValue][] => {
    if (typeof key === 'bigint') return [[Number(key), child]];
    return typeof key === 'string' ? [[key, child]] : [];
  });
}
