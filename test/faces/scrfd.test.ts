// SCRFD's numbers to faces: which row is which place, how boxes and points come out, and which faces are left.

import { expect, test } from 'vitest';

import type { PixelBox } from '../../src-main/faces/face.ts';
import {
  decodeScrfd, type DetectedFace, preferredFaces, scrfdAnchors, type ScrfdLevel, suppressOverlappingPixels,
} from '../../src-main/faces/scrfd.ts';

const input = { width: 64, height: 32 };

/** Levels on which nothing is found but what `put` writes. */
function levelsWith(
  put: (level: (stride: number) => { scores: number[]; distances: number[]; offsets: number[] }) => void,
): ScrfdLevel[] {
  const levels = [8, 16, 32].map((stride) => {
    const count = (input.width / stride) * (input.height / stride) * 2;
    const zeros = (size: number): number[] => new Array<number>(count * size).fill(0);
    return { stride, scores: zeros(1), distances: zeros(4), offsets: zeros(10) };
  });
  put((stride) => levels.find((level) => level.stride === stride)!);
  return levels;
}

const face = (left: number, top: number, width: number, height: number, score = 0.9): DetectedFace => {
  const points = Array.from({ length: 5 }, () => ({ x: left, y: top })) as unknown as DetectedFace['points'];
  return { box: { left, top, width, height }, score, points };
};

test('two anchors a cell, from left to right and down', () => {
  expect(scrfdAnchors(input, 32)).toEqual([{ x: 0, y: 0 }, { x: 0, y: 0 }, { x: 32, y: 0 }, { x: 32, y: 0 }]);
  const fine = scrfdAnchors(input, 8);
  expect(fine.length).toBe(8 * 4 * 2);
  expect(fine[2 * (8 + 3)]).toEqual({ x: 24, y: 8 });
});

test('distances and offsets are in strides from the anchor, and found faces in pixels of the picture', () => {
  const levels = levelsWith((level) => {
    const { scores, distances, offsets } = level(16);
    // the second anchor of the cell in column 2, row 1
    const row = 2 * (4 + 2) + 1;
    scores[row] = 0.75;
    distances.splice(row * 4, 4, 1, 0.5, 2, 1.5);
    offsets.splice(row * 10, 10, -0.5, 0, 0.5, 0, 0, 0.25, -0.25, 0.5, 0.25, 0.5);
  });
  const [found, ...others] = decodeScrfd(levels, { input, scale: 0.5 });
  expect(others).toEqual([]);
  expect(found!.score).toBe(0.75);
  expect(found!.box).toEqual({ left: 32, top: 16, width: 96, height: 64 });
  expect(found!.points).toEqual([
    { x: 48, y: 32 }, { x: 80, y: 32 }, { x: 64, y: 40 }, { x: 56, y: 48 }, { x: 72, y: 48 },
  ]);
});

test('faces below the score are passed over, and the surest comes first whatever its stride', () => {
  const levels = levelsWith((level) => {
    level(8).scores[0] = 0.6;
    level(32).scores[2] = 0.8;
    level(16).scores[6] = 0.49;
    level(16).scores[4] = NaN;
  });
  const scores = (minimumScore?: number) => (
    decodeScrfd(levels, { input, scale: 1, ...(minimumScore === undefined ? {} : { minimumScore }) })
      .map(({ score }) => score));
  expect(scores()).toEqual([0.8, 0.6]);
  expect(scores(0.4)).toEqual([0.8, 0.6, 0.49]);
  expect(scores(0.9)).toEqual([]);
});

test('levels of another size of input are refused', () => {
  const levels = levelsWith(() => {});
  expect(() => decodeScrfd(levels, { input: { width: 64, height: 64 }, scale: 1 })).toThrow('at stride 8');
  const short = levels.map((level) => ({ ...level, offsets: Array.from(level.offsets).slice(1) }));
  expect(() => decodeScrfd(short, { input, scale: 1 })).toThrow('at stride 8');
});

test('overlaps count both edges as pixels of a box', () => {
  const left = (boxes: readonly DetectedFace[], limit: number): PixelBox[] => (
    suppressOverlappingPixels(boxes, limit).map(({ box }) => box));
  const boxes = [face(0, 0, 3, 3), face(0, 2, 3, 3), face(50, 50, 9, 9)];
  // 4 x 4 pixels each, 2 rows shared: 8 of 24; by plain areas it would be 3 of 15
  expect(left(boxes, 0.34).length).toBe(3);
  expect(left(boxes, 0.33).length).toBe(2);
  // boxes that touch share one row of pixels
  expect(left([face(0, 0, 3, 3), face(0, 3, 3, 3)], 0.1).length).toBe(1);
  expect(left([face(0, 0, 3, 3), face(0, 4, 3, 3)], 0.1).length).toBe(2);
});

test('a box is dropped only for a better one that stays', () => {
  const chain = [face(0, 0, 9, 9, 0.9), face(4, 0, 9, 9, 0.8), face(8, 0, 9, 9, 0.7)];
  expect(suppressOverlappingPixels(chain, 0.4).map(({ score }) => score)).toEqual([0.9, 0.7]);
});

test('the largest face, or the one that is large and in the middle', () => {
  const picture = { width: 201, height: 100 };
  const [middle, corner, small] = [face(80, 30, 40, 40, 0.7), face(0, 0, 50, 50, 0.8), face(95, 45, 9, 9, 0.99)];
  const faces = [small, corner, middle];
  expect(preferredFaces(faces, 1, picture)).toEqual([middle]);
  expect(preferredFaces(faces, 1, picture, 'area')).toEqual([corner]);
  expect(preferredFaces(faces, 2, picture, 'area')).toEqual([corner, middle]);
  expect(preferredFaces(faces, 3, picture)).toEqual(faces);
});
