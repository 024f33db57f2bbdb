// Tails, buns, braids and locks of a procedural portrait's hair.

import { lighten, shade } from '../colours.ts';
import type { Path, Point } from './canvas.ts';
import { type Figure, line, mark, shape, sideShadow } from './figure.ts';
import { type Cut, cutOf, textured } from './hair-cuts.ts';
import { skullTopY } from './head.ts';
import { blob, curve, ellipse, ring, stroke, tapered } from './path.ts';

/** A mass of hair with a sheen and a few strands along its middle. */
function mass(figure: Figure, path: Path, darkness: number, along: readonly Point[]): void {
  const { a, look } = figure;
  const colour = shade(a.hair, darkness);
  const covered = shape(figure, path, colour);
  sideShadow(figure, path, covered, colour, { depth: 6, strength: 0.4 });
  const middle = curve(along);
  for (const [shift, tone] of [[-5, 0.5], [0, -0.2], [5, 0.4]] as const) {
    const strand = middle.map(([x, y]) => [x + shift, y] as const);
    line(figure, strand, tone < 0 ? lighten(a.hair, -tone) : shade(a.hair, tone), tapered(2.2),
      0.3 + 0.3 * look.strands, covered);
  }
}

function tail(figure: Figure, side: number, from: Point, down: number): void {
  const [x, y] = from;
  const out = side * 1;
  mass(figure, blob([
    [x - out * 2, y - 8], [x + out * 14, y - 14], [x + out * 27, y + 6], [x + out * 29, y + down * 0.5],
    [x + out * 20, y + down], [x + out * 12, y + down * 0.8], [x + out * 9, y + down * 0.4], [x + out * 2, y + 8],
  ]), 0.12, [[x + out * 8, y], [x + out * 20, y + down * 0.4], [x + out * 19, y + down * 0.9]]);
}

/** Behind the head. */
export function drawBackExtra(figure: Figure, cut: Cut): void {
  const { a, edge, turn } = figure;
  const w = a.faceHalfWidth;
  switch (cut.extra) {
    case 'ponytail': {
      const side = turn > 0 ? -1 : 1;
      return tail(figure, side, edge(side * w * 0.78, -78, -20), 150);
    }
    case 'pigtails':
      for (const side of [-1, 1]) tail(figure, side, edge(side * (w + 2), -52, -10), 92);
      return;
    case 'bun': {
      const [x, y] = edge(0, skullTopY - 14, -24);
      const r = 25 * Math.sqrt(a.hairVolume);
      return mass(figure, [ellipse(x, y, r, r * 0.86)], 0.06,
        [[x - r * 0.7, y + 4], [x, y - r * 0.5], [x + r * 0.7, y + 4]]);
    }
    default:
  }
}

/** On and in front of the head and the shoulders. */
export function drawTopExtra(figure: Figure, cut: Cut): void {
  const { a, edge } = figure;
  const w = a.faceHalfWidth;
  if (cut.extra === 'top knot') {
    const [x, y] = edge(0, skullTopY - 11, -4);
    mass(figure, [ellipse(x, y, 15, 13)], 0, [[x - 9, y + 4], [x, y - 6], [x + 9, y + 4]]);
    line(figure, curve([[x - 11, y + 11], [x, y + 13], [x + 11, y + 11]]), shade(a.hair, 0.6), 3, 0.9);
  }
  if (cut.extra === 'pigtails') {
    for (const side of [-1, 1]) {
      const [x, y] = edge(side * (w + 5), -54, -6);
      shape(figure, [ellipse(x, y, 4.5, 6.5)], [222, 84, 110]);
    }
  }
  if (cut.extra === 'braids') for (const side of [-1, 1] as const) braid(figure, side);
}

