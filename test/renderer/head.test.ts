// The simple head of the pose panel: how five points move when it turns, that points give the head back, what the panel
// makes of photos, and that what is asked for is what is seen.

import { describe, expect, test } from 'vitest';
import type { FacePointsInPicture } from '../../src-main/contract/faces.ts';
import { headPose } from '../../src-main/faces/head-pose.ts';
import { framedPose, poseOfPicture } from '../../src-main/generation/pose.ts';
import { headOf } from '../../src-renderer/state/fit-head.ts';
import { frontHead, type Head, outlineOf, pointsOf, withPoint } from '../../src-renderer/state/head.ts';
import { coveringPoints, framedPoints, PosePlan, presets } from '../../src-renderer/state/pose-plan.svelte.ts';
import { photo, photoId, portrait, portraitId } from './nouns.ts';

const front = frontHead(1);
const turnedHead = (change: Partial<Head>): Head => ({ ...front, ...change });
const eyes = ([left, right]: FacePointsInPicture) => ({ x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 });
/** The studio's own measure of a pose, from fractions of a square picture. */
const measured = (points: FacePointsInPicture) => headPose({ points });

test('a head from the front is symmetric and framed as portraits are', () => {
  const [left, right, nose, mouthLeft, mouthRight] = pointsOf(front, 1);
  expect(left.x + right.x).toBeCloseTo(1, 9);
  expect(mouthLeft.x + mouthRight.x).toBeCloseTo(1, 9);
  expect([nose.x, left.y, mouthLeft.y - left.y]).toEqual([0.5, right.y, expect.closeTo(0.19, 9)]);
  expect(left.y).toBeCloseTo(0.37, 9);
});

describe('turning', () => {
  test('to the right of the picture moves the nose there past the eyes, and narrows the face', () => {
    const points = pointsOf(turnedHead({ yawDegrees: 32 }), 1);
    expect(points[2].x).toBeGreaterThan(eyes(points).x + 0.03);
    expect(points[1].x - points[0].x).toBeLessThan(0.9 * (pointsOf(front, 1)[1].x - pointsOf(front, 1)[0].x));
  });

  test('down lowers the nose against eyes and mouth, up raises it', () => {
    const down = pointsOf(turnedHead({ pitchDegrees: 18 }), 1);
    const up = pointsOf(turnedHead({ pitchDegrees: -18 }), 1);
    expect(down[2].y - eyes(down).y).toBeGreaterThan(up[2].y - eyes(up).y + 0.04);
  });

  test('clockwise lowers the right eye', () => {
    const points = pointsOf(turnedHead({ rollDegrees: 20 }), 1);
    expect(points[1].y).toBeGreaterThan(points[0].y);
    expect((Math.atan2(points[1].y - points[0].y, points[1].x - points[0].x) * 180) / Math.PI).toBeCloseTo(20, 6);
  });

  test.each([
    ['yawDegrees', 25], ['yawDegrees', -25], ['pitchDegrees', 15], ['pitchDegrees', -15], ['rollDegrees', 12],
  ] as const)('by %s %d is measured so by the studio, to about ten degrees', (key, degrees) => {
    const pose = measured(pointsOf(turnedHead({ [key]: degrees }), 1));
    expect(Math.abs(pose[key] - degrees)).toBeLessThan(10);
    expect(Math.sign(pose[key])).toBe(Math.sign(degrees));
  });

  test('keeps the middle of the face, and shows the skull behind it on the other side', () => {
    expect(outlineOf(turnedHead({ yawDegrees: 40 }), 1).middle.x).toBeLessThan(0.45);
    const points = pointsOf(turnedHead({ yawDegrees: 40, pitchDegrees: 20, rollDegrees: 10 }), 1);
    const middle = (points[0].x + points[1].x + points[3].x + points[4].x) / 4;
    expect(middle).toBeCloseTo(0.5, 6);
  });
});

test.each([
  [1, {}], [1, { yawDegrees: 35, x: 0.3 }], [0.75, { pitchDegrees: -20, rollDegrees: 15, size: 0.1 }],
  [1.5, { yawDegrees: -28, pitchDegrees: 12, rollDegrees: -30, x: 0.7, y: 0.3, size: 0.3 }],
])('points at shape %d give the head back: %o', (aspect, change) => {
  const head = turnedHead(change);
  const found = headOf(pointsOf(head, aspect), aspect);
  for (const key of ['yawDegrees', 'pitchDegrees', 'rollDegrees'] as const) {
    expect(found[key]).toBeCloseTo(head[key], 1);
  }
  for (const key of ['x', 'y', 'size'] as const) expect(found[key]).toBeCloseTo(head[key], 3);
});

test('points of no simple head are kept exactly, and are taken along when it turns', () => {
  const odd: FacePointsInPicture = [
    { x: 0.31, y: 0.42 }, { x: 0.6, y: 0.38 }, { x: 0.5, y: 0.52 }, { x: 0.4, y: 0.7 }, { x: 0.58, y: 0.66 },
  ];
  const head = headOf(odd, 0.8);
  pointsOf(head, 0.8).forEach(({ x, y }, index) => {
    expect(x).toBeCloseTo(odd[index]!.x, 9);
    expect(y).toBeCloseTo(odd[index]!.y, 9);
  });
  const turned = pointsOf({ ...head, yawDegrees: head.yawDegrees + 20 }, 0.8);
  expect(turned[2].x - eyes(turned).x).toBeGreaterThan(odd[2].x - eyes(odd).x);
  expect(() => headOf([...odd.slice(0, 4), { x: NaN, y: 0 }] as unknown as FacePointsInPicture, 1)).toThrow(/numbers/);
});

