// Buckets by what they promise for any picture; the numbers of sd-scripts are compared in the golden case
// image-bucketing.

import { expect, test } from 'vitest';

import {
  bucketResolutions, type BucketSettings, cutToBucket, cutToSize, placeInBucket, timeIdsOf,
} from '../../src-main/dataset/buckets.ts';
import { resizeKind, resizePicture } from '../../src-main/dataset/resize.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';
import { gradientPicture } from '../photos/fixtures.ts';

const settings: BucketSettings = {
  base: { width: 512, height: 512 }, minEdgePx: 256, maxEdgePx: 1024, stepPx: 64, enlarge: true,
};

const sizes = Array.from(normalNumbers(3, 0, 80), (value) => Math.round(20 + 900 * Math.abs(value)));
const pictures = Array.from({ length: 40 }, (_, i) => ({ width: sizes[2 * i]!, height: sizes[2 * i + 1]! }));

test('buckets have whole steps and no more than the area', () => {
  for (const { width, height } of bucketResolutions(settings)) {
    expect([width % 64, height % 64]).toEqual([0, 0]);
    expect(width * height).toBeLessThanOrEqual(512 * 512);
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(256);
    expect(Math.max(width, height)).toBeLessThanOrEqual(1024);
  }
});

test.each([true, false])('any picture covers its bucket, which lies in its middle (enlarging: %s)', (enlarge) => {
  for (const picture of pictures) {
    const { bucket, resized, left, top } = placeInBucket(picture, { ...settings, enlarge });
    expect(resized.width).toBeGreaterThanOrEqual(bucket.width);
    expect(resized.height).toBeGreaterThanOrEqual(bucket.height);
    expect(Math.abs(resized.width - bucket.width - 2 * left)).toBeLessThanOrEqual(1);
    expect(Math.abs(resized.height - bucket.height - 2 * top)).toBeLessThanOrEqual(1);
    // nothing is squeezed: the resized picture has the picture's own shape to a pixel
    expect(Math.abs(resized.width - (resized.height * picture.width) / picture.height)).toBeLessThan(
      1 + picture.width / picture.height);
    const tooSmall = Math.min(picture.width, picture.height) < 64;
    if (!enlarge && !tooSmall) expect(resized.width).toBeLessThanOrEqual(picture.width);
  }
});

test('a picture smaller than a step goes into a ready bucket, even where nothing should be enlarged', () => {
  expect(placeInBucket({ width: 40, height: 40 }, { ...settings, enlarge: false }).bucket)
    .toEqual({ width: 512, height: 512 });
  expect(() => placeInBucket({ width: 0, height: 10 }, settings)).toThrow('fits into no bucket');
});

test('what is cut is the middle of the resized picture', () => {
  const picture = gradientPicture(300, 200);
  const placement = placeInBucket(picture, { ...settings, base: { width: 128, height: 128 }, minEdgePx: 64 });
  const cut = cutToBucket(picture, placement);
  const whole = resizePicture(picture, placement.resized.width, placement.resized.height);
  expect([cut.width, cut.height]).toEqual([placement.bucket.width, placement.bucket.height]);
  const at = (x: number, y: number): number[] => {
    const from = ((placement.top + y) * whole.width + placement.left + x) * 3;
    return [...whole.data.subarray(from, from + 3)];
  };
  expect([...cut.data.subarray(0, 3)]).toEqual(at(0, 0));
  expect([...cut.data.subarray(-3)]).toEqual(at(cut.width - 1, cut.height - 1));
});

test('a picture of any shape is cut to a size without being squeezed', () => {
  const size = { width: 64, height: 32 };
  for (const [width, height] of [[64, 32], [200, 40], [20, 90], [63, 33]] as const) {
    const cut = cutToSize(gradientPicture(width, height), size);
    expect([cut.width, cut.height]).toEqual([64, 32]);
  }
  expect(cutToSize(gradientPicture(64, 32), size).data).toEqual(gradientPicture(64, 32).data);
});

test('SDXL is told the original size, the crop and the size drawn, height before width', () => {
  const original = { width: 768, height: 512 };
  const placement = placeInBucket(original, settings);
  expect(placement.bucket).toEqual({ width: 640, height: 384 });
  expect(timeIdsOf(placement, original)).toEqual([512, 768, 0, 32, 384, 640]);
});

test('a plain picture stays plain, whichever way it is resized', () => {
  const plain = rgbPicture(50, 40, new Uint8Array(50 * 40 * 3).map((_, i) => [10, 128, 250][i % 3]!));
  const targets = [[50, 40, 'none'], [23, 17, 'area'], [99, 80, 'lanczos'], [30, 60, 'lanczos']] as const;
  for (const [width, height, kind] of targets) {
    expect(resizeKind(plain, width, height)).toBe(kind);
    const { data } = resizePicture(plain, width, height);
    expect(data.length).toBe(width * height * 3);
    expect(data.every((value, i) => value === [10, 128, 250][i % 3])).toBe(true);
  }
});

test('area resizing by a whole factor is the mean of blocks', () => {
  const picture = rgbPicture(4, 2, Uint8Array.from([0, 40, 80, 120, 10, 50, 90, 130].flatMap((v) => [v, v, v])));
  const { data } = resizePicture(picture, 2, 1);
  expect([...data]).toEqual([25, 25, 25, 105, 105, 105]);
});
