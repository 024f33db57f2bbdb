// What a golden case is: a folder of reference numbers, and our own computation of the same numbers.
// One file a family in cases/; run.ts and golden.test.ts find them by reading that folder.

import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import path from 'node:path';

import { type Tensor } from '../../src-main/tensor/tensor.ts';
import { toFloat32 } from '../../src-main/tensor/half.ts';

export type GoldenProvider = 'cpu' | 'webgpu';

/** One comparison. */
export interface GoldenRow {
  readonly name: string;
  /** Largest error found, in the measure that the case's tolerance is given in; 0 for exact matches. */
  readonly error: number;
  readonly tolerance: number;
  readonly passed: boolean;
  readonly note?: string;
  /** Part of the case that the project does not compute yet: listed, neither passed nor failed. */
  readonly notCovered?: boolean;
}

export interface GoldenContext {
  /** Absolute path of the case's own folder. */
  readonly folder: string;
  /** Absolute path of the folder that holds all cases' folders. */
  readonly root: string;
  readonly provider: GoldenProvider;
}

export interface GoldenCase {
  /** Name of the case's folder inside the root. */
  readonly folder: string;
  /** Providers it runs on; the CPU alone unless it says more. */
  readonly providers?: readonly GoldenProvider[];
  run(context: GoldenContext): Promise<GoldenRow[]>;
}

/** Thrown by a case that cannot run here; the message is the reason that is printed. */
export class SkippedCase extends Error {
  override readonly name = 'SkippedCase';
}

export interface CaseFamily {
  readonly file: string;
  readonly cases: readonly GoldenCase[];
  /** Why the file could not be loaded. */
  readonly loadError?: string;
}

/** Every case family of cases/, in the order of their file names. */
export async function findCaseFamilies(): Promise<CaseFamily[]> {
  const folder = fileURLToPath(new URL('cases/', import.meta.url));
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
  return Promise.all(files.map(async (file): Promise<CaseFamily> => {
    try {
      const loaded = await import(pathToFileURL(path.join(folder, file)).href) as { cases?: readonly GoldenCase[] };
      return loaded.cases ? { file, cases: loaded.cases } : { file, cases: [], loadError: 'it exports no `cases`' };
    } catch (error) {
      return { file, cases: [], loadError: String((error as Error)?.message ?? error) };
    }
  }));
}

/** max |a - b| / max |b|, b the golden tensor: for network cases. NaN and shapes that differ give Infinity. */
export function maxError(actual: Tensor, golden: Tensor): number {
  if (actual.shape.join() !== golden.shape.join()) return Infinity;
  const [a, b] = [toFloat32(actual).data as Float32Array, toFloat32(golden).data as Float32Array];
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    const here = Math.abs(a[i]! - b[i]!);
    if (!(here <= difference)) difference = Number.isNaN(here) ? Infinity : here;
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return difference === 0 ? 0 : difference / largest;
}

/** ||a - b|| / ||b||, the measure of the training and sampler cases. NaN and shapes that differ give Infinity. */
export function relativeL2(actual: Tensor, golden: Tensor): number {
  if (actual.shape.join() !== golden.shape.join()) return Infinity;
  const [a, b] = [toFloat32(actual).data as Float32Array, toFloat32(golden).data as Float32Array];
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  if (Number.isNaN(difference)) return Infinity;
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}

/** A row that passes when the error is within the tolerance. */
export function row(name: string, error: number, tolerance: number, note?: string): GoldenRow {
  return { name, error, tolerance, passed: error <= tolerance, ...(note ? { note } : {}) };
}

/** A row for a part of a case that the project does not compute yet. */
export function notCoveredRow(name: string, note: string): GoldenRow {
  return { name, error: 0, tolerance: 0, passed: true, note, notCovered: true };
}

/** A row for things that must be equal. */
export function exactRow(name: string, passed: boolean, note?: string): GoldenRow {
  return { name, error: passed ? 0 : Infinity, tolerance: 0, passed, ...(note ? { note } : {}) };
}
