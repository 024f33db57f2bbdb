// Refining the autoencoder: which pictures keep their latents, what a batch shows, and that the kept ones do stay.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { FacePoints } from '../../src-main/faces/face.ts';
import { initialParameters } from '../../src-main/starter/flat-parameters.ts';
import { labelNames, labelValues } from '../../src-main/starter/labels.ts';
import { encodeAgain, encodeLatents, readLatents } from '../../src-main/starter/latent-stage.ts';
import { recipeSchema, type StarterRecipe } from '../../src-main/starter/recipe.ts';
import { refineBatch, refinedPlaces, refineStepGraph } from '../../src-main/starter/refine-stage.ts';
import type { RenderedDataset } from '../../src-main/starter/rendered-dataset.ts';
import { newTrainingState } from '../../src-main/starter/snapshot.ts';
import { trainStage } from '../../src-main/starter/stage-trainer.ts';
import { starterNetworks } from '../../src-main/starter/starter-networks.ts';
import { openVae, vaeLayout } from '../../src-main/starter/vae-stage.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { tinyRecipe } from './tiny-people.ts';

const recipe: StarterRecipe = recipeSchema.parse({
  ...tinyRecipe, heldOut: 2,
  refine: { ...tinyRecipe.refine, batchSize: 4, cropPx: 32, steps: 30, warmUpSteps: 1, learningRate: 1e-2,
    freeStyles: ['pixel art'] },
});
const size = 128;
const middle = Array.from({ length: 5 }, () => ({ x: size / 2, y: size / 2 })) as unknown as FacePoints;

/** Photos of one grey, and pixel art whose columns tell where in a cell of eight pixels they are. */
function pictures(styles: readonly string[]): RenderedDataset {
  const kind = labelNames.indexOf('style');
  const pixels = new Uint8Array(styles.length * size * size * 3);
  const labels = styles.map((style, i) => {
    const first = i * size * size;
    for (let at = first; at < first + size * size; at++) {
      pixels.fill(style === 'photo' ? 200 : 20 + (at % 8) * 25, at * 3, at * 3 + 3);
    }
    return labelNames.map((_, k) => (k === kind ? labelValues.style.indexOf(style as never) : -1));
  });
  const points = styles.map(() => middle);
  return { pixels, labels, points, resolutionPx: size, count: styles.length, captions: styles };
}

const portraits = pictures(['photo', 'pixel art', 'photo', 'pixel art', 'photo', 'pixel art']);

test('pictures of free styles need not keep their latents, all others do, and those held out are not seen', () => {
  expect(refinedPlaces(recipe, portraits)).toEqual({ held: [0, 2], free: [1, 3] });
  const none = { ...recipe, refine: { ...recipe.refine, freeStyles: [] } };
  expect(refinedPlaces(none, portraits)).toEqual({ held: [0, 1, 2, 3], free: [] });
  expect(() => refinedPlaces(recipe, pictures(['pixel art', 'pixel art', 'photo', 'photo']))).toThrow('held');
});

test('a batch has held pictures first, and free ones as they are, from whole places of the latent on', () => {
  const places = refinedPlaces(recipe, portraits);
  const { cropPx, batchSize, anchored } = recipe.refine;
  const plane = cropPx * cropPx;
  let free = 0;
  for (let step = 0; step < 40; step++) {
    const image = refineBatch(recipe, portraits, portraits, places, step).image!.data as Float32Array;
    for (let item = 0; item < batchSize; item++) {
      const row = image.subarray(item * 3 * plane, item * 3 * plane + cropPx);
      if (item % 4 < anchored) {
        expect(row.every((value) => Math.abs(value - (200 / 127.5 - 1)) < 1e-6)).toBe(true);
        continue;
      }
      if (row.every((value, x) => Math.abs(value - ((20 + (x % 8) * 25) / 127.5 - 1)) < 1e-6)) free++;
    }
  }
  expect(free / (40 * (batchSize - anchored))).toBeGreaterThan(0.6);
});

async function latentOf(parameters: Float32Array): Promise<Float32Array> {
  const vae = await openVae(recipe, parameters, { batchSize: 1, provider: 'cpu', threads: 1 });
  const grey = new Float32Array(3 * 128 * 128).fill(200 / 127.5 - 1);
  const latent = await vae.encode(float32Tensor([1, 3, 128, 128], grey));
  await vae.release();
  return latent.data as Float32Array;
}

test('it learns to carry free styles, and the latents of the others stay', async () => {
  const layout = vaeLayout(starterNetworks(recipe).vae);
  const before = initialParameters(layout, 3);
  const kept = await latentOf(before);
  const places = refinedPlaces(recipe, portraits);
  const moved = async (anchorWeight: number) => {
    const own = { ...recipe, refine: { ...recipe.refine, anchorWeight } };
    const state = newTrainingState(before.slice());
    await trainStage(state, {
      step: refineStepGraph(own, before), plan: own.refine, emaDecay: 0, provider: 'cpu', threads: 1,
      batch: (step) => refineBatch(own, portraits, portraits, places, step), onSnapshot: async () => {},
      onProgress: () => {},
    });
    const latent = await latentOf(state.parameters);
    const far = Math.sqrt(latent.reduce((sum, value, i) => sum + (value - kept[i]!) ** 2, 0) / latent.length);
    return { far, first: state.losses[0]!, last: Math.min(...state.losses.slice(-5)) };
  };
  const [held, loose] = [await moved(40), await moved(0)];
  expect(held.last).toBeLessThan(held.first * 0.9);
  expect(held.far).toBeLessThan(loose.far / 2);
});

test('latents of free styles are made anew once, at the scale that all have', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-refine-'));
  const own = { ...recipe, unet: { ...recipe.unet, portraits: 6 } };
  const layout = vaeLayout(starterNetworks(own).vae);
  const [before, after] = [initialParameters(layout, 3), initialParameters(layout, 4)];
  const options = { provider: 'cpu', threads: 1, onProgress: () => {} } as const;
  const [file, anew] = [path.join(folder, 'latents'), path.join(folder, 'anew')];
  await encodeLatents(file, own, before, portraits, options);
  await encodeLatents(anew, own, after, portraits, options);
  const [old, wanted] = [await readLatents(file), await readLatents(anew)];
  await encodeAgain(file, own, { average: after, step: 7 }, portraits, [1, 3], options);
  const now = await readLatents(file);
  expect([now.latentScale, old.refinedSteps, now.refinedSteps]).toEqual([old.latentScale, 0, 7]);
  const each = now.values.length / 6;
  for (let i = 0; i < 6; i++) {
    const row = ({ values, latentScale }: typeof now) => (
      [...values.slice(i * each, i * each + 20)].map((value) => value / latentScale));
    row(i === 1 || i === 3 ? wanted : old).forEach((value, k) => expect(row(now)[k]).toBeCloseTo(value, 4));
  }
  await encodeAgain(file, own, { average: before, step: 7 }, portraits, [1, 3], options);
  expect((await readLatents(file)).values).toEqual(now.values);
  await rm(folder, { recursive: true });
});
