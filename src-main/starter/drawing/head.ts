// Head, ears and neck of a procedural portrait: their outlines, light and shadow, and the marks of age on the skin.

import { type Colour, lighten, mix, shade } from '../colours.ts';
import type { Mask, Path, Point } from './canvas.ts';
import { castShadow, type Figure, glow, inkOf, line, mark, rimLight, shape, sideShadow } from './figure.ts';
import { blob, curve, ellipse, tapered } from './path.ts';

export const skullTopY = -100;

/** The head from skull to chin; `grow` puts it that much further out. */
export function headPath(figure: Figure, grow = 0): Path {
  const { a, edge, features: { chinY } } = figure;
  const w = a.faceHalfWidth;
  const jaw = w * a.jaw;
  const square = a.jawSquareness;
  const cheek = w * (0.975 + 0.035 * a.cheeks);
  const chin = w * a.chin;
  const right: readonly (readonly [number, number, number])[] = [
    [w * 0.5, skullTopY + 6, 0], [w * 0.86, -74, 0], [w, -40, 0], [cheek, -6, 4],
    [jaw + (cheek - jaw) * 0.3, 20 * a.faceLength, w * 0.12],
    [jaw * (0.8 + 0.09 * square), 35 * a.faceLength, w * 0.25],
    [chin * 0.82 + jaw * (0.19 + 0.1 * square), chinY - 9, w * 0.42], [chin * 0.62, chinY - 1.8, w * 0.55],
  ];
  const points = [
    [0, skullTopY, 0] as const, ...right, [0, chinY + 0.6, w * 0.58] as const,
    ...right.toReversed().map(([x, y, z]) => [-x, y, z] as const),
  ];
  return blob(points.map(([x, y, z]) => {
    const out = grow / Math.hypot(x, y + 20);
    return edge(x * (1 + out), (y + 20) * (1 + out) - 20, z);
  }));
}

/** Where an ear sits, and how wide it shows. */
export function earOf({ a, edge, turn, features }: Figure, side: -1 | 1): { at: Point; wide: number; high: number } {
  const [x, y] = edge(side * (a.faceHalfWidth + 1), features.eyeY + 15, -8);
  return { at: [x + side * 1.5, y], wide: 8.2 * a.earSize * (1 - side * turn * 0.7), high: 14.5 * a.earSize };
}

export function drawEars(figure: Figure): void {
  const { a, turn } = figure;
  for (const side of [-1, 1] as const) {
    if (side * turn > 0.42) continue;
    const { at: [x, y], wide, high } = earOf(figure, side);
    const ear = blob([
      [x - side * 4, y - high * 0.8], [x + side * wide * 0.55, y - high], [x + side * wide, y - high * 0.45],
      [x + side * wide * 0.75, y + high * 0.35], [x + side * wide * 0.1, y + high * 0.95],
      [x - side * 5, y + high * 0.7],
    ]);
    const covered = shape(figure, ear, shade(a.skin, 0.07));
    mark(figure, blob([
      [x, y - high * 0.5], [x + side * wide * 0.55, y - high * 0.55], [x + side * wide * 0.5, y],
      [x, y + high * 0.45],
    ]), mix(shade(a.skin, 0.42), [200, 80, 70], 0.2), 0.5, { clip: covered, softness: 1.5 });
    if (side * a.lightSide < 0) mark(figure, ear, shade(a.skin, 0.6), 0.3);
  }
}

/** Neck and the skin down to the chest, behind clothes and head. */
export function drawNeck(figure: Figure): Mask {
  const { a, turn, look } = figure;
  const isChild = a.age === 'child';
  const half = (a.classWord === 'man' && !isChild ? 29 : 23) * (isChild ? 0.84 : 1);
  // no wider than the clothes that cover it
  const flare = isChild ? 0.66 : 1;
  const x = turn * 3;
  const edges = [-1, 1].map((side) => curve([
    [x + side * half, 0], [x + side * half, 40], [x + side * half * 0.98, 66], [side * (half + 4), 82],
    [side * (half + 34 * flare), 98], [side * (half + 54 * flare), 112],
  ]));
  const path = [[...edges[0]!, ...edges[1]!.toReversed()]];
  const skin = shade(a.skin, 0.05);
  const chest = half + 42 * flare;
  mark(figure, [[[-chest, 108], [chest, 108], [chest, 200], [-chest, 200]]], skin, 1);
  const covered = shape(figure, path, skin, { hasLine: false });
  for (const edge of edges) if (look.line > 0) line(figure, edge, inkOf(figure, skin), look.line);
  sideShadow(figure, path, covered, skin, { depth: 9, strength: 0.5 });
  for (const side of [-1, 1]) {
    line(figure, curve([[turn * 6 + side * 7, 101], [side * 22, 98], [side * 46 * flare, 92]]), shade(a.skin, 0.35),
      tapered(2.2), 0.5);
  }
  return covered;
}

