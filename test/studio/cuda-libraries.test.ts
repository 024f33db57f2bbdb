// Which of CUDA's libraries are there, and whether their versions fit: files made up as the linker would write them.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { neededLibraries } from '../../src-main/studio/cuda-elf.ts';
import { cudaLibrariesAt } from '../../src-main/studio/cuda-libraries.ts';
import { driverNumber } from '../../src-main/studio/open-cuda.ts';
import { libraryThatNeeds } from './elf-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-cuda-'));
  for (const name of ['runtime', 'lib']) await mkdir(join(folder, name));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const places = () => ({
  driverFile: join(folder, 'version'), runtimeFolder: join(folder, 'runtime'), libraryFolders: [join(folder, 'lib')],
});
const put = (...names: string[]) => writeFile(join(folder, ...names), 'x');

const needed = ['libcublas.so.12', 'libcudart.so.12', 'libcudnn.so.9', 'libc.so.6'];

test('the names of an ELF file’s libraries are read, and nothing of other files', async () => {
  const read = async (bytes: Buffer) => {
    await writeFile(join(folder, 'file'), bytes);
    return await neededLibraries(join(folder, 'file'));
  };
  expect(await read(libraryThatNeeds(needed))).toEqual(needed);
  expect(await read(Buffer.from('no library'))).toBeUndefined();
  expect(await read(libraryThatNeeds(needed).subarray(0, 200))).toBeUndefined();
  const forArm = libraryThatNeeds(needed);
  forArm.writeUInt16LE(183, 0x12);
  expect(await read(forArm)).toBeUndefined();
});

test('the driver’s number is read of what it says of itself', () => {
  const says = (text: string) => driverNumber(`NVRM version: NVIDIA UNIX ${text}  Mon Oct 6 2025\nGCC version: 12.2.0`);
  expect(says('x86_64 Kernel Module  535.247.01')).toBe(535);
  expect(says('Open Kernel Module for x86_64  580.82.09  Release Build  (dvs@builder)')).toBe(580);
  expect(driverNumber('')).toBeNull();
});

test('from no card to all that is needed', async () => {
  expect(await cudaLibrariesAt(undefined)).toMatchObject({ state: 'not-needed' });
  expect(await cudaLibrariesAt(places())).toMatchObject({ state: 'not-needed' });
  await put('version');
  const without = await cudaLibrariesAt(places());
  expect(without).toMatchObject({ state: 'missing' });
  expect(without.note).toContain('libonnxruntime_providers_cuda.so');

  await writeFile(join(folder, 'runtime', 'libonnxruntime_providers_cuda.so'), libraryThatNeeds(needed));
  await put('lib', 'libcublas.so.12');
  const some = await cudaLibrariesAt(places());
  expect(some.note).toContain('libcudart.so.12, libcudnn.so.9');
  expect(some.note).not.toContain('libc.so.6');

  await put('lib', 'libcudart.so.13');
  const other = await cudaLibrariesAt(places());
  expect(other).toMatchObject({ state: 'wrong-version' });
  expect(other.note).toContain('libcudart.so.13 in place of libcudart.so.12');

  await put('lib', 'libcudart.so.12');
  await put('lib', 'libcudnn.so.9');
  expect(await cudaLibrariesAt(places())).toMatchObject({ state: 'ready' });
});
