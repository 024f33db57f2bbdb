// The mark of a model's weights: of what is in its files, not of where they lie or when they were written; hashed once
// where they are large.

import { cp, mkdtemp, open, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import type { HashMemory, HashedFile } from '../../src-main/packs/file-hashes.ts';
import { weightsMark } from '../../src-main/packs/weights-mark.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';

let folder: string;
let unet: string;
let hashed: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-mark-'));
  await writeTinyPack(join(folder, 'pack'));
  unet = join(folder, 'pack', 'unet', 'diffusion_pytorch_model.safetensors');
  hashed = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function openMemory(): HashMemory {
  const known = new Map<string, HashedFile>();
  return {
    hashOf: (path) => known.get(path),
    setHash(path, hash) {
      hashed.push(path);
      known.set(path, hash);
    },
  };
}

/** One bit in the last number: other weights in a file of the same size. */
async function teach(file: string, { keepTime }: { keepTime: boolean }): Promise<void> {
  const { size, atime, mtime } = await stat(file);
  const handle = await open(file, 'r+');
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 2);
  last[0]! ^= 1;
  await handle.write(last, 0, 1, size - 2);
  await handle.close();
  await utimes(file, atime, keepTime ? mtime : new Date(mtime.getTime() + 5000));
}

const own = (name = 'pack') => ({ checkpointPath: join(folder, name), vaeFile: null, isBuiltIn: false });

test('equal weights have one mark wherever they lie and whenever they were written, others another', async () => {
  const memory = openMemory();
  const mark = await weightsMark(own(), memory);
  expect(mark).toMatch(/^[0-9a-f]{64}$/);
  await cp(join(folder, 'pack'), join(folder, 'copy'), { recursive: true });
  expect(await weightsMark(own('copy'), memory)).toBe(mark);
  await writeFile(join(folder, 'pack', 'readme.txt'), 'no weights');
  expect(await weightsMark(own(), memory)).toBe(mark);
  await teach(unet, { keepTime: false });
  expect(await weightsMark(own(), memory)).not.toBe(mark);
  expect(await weightsMark(own('copy'), memory)).toBe(mark);
});

test('a file is hashed once, and again only when it has changed', async () => {
  const memory = openMemory();
  const mark = await weightsMark(own(), memory);
  expect(hashed).toHaveLength(3);
  expect(await weightsMark(own(), memory)).toBe(mark);
  expect(hashed).toHaveLength(3);
  await teach(unet, { keepTime: false });
  await weightsMark(own(), memory);
  expect(hashed.slice(3)).toEqual([unet]);
});

test('of what comes with Likeness, an update of the same size and time is another model', async () => {
  const memory = openMemory();
  const builtIn = { ...own(), isBuiltIn: true };
  const mark = await weightsMark(builtIn, memory);
  await teach(unet, { keepTime: true });
  expect(await weightsMark(builtIn, memory)).not.toBe(mark);
  expect(hashed).toEqual([]);
});

test('a VAE that was chosen counts in the place of the model\'s own', async () => {
  const memory = openMemory();
  const mark = await weightsMark(own(), memory);
  await cp(join(folder, 'pack', 'vae'), join(folder, 'vae'), { recursive: true });
  const vaeFile = join(folder, 'vae', 'diffusion_pytorch_model.safetensors');
  expect(await weightsMark({ ...own(), vaeFile }, memory)).toBe(mark);
  await teach(vaeFile, { keepTime: false });
  expect(await weightsMark({ ...own(), vaeFile }, memory)).not.toBe(mark);
  expect(await weightsMark(own(), memory)).toBe(mark);
});

test('hashing can be stopped, and a lost file is told', async () => {
  await expect(weightsMark(own(), openMemory(), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  expect(hashed).toEqual([]);
  await rm(unet);
  await expect(weightsMark(own(), openMemory())).rejects.toThrow(UserError);
});
