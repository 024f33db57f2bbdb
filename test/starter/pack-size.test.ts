// The starter pack stays within 25,000,000 bytes of networks, and a recipe beyond is refused before a file is written.

import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { faceLayout } from '../../src-main/starter/face-stage.ts';
import { exportInstantId } from '../../src-main/starter/instant-export.ts';
import { instantLayout, instantNetworks } from '../../src-main/starter/instant-networks.ts';
import { exportPack } from '../../src-main/starter/pack-export.ts';
import { checkPackSize, mostPackBytes, packSizes } from '../../src-main/starter/pack-size.ts';
import { starterRecipe } from '../../src-main/starter/recipe.ts';
import { starterNetworks } from '../../src-main/starter/starter-networks.ts';
import { tinyRecipe } from './tiny-people.ts';

const total = (sizes: Readonly<Record<string, number>>): number => (
  Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0));

/** Bytes of each file with weights below a folder. */
async function weightFiles(folder: string): Promise<Map<string, number>> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.safetensors'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
  return new Map(names.map((name, i) => [name.replaceAll('\\', '/'), sizes[i]!]));
}

test('the pack in resources/starter stays within its bytes', async () => {
  const files = await weightFiles('resources/starter');
  expect(files.size).toBe(6);
  expect([...files.values()].reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(mostPackBytes);
});

test('the recipe\'s pack fits with the small vocabulary, and would not with CLIP\'s', () => {
  expect(total(packSizes(starterRecipe))).toBeLessThanOrEqual(mostPackBytes);
  expect(() => { checkPackSize(starterRecipe); }).not.toThrow();
  const { textEncoder } = packSizes(starterRecipe);
  // a row of 64 numbers in float16 for each token less
  expect(packSizes(starterRecipe, 49_408).textEncoder - textEncoder).toBeGreaterThanOrEqual(45_408 * 128);
});

test('what is counted is what is written', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-pack-size-'));
  const base = { unetConfig: starterNetworks(tinyRecipe).unet };
  await exportInstantId(folder, tinyRecipe, base, {
    instant: new Float32Array(instantLayout(instantNetworks(tinyRecipe, base)).size),
    face: new Float32Array(faceLayout(tinyRecipe).size),
  });
  const files = await weightFiles(folder);
  await rm(folder, { recursive: true });
  const { identityNet, faceEncoder, imageAttention, resampler } = packSizes(tinyRecipe);
  expect(files.get('ControlNetModel/diffusion_pytorch_model.safetensors')).toBe(identityNet);
  expect(files.get('face_encoder/model.safetensors')).toBe(faceEncoder);
  // one file of two networks, with one head and shorter names
  const adapter = files.get('ip-adapter.safetensors')!;
  expect(adapter).toBeLessThan(imageAttention + resampler);
  expect(adapter).toBeGreaterThan((imageAttention + resampler) * 0.8);
});

test('a recipe beyond it is refused with its sizes, and nothing is written', async () => {
  const wide = { ...starterRecipe, unet: { ...starterRecipe.unet, blockOutChannels: [64, 128, 192, 192] } };
  const nowhere = path.join(os.tmpdir(), 'likeness-no-such-pack');
  const empty = { layout: { entries: [], size: 0 }, parameters: new Float32Array() };
  const starter = {
    recipe: wide, latentScale: 1, tokenIds: [], vae: empty, denoiser: empty,
  };
  await expect(exportPack(nowhere, starter, 'resources')).rejects.toThrow(/^The pack would have .*unet \d+/);
  await expect(stat(nowhere)).rejects.toMatchObject({ code: 'ENOENT' });
});
