// Every golden case on the data in test/golden, on the CPU: what `npm run golden` does, inside the test suite.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import { findCaseFamilies } from './case.ts';

const root = fileURLToPath(new URL('../golden', import.meta.url));
const families = await findCaseFamilies();

test('every case family can be loaded', () => {
  const broken = families.filter((family) => family.loadError);
  expect(broken.map((family) => `${family.file}: ${family.loadError}`)).toEqual([]);
});

const cases = families.flatMap(({ cases: golden, file }) => (
  golden.map((one) => ({ golden: one, name: `${one.folder} (${file})` }))));
// test/golden has to stay small: SD 2 and SDXL run on the larger set alone
const here = cases.filter(({ golden }) => existsSync(path.join(root, golden.folder)));

test('test/golden holds the data of every case that SD 1.5 needs', () => {
  expect([...new Set(here.map(({ golden }) => golden.folder))].sort()).toEqual([
    'ckpt-sd15', 'clip-text-vitl', 'image-bucketing', 'instantid-draw-kps', 'key-manifests', 'lora-files', 'lora-hash',
    'loss-weights', 'lr-schedules', 'op-grads', 'safetensors-bad', 'schedulers', 'ti-files', 'tokenizer', 'train-lora',
    'train-models', 'unet-sd15', 'vae',
  ]);
});

test.each(here)('golden numbers of $name', async ({ golden }) => {
  const rows = await golden.run({ folder: path.join(root, golden.folder), root, provider: 'cpu' });
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.filter((row) => !row.passed)).toEqual([]);
}, 120_000);
