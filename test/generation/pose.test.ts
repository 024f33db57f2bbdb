// Where a face comes to lie: covered pictures, framed squares, regions of two people, and points that are refused.

import { expect, test } from 'vitest';

import { UserError } from '../../src-main/contract/errors.ts';
import { faceCropRegion, nominalFacePoints } from '../../src-main/dataset/framing.ts';
import type { FacePoints } from '../../src-main/faces/face.ts';
import {
  areaOfPerson, checkedPose, expectedPoints, framedPose, pointsAsFractions, pointsInPixels, poseOfPicture,
} from '../../src-main/generation/pose.ts';

const moved = (points: FacePoints, scale: number, x: number, y: number): FacePoints => (
  points.map((point) => ({ x: point.x * scale + x, y: point.y * scale + y })) as unknown as FacePoints);
const nominal = nominalFacePoints(512);
/** A face in a photo of 1000 x 800, off the middle. */
const inPhoto = moved(nominal, 0.5, 300, 120);
const whole = { left: 0, top: 0, width: 512, height: 512 };

function expectPoints(actual: FacePoints, expected: FacePoints): void {
  actual.forEach(({ x, y }, i) => {
    expect(x).toBeCloseTo(expected[i]!.x, 6);
    expect(y).toBeCloseTo(expected[i]!.y, 6);
  });
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error.code;
    throw error;
  }
  return 'not refused';
}

test('fractions and pixels are one another\'s inverse', () => {
  const fractions = pointsAsFractions(inPhoto, { width: 1000, height: 800 });
  expect(fractions[0]!.x).toBeCloseTo(inPhoto[0].x / 1000, 12);
  expectPoints(pointsInPixels(fractions, 1000, 800), inPhoto);
});

test('a picture covers the portrait: scaled by the larger ratio and cut in its middle', () => {
  // 1000 x 800 covers 512 x 512 at 0.64, cutting 64 pixels left and right
  expectPoints(poseOfPicture(inPhoto, { width: 1000, height: 800 }, { widthPx: 512, heightPx: 512 }),
    moved(inPhoto, 0.64, -64, 0));
  // and 400 x 800 at 1, cutting 300
  expectPoints(poseOfPicture(inPhoto, { width: 1000, height: 800 }, { widthPx: 400, heightPx: 800 }),
    moved(inPhoto, 1, -300, 0));
});

test('framed as training crops are, wherever the face was, the eyes at the framing\'s height', () => {
  const framed = framedPose(inPhoto, whole);
  const { left, top, width } = faceCropRegion(inPhoto);
  expectPoints(framed, moved(moved(inPhoto, 1, -left, -top), 512 / width, 0, 0));
  expect(framed[0].y / 512).toBeCloseTo(0.37, 6);
  expectPoints(framedPose(moved(inPhoto, 3, -70, 900), whole), framed);
});

test('a framed face fills the width of a tall portrait, a little above its middle', () => {
  const tall = framedPose(inPhoto, { left: 0, top: 0, width: 512, height: 1024 });
  expectPoints(tall, moved(framedPose(inPhoto, whole), 1, 0, 512 * 0.37));
});

test('of two people each is framed in the smallest rectangle around their region', () => {
  const size = { widthPx: 512, heightPx: 512 };
  const halves = { columns: 2, rows: 1, values: [0, 1] };
  expect(areaOfPerson(halves, false, size)).toEqual({ left: 0, top: 0, width: 256, height: 512 });
  expect(areaOfPerson(halves, true, size)).toEqual({ left: 256, top: 0, width: 256, height: 512 });
  const corner = { columns: 4, rows: 2, values: [0, 0, 0, 0, 0, 0, 0.7, 1] };
  expect(areaOfPerson(corner, true, size)).toEqual({ left: 256, top: 256, width: 256, height: 256 });
  expect(areaOfPerson(corner, false, size)).toEqual(whole);
  expect(areaOfPerson({ columns: 1, rows: 1, values: [0] }, true, size)).toEqual(whole);
  const [left, right] = [false, true].map((isSecond) => framedPose(inPhoto, areaOfPerson(halves, isSecond, size)));
  expectPoints(right!, moved(left!, 1, 256, 0));
  expect(Math.max(...left!.map(({ x }) => x))).toBeLessThan(256);
});

test('points may reach out of the portrait, but not all of them and not far', () => {
  const size = { widthPx: 512, heightPx: 512 };
  const check = (scale: number, x: number, y: number): string => (
    codeOf(() => checkedPose(moved(nominal, scale, x, y), size)));
  expect(check(1, 0, 0)).toBe('not refused');
  expect(check(1, -230, 0)).toBe('not refused');
  expect(check(1, -600, 0)).toBe('instant-id.points-outside');
  expect(check(1, 0, 900)).toBe('instant-id.points-outside');
  expect(check(20, -2600, -1800)).toBe('instant-id.points-outside');
  expect(check(0.001, 256, 256)).toBe('instant-id.points-together');
  expect(check(0, 100, 100)).toBe('instant-id.points-together');
  expect(check(Number.NaN, 0, 0)).toBe('instant-id.points-outside');
});

test('where a face should lie in the finished picture: as asked, else framed, in one\'s own region', () => {
  const size = { widthPx: 512, heightPx: 512 };
  expectPoints(expectedPoints(size, 'first', { width: 1024, height: 1024 }), nominalFacePoints(1024));
  const asked = expectedPoints({ ...size, face: { points: inPhoto } }, 'first', { width: 768, height: 768 });
  expectPoints(asked, moved(inPhoto, 1.5, 0, 0));
  const second = { mask: { columns: 2, rows: 1, values: [0, 1] } };
  const [left, right] = (['first', 'second'] as const).map((who) => (
    expectedPoints({ ...size, second }, who, { width: 512, height: 512 })));
  expectPoints(right!, moved(left!, 1, 256, 0));
  expect(left![2].x).toBeCloseTo(128, 6);
});
