// Which of CUDA's libraries are there, and whether their versions fit: files made up as the linker would write them.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cudaLibrariesAt, neededLibraries, refuseToFetch } from '../../src-main/studio/cuda-libraries.ts';

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

/** A 64-bit ELF file with a string table and a dynamic section that needs these. */
function libraryThatNeeds(names: readonly string[]): Buffer {
  const strings = Buffer.from(`\0${names.join('\0')}\0`, 'latin1');
  const entries = names.map((name) => [1, strings.indexOf(`\0${name}\0`) + 1]).concat([[0, 0]]);
  const [header, section] = [64, 64];
  const [textAt, dynamicAt] = [header, header + strings.length];
  const tableAt = dynamicAt + entries.length * 16;
  const file = Buffer.alloc(tableAt + 3 * section);
  file.writeUInt32BE(0x7f454c46, 0);
  file.writeUInt8(2, 4);
  file.writeUInt8(1, 5);
  file.writeBigUInt64LE(BigInt(tableAt), 0x28);
  file.writeUInt16LE(section, 0x3a);
  file.writeUInt16LE(3, 0x3c);
  strings.copy(file, textAt);
  entries.forEach(([tag, value], index) => {
    file.writeBigInt64LE(BigInt(tag!), dynamicAt + index * 16);
    file.writeBigUInt64LE(BigInt(value!), dynamicAt + index * 16 + 8);
  });
  const table = (index: number, type: number, at: number, size: number, link: number): void => {
    const start = tableAt + index * section;
    file.writeUInt32LE(type, start + 4);
    file.writeBigUInt64LE(BigInt(at), start + 24);
    file.writeBigUInt64LE(BigInt(size), start + 32);
    file.writeUInt32LE(link, start + 40);
  };
  table(1, 3, textAt, strings.length, 0);
  table(2, 6, dynamicAt, entries.length * 16, 1);
  return file;
}

const needed = ['libcublas.so.12', 'libcudart.so.12', 'libcudnn.so.9', 'libc.so.6'];

test('the names of an ELF file’s libraries are read, and nothing of other files', async () => {
  expect(neededLibraries(libraryThatNeeds(needed))).toEqual(needed);
  expect(neededLibraries(Buffer.from('no library'))).toEqual([]);
  expect(neededLibraries(libraryThatNeeds(needed).subarray(0, 100))).toEqual([]);
});

test('from no card to all that is needed', async () => {
  expect(await cudaLibrariesAt(places())).toMatchObject({ state: 'not-needed', sizeBytes: 0 });
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
  expect(await cudaLibrariesAt(places())).toMatchObject({ state: 'ready', sizeBytes: 0 });
});

test('who asks for them is told what to do by hand', async () => {
  const found = await cudaLibrariesAt(places());
  expect(() => refuseToFetch(found)).toThrow(expect.objectContaining({ code: 'machine.cuda-by-hand' }));
});
