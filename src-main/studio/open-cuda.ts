// CUDA's libraries on this machine: where they are kept, what the system says of its driver and C library, and the
// commands over them.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { StudioEvent } from '../contract/studio.ts';
import type { Library } from '../library/library.ts';
import type { ModelCatalogue } from '../packs/catalogue.ts';
import type { DownloadPatience } from '../packs/download.ts';
import { freeBytesOf } from '../packs/store-place.ts';
import type { Handlers, StudioContext } from './context.ts';
import { readCudaCatalogue } from './cuda-catalogue.ts';
import { installedRuntime } from './cuda-folder.ts';
import { type CudaPlaces, placesOf } from './cuda-libraries.ts';
import { type CudaService, openCudaService } from './cuda-service.ts';
import { tryCuda } from './cuda-trial.ts';
import type { Engine } from './engine-client.ts';

/** Where CUDA's libraries are kept for all libraries of the user's, and the environment of this process. */
export interface CudaSettings {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** In place of the system's own. */
  readonly places?: Partial<CudaPlaces>;
}

export interface CudaParts {
  readonly library: Library;
  readonly licenses: ModelCatalogue['licenses'];
  readonly program: { readonly nodeFile: string; readonly entryFile: string; readonly resourcesFolder: string };
  readonly settings: CudaSettings | undefined;
  readonly version: string;
  readonly patience: Partial<DownloadPatience> | undefined;
  readonly engine: () => Engine;
  readonly emit: (event: StudioEvent) => void;
}

export async function openCuda(parts: CudaParts): Promise<CudaService> {
  const { library, licenses, program, version, patience, engine, emit } = parts;
  const { folder, environment, places: others } = parts.settings ?? besideLibrary(library.folder);
  const runtime = installedRuntime(program.entryFile);
  const own = placesOf(runtime.folder);
  const places = own && { ...own, ...others };
  return openCudaService({
    folder, environment, places, runtime, licenses, version, patience, freeBytes: freeBytesOf,
    catalogue: await readCudaCatalogue(program.resourcesFolder), glibc: glibcVersion,
    driver: async () => driverNumber(places ? await readFile(places.driverFile, 'utf8').catch(() => '') : ''),
    acceptedLicenses: () => library.settings.get().acceptedLicenses,
    mirrors: () => library.settings.get().mirrors,
    tryIt: (trialEnvironment, signal) => tryCuda({
      nodeFile: program.nodeFile, engineFile: program.entryFile, environment: trialEnvironment, signal,
    }),
    isInUse: () => engine().state().state === 'busy' && engine().state().provider === 'cuda',
    onChange: (libraries) => emit({ type: 'cuda-libraries', libraries }),
    onUse: () => engine().renew(),
  });
}

const besideLibrary = (libraryFolder: string): CudaSettings => (
  { folder: path.join(path.dirname(libraryFolder), 'likeness-cuda'), environment: {} });

export function cudaCommands({ cuda }: Pick<StudioContext, 'cuda'>): Handlers<
  'machine.cudaLibraries' | 'machine.getCudaLibraries' | 'machine.pauseCudaLibraries'
  | 'machine.removeCudaLibraries'> {
  return {
    'machine.cudaLibraries': () => cuda.view(),
    'machine.getCudaLibraries': () => cuda.get(),
    'machine.pauseCudaLibraries': () => cuda.pause(),
    'machine.removeCudaLibraries': () => cuda.remove(),
  };
}

/** 580 of what NVIDIA's driver says of itself under /proc; null where it does not tell. */
export function driverNumber(text: string): number | null {
  const found = /Kernel Module\b.*?\s(\d{3,})\.\d+/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

/** The C library of this process; an old one where it has none, so that nothing is fetched that might not run. */
function glibcVersion(): readonly [number, number] {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const found = /^(\d+)\.(\d+)/.exec(header.glibcVersionRuntime ?? '');
  return found ? [Number(found[1]), Number(found[2])] : [2, 17];
}
