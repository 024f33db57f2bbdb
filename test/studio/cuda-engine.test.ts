// CUDA's libraries in the studio: the engine loads ONNX Runtime from their folder and is started anew when they go.
// They are asked for by commands, come by the mirrors that were set, and suit the driver or say so.

import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installedRuntime, writeNote } from '../../src-main/studio/cuda-folder.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openPackageServer } from './package-server.ts';
import { openRealStudio, projectRoot } from './real-studio.ts';

const isForCuda = process.platform === 'linux' && process.arch === 'x64';
let folder: string;
let studio: Studio;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-cuda-'));
  const [place, driverFile] = [join(folder, 'cuda'), join(folder, 'driver')];
  await writeFile(driverFile, 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.247.01  Release Build');
  studio = await openRealStudio(join(folder, 'library'), {
    cuda: { folder: place, environment: process.env, places: { driverFile } },
  });
  const runtime = installedRuntime(join(projectRoot, 'src-main', 'compute', 'engine.ts'));
  const name = 'libonnxruntime.so.1';
  if (!isForCuda) return;
  await mkdir(join(place, 'lib'), { recursive: true });
  await copyFile(join(runtime.folder, name), join(place, 'lib', name));
  const { length: bytes } = await readFile(join(runtime.folder, name));
  await writeNote(place, {
    ortVersion: runtime.version, archives: [], cudaMajor: 13, runtime: { name, bytes },
    trial: { works: true, note: 'CUDA was tried and computes right.' },
  });
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

/** Where the engine has its ONNX Runtime from, after it was asked for something small. */
async function loaded(): Promise<string[]> {
  await studio.engine.run({
    kind: 'analyze', photos: [], faceNetworks: { kind: 'built-in' }, cropEdgePx: 64, modelResolutionPx: 64,
    outputFolder: folder,
  }, new AbortController().signal);
  const maps = await readFile(`/proc/${studio.engine.processId()}/maps`, 'utf8');
  return [...new Set(maps.match(/\/\S*libonnxruntime\.so\S*/g))];
}

test.runIf(isForCuda)('ONNX Runtime comes from the folder, from its own place once that is removed', async () => {
  expect(await studio.run('machine.cudaLibraries', {})).toMatchObject({ state: 'ready' });
  expect(await loaded()).toEqual([join(folder, 'cuda', 'lib', 'libonnxruntime.so.1')]);
  expect(await studio.run('machine.removeCudaLibraries', {})).toMatchObject({ state: 'missing', isFetched: false });
  expect(studio.engine.state().state).toBe('off');
  const [own, ...others] = await loaded();
  expect([own, others]).toEqual([expect.stringContaining('onnxruntime-node'), []]);
}, 30_000);

test.runIf(isForCuda)('by commands: licences first, then the mirrors are asked; an old driver is told', async () => {
  const server = await openPackageServer();
  try {
    await studio.run('models.setMirrors', { mirrors: server.mirrors });
    const asked = studio.run('machine.getCudaLibraries', {});
    await expect(asked).rejects.toMatchObject({ code: 'machine.cuda-license' });
    for (const licenseId of ['nvidia-cuda', 'nvidia-cudnn']) await studio.run('licenses.accept', { licenseId });
    const states: string[] = [];
    const end = studio.subscribe((event) => {
      if (event.type === 'cuda-libraries') states.push(event.libraries.state);
    });
    expect(await studio.run('machine.getCudaLibraries', {})).toMatchObject({ state: 'fetching' });
    const error = { code: 'machine.cuda-driver', parameters: { found: 535, needed: 580, major: 13 } };
    expect(await studio.cuda.settled()).toMatchObject({ state: 'failed', error });
    await expect.poll(() => states.at(-1)).toBe('failed');
    end();
    expect(await studio.run('machine.removeCudaLibraries', {})).toMatchObject({ state: 'missing', error: null });
  } finally {
    await server.close();
  }
});
