// CUDA on Linux: ONNX Runtime's own provider library, which npm does not bring, and the libraries of NVIDIA that it was
// linked against. Says which of them this machine has, and whether their versions fit.

import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { CudaLibraries } from '../contract/machine.ts';
import { UserError } from '../contract/errors.ts';

export interface CudaPlaces {
  /** NVIDIA's driver says here that it is loaded. */
  readonly driverFile: string;
  /** Where ONNX Runtime's libraries lie. */
  readonly runtimeFolder: string;
  /** Where the system's loader looks. */
  readonly libraryFolders: readonly string[];
}

const providerName = 'libonnxruntime_providers_cuda.so';
/** About what NVIDIA's packages and the provider take. */
const usualBytes = 2_800_000_000;

export async function cudaLibraries(engineFile: string): Promise<CudaLibraries> {
  const canBe = process.platform === 'linux' && process.arch === 'x64';
  if (!canBe) return state('not-needed', 'CUDA is used on Linux with an x64 processor alone.');
  return await cudaLibrariesAt(placesOf(engineFile));
}

/** The same for given places. */
export async function cudaLibrariesAt(
  { driverFile, runtimeFolder, libraryFolders }: CudaPlaces,
): Promise<CudaLibraries> {
  if (!existsSync(driverFile)) return state('not-needed', 'This machine has no NVIDIA driver that is loaded.');
  const provider = path.join(runtimeFolder, providerName);
  if (!existsSync(provider)) {
    return state('missing', `ONNX Runtime’s ${providerName} is not there; WebGPU is used meanwhile.`);
  }
  const needed = neededLibraries(await readFile(provider)).filter((name) => /^lib(?:cu|nv)/.test(name));
  const folders = [runtimeFolder, ...libraryFolders];
  const there = new Set((await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))).flat());
  const absent = needed.filter((name) => !there.has(name));
  if (absent.length === 0) return state('ready', `All of ${needed.join(', ') || 'what it needs'} is there.`);
  const others = absent.flatMap((name) => {
    const stem = name.replace(/\.so\..*$/, '.so');
    return [...there].filter((one) => one.startsWith(`${stem}.`)).map((one) => `${one} in place of ${name}`);
  });
  return others.length > 0
    ? state('wrong-version', `Libraries of another CUDA version are there: ${others.join(', ')}.`)
    : state('missing', `These libraries of NVIDIA are not there: ${absent.join(', ')}.`);
}

/** The libraries that an ELF file names as needed (System V ABI, DT_NEEDED); [] for what is none of 64 bits. */
export function neededLibraries(file: Buffer): string[] {
  const isElf = file.length > 64 && file.readUInt32BE(0) === 0x7f454c46 && file[4] === 2 && file[5] === 1;
  if (!isElf) return [];
  const [offset, size, count] = [Number(file.readBigUInt64LE(0x28)), file.readUInt16LE(0x3a), file.readUInt16LE(0x3c)];
  const sections = Array.from({ length: count }, (_, i) => offset + i * size).filter((at) => at + size <= file.length);
  const [dynamicType, entryBytes] = [6, 16];
  const dynamic = sections.find((at) => file.readUInt32LE(at + 4) === dynamicType);
  if (dynamic === undefined) return [];
  const strings = sections[file.readUInt32LE(dynamic + 40)];
  if (strings === undefined) return [];
  const start = Number(file.readBigUInt64LE(dynamic + 24));
  const length = Number(file.readBigUInt64LE(dynamic + 32));
  const texts = Number(file.readBigUInt64LE(strings + 24));
  const names: string[] = [];
  for (let at = start; at + entryBytes <= Math.min(start + length, file.length); at += entryBytes) {
    if (file.readBigInt64LE(at) !== 1n) continue;
    const from = texts + Number(file.readBigUInt64LE(at + 8));
    names.push(file.toString('latin1', from, file.indexOf(0, from)));
  }
  return names;
}

/** What to do by hand. Throws; there is nothing to fetch where it is ready or not needed. */
export function refuseToFetch({ state: found, note }: CudaLibraries): CudaLibraries {
  throw new UserError('machine.cuda-by-hand', {
    what: found === 'ready' || found === 'not-needed'
      ? `There is nothing to fetch. ${note}` : `Likeness cannot fetch CUDA’s libraries on this machine. ${note}`,
    safe: 'WebGPU or the processor does the work meanwhile.',
    todo: 'Install CUDA and cuDNN 9 from NVIDIA or your distribution, and run "node '
      + 'node_modules/onnxruntime-node/script/install.js" in Likeness’s folder for ONNX Runtime’s part.',
  }, { note });
}

function placesOf(engineFile: string): CudaPlaces {
  const manifest = createRequire(engineFile).resolve('onnxruntime-node/package.json');
  return {
    driverFile: '/proc/driver/nvidia/version',
    runtimeFolder: path.join(path.dirname(manifest), 'bin', 'napi-v6', 'linux', 'x64'),
    libraryFolders: [
      '/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/local/cuda/lib64', '/usr/local/lib', '/opt/cuda/lib64',
    ],
  };
}

function state(found: CudaLibraries['state'], note: string): CudaLibraries {
  const isMissing = found === 'missing' || found === 'wrong-version';
  return { state: found, note, sizeBytes: isMissing ? usualBytes : 0, bytesDone: 0 };
}