/** The shadow of the chin on the neck; `head` is the head's outline in body coordinates. */
export function shadeNeck(figure: Figure, neck: Mask, head: Path): void {
  castShadow(figure, head, neck, [-figure.a.lightSide * 5, 15], figure.a.skin, 0.75);
}

/** The head itself; returns what it covers, which everything on the face keeps to. */
export function drawHead(figure: Figure): Mask {
  const { a, place, features } = figure;
  const path = headPath(figure);
  const covered = shape(figure, path, a.skin);
  const [fx, fy] = place(a.lightSide * 16, -52);
  if (figure.isSoft) {
    glow(figure, [fx, fy], [34, 26], lighten(a.skin, 0.5), 0.3 * a.lightStrength, covered);
    for (const depth of [26, 12]) sideShadow(figure, path, covered, a.skin, { depth, strength: 0.34 });
    softRim(figure, covered);
  } else {
    sideShadow(figure, path, covered, a.skin, { depth: 15, strength: 0.42 });
  }
  const blush = 0.16 + 0.22 * features.play.blush + (a.makeUp === 'bold' ? 0.14 : 0) + (a.age === 'child' ? 0.14 : 0);
  for (const side of [-1, 1]) {
    const [x, y] = place(side * 31, features.noseBaseY - 6);
    glow(figure, [x, y], [13, 8.5], mix(a.skin, [226, 76, 76], 0.62), blush, covered);
  }
  rimLight(figure, path, covered, 0.6);
  return covered;
}

/** The darker rim of a round head. */
function softRim(figure: Figure, covered: Mask): void {
  const { a, canvas } = figure;
  const w = a.faceHalfWidth;
  const dark = shade(a.skin, 0.66);
  canvas.paint(covered, {
    kind: 'radial', from: dark, to: dark, fade: [0, 0.3], at: [a.lightSide * 8, -22],
      end: [a.lightSide * 8 + w * 1.7, -22],
  });
  canvas.paint(covered, {
    kind: 'linear', from: dark, to: dark, fade: [0, 0.28], at: [0, 16], end: [0, 70],
  });
}

/** Lines of age, freckles and moles. */
export function drawSkinMarks(figure: Figure, head: Mask): void {
  const { a, place, features } = figure;
  const old = a.age === 'old' ? 1 : a.age === 'middle-aged' ? 0.5 : a.age === 'adult' ? 0.14 : 0;
  const dark = shade(a.skin, 0.5);
  const bend = (points: readonly (readonly [number, number])[], width: number, opacity: number) => (
    line(figure, curve(points.map(([x, y]) => place(x, y))), dark, tapered(width), opacity, head));
  const folds = Math.min(0.75, old * 0.6 + Math.max(0, features.play.smile - 0.3) * 0.4);
  for (const side of [-1, 1]) {
    if (folds > 0) {
      const { mouth, noseBaseY } = features;
      bend([[side * (a.noseWidth + 2.5), noseBaseY - 4], [side * (a.mouthWidth + 4), mouth.y - 8],
        [side * (a.mouthWidth + 6), mouth.y + 2]], 2.2, folds);
    }
    if (old === 0) continue;
    const x = side * (a.eyeSpacing + 16);
    for (const slope of [-4, 1, 6]) bend([[x, features.eyeY + slope * 0.5], [x + side * 7, features.eyeY + slope]], 1.6,
      old * 0.5);
    bend([[side * (a.eyeSpacing - 9), features.eyeY + 11], [side * a.eyeSpacing, features.eyeY + 14.5],
      [side * (a.eyeSpacing + 10), features.eyeY + 11]], 1.7, old * 0.55);
  }
  if (old > 0.2) for (const y of [-58, -66]) bend([[-22, y], [0, y - 2.5], [22, y]], 1.8, old * 0.42);
  drawSpots(figure, head, dark);
}

function drawSpots(figure: Figure, head: Mask, dark: Colour): void {
  const { a, place, random, features: { noseBaseY, mouth, chinY } } = figure;
  const spot = ([x, y]: Point, radius: number, opacity: number) => (
    mark(figure, [ellipse(x, y, radius)], dark, opacity, { clip: head }));
  if (a.freckles) {
    for (let i = 0; i < 30; i++) {
      const side = i % 2 ? 1 : -1;
      spot(place(side * Math.abs(10 + random.normal() * 11), noseBaseY - 12 + random.normal() * 5.5), 1.25, 0.62);
    }
  }
  const places: Readonly<Record<typeof a.mole, Point | undefined>> = {
    none: undefined, cheek: place(34 * a.partSide, noseBaseY + 2), lip: place(13 * a.partSide, mouth.y - 9),
    chin: place(10 * a.partSide, chinY - 10),
  };
  const at = places[a.mole];
  if (at) mark(figure, [ellipse(at[0], at[1], 1.9)], shade(a.skin, 0.78), 0.95, { clip: head });
}
