// A growing ZIP on a real disk, read by a ZIP reader that is not ours: as it is cut off, goes on, and grows past 4 GiB.

import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { type ZipEntry, openZipArchive } from '../../src-main/studio/zip-archive.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'likeness-zip-'));
const file = path.join(folder, 'growing.zip');
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => rm(file, { force: true }));

const madeAtMs = new Date(2026, 10, 26, 12, 30, 8).getTime();
const content = (index: number) => Uint8Array.from({ length: 1000 + index }, (_, i) => (i * (index + 3)) % 251);
const names = ['one.png', '写真 02.png', 'three.png', 'four.png'];

async function add(known: readonly ZipEntry[], indices: readonly number[], limit?: number): Promise<ZipEntry[]> {
  const archive = await openZipArchive(file, known, limit);
  const entries = archive.isContinued ? [...known] : [];
  for (const index of indices) entries.push(await archive.add(names[index]!, content(index), madeAtMs));
  await archive.close();
  return entries;
}

async function finished(known: readonly ZipEntry[], limit?: number): Promise<Record<string, Uint8Array>> {
  const archive = await openZipArchive(file, known, limit);
  await archive.finish();
  await archive.close();
  return unzipSync(await readFile(file));
}

const all = Object.fromEntries(names.map((name, index) => [name, content(index)]));

test('entries come back byte for byte in their order, names in any letters', async () => {
  const files = await finished(await add([], [0, 1, 2, 3]));
  expect(Object.keys(files)).toEqual(names);
  expect(files).toEqual(all);
});

test('what a kill left behind the last known entry is cut off, and the end is the same file', async () => {
  await finished(await add([], [0, 1, 2, 3]));
  const whole = await readFile(file);
  await rm(file);
  const known = await add([], [0, 1]);
  // the third was written, or half of it, and nobody was told
  await appendFile(file, whole.subarray(known[1]!.offset, known[1]!.offset + 700));
  expect(await finished(await add(known, [2, 3]))).toEqual(all);
  expect(await readFile(file)).toEqual(whole);
  // killed while the list was written, or after it
  expect(await finished(await add(known, [2, 3]))).toEqual(all);
  expect(await readFile(file)).toEqual(whole);
});

test('a file that is shorter than was told begins anew', async () => {
  const known = await add([], [0, 1]);
  await truncate(file, 900);
  const archive = await openZipArchive(file, known);
  expect(archive.isContinued).toBe(false);
  await archive.close();
  expect(await finished(await add([], [3]))).toEqual({ 'four.png': content(3) });
});

test('beyond the limit of 32 bits offsets and the list are written in 64', async () => {
  const entries = await add([], [0, 1, 2, 3]);
  const files = await finished(entries, 1500);
  expect(files).toEqual(all);
  const bytes = await readFile(file);
  const end = bytes.length - 22;
  expect(bytes.readUInt32LE(end)).toBe(0x06054b50);
  expect([bytes.readUInt16LE(end + 10), bytes.readUInt32LE(end + 16)]).toEqual([0xffff, 0xffff_ffff]);
  expect(bytes.readUInt32LE(end - 20)).toBe(0x07064b50);
  const end64 = Number(bytes.readBigUInt64LE(end - 12));
  expect([bytes.readUInt32LE(end64), Number(bytes.readBigUInt64LE(end64 + 32))]).toEqual([0x06064b50, 4]);
  const directory = Number(bytes.readBigUInt64LE(end64 + 48));
  expect(bytes.readUInt32LE(directory)).toBe(0x02014b50);
  expect(directory).toBe(entries[3]!.offset + 30 + 'four.png'.length + 1003);
});
