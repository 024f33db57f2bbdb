// CUDA's libraries fetched from registries that run here: whole, cut, changed, lacking, without room, for another
// driver, killed in the middle; and what comes of their trial, with the real engine and the system's own loader.

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CudaServiceOptions } from '../../src-main/studio/cuda-service.ts';
import { installedRuntime } from '../../src-main/studio/cuda-folder.ts';
import { tryCuda } from '../../src-main/studio/cuda-trial.ts';
import { type OpenedCuda, openTestCuda } from './opened-cuda.ts';
import {
  type PackageServer, openPackageServer, providerFiles, providerNeeds, providerPackage,
} from './package-server.ts';
import { projectRoot } from './real-studio.ts';

/** The lock and the loader are Linux's. */
const isForCuda = process.platform === 'linux' && process.arch === 'x64';
let folder: string;
let server: PackageServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-cuda-'));
  server = await openPackageServer();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (changes?: Partial<CudaServiceOptions>): Promise<OpenedCuda> => openTestCuda(folder, server, changes);
/** Packages whose archives were asked for. */
const archives = (): string[] => server.requests.map(({ path }) => path.split('/'))
  .flatMap(([, first, name]) => (first === 'files' ? [name!] : []));

async function fetched(changes?: Partial<CudaServiceOptions>) {
  const opened = await open(changes);
  await opened.service.get();
  return { ...opened, after: await opened.service.settled() };
}

test('all that the provider needs comes, is laid into one folder, tried, and used before all else', async () => {
  let [tried, uses]: [string | undefined, number] = ['', 0];
  const { service, place, told, after } = await fetched({
    tryIt: async (environment) => {
      tried = environment['LD_LIBRARY_PATH'];
      return { works: true, note: 'It works.' };
    },
    onUse: () => { uses++; },
  });
  expect(after).toMatchObject({ state: 'ready', note: 'It works.', isFetched: true, error: null });
  expect(after.bytesDone).toBe(after.sizeBytes);
  expect((await readdir(join(place, 'lib'))).sort()).toEqual([
    'libcublas.so.13', 'libcublasLt.so.13', 'libcudart.so.13', 'libcudnn.so.9', 'libcudnn_graph.so.9', 'libcufft.so.12',
    'libcufftw.so.12', 'libcurand.so.10', 'libnvJitLink.so.13', 'libnvblas.so.13', 'libnvrtc-builtins.so.13.0',
    'libnvrtc.so.13', 'libonnxruntime.so.1', 'libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so',
  ]);
  expect(await readdir(join(place, 'licenses'))).toContain('nvidia-cublas.txt');
  expect(await readdir(place)).toEqual(['lib', 'licenses', 'likeness-cuda.json']);
  expect(archives().sort()).toEqual(Object.keys(server.packages).sort());
  expect([tried, service.environment()?.['LD_LIBRARY_PATH'], uses])
    .toEqual([`${place}/lib:/somewhere/else`, `${place}/lib:/somewhere/else`, 1]);
  expect(new Set(told.map(({ state }) => state))).toEqual(new Set(['fetching', 'checking', 'ready']));
  await expect(service.get()).rejects.toMatchObject({ code: 'machine.cuda-nothing' });

  // what somebody takes out of the folder is not used any more, and comes again alone
  await rm(join(place, 'lib', 'libcurand.so.10'));
  expect(service.environment()).toBeUndefined();
  expect(await service.view()).toMatchObject({ state: 'failed' });
  server.requests.length = 0;
  await service.get();
  expect([(await service.settled()).state, archives()]).toEqual(['ready', ['nvidia-curand']]);

  expect(await service.remove()).toMatchObject({ state: 'missing', isFetched: false });
  expect([existsSync(place), service.environment()]).toEqual([false, undefined]);
});

test('of another ONNX Runtime the provider alone is fetched again', async () => {
  const { place } = await fetched();
  server.requests.length = 0;
  server.packages[providerPackage]!.version = '1.31.0';
  const runtime = { version: '1.31.0', folder: join(folder, 'runtime') };
  const { service } = await open({ runtime });
  expect(await service.view()).toMatchObject({ state: 'wrong-version' });
  expect(service.environment()).toBeUndefined();
  await service.get();
  expect([(await service.settled()).state, archives()]).toEqual(['ready', [providerPackage]]);
  expect(await readFile(join(place, 'likeness-cuda.json'), 'utf8')).toContain('1.31.0');
});

test('a cut is gone on from, and other bytes than were published are not used', async () => {
  server.packages['nvidia-cublas']!.cutAfter = 70_000;
  server.packages['nvidia-curand']!.isChanged = true;
  const { service, after, place } = await fetched();
  expect(server.requests.filter(({ path }) => path.includes('nvidia_cublas-')).map(({ range }) => range)[1])
    .toMatch(/^bytes=\d{5}-$/);
  expect(after).toMatchObject({ state: 'failed', error: { code: 'download.other-content' } });
  expect(existsSync(join(place, 'lib', 'libcurand.so.10'))).toBe(false);
  server.packages['nvidia-curand']!.isChanged = false;
  server.requests.length = 0;
  await service.get();
  expect(await service.settled()).toMatchObject({ state: 'ready' });
  expect(archives()).not.toContain('nvidia-cublas');
});

