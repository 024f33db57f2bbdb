// The service of CUDA's libraries on a folder of the test's own, with registries that run here, a driver that is only a
// file, and the catalogue as it comes with Likeness.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CudaLibraries } from '../../src-main/contract/cuda.ts';
import { readModelCatalogue } from '../../src-main/packs/catalogue.ts';
import { readCudaCatalogue } from '../../src-main/studio/cuda-catalogue.ts';
import { type CudaService, type CudaServiceOptions, openCudaService } from '../../src-main/studio/cuda-service.ts';
import type { PackageServer } from './package-server.ts';
import { projectResources } from './real-studio.ts';

export const quickly = { chunkBytes: 16_384, idleMs: 5000, tries: 3, firstWaitMs: 1, longestWaitMs: 5 };

export interface OpenedCuda {
  readonly service: CudaService;
  readonly told: CudaLibraries[];
  /** Where it puts what it fetches. */
  readonly place: string;
}

/** `folder`: stays as it is between two of them. */
export async function openTestCuda(
  folder: string, { mirrors }: Pick<PackageServer, 'mirrors'>, changes: Partial<CudaServiceOptions> = {},
): Promise<OpenedCuda> {
  const runtimeFolder = join(folder, 'runtime');
  mkdirSync(runtimeFolder, { recursive: true });
  writeFileSync(join(runtimeFolder, 'libonnxruntime.so.1'), 'ONNX Runtime');
  const driverFile = join(folder, 'driver');
  writeFileSync(driverFile, '');
  const told: CudaLibraries[] = [];
  const place = join(folder, 'likeness-cuda');
  const { licenses } = await readModelCatalogue(projectResources);
  const service = openCudaService({
    folder: place, environment: { LD_LIBRARY_PATH: '/somewhere/else' }, version: '0.0.1', licenses,
    places: { driverFile, runtimeFolder, libraryFolders: [] },
    runtime: { version: '1.30.0', folder: runtimeFolder }, catalogue: await readCudaCatalogue(projectResources),
    driver: async () => 580, glibc: () => [2, 36], freeBytes: async () => 1e12, mirrors: () => mirrors,
    acceptedLicenses: () => ['nvidia-cuda', 'nvidia-cudnn'], patience: quickly, isInUse: () => false,
    tryIt: async () => ({ works: true, note: 'CUDA was tried and computes right.' }), onUse: () => undefined,
    onChange: (libraries) => told.push(libraries), ...changes,
  });
  return { service, told, place };
}
