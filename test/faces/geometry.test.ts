// Geometry without a network: boxes, pose and the squares that are cut around a face.

import { expect, test } from 'vitest';
import { clipBox, decodeBoxes, overlap, suppressOverlaps } from '../../src-main/faces/box-decoding.ts';
import type { FacePoints, Point } from '../../src-main/faces/face.ts';
import { facePose, recognitionSquareOfPoints } from '../../src-main/faces/face-points.ts';
import { boxInput, turnedSquare } from '../../src-main/faces/network-input.ts';
import { gradientPicture } from '../photos/fixtures.ts';

const frontal: FacePoints = [
  { x: 80, y: 100 }, { x: 120, y: 100 }, { x: 100, y: 125 }, { x: 84, y: 140 }, { x: 116, y: 140 }];

function turned(points: FacePoints, degrees: number, about: Point): FacePoints {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return points.map(({ x, y }) => ({
    x: about.x + cos * (x - about.x) - sin * (y - about.y), y: about.y + sin * (x - about.x) + cos * (y - about.y),
  })) as unknown as FacePoints;
}

test('encodings of zero give the prior box, others shift and stretch it', () => {
  const priors = Float32Array.of(0.2, 0.3, 0.4, 0.7);
  const [plain] = decodeBoxes(priors, new Float32Array(4), Float32Array.of(0.9), 0.5);
  expect(plain!.box.left).toBeCloseTo(0.3);
  expect(plain!.box.height).toBeCloseTo(0.2);
  // a tenth of the height down, twice as wide
  const [moved] = decodeBoxes(priors, Float32Array.of(1, 0, 0, 5 * Math.log(2)), Float32Array.of(0.9), 0.5);
  expect(moved!.box.top).toBeCloseTo(0.22);
  expect(moved!.box.left).toBeCloseTo(0.1);
  expect(moved!.box.width).toBeCloseTo(0.8);
  expect(decodeBoxes(priors, new Float32Array(4), Float32Array.of(0.4), 0.5)).toEqual([]);
});

test('of boxes that overlap by more than half only the best stays', () => {
  const box = (left: number): { left: number; top: number; width: number; height: number } =>
    ({ left, top: 0, width: 10, height: 10 });
  expect(overlap(box(0), box(5))).toBeCloseTo(1 / 3);
  expect(overlap(box(0), box(10))).toBe(0);
  const scored = [{ box: box(0), score: 0.9 }, { box: box(2), score: 0.8 }, { box: box(6), score: 0.7 }];
  expect(suppressOverlaps(scored).map(({ score }) => score)).toEqual([0.9, 0.7]);
  expect(clipBox(box(-4), 100, 100)).toEqual({ left: 0, top: 0, width: 6, height: 10 });
  expect(clipBox(box(200), 100, 100)).toBeUndefined();
});

test('pose: a frontal face, one that leans, one that looks to the right', () => {
  expect(facePose(frontal)).toEqual({ yawDegrees: 0, rollDegrees: 0 });
  const leaning = facePose(turned(frontal, 20, { x: 100, y: 120 }));
  expect(leaning.rollDegrees).toBeCloseTo(20);
  expect(leaning.yawDegrees).toBeCloseTo(0);
  const [left, right, , ...mouth] = frontal;
  const looking = facePose([left, right, { x: 114, y: 125 }, ...mouth] as unknown as FacePoints);
  expect(looking.yawDegrees).toBeGreaterThan(20);
  expect(looking.yawDegrees).toBeLessThan(40);
});

test('the recognition square turns with the face', () => {
  const about = { x: 100, y: 120 };
  const upright = recognitionSquareOfPoints(frontal);
  const leaning = recognitionSquareOfPoints(turned(frontal, 30, about));
  expect(upright.angle).toBe(0);
  expect(upright.centre.x).toBeCloseTo(100);
  expect(leaning.edge).toBeCloseTo(upright.edge);
  expect((leaning.angle * 180) / Math.PI).toBeCloseTo(30);
  const [expected] = turned([upright.centre, ...frontal] as unknown as FacePoints, 30, about);
  expect(leaning.centre.x).toBeCloseTo(expected.x);
  expect(leaning.centre.y).toBeCloseTo(expected.y);
});

// Red is x and green is y in the gradient, so every sampled colour says where it came from.
test.each([0, 15, 90])('a square turned by %i degrees shows what lies under it', (degrees) => {
  const picture = gradientPicture(256, 256);
  const angle = (degrees * Math.PI) / 180;
  const [centre, edge, edgePx] = [{ x: 120, y: 130 }, 80, 40];
  const out = turnedSquare(picture, { centre, edge, angle }, edgePx);
  for (const [x, y] of [[0, 0], [39, 0], [10, 30], [39, 39]] as const) {
    const [u, v] = [(x + 0.5 - edgePx / 2) * (edge / edgePx), (y + 0.5 - edgePx / 2) * (edge / edgePx)];
    const seenX = centre.x + Math.cos(angle) * u - Math.sin(angle) * v - 0.5;
    const seenY = centre.y + Math.sin(angle) * u + Math.cos(angle) * v - 0.5;
    const at = (y * edgePx + x) * 3;
    expect(Math.abs(out[at]! - seenX)).toBeLessThan(0.75);
    expect(Math.abs(out[at + 1]! - seenY)).toBeLessThan(0.75);
  }
});

test('a box is laid in the middle of a black square, and positions in it lead back to the photo', () => {
  const picture = gradientPicture(256, 256);
  const { input, region } = boxInput(picture, { left: 50.4, top: 100.2, width: 40, height: 80 }, 20);
  expect(region).toEqual({ left: 30, top: 100, width: 80, height: 80 });
  const red = input.data.slice(0, 400) as Float32Array;
  expect(red[10 * 20 + 1]).toBe(0); // beside the box
  expect(red[10 * 20 + 10]!).toBeGreaterThan(65); // its middle, x = 72
  expect(red[10 * 20 + 10]!).toBeLessThan(77);
});
