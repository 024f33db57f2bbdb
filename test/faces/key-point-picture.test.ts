// The key points' picture and the shapes it is made of, beyond what the golden pictures show.

import { expect, test } from 'vitest';

import type { FacePoints } from '../../src-main/faces/face.ts';
import { drawKeyPoints, keyPointPictureFor, keyPointTensor } from '../../src-main/faces/key-point-picture.ts';
import { ellipsePolygon, fillConvexPolygon, fillDisc } from '../../src-main/faces/raster-shapes.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';

const points: FacePoints = [{ x: 30, y: 30 }, { x: 70, y: 30 }, { x: 50, y: 50 }, { x: 35, y: 70 }, { x: 65, y: 70 }];

/** The painted pixels of a small canvas as text, one row a line. */
function drawn(width: number, height: number, paint: (canvas: Parameters<typeof fillDisc>[0]) => void): string[] {
  const rows = Array.from({ length: height }, () => new Array<string>(width).fill('.'));
  paint({
    width, height,
    paint(y, first, last) {
      expect(y >= 0 && y < height && first >= 0 && last < width).toBe(true);
      for (let x = first; x <= last; x++) rows[y]![x] = '#';
    },
  });
  return rows.map((row) => row.join(''));
}

test('a disc of 10 has the half widths of OpenCV\'s circle', () => {
  const rows = drawn(21, 21, (canvas) => fillDisc(canvas, { x: 10, y: 10 }, 10));
  const widths = rows.map((row) => row.replaceAll('.', '').length);
  const half = [10, 9, 9, 9, 9, 8, 8, 7, 6, 4, 0].map((reach) => 2 * reach + 1);
  expect(widths).toEqual([...half.slice(1).reverse(), ...half]);
});

test('a polygon is filled with its edges, and cut at the canvas', () => {
  const triangle = [{ x: 1, y: 1 }, { x: 7, y: 1 }, { x: 4, y: 4 }];
  expect(drawn(9, 6, (canvas) => fillConvexPolygon(canvas, triangle))).toEqual([
    '.........', '.#######.', '..#####..', '...###...', '....#....', '.........',
  ]);
  const beyond = [{ x: -5, y: -5 }, { x: 4, y: -5 }, { x: 4, y: 2 }, { x: -5, y: 2 }];
  expect(drawn(6, 4, (canvas) => fillConvexPolygon(canvas, beyond))).toEqual(['#####.', '#####.', '#####.', '......']);
  const elsewhere = beyond.map(({ x, y }) => ({ x: x - 20, y }));
  expect(drawn(6, 4, (canvas) => fillConvexPolygon(canvas, elsewhere)).join('')).not.toContain('#');
});

test('polygons of one and two corners are points and lines', () => {
  expect(drawn(4, 3, (canvas) => fillConvexPolygon(canvas, [{ x: 2, y: 1 }]))).toEqual(['....', '..#.', '....']);
  const line = [{ x: 3, y: 2 }, { x: 0, y: 0 }];
  expect(drawn(4, 3, (canvas) => fillConvexPolygon(canvas, line))).toEqual(['#...', '.##.', '...#']);
});

test('an ellipse turns by whole degrees and has no corner twice in a row', () => {
  const level = ellipsePolygon({ x: 0, y: 0 }, 20, 4, 0);
  const upright = ellipsePolygon({ x: 0, y: 0 }, 20, 4, 90);
  expect(level[0]).toEqual({ x: 20, y: 0 });
  expect(upright[0]).toEqual({ x: 0, y: 20 });
  expect(Math.max(...level.map(({ y }) => y))).toBe(4);
  expect(Math.max(...upright.map(({ x }) => x))).toBe(4);
  level.slice(1).forEach((corner, i) => expect(corner).not.toEqual(level[i]));
  expect(ellipsePolygon({ x: 0, y: 0 }, 20, 4, -270)).toEqual(upright);
});

test('dots have full colours, limbs are dim, and the rest is black', () => {
  const picture = drawKeyPoints(points, 100, 90);
  const at = (x: number, y: number) => [...picture.data.subarray((y * 100 + x) * 3, (y * 100 + x) * 3 + 3)];
  expect(points.map(({ x, y }) => at(x, y))).toEqual([
    [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [255, 0, 255],
  ]);
  expect([at(40, 40), at(60, 40)]).toEqual([[153, 0, 0], [0, 153, 0]]);
  expect([at(42, 60), at(58, 60)]).toEqual([[153, 153, 0], [153, 0, 153]]);
  expect([at(50, 30), at(5, 5)]).toEqual([[0, 0, 0], [0, 0, 0]]);
});

test('points outside are drawn as far as they reach, even far away', () => {
  const outside = points.map(({ x, y }) => ({ x: x - 75, y })) as unknown as FacePoints;
  const picture = drawKeyPoints(outside, 40, 90);
  // the right eye lies at -5, and its dot reaches 5
  const row = [...picture.data.subarray(30 * 120, 30 * 120 + 24)];
  expect(row).toEqual([...new Array(6).fill([0, 255, 0]), ...new Array(2).fill([0, 0, 0])].flat());
  const far = points.map(({ x, y }) => ({ x: x * 1e4 - 5e5, y: y * 1e4 })) as unknown as FacePoints;
  expect(drawKeyPoints(far, 20, 20).data.every((value) => value === 0)).toBe(true);
});

test('points that are no numbers are refused', () => {
  expect(() => drawKeyPoints([{ x: NaN, y: 0 }, ...points.slice(1)] as unknown as FacePoints, 9, 9)).toThrow('numbers');
});

test('IdentityNet is shown planes of 0 to 1', () => {
  const tensor = keyPointTensor(rgbPicture(2, 1, Uint8Array.of(255, 0, 51, 0, 153, 255)));
  expect(tensor.shape).toEqual([1, 3, 1, 2]);
  expect([...tensor.data as Float32Array]).toEqual([1, 0, 0, 0.6, 0.2, 1].map(Math.fround));
});

test('a small portrait gets the points of a large one made small, a large one those of its own size', () => {
  const small = keyPointPictureFor(points, 128, 100);
  expect([small.width, small.height]).toEqual([128, 100]);
  const sixfold = points.map(({ x, y }) => ({ x: x * 6 + 2.5, y: y * 6 + 2.5 })) as unknown as FacePoints;
  const large = drawKeyPoints(sixfold, 768, 600);
  const block = Array.from({ length: 36 }, (_, i) => large.data[((180 + Math.floor(i / 6)) * 768 + 180 + i % 6) * 3]!);
  expect(small.data[(30 * 128 + 30) * 3]).toBe(Math.round(block.reduce((sum, value) => sum + value, 0) / 36));
  // a dot of radius 10 at six times the size covers less than two pixels to each side
  const reds = Array.from({ length: 128 }, (_, x) => small.data[(30 * 128 + x) * 3]!);
  const across = reds.slice(20, 41).filter((red) => red > 127).length;
  expect(across).toBeGreaterThanOrEqual(3);
  expect(across).toBeLessThanOrEqual(5);
  const [own, same] = [keyPointPictureFor(points, 512, 640), drawKeyPoints(points, 512, 640)];
  expect(Buffer.compare(own.data, same.data)).toBe(0);
});
