// Order, repeats, batches of one size and caption dropout; face masks.

import { expect, test } from 'vitest';

import { placeInBucket } from '../../src-main/dataset/buckets.ts';
import { batchesPerEpoch, droppedCaptions, epochBatches, type EpochImage } from '../../src-main/dataset/epoch.ts';
import { boxInBucket, faceMask } from '../../src-main/dataset/face-mask.ts';

const images: readonly EpochImage[] = [
  { repeats: 1, sizeKey: 'square' }, { repeats: 3, sizeKey: 'square' }, { repeats: 2, sizeKey: 'tall' },
  { repeats: 1, sizeKey: 'square' },
];

const countsOf = (batches: readonly (readonly number[])[]): number[] =>
  images.map((_, index) => batches.flat().filter((shown) => shown === index).length);

test('an epoch shows every image as often as it is repeated', () => {
  expect(countsOf(epochBatches(images, 1, 5, 0))).toEqual([1, 3, 2, 1]);
  // 5 squares fill batches of 5, the 2 tall ones are shown again
  expect(countsOf(epochBatches(images, 5, 5, 0))).toEqual([1, 3, 5, 1]);
});

test.each([1, 2, 3, 4, 9])('batches of %i are full and of one size', (batchSize) => {
  const batches = epochBatches(images, batchSize, 5, 0);
  expect(batches.length).toBe(batchesPerEpoch(images, batchSize));
  for (const batch of batches) {
    expect(batch.length).toBe(batchSize);
    expect(new Set(batch.map((index) => images[index]!.sizeKey)).size).toBe(1);
  }
  expect(countsOf(batches).every((count, i) => count >= images[i]!.repeats)).toBe(true);
});

test('the same seed and stream give the same order, others another', () => {
  const order = (seed: number, stream: number): string =>
    epochBatches(new Array<EpochImage>(12).fill({ repeats: 1, sizeKey: '' }), 1, seed, stream).join();
  expect(order(1, 4)).toBe(order(1, 4));
  expect(new Set([order(1, 4), order(1, 12), order(2, 4)]).size).toBe(3);
  expect(() => epochBatches([], 1, 1, 0)).toThrow('at least one image');
});

test('captions are dropped in the asked share, the same ones each time', () => {
  const dropped = droppedCaptions(10_000, 0.1, 7, 3);
  // standard deviation 30
  expect(Math.abs(dropped.filter(Boolean).length - 1000)).toBeLessThan(150);
  expect(droppedCaptions(10_000, 0.1, 7, 3)).toEqual(dropped);
  expect(droppedCaptions(50, 0, 7, 3).some(Boolean)).toBe(false);
  expect(droppedCaptions(50, 1, 7, 3).every(Boolean)).toBe(true);
});

const box = { x: 0.4, y: 0.2, width: 0.2, height: 0.3 };
const options = { latentHeight: 32, latentWidth: 24, surroundingsLess: 0.8 };
const maskAt = (data: Float32Array, x: number, y: number): number =>
  data[Math.floor(y * options.latentHeight) * options.latentWidth + Math.floor(x * options.latentWidth)]!;

test('a face mask counts the head fully and its surroundings less, with a mean of 1', () => {
  const mask = faceMask(box, options);
  const data = mask.data as Float32Array;
  expect(mask.shape).toEqual([1, 32, 24]);
  expect(data.reduce((sum, value) => sum + value, 0) / data.length).toBeCloseTo(1, 5);
  const [middle, corner] = [maskAt(data, 0.5, 0.35), maskAt(data, 0.02, 0.98)];
  expect(corner / middle).toBeCloseTo(0.2, 5);
  expect(maskAt(data, 0.5, 0.22)).toBe(middle);
  // soft: between head and surroundings lies at least one step, and it only falls
  for (let x = 0.5; x < 0.95; x += 1 / 24) {
    const step = maskAt(data, x, 0.35) - maskAt(data, x + 1 / 24, 0.35);
    expect(step).toBeGreaterThanOrEqual(0);
    expect(step).toBeLessThan(0.7 * (middle - corner));
  }
});

test('without a face, or where nothing should count less, everything counts alike', () => {
  for (const mask of [faceMask(null, options), faceMask(box, { ...options, surroundingsLess: 0 }),
    faceMask({ ...box, x: 40 }, { ...options, surroundingsLess: 1 })]) {
    expect((mask.data as Float32Array).every((value) => value === 1)).toBe(true);
  }
});

test('a face box follows its picture into a bucket', () => {
  const placement = placeInBucket({ width: 768, height: 512 }, {
    base: { width: 512, height: 512 }, minEdgePx: 256, maxEdgePx: 1024, stepPx: 64, enlarge: true,
  });
  // 640 x 427, cut to 640 x 384 from row 21
  const moved = boxInBucket({ x: 0.25, y: 0.5, width: 0.1, height: 0.2 }, placement);
  expect(moved.x).toBeCloseTo(0.25, 12);
  expect(moved.y).toBeCloseTo((0.5 * 427 - 21) / 384, 12);
  expect(moved.width).toBeCloseTo(0.1, 12);
  expect(moved.height).toBeCloseTo((0.2 * 427) / 384, 12);
});
