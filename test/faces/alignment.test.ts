// ArcFace's alignment and the resampling under it: maps that are known, pictures whose pixels are known.

import { expect, test } from 'vitest';

import {
  alignFace, arcFaceTemplate, arcFaceTemplateFor, similarityTransform,
} from '../../src-main/faces/arcface-alignment.ts';
import type { FacePoints, Point } from '../../src-main/faces/face.ts';
import {
  type AffineMatrix, inverseOf, resizeBilinear, warpAffine,
} from '../../src-main/faces/fixed-point-pixels.ts';
import {
  detectorLevels, letterboxed, letterboxOf, levelTensor, recognizerLevels,
} from '../../src-main/faces/letterbox.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';

const mapped = ([[a, b, c], [d, e, f]]: AffineMatrix, { x, y }: Point): Point => (
  { x: a * x + b * y + c, y: d * x + e * y + f });

function expectClose(actual: AffineMatrix, expected: AffineMatrix): void {
  actual.flat().forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i]!, 9));
}

/** Grey levels, one a pixel, as a picture. */
function grey(rows: readonly (readonly number[])[]): RgbPicture {
  const data = Uint8Array.from(rows.flat().flatMap((level) => [level, level, level]));
  return rgbPicture(rows[0]!.length, rows.length, data);
}

const levels = ({ width, data }: RgbPicture): number[][] => Array.from({ length: data.length / 3 / width }, (_, y) => (
  Array.from({ length: width }, (__, x) => data[(y * width + x) * 3]!)));

const turned: AffineMatrix = [[0.8, -0.6, 12], [0.6, 0.8, -7]];

test('a turn, scale and shift is found again, and its inverse undoes it', () => {
  const moved = arcFaceTemplate.map((point) => mapped(turned, point));
  expectClose(similarityTransform(arcFaceTemplate, moved), turned);
  expectClose(similarityTransform(moved, arcFaceTemplate), inverseOf(turned));
});

test('what cannot be reached exactly is met with the least squared error', () => {
  const from = [{ x: 0, y: 0 }, { x: 4, y: 1 }, { x: 1, y: 3 }, { x: -2, y: 5 }];
  const to = [{ x: 1, y: 1 }, { x: 5, y: 4 }, { x: 0, y: 6 }, { x: -4, y: 5 }];
  const errorOf = (matrix: AffineMatrix) => from.reduce((sum, point, i) => {
    const { x, y } = mapped(matrix, point);
    return sum + (x - to[i]!.x) ** 2 + (y - to[i]!.y) ** 2;
  }, 0);
  const best = similarityTransform(from, to);
  const [[a, , c], [b, , f]] = best;
  for (const [da, db, dc, df] of [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]) {
    for (const step of [-0.01, 0.01]) {
      const [p, q] = [a + da! * step, b + db! * step];
      expect(errorOf([[p, -q, c + dc! * step], [q, p, f + df! * step]])).toBeGreaterThan(errorOf(best));
    }
  }
});

test('mirrored points are turned and scaled, never mirrored', () => {
  const mirrored = arcFaceTemplate.map(({ x, y }) => ({ x: -x, y }));
  const [[a, b], [d, e]] = similarityTransform(arcFaceTemplate, mirrored);
  expect(a * e - b * d).toBeGreaterThan(0);
});

test('points that coincide are refused', () => {
  const same = arcFaceTemplate.map(() => ({ x: 3, y: 4 })) as unknown as FacePoints;
  expect(() => similarityTransform(same, arcFaceTemplate)).toThrow('coincide');
});

test('templates: multiples of 112 as they are, of 128 with a margin, others refused', () => {
  expect(arcFaceTemplateFor(224)[2]!.x).toBeCloseTo(112.0504, 4);
  expect(arcFaceTemplateFor(128)[2]).toMatchObject({ x: Math.fround(56.0252) + 8 });
  expect(arcFaceTemplateFor(256)[2]!.x).toBeCloseTo(128.0504, 4);
  expect(() => arcFaceTemplateFor(100)).toThrow('112 or 128');
});

