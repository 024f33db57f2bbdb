// The curves that portraits are made of, as polygons: smooth curves through points, ellipses, lines of changing width,
// and outlines with waves or curls.

import type { Path, Point } from './canvas.ts';

/** Pieces of a curve between two of its points. */
const pieces = 6;

/** Catmull and Rom's curve (1974) through points; open unless told. */
export function curve(points: readonly Point[], isClosed = false): Point[] {
  const count = points.length;
  const at = (i: number): Point => (isClosed ? points[(i + count) % count]!
    : points[i < 0 ? 0 : Math.min(i, count - 1)]!);
  const out: Point[] = [];
  for (let i = 0; i < (isClosed ? count : count - 1); i++) {
    const [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let k = 0; k < pieces; k++) {
      const t = k / pieces;
      const along = (a: number, b: number, c: number, d: number) => 0.5 * (2 * b + (c - a) * t +
        (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
      out.push([along(p[0], q[0], r[0], s[0]), along(p[1], q[1], r[1], s[1])]);
    }
  }
  if (!isClosed) out.push(points[count - 1]!);
  return out;
}

export const blob = (points: readonly Point[]): Path => [curve(points, true)];

export function ellipse(cx: number, cy: number, rx: number, ry = rx, turn = 0): Point[] {
  const count = Math.max(rx, ry) > 20 ? 40 : 22;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    const [x, y] = [rx * Math.cos(angle), ry * Math.sin(angle)];
    return [cx + cos * x - sin * y, cy + sin * x + cos * y] as const;
  });
}

export const box = (left: number, top: number, right: number, bottom: number): Point[] => (
  [[left, top], [right, top], [right, bottom], [left, bottom]]);

/** A box with rounded corners. */
export function roundBox(cx: number, cy: number, rx: number, ry: number, roundness = 3): Point[] {
  return Array.from({ length: 32 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 32;
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    // Lamé's curve
    const radius = (Math.abs(x) ** roundness + Math.abs(y) ** roundness) ** (-1 / roundness);
    return [cx + rx * x * radius, cy + ry * y * radius] as const;
  });
}

/** Polygons on both sides of a line, `half(i)` away from its points. */
function sidesOf(points: readonly Point[], isClosed: boolean, half: (i: number) => number): [Point[], Point[]] {
  const count = points.length;
  const [one, other] = [new Array<Point>(count), new Array<Point>(count)];
  for (let i = 0; i < count; i++) {
    const before = points[i > 0 ? i - 1 : isClosed ? count - 1 : 0]!;
    const after = points[i < count - 1 ? i + 1 : isClosed ? 0 : i]!;
    const dx = after[0] - before[0];
    const dy = after[1] - before[1];
    const by = half(i) / (Math.sqrt(dx * dx + dy * dy) || 1);
    const [x, y] = points[i]!;
    one[i] = [x - dy * by, y + dx * by];
    other[count - 1 - i] = [x + dy * by, y - dx * by];
  }
  return [one, other];
}

/** A line along points whose width, in units, is a number or a function of the share of the way. */
export function stroke(points: readonly Point[], width: number | ((t: number) => number)): Path {
  const last = points.length - 1;
  const [one, other] = sidesOf(points, false, typeof width === 'number' ? () => width / 2
    : (i) => width(i / last) / 2);
  return [one.concat(other)];
}

/** Thin at both ends. */
export const tapered = (width: number, least = 0.15) => (t: number): number => (
  width * (least + (1 - least) * Math.sin(Math.PI * (0.06 + 0.88 * t))));
/** Thin at its end. */
export const pointed = (width: number) => (t: number): number => width * (1 - 0.85 * t);

/** A line around a closed polygon. */
export const ring = (points: readonly Point[], width: number): Path => sidesOf(points, true, () => width / 2);

export const shifted = (path: Path, dx: number, dy: number): Path => (
  path.map((polygon) => polygon.map(([x, y]) => [x + dx, y + dy] as const)));

/** Points along a polygon, `step` apart. */
function resampled(points: readonly Point[], step: number): Point[] {
  const out: Point[] = [];
  let left = 0;
  points.forEach(([x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length]!;
    const length = Math.hypot(nextX - x, nextY - y);
    for (; left < length; left += step) out.push(
      [x + ((nextX - x) * left) / length, y + ((nextY - y) * left) / length]);
    left -= length;
  });
  return out;
}

/** A closed outline with bumps: `length` long and `height` high, round as curls are or even as waves are. */
export function bumpy(
  points: readonly Point[], { length, height, isRound }: { length: number; height: number; isRound: boolean },
): Point[] {
  const fine = resampled(points, length / 6);
  const area = fine.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = fine[(i + 1) % fine.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
  const outward = area > 0 ? -1 : 1;
  const count = Math.max(1, Math.round(fine.length / 6));
  return sidesOf(fine, true, (i) => {
    const phase = (i / fine.length) * count;
    const wave = isRound ? Math.abs(Math.sin(Math.PI * phase)) - 0.4 : Math.sin(2 * Math.PI * phase);
    return outward * height * wave;
  })[0];
}