test('what cannot be had says what is missing and what to do', async () => {
  const endsWith = async (code: string, changes?: Partial<CudaServiceOptions>) => {
    const { service, after } = await fetched(changes);
    expect(after.error).toMatchObject({ code });
    expect(after.state).toBe('failed');
    await service.remove();
  };
  const curand = { ...server.packages['nvidia-curand']! };
  server.packages['nvidia-curand'] = { ...curand, files: { 'nvidia/lib/other.txt': Buffer.from('') } };
  await endsWith('machine.cuda-library');
  server.packages['nvidia-curand'] = { ...curand, version: '11.0.0.1' };
  await endsWith('download.no-package');
  server.packages['nvidia-curand'] = curand;
  await endsWith('download.no-package', { glibc: () => [2, 17] });
  await endsWith('machine.cuda-driver', { driver: async () => 535 });
  await endsWith('machine.cuda-driver', { driver: async () => 470 });
  await endsWith('download.no-room', { freeBytes: async () => 1e6 });
  server.packages[providerPackage]!.files = providerFiles([...providerNeeds, 'libcusparse.so.12']);
  await endsWith('machine.cuda-unknown');
  server.packages[providerPackage]!.files = providerFiles(providerNeeds.map((name) => name.replace('13', '14')));
  await endsWith('machine.cuda-unknown');
});

test('nothing comes before the licences are accepted, or where no card is', async () => {
  const { service } = await open({ acceptedLicenses: () => ['nvidia-cuda'] });
  expect((await service.view()).licenses.map(({ id, isAccepted }) => [id, isAccepted]))
    .toEqual([['nvidia-cuda', true], ['nvidia-cudnn', false]]);
  await expect(service.get()).rejects.toMatchObject({ code: 'machine.cuda-license' });
  const { service: other } = await open({ places: undefined });
  expect(await other.view()).toMatchObject({ state: 'not-needed', sizeBytes: 0 });
  await expect(other.get()).rejects.toMatchObject({ code: 'machine.cuda-nothing' });
  expect(server.requests).toEqual([]);
});

test('paused it stands still, also after a new start; while the engine works with them they stay', async () => {
  server.packages['nvidia-cufft']!.stallAfter = 50_000;
  const { service } = await open();
  await service.get();
  await until(() => archives().includes('nvidia-cufft'));
  expect(await service.pause()).toMatchObject({ state: 'paused', error: null });
  const again = await open({ isInUse: () => true });
  await again.service.start();
  expect(await again.service.settled()).toMatchObject({ state: 'paused' });
  await again.service.get();
  expect(await again.service.settled()).toMatchObject({ state: 'ready' });
  await expect(again.service.remove()).rejects.toMatchObject({ code: 'machine.cuda-in-use' });
  expect((await again.service.view()).state).toBe('ready');
});

test.runIf(isForCuda)('killed in the middle, it goes on at the next start; meanwhile nobody else may', async () => {
  server.packages['nvidia-cublas']!.stallAfter = 60_000;
  const child = fork(join(import.meta.dirname, 'cuda-fetcher.ts'), [folder, server.mirrors[0]!.to], { silent: true });
  const part = async () => (await readdir(join(folder, 'likeness-cuda', 'downloads')).catch(() => []))
    .find((name) => /cublas.*\.part\.json$/.test(name));
  const recorded = async () => (
    await readFile(join(folder, 'likeness-cuda', 'downloads', await part() ?? ''), 'utf8').catch(() => ''));
  await until(async () => child.exitCode !== null || (recorded().then((text) => /(?:[0-9a-f]{64}.*){3}/.test(text))));
  const { service } = await open();
  expect(await service.view()).toMatchObject({ state: 'fetching' });
  await expect(service.get()).rejects.toMatchObject({ code: 'machine.cuda-busy' });
  await expect(service.remove()).rejects.toMatchObject({ code: 'machine.cuda-busy' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;

  server.requests.length = 0;
  await service.start();
  expect(await service.settled()).toMatchObject({ state: 'ready' });
  expect(archives()).not.toContain(providerPackage);
  expect(server.requests.find(({ path }) => path.includes('nvidia_cublas-'))!.range).toMatch(/^bytes=(32768|49152|65536)-$/);
}, 20_000);

test.runIf(isForCuda)('a trial that fails says what the loader said, and the libraries are not used', async () => {
  const engineFile = join(projectRoot, 'src-main', 'compute', 'engine.ts');
  const { service, after, told } = await fetched({
    runtime: installedRuntime(engineFile), environment: process.env,
    tryIt: (environment, signal) => tryCuda({ nodeFile: process.execPath, engineFile, environment, signal }),
  });
  expect(after.error).toBeNull();
  expect(after.state).toBe('failed');
  expect(after.note).toContain('libnotthere-of-a-test.so.1 is not there');
  expect(service.environment()).toBeUndefined();
  expect(told.at(-1)).toMatchObject({ state: 'failed' });
}, 30_000);

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await sleep(5);
}