/** Long hair comes over one shoulder, or over both. */
export function drawShoulderHair(figure: Figure): void {
  const { a, edge } = figure;
  const cut = cutOf(figure);
  if (cut.fall === undefined || cut.fall < 100 || cut.extra || cut.texture === 'curly') return;
  const w = a.faceHalfWidth + cut.side * 0.6;
  const down = cut.fall + 4;
  const sides = a.hairVolume > 1.05 ? [-1, 1] : [a.partSide];
  for (const s of sides) {
    const outline = curve([
      edge(s * w * 0.86, -30, -4), edge(s * (w + 5), -20, -4), edge(s * (w + 9), 40, 0), edge(s * (w + 5), 84, 6),
      edge(s * w * 0.98, down - 18, 8), edge(s * w * 0.76, down, 8), edge(s * w * 0.6, down - 12, 8),
      edge(s * w * 0.64, 84, 6), edge(s * w * 0.78, 44, 0),
    ], true);
    mass(figure, [textured(outline, cut.texture)], 0.06, [
      edge(s * w * 0.96, 0, 0), edge(s * w, 50, 2), edge(s * w * 0.86, 90, 6), edge(s * w * 0.78, down - 6, 8),
    ]);
  }
}

/** A plait from behind the ear over the shoulder. */
function braid(figure: Figure, side: -1 | 1): void {
  const { a, edge } = figure;
  const [x0, y0] = edge(side * (a.faceHalfWidth + 1), -6, -10);
  const way = curve([[x0, y0], [x0 + side * 6, 40], [x0 + side * 2, 84], [x0 - side * 4, 128]]);
  const links = 9;
  for (let i = 0; i < links; i++) {
    const [x, y] = way[Math.round(((i + 0.5) / links) * (way.length - 1))]!;
    const width = 11.5 - i * 0.45;
    const dark = shade(a.hair, 0.1);
    for (const half of [-1, 1]) {
      const strand = ellipse(x + half * 4, y, width * 0.72, 9.4, half * 0.72);
      shape(figure, [strand], half > 0 ? dark : a.hair);
      if (figure.look.line === 0) mark(figure, ring(strand, 1.2), shade(a.hair, 0.5), 0.55);
    }
    mark(figure, [ellipse(x - 3, y - 3, 3, 1.6, -0.6)], lighten(a.hair, 0.4), 0.4);
  }
  const [ex, ey] = way.at(-1)!;
  shape(figure, [ellipse(ex, ey + 2, 5.5, 4.5)], [222, 84, 110]);
  shape(figure, blob([[ex - 4, ey + 5], [ex + 4, ey + 5], [ex + 5, ey + 18], [ex, ey + 22], [ex - 5, ey + 18]]),
    a.hair);
}

/** Dreadlocks: those behind, or those that frame the face. */
export function drawLocks(figure: Figure, cut: Cut, where: 'back' | 'front'): void {
  const { a, edge, random } = figure;
  const w = a.faceHalfWidth + cut.side;
  const isBack = where === 'back';
  const count = isBack ? 13 : 8;
  for (let i = 0; i < count; i++) {
    const t = isBack ? (i / (count - 1)) * 2 - 1 : (i < 4 ? -1 : 1) * (0.86 + (i % 4) * 0.06);
    const bend = random.between(-5, 5);
    const end = isBack ? cut.fall! - Math.abs(t) * 8 + random.between(-6, 6) : 40 + (i % 4) * 16;
    const z = isBack ? -20 : 4;
    const points = curve([
      edge(t * w * 0.62, isBack ? -96 : -84, z), edge(t * w * 0.98, -58, z), edge(t * (w + 5) + bend, 0, z),
      edge(t * (w + 10), end * 0.6, z), edge(t * (w + 8) + bend, end, z),
    ]);
    const width = isBack ? 10 : 8.4;
    const colour = shade(a.hair, isBack ? 0.24 : i % 2 ? 0.02 : 0.12);
    const covered = shape(figure, stroke(points, (u) => width * (u > 0.94 ? 0.7 : 1)), colour);
    for (let k = 2; k < points.length - 2; k += 3) {
      const [x, y] = points[k]!;
      line(figure, [[x - width / 2, y - 1], [x + width / 2, y + 1.6]], shade(a.hair, 0.5), 1.3, 0.5, covered);
    }
    line(figure, points.map(([x, y]) => [x - 1.8, y] as const), lighten(a.hair, 0.3), 1.6, 0.35, covered);
  }
}