test('a face that stands as the template does is cut out as it is', () => {
  const picture = rgbPicture(120, 130, Uint8Array.from({ length: 120 * 130 * 3 }, (_, i) => (i * 7919) % 256));
  const shifted = arcFaceTemplateFor(112).map(({ x, y }) => ({ x: x + 5, y: y + 9 })) as unknown as FacePoints;
  const aligned = alignFace(picture, shifted);
  for (const [x, y] of [[0, 0], [111, 111], [40, 70]] as const) {
    const [from, to] = [((y + 9) * 120 + x + 5) * 3, (y * 112 + x) * 3];
    expect(aligned.data.subarray(to, to + 3)).toEqual(picture.data.subarray(from, from + 3));
  }
});

test('a shift by whole pixels copies, by half a pixel averages, and beyond the picture all is black', () => {
  const picture = grey([[10, 20, 31], [50, 60, 70]]);
  expect(levels(warpAffine(picture, [[1, 0, 1], [0, 1, 1]], 4, 3))).toEqual([
    [0, 0, 0, 0], [0, 10, 20, 31], [0, 50, 60, 70],
  ]);
  // (20 + 31) / 2 is rounded up, and black takes part at the edge
  expect(levels(warpAffine(picture, [[1, 0, -0.5], [0, 1, 0]], 3, 1))).toEqual([[15, 26, 16]]);
  expect(levels(warpAffine(picture, [[1, 0, 0], [0, 1, -0.5]], 3, 1))).toEqual([[30, 40, 51]]);
  expect(() => warpAffine(picture, [[1, 2, 0], [2, 4, 0]], 2, 2)).toThrow('fall on a line');
});

test('positions are looked up at the nearest 32nd of a pixel', () => {
  const edge = grey([[0, 255]]);
  const at = (shift: number): number => levels(warpAffine(edge, [[1, 0, -shift], [0, 1, 0]], 1, 1))[0]![0]!;
  expect(at(5 / 32)).toBe(Math.floor((255 * 5) / 32 + 0.5));
  expect(at(5.4 / 32)).toBe(at(5 / 32));
  expect(at(5.6 / 32)).toBe(at(6 / 32));
});

test('resizing: the same size copies, half averages four pixels, double keeps the corners', () => {
  const picture = grey([[0, 100, 200, 40], [60, 20, 10, 250]]);
  expect(levels(resizeBilinear(picture, 4, 2))).toEqual(levels(picture));
  expect(levels(resizeBilinear(picture, 2, 1))).toEqual([[45, 125]]);
  const doubled = levels(resizeBilinear(picture, 8, 4));
  expect([doubled[0]![0], doubled[0]![7], doubled[3]![0], doubled[3]![7]]).toEqual([0, 40, 60, 250]);
  expect(doubled[0]!.slice(0, 4)).toEqual([0, 25, 75, 125]);
});

test('a letterbox keeps the shape of the picture and is black beside it', () => {
  expect(letterboxOf({ width: 1920, height: 1080 }, { width: 640, height: 640 })).toEqual({
    resized: { width: 640, height: 360 }, scale: 1 / 3,
  });
  expect(letterboxOf({ width: 3, height: 9000 }, { width: 64, height: 64 }).resized).toEqual({ width: 1, height: 64 });
  const boxed = letterboxed(grey([[80, 80, 80, 80]]), { width: 8, height: 4 });
  expect(boxed.scale).toBe(2);
  expect(levels(boxed.picture)).toEqual([80, 80, 0, 0].map((level) => new Array(8).fill(level)));
});

test('levels about 0: the detector divides by 128, the recogniser by 127.5', () => {
  const picture = rgbPicture(1, 1, Uint8Array.of(0, 127, 255));
  const recognizer = levelTensor(picture, recognizerLevels);
  expect([...recognizer.data as Float32Array]).toEqual([-1, -0.5 / 127.5, 1].map(Math.fround));
  const detector = levelTensor(picture, detectorLevels);
  expect(detector.shape).toEqual([1, 3, 1, 1]);
  expect([...detector.data as Float32Array]).toEqual([-127.5 / 128, -0.5 / 128, 127.5 / 128]);
});
