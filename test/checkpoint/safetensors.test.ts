// Reader and writer of safetensors: round trips, canonical bytes, damaged headers, and what a full disk leaves behind.

import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { writeFileAtomically } from '../../src-main/checkpoint/atomic-file.ts';
import { readSafetensors, readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { float32Tensor, int64Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';

const golden = fileURLToPath(new URL('../golden/', import.meta.url));
let folder: string;

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-safetensors-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => 'no error', (error: unknown) => (error instanceof UserError ? error.code : String(error)));

test.each([
  'lora-hash/hash_small_f16.safetensors', 'train-lora/batches.safetensors', 'lora-files/tiny_kohya_attn.safetensors',
])('%s: written again from its references it is the same file, byte for byte', async (name) => {
  const original = path.join(golden, name);
  const header = await readSafetensorsHeader(original);
  const copy = path.join(folder, 'copy.safetensors');
  await writeSafetensors(copy, header.tensors, header.metadata);
  expect((await readFile(copy)).equals(await readFile(original))).toBe(true);
});

test('tensors and metadata survive a round trip, with names JavaScript objects have of their own', async () => {
  const tensors = new Map<string, Tensor>([
    ['__proto__', float32Tensor([2], [1.5, NaN])], ['ключ 🙂', int64Tensor([], [-9])], ['e', float32Tensor([0, 3], [])],
    ['half', { dtype: 'float16', shape: [3], data: Uint16Array.of(1, 2, 3) }],
    ['flag', { dtype: 'bool', shape: [1], data: Uint8Array.of(1) }],
  ]);
  const metadata = new Map([['quote "', 'line\nbreak'], ['a', '']]);
  const file = path.join(folder, 'a.safetensors');
  await writeSafetensors(file, tensors, metadata);
  const header = await readSafetensorsHeader(file);
  expect([...header.metadata]).toEqual([...metadata]);
  expect([...header.tensors.keys()]).toEqual(['ключ 🙂', '__proto__', 'e', 'half', 'flag']);
  expect(header.dataOffsetBytes % 8).toBe(0);
  expect(new Map(await readSafetensors(file))).toEqual(tensors);
});

test('whatever single byte of a header is damaged, the reader answers with tensors or a UserError', async () => {
  const whole = await readFile(path.join(golden, 'safetensors-bad/ok_order.safetensors'));
  const file = path.join(folder, 'damaged.safetensors');
  let refused = 0;
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 0x22, 0x39, 0x7b, 0xff]) {
      const bytes = Buffer.from(whole);
      bytes[at] = value;
      await writeFile(file, bytes);
      const code = await codeOf(readSafetensorsHeader(file));
      expect(['no error', 'checkpoint.damaged', 'checkpoint.truncated', 'checkpoint.pickle']).toContain(code);
      if (code !== 'no error') refused++;
    }
  }
  expect(refused).toBeGreaterThan(300);
}, 30_000);

test('a file cut short is refused as cut off, at every length', async () => {
  const whole = await readFile(path.join(golden, 'safetensors-bad/ok_scalar.safetensors'));
  const file = path.join(folder, 'cut.safetensors');
  for (let length = 8; length < whole.length; length++) {
    await writeFile(file, whole.subarray(0, length));
    expect(await codeOf(readSafetensorsHeader(file))).toBe('checkpoint.truncated');
  }
});

test('files that are no safetensors are named for what they are', async () => {
  const contents: [string, string | Buffer][] = [
    ['checkpoint.web-page', '<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>'],
    ['checkpoint.web-page', '\ufeff  <html lang="en"> and so on and on'],
    ['checkpoint.lfs-pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4265146304\n'],
    ['checkpoint.pickle', Buffer.from('504b0304000008080000000000000000000000', 'hex')],
    ['checkpoint.damaged', 'hello'],
  ];
  for (const [code, content] of contents) {
    const file = path.join(folder, 'impostor.safetensors');
    await writeFile(file, content);
    expect(await codeOf(readSafetensorsHeader(file))).toBe(code);
  }
  expect(await codeOf(readSafetensorsHeader(path.join(folder, 'none.safetensors')))).toBe('checkpoint.file-missing');
  expect(await codeOf(readSafetensorsHeader(folder))).toBe('checkpoint.damaged');
});

test('a header larger than the limit is refused before it is read', async () => {
  const file = path.join(golden, 'lora-hash/hash_small_f16.safetensors');
  expect(await codeOf(readSafetensorsHeader(file, { maxHeaderBytes: 1000 }))).toBe('checkpoint.damaged');
});

// /dev/full answers every write with a real ENOSPC
test.runIf(existsSync('/dev/full'))('a full disk leaves the old file and no other', async () => {
  const file = path.join(folder, 'lora.safetensors');
  await writeFile(file, 'old');
  const full = writeFileAtomically(file, async (handle) => {
    await handle.write(Buffer.from('half'));
    const device = await open('/dev/full', 'w');
    await device.write(Buffer.from('rest')).finally(() => device.close());
  });
  expect(await codeOf(full)).toBe('file.disk-full');
  expect(await readdir(folder)).toEqual(['lora.safetensors']);
  expect(await readFile(file, 'utf8')).toBe('old');
});

test('a folder that is not there gives a message, not a stack', async () => {
  expect(await codeOf(writeSafetensors(path.join(folder, 'no', 'a.safetensors'), new Map()))).toBe('file.not-writable');
});
