// CUDA on Linux as the system has it: ONNX Runtime's own provider library, which npm does not bring, and the libraries
// of NVIDIA that it was linked against. Says which of them are there without fetching, and whether their versions fit.

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { CudaLibraries } from '../contract/cuda.ts';
import { isOfCuda } from './cuda-catalogue.ts';
import { neededLibraries } from './cuda-elf.ts';

export interface CudaPlaces {
  /** NVIDIA's driver says here that it is loaded. */
  readonly driverFile: string;
  /** Where ONNX Runtime's libraries lie. */
  readonly runtimeFolder: string;
  /** Where the system's loader looks. */
  readonly libraryFolders: readonly string[];
}

export type CudaFinding = Pick<CudaLibraries, 'state' | 'note'>;

const providerName = 'libonnxruntime_providers_cuda.so';

/** `places`: undefined on another system. */
export async function cudaLibrariesAt(places: CudaPlaces | undefined): Promise<CudaFinding> {
  if (!places) return { state: 'not-needed', note: 'CUDA is used on Linux with an x64 processor alone.' };
  const { driverFile, runtimeFolder, libraryFolders } = places;
  if (!existsSync(driverFile)) {
    return { state: 'not-needed', note: 'This machine has no NVIDIA driver that is loaded.' };
  }
  const provider = path.join(runtimeFolder, providerName);
  if (!existsSync(provider)) {
    return { state: 'missing', note: `ONNX Runtime’s ${providerName} is not there; WebGPU is used meanwhile.` };
  }
  const needed = (await neededLibraries(provider) ?? []).filter(isOfCuda);
  const folders = [runtimeFolder, ...libraryFolders];
  const there = new Set((await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))).flat());
  return compared(needed, there);
}

function compared(needed: readonly string[], there: ReadonlySet<string>): CudaFinding {
  const absent = needed.filter((name) => !there.has(name));
  if (absent.length === 0) {
    return { state: 'ready', note: `All of ${needed.join(', ') || 'what it needs'} is there.` };
  }
  const others = absent.flatMap((name) => {
    const stem = name.replace(/\.so\..*$/, '.so');
    return [...there].filter((one) => one.startsWith(`${stem}.`)).map((one) => `${one} in place of ${name}`);
  });
  return others.length > 0
    ? { state: 'wrong-version', note: `Libraries of another CUDA version are there: ${others.join(', ')}.` }
    : { state: 'missing', note: `These libraries of NVIDIA are not there: ${absent.join(', ')}.` };
}

/** Of this system; undefined where CUDA is not for it. */
export function placesOf(runtimeFolder: string): CudaPlaces | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return {
    driverFile: '/proc/driver/nvidia/version', runtimeFolder,
    libraryFolders: [
      '/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/local/cuda/lib64', '/usr/local/lib', '/opt/cuda/lib64',
    ],
  };
}
