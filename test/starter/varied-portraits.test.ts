// Training portraits in which rare things come more often: which they are, and that pictures, labels and captions of a
// rendered set agree about them.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clothesKinds, hatKinds, pictureStyles } from '../../src-main/starter/attributes.ts';
import { labelIndices, portraitLabels } from '../../src-main/starter/labels.ts';
import { portraitAttributes, renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { renderDataset } from '../../src-main/starter/rendered-dataset.ts';
import { firstVariedSeed, trainingAttributes } from '../../src-main/starter/varied-portraits.ts';

let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-varied-')); });
afterAll(() => rm(folder, { recursive: true, force: true }));

const seeds = Array.from({ length: 600 }, (_, i) => firstVariedSeed + i);
const attributesOf = (seed: number) => portraitAttributes(seed, trainingAttributes(seed));
const shareOf = (drawn: readonly number[], isSo: (seed: number) => boolean) => drawn.filter(isSo).length / drawn.length;

test('portraits before the first varied one are left to their seeds', () => {
  expect(trainingAttributes(0)).toEqual({});
  expect(trainingAttributes(firstVariedSeed - 1)).toEqual({});
  expect(attributesOf(firstVariedSeed + 7)).toEqual(attributesOf(firstVariedSeed + 7));
});

test('hats and rare clothes are drawn more often, each kind of them, and every second portrait is a photo', () => {
  const ordinary = seeds.map((seed) => seed - firstVariedSeed);
  const hasHat = (seed: number) => attributesOf(seed).hat !== 'none';
  const hasRareClothes = (seed: number) => ['overalls', 'tank top', 'turtleneck'].includes(attributesOf(seed).clothes);
  expect(shareOf(seeds, hasHat)).toBeGreaterThan(1.3 * shareOf(ordinary, hasHat));
  expect(shareOf(seeds, hasRareClothes)).toBeGreaterThan(1.3 * shareOf(ordinary, hasRareClothes));
  const drawn = seeds.map(attributesOf);
  for (const kind of hatKinds) expect(drawn.some(({ hat }) => hat === kind), kind).toBe(true);
  for (const kind of clothesKinds) expect(drawn.some(({ clothes }) => clothes === kind), kind).toBe(true);
  for (const kind of pictureStyles) expect(drawn.some(({ style }) => style === kind), kind).toBe(true);
  expect(drawn.filter((_, i) => i % 2 === 0).every(({ style }) => style === 'photo')).toBe(true);
});

test('a hat has room above it', () => {
  const given = seeds.map(trainingAttributes).filter(({ hat }) => hat !== undefined && hat !== 'none');
  expect(given.length).toBeGreaterThan(50);
  for (const { size, shiftY } of given) {
    expect(size).toBeLessThanOrEqual(1.08);
    expect(shiftY).toBeGreaterThanOrEqual(5);
  }
});

test('a rendered set shows and says what is given', async () => {
  const set = await renderDataset({
    folder, kind: 'portraits', from: firstVariedSeed - 1, count: 3, resolutionPx: 128, workers: 1,
  });
  for (const [i, seed] of [firstVariedSeed - 1, firstVariedSeed, firstVariedSeed + 1].entries()) {
    const { rgb, caption } = await renderPortrait(seed, { resolutionPx: 128, attributes: trainingAttributes(seed) });
    expect(Buffer.from(set.pixels.subarray(i * rgb.length, (i + 1) * rgb.length)).equals(Buffer.from(rgb))).toBe(true);
    expect(set.captions[i]).toBe(caption);
    expect(set.labels[i]).toEqual(labelIndices(portraitLabels(attributesOf(seed))));
  }
});
