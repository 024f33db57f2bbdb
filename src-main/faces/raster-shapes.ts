// Filled shapes without antialiasing, pixel for pixel as OpenCV's ellipse2Poly, fillConvexPoly and circle paint them:
// IdentityNet was taught on pictures drawn so. Pixel centres lie at whole numbers, points are whole.

import { roundHalfToEven } from '../tensor/rounding.ts';
import type { Point } from './face.ts';

/** The canvas as a shape sees it: runs of pixels, both ends included, all inside. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  paint(y: number, first: number, last: number): void;
}

/** OpenCV's own table of sines: whole degrees, seven decimals, in float32. */
function tableSine(degrees: number): number {
  return Math.fround(Math.round(Math.sin((degrees * Math.PI) / 180) * 1e7) / 1e7);
}

/**
 * An ellipse as a polygon with a corner a degree: `along` and `across` are its half axes, whole numbers, `angle` turns
 * it clockwise as seen, in whole degrees.
 */
export function ellipsePolygon(centre: Point, along: number, across: number, angle: number): Point[] {
  const turn = ((angle % 360) + 360) % 360;
  const [cos, sin] = [tableSine(turn + 90), tableSine(turn)];
  const polygon: Point[] = [];
  for (let degrees = 0; degrees <= 360; degrees++) {
    const [u, v] = [along * tableSine(degrees + 90), across * tableSine(degrees)];
    const [x, y] = [centre.x + u * cos - v * sin, centre.y + u * sin + v * cos];
    const corner = { x: roundHalfToEven(x), y: roundHalfToEven(y) };
    const before = polygon.at(-1);
    if (corner.x !== before?.x || corner.y !== before.y) polygon.push(corner);
  }
  return polygon;
}

/** Paints a disc: the midpoint circle (Bresenham 1977) and what lies inside. */
export function fillDisc(canvas: Canvas, centre: Point, radius: number): void {
  let [reach, error] = [radius, 0];
  for (let up = 0; up <= reach; up++) {
    for (const [dy, half] of [[up, reach], [reach, up]] as const) {
      paintClipped(canvas, centre.y - dy, centre.x - half, centre.x + half);
      paintClipped(canvas, centre.y + dy, centre.x - half, centre.x + half);
    }
    error += 2 * up + 1;
    if (error > 0) error -= 2 * reach-- - 1;
  }
}

/** Paints a convex polygon: its edges as lines, and between its two sides what lies on each row. */
export function fillConvexPolygon(canvas: Canvas, polygon: readonly Point[]): void {
  polygon.forEach((corner, i) => paintLine(canvas, polygon.at(i - 1)!, corner));
  if (polygon.length < 3) return;
  const top = polygon.reduce((best, { y }, i) => (y < polygon[best]!.y ? i : best), 0);
  const [left, right] = [sideOf(canvas, polygon, top, 1), sideOf(canvas, polygon, top, -1)];
  for (const [y, x] of left) {
    const ends = [x, right.get(y)!].sort((a, b) => a - b).map((end) => Math.floor(end / one + 0.5));
    paintClipped(canvas, y, ends[0]!, ends[1]!);
  }
}

/** Positions along a row are counted in 65536ths of a pixel. */
const one = 65536;

/** Where one side of a polygon crosses each row of the canvas, from the corner `top` on, every `step`-th corner. */
function sideOf(canvas: Canvas, polygon: readonly Point[], top: number, step: 1 | -1): Map<number, number> {
  const crossings = new Map<number, number>();
  let { x, y } = polygon[top]!;
  let end: number | undefined;
  for (let k = 1; k < polygon.length; k++) {
    const corner = polygon.at((top + k * step) % polygon.length)!;
    if (corner.y > y) {
      const rows = corner.y - y;
      const slope = Math.trunc(((corner.x - x) * 2 * one + rows) / (2 * rows));
      const last = Math.min(corner.y - 1, canvas.height - 1);
      for (let row = Math.max(y, 0); row <= last; row++) crossings.set(row, x * one + slope * (row - y));
      end = x * one + slope * rows;
      y = corner.y;
    }
    // where several corners lie on a row, the next edge begins at the last of them
    x = corner.x;
  }
  // the lowest row belongs to the edge that ends there
  if (end !== undefined && y >= 0 && y < canvas.height) crossings.set(y, end);
  return crossings;
}

function paintClipped({ width, height, paint }: Canvas, y: number, first: number, last: number): void {
  if (y < 0 || y >= height || last < 0 || first >= width) return;
  paint(y, Math.max(first, 0), Math.min(last, width - 1));
}

/** A line of single pixels from left to right (Bresenham 1965), between the ends of what lies inside the canvas. */
function paintLine(canvas: Canvas, from: Point, to: Point): void {
  const inside = clipLine(canvas, from, to);
  if (!inside) return;
  const [start, end] = inside[1].x < inside[0].x ? [inside[1], inside[0]] : inside;
  const [dx, dy] = [end.x - start.x, Math.abs(end.y - start.y)];
  const down = Math.sign(end.y - start.y);
  const [major, minor] = dy > dx ? [dy, dx] : [dx, dy];
  let error = major - 2 * minor;
  let { x, y } = start;
  for (let i = 0; i <= major; i++) {
    canvas.paint(y, x, x);
    const turns = error < 0;
    error += (turns ? 2 * major : 0) - 2 * minor;
    if (turns || dy <= dx) x++;
    if (turns || dy > dx) y += down;
  }
}

/** Cohen & Sutherland's clipping in whole numbers, rows first; undefined where nothing lies inside. */
function clipLine({ width, height }: Canvas, from: Point, to: Point): [Point, Point] | undefined {
  const ends: [Point, Point] = [from, to];
  for (const [axis, other, size] of [['y', 'x', height], ['x', 'y', width]] as const) {
    const side = ({ [axis]: at }: Point): -1 | 0 | 1 => (at < 0 ? -1 : at >= size ? 1 : 0);
    for (const i of [0, 1] as const) {
      if (side(ends[0]) !== 0 && side(ends[0]) === side(ends[1])) return undefined;
      if (side(ends[i]) === 0) continue;
      const bound = side(ends[i]) < 0 ? 0 : size - 1;
      const slope = (bound - ends[i][axis]) * (ends[1][other] - ends[0][other]) / (ends[1][axis] - ends[0][axis]);
      ends[i] = { [axis]: bound, [other]: ends[i][other] + Math.trunc(slope) } as unknown as Point;
    }
  }
  return ends;
}