test('a single point is put where it is wanted, of a leaning head in a tall picture too', () => {
  const head = withPoint(turnedHead({ rollDegrees: 25, yawDegrees: 10 }), 3, { x: 0.2, y: 0.8 }, 0.6);
  const points = pointsOf(head, 0.6);
  expect([points[3].x, points[3].y]).toEqual([expect.closeTo(0.2, 9), expect.closeTo(0.8, 9)]);
  expect(points[4]).toEqual(pointsOf(turnedHead({ rollDegrees: 25, yawDegrees: 10 }), 0.6)[4]);
});

test.each([[1, 1], [0.75, 0.5]])('a photo is framed at shape %d as the studio frames it', (aspect, width) => {
  const points = pointsOf(turnedHead({ x: 0.6, y: 0.5, size: 0.1, yawDegrees: 15 }), 4 / 3);
  const [widthPx, heightPx] = [800, 600];
  const area = { x: 1 - width, y: 0, width, height: 1 };
  const size = { width: 1000 * aspect, height: 1000 };
  const expected = framedPose(
    points.map(({ x, y }) => ({ x: x * widthPx, y: y * heightPx })) as never,
    { left: area.x * size.width, top: 0, width: width * size.width, height: size.height },
  );
  const framed = framedPoints(points, { widthPx, heightPx }, aspect, area);
  framed.points.forEach(({ x, y }, index) => {
    expect(x).toBeCloseTo(expected[index]!.x / size.width, 6);
    expect(y).toBeCloseTo(expected[index]!.y / size.height, 6);
  });
  // the photo itself lies behind them
  const { frame } = framed;
  expect(frame.x + points[2].x * frame.width).toBeCloseTo(framed.points[2].x, 6);
});

test.each([0.6, 1, 1.7])('points of a portrait cover a picture of shape %d as the studio lays them', (aspect) => {
  const points = pointsOf(front, 1);
  const size = { widthPx: 1000 * aspect, heightPx: 1000 };
  const square = points.map(({ x, y }) => ({ x: x * 128, y: y * 128 })) as never;
  const expected = poseOfPicture(square, { width: 128, height: 128 }, size);
  coveringPoints(points, { widthPx: 128, heightPx: 128 }, aspect).points.forEach(({ x, y }, index) => {
    expect(x).toBeCloseTo(expected[index]!.x / size.widthPx, 6);
    expect(y).toBeCloseTo(expected[index]!.y / size.heightPx, 6);
  });
});

describe('the pose panel', () => {
  test('asks for what it shows: the photos’ own, free, or five points', () => {
    const plan = new PosePlan();
    expect(plan.pose()).toEqual({ kind: 'reference' });
    plan.choose('none');
    expect(plan.pose()).toEqual({ kind: 'none' });
    plan.usePreset('left');
    expect(plan.head.yawDegrees).toBe(presets.left.yawDegrees);
    expect(plan.pose()).toEqual({ kind: 'points', points: pointsOf(plan.head, 1) });
  });

  test('a photo with known points becomes points over it; one without stays a photo; a portrait stays one', () => {
    const plan = new PosePlan();
    plan.usePhoto(photo(1));
    expect(plan.pose()).toEqual({ kind: 'photo', photoId: photoId(1) });
    const points = pointsOf(turnedHead({ size: 0.12, yawDegrees: -20 }), 4 / 3);
    plan.usePhoto(photo(2, { facePoints: points }));
    expect([plan.kind, plan.backdrop?.id]).toEqual(['points', photoId(2)]);
    expect(plan.head.yawDegrees).toBeCloseTo(-20, 0);
    plan.usePortrait(portrait(3));
    expect(plan.pose()).toEqual({ kind: 'portrait', portraitId: portraitId(3) });
    plan.changeSubject();
    expect(plan.pose()).toEqual({ kind: 'reference' });
    const own = pointsOf(front, 1);
    plan.usePortrait(portrait(4, { facePoints: own }));
    expect(plan.points[2]).toEqual({ x: expect.closeTo(own[2].x, 9), y: expect.closeTo(own[2].y, 9) });
  });

  test('keeps the head in the picture and says when a point is outside', () => {
    const plan = new PosePlan();
    plan.nudge('head', { x: 5, y: -5 });
    expect([plan.head.x, plan.head.y, plan.isOutside]).toEqual([1, 0, true]);
    plan.reset();
    expect(plan.isOutside).toBe(false);
    plan.movePoint(2, { x: 9, y: 0.5 });
    expect(plan.points[2].x).toBeCloseTo(1.25, 9);
    plan.scale(100);
    plan.turn('yawDegrees', 500);
    expect([plan.head.size, plan.head.yawDegrees]).toEqual([0.6, 75]);
  });

  test('a head that nobody has placed follows the person’s part; one that was placed stays', () => {
    const plan = new PosePlan();
    plan.fit(1, { x: 0.5, y: 0, width: 0.5, height: 1 });
    expect(plan.head.x).toBeCloseTo(0.75, 9);
    plan.nudge('head', { x: 0.01, y: 0 });
    plan.fit(1, { x: 0, y: 0, width: 0.5, height: 1 });
    expect(plan.head.x).toBeCloseTo(0.76, 9);
    plan.reset();
    expect(plan.head.x).toBeCloseTo(0.25, 9);
  });

  test('takes over the points of a portrait exactly', () => {
    const points = pointsOf(turnedHead({ yawDegrees: 22, rollDegrees: -9 }), 1);
    const plan = new PosePlan();
    plan.take({ kind: 'points', points });
    plan.pose();
    expect(plan.points[4].x).toBeCloseTo(points[4].x, 9);
  });
});
