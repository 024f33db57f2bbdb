// What the machine was found to compute with is remembered in the library, until it is asked for anew or is another.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DoctorResult } from '../../src-main/contract/engine.ts';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { machineCommands } from '../../src-main/studio/machine.ts';

let folder: string;
let library: Library;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-machine-'));
  library = await openLibrary(folder);
});
afterEach(async () => {
  library.close();
  await rm(folder, { recursive: true });
});

const report: Omit<DoctorResult, 'kind'> = {
  providers: [], order: ['webgpu', 'cpu'], chosen: 'cpu', precision: 'float32', why: '2 processor cores does the work.',
  graphicsMemoryBytes: null, nodeVersion: '24.0.0', onnxRuntimeVersion: '1.30.0', processorCores: 2,
  memoryBytes: 8e9, freeMemoryBytes: 4e9,
};

test('every operator is tried once for a version and its settings, and again when asked', async () => {
  let tried = 0;
  const environments: NodeJS.ProcessEnv[] = [];
  const commandsOf = (version: string) => machineCommands({
    version, library, cuda: { environment: () => environments[0] },
    runApart: () => Promise.resolve({ kind: 'doctor', ...report, processorCores: ++tried }),
  } as unknown as StudioContext);
  const examine = async (version: string, isAnew = false): Promise<number> => (
    (await commandsOf(version)['machine.examine']({ isAnew })).processorCores);
  expect([await examine('1'), await examine('1'), await examine('1', true), await examine('1')]).toEqual([1, 1, 2, 2]);
  expect([await examine('2'), await examine('2')]).toEqual([3, 3]);
  library.settings.set({ ...library.settings.get(), precision: 'float32' });
  expect(await examine('2')).toBe(4);
  // the engine is started with CUDA's libraries from now on
  environments.push({ LD_LIBRARY_PATH: '/cuda/lib' });
  expect([await examine('2'), await examine('2')]).toEqual([5, 5]);
});
