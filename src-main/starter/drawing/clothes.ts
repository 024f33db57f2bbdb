// Draws shoulders and clothes of a procedural portrait, in body coordinates: they turn with the head by half and do
// not roll.

import { clothesColours, type Colour, darken, lighten, mix, shade } from '../colours.ts';
import { inMood } from '../scene.ts';
import { type Mask, type Path, within } from './canvas.ts';
import { type Figure, inkOf, line, mark, painted, rimLight, shape, sideShadow } from './figure.ts';
import { blob, box, curve, ellipse, stroke, tapered } from './path.ts';

export interface Body {
  readonly x: number;
  readonly neck: number;
  readonly shoulder: number;
  readonly colour: Colour;
}

export function bodyOf(figure: Figure): Body {
  const { a, turn } = figure;
  const isChild = a.age === 'child';
  const isMan = a.classWord === 'man';
  return {
    x: turn * 6, neck: isChild ? 23 : isMan ? 31 : 25, shoulder: isChild ? 84 : isMan ? 114 : 98,
    colour: inMood(clothesColours[a.clothesColour], a.mood),
  };
}

/** Shoulders, arms and chest, from a neckline `wide` to each side and `low`. */
function torsoPath({ x, shoulder }: Body, turn: number, wide: number, low: number): Path {
  const right = shoulder * (1 + turn * 0.05);
  const left = shoulder * (1 - turn * 0.05);
  return [[
    ...curve([[x - wide, 84], [-left * 0.62, 94], [-left * 0.88, 105], [-left, 124], [-left - 9, 180],
      [-left - 16, 260], [-left - 18, 360]]),
    ...curve([[right + 18, 360], [right + 16, 260], [right + 9, 180], [right, 124], [right * 0.88, 105],
      [right * 0.62, 94], [x + wide, 84]]),
    ...curve([[x + wide, 84], [x + wide * 0.72, low - (low - 84) * 0.3], [x, low],
      [x - wide * 0.72, low - (low - 84) * 0.3], [x - wide, 84]]),
  ]];
}

function patternOf(figure: Figure, covered: Mask, { colour }: Body): void {
  const { a, canvas } = figure;
  const light = lighten(colour, 0.55);
  const other = Math.min(...colour) > 170 ? shade(mix(colour, [80, 110, 160], 0.6), 0.2) : light;
  const fill = (path: Path, opacity: number) =>
    canvas.paint(within(canvas.mask(path), covered), painted(figure, other), opacity);
  const rows = Array.from({ length: 15 }, (_, i) => 84 + i * 19);
  switch (a.clothesPattern) {
    case 'plain': return;
    case 'striped': return fill(rows.map((y) => stroke([[-150, y + 4], [0, y + 9], [150, y + 4]], 7.5)).flat(), 0.85);
    case 'checked':
      fill(rows.map((y) => box(-150, y, 150, y + 7)), 0.42);
      return fill(Array.from({ length: 16 }, (_, i) => box(-150 + i * 19, 70, -143 + i * 19, 360)), 0.42);
    case 'dotted': return fill(rows.flatMap((y, row) => Array.from({ length: 14 }, (_, i) => (
      ellipse(-140 + i * 21 + (row % 2) * 10.5, y, 4)))), 0.9);
  }
}

/** Shadows where arms and chest meet, and a few folds. */
function folds(figure: Figure, { shoulder, colour }: Body, covered: Mask): void {
  const { random, look } = figure;
  const dark = shade(colour, 0.45);
  for (const side of [-1, 1]) {
    line(figure, curve([[side * shoulder * 0.74, 132], [side * shoulder * 0.7, 165], [side * shoulder * 0.76, 240]]),
      dark,
      tapered(4), 0.5, covered);
  }
  for (let i = 0; i < 3 + 4 * look.strands; i++) {
    const side = random.chance(0.5) ? 1 : -1;
    const x = side * random.between(0.2, 0.8) * shoulder;
    const y = random.between(108, 140);
    line(figure, curve([[x, y], [x + random.between(-5, 5), y + 14], [x - side * random.between(4, 14), y + 32]]),
      random.chance(0.7) ? dark : lighten(colour, 0.25), tapered(random.between(2, 3.6)), 0.35, covered);
  }
}

function torso(figure: Figure, body: Body, wide: number, low: number): Mask {
  const path = torsoPath(body, figure.turn, wide, low);
  const covered = shape(figure, path, body.colour);
  patternOf(figure, covered, body);
  sideShadow(figure, path, covered, body.colour, { depth: 26, strength: 0.4 });
  folds(figure, body, covered);
  rimLight(figure, path, covered, 0.7);
  return covered;
}

/** A band that follows a round neckline. */
function band(figure: Figure, { x, colour }: Body, wide: number, low: number, width: number): void {
  const points = curve([[x - wide, 83], [x - wide * 0.72, low - (low - 84) * 0.3], [x, low],
    [x + wide * 0.72, low - (low - 84) * 0.3], [x + wide, 83]]);
  const path = stroke(points, width);
  shape(figure, path, shade(colour, 0.2));
}

function collar(figure: Figure, { x, neck }: Body, colour: Colour, spread = 1): void {
  for (const side of [-1, 1]) {
    shape(figure, [[
      [x + side * (neck - 1), 68], [x + side * (neck + 8), 84], [x + side * 25 * spread, 120], [x, 107],
      [x + side * neck * 0.62, 94],
    ]], colour);
  }
}

function buttons(figure: Figure, { x, colour }: Body): void {
  line(figure, [[x, 108], [x, 360]], shade(colour, 0.4), 1.6, 0.7);
  for (const y of [124, 150, 176, 202]) shape(figure, [ellipse(x + 4.5, y, 2.4)],
    mix(lighten(colour, 0.6), [90, 80, 80], 0.3), { hasLine: false });
}

function lapels(figure: Figure, { x }: Body, colour: Colour, low: number): void {
  for (const side of [-1, 1]) {
    shape(figure, [[
      [x + side * 30, 80], [x + side * 46, 98], [x + side * 54, 116], [x + side * 42, 120], [x + side * 46, 128],
      [x + side * 2, low + 26], [x + side * 1, low + 8],
    ]], colour);
  }
}

function shirtFront(figure: Figure, body: Body, low: number): void {
  const { x } = body;
  const white: Colour = body.colour[0] > 220 && body.colour[2] > 210 ? [180, 204, 230] : [244, 243, 240];
  shape(figure, [[[x - 32, 82], [x - 22, 100], [x - 6, low + 20], [x, low + 32], [x + 6, low + 20], [x + 22, 100],
    [x + 32, 82], [x, 112]]], white, { hasLine: false });
  collar(figure, body, white, 0.86);
}

function hood(figure: Figure, { x, neck, colour }: Body): void {
  const back = blob([[x - neck - 40, 98], [x - neck - 29, 72], [x - neck - 8, 52], [x, 50], [x + neck + 8, 52],
    [x + neck + 29, 72], [x + neck + 40, 98], [x, 116]]);
  shape(figure, back, shade(colour, 0.34));
}

function strings(figure: Figure, { x, colour }: Body): void {
  for (const side of [-1, 1]) {
    line(figure, curve([[x + side * 16, 108], [x + side * 19, 126], [x + side * 17, 146]]), lighten(colour, 0.7), 2.8);
    shape(figure, [ellipse(x + side * 17, 148, 2.6, 4)], lighten(colour, 0.75), { hasLine: false });
  }
}

/** What lies behind the neck. */
export function drawClothesBehind(figure: Figure): void {
  if (figure.a.clothes === 'hoodie') hood(figure, bodyOf(figure));
}

export function drawClothes(figure: Figure): void {
  const body = bodyOf(figure);
  const { neck, colour } = body;
  switch (figure.a.clothes) {
    case 't-shirt': torso(figure, body, neck + 15, 114); return band(figure, body, neck + 15, 114, 4);
    case 'tank top': {
      torso(figure, body, neck + 24, 128);
      return bareShoulders(figure, body);
    }
    case 'dress': torso(figure, body, neck + 26, 134); return dressSleeves(figure, body);
    case 'blouse': torso(figure, body, neck + 15, 120); return wideCollar(figure, body);
    case 'shirt': torso(figure, body, neck + 6, 104); collar(figure, body,
      lighten(colour, 0.12)); return buttons(figure, body);
    case 'sweater': torso(figure, body, neck + 9, 100); return ribbedNeck(figure, body);
    case 'turtleneck': torso(figure, body, neck + 8, 92); return rollNeck(figure, body);
    case 'hoodie': torso(figure, body, neck + 8, 112); band(figure, body, neck + 12, 112, 12); return strings(figure,
      body);
    case 'suit': torso(figure, body, neck + 8, 150); shirtFront(figure, body, 160); return lapels(figure, body,
      darken(colour, 0.13), 160);
    case 'jacket': torso(figure, body, neck + 8, 130); return jacket(figure, body);
    case 'coat': torso(figure, body, neck + 8, 124); turtle(figure, body); return lapels(figure, body,
      lighten(colour, 0.1), 142);
    case 'overalls': return overalls(figure, body);
  }
}

function bareShoulders(figure: Figure, { shoulder }: Body): void {
  const { a } = figure;
  for (const side of [-1, 1]) {
    const arm = [...curve([
      [side * shoulder * 0.56, 88], [side * shoulder * 0.9, 104], [side * (shoulder + 1), 126],
      [side * (shoulder + 10), 190], [side * (shoulder + 19), 362],
    ]), ...curve([[side * shoulder * 0.8, 362], [side * shoulder * 0.76, 180], [side * shoulder * 0.7, 128],
      [side * shoulder * 0.56, 88]])];
    const covered = shape(figure, [arm], shade(a.skin, 0.04));
    sideShadow(figure, [arm], covered, a.skin, { depth: 10, strength: 0.36 });
  }
}

/** Gathered puffs over the shoulders, and the edge of the neckline. */
function dressSleeves(figure: Figure, body: Body): void {
  const { shoulder, colour } = body;
  for (const side of [-1, 1]) {
    const puff = blob([
      [side * shoulder * 0.56, 92], [side * shoulder * 0.72, 78], [side * shoulder * 0.98, 82],
      [side * (shoulder + 16), 106], [side * (shoulder + 20), 138], [side * (shoulder + 8), 160],
      [side * shoulder * 0.78, 152], [side * shoulder * 0.62, 124],
    ]);
    const covered = shape(figure, puff, lighten(colour, 0.12));
    sideShadow(figure, puff, covered, colour, { depth: 12, strength: 0.4 });
    for (const along of [0.68, 0.8, 0.92]) {
      line(figure, curve([[side * shoulder * along, 86], [side * shoulder * (along + 0.06), 116],
        [side * shoulder * (along + 0.02), 150]]), shade(colour, 0.34), tapered(2.6), 0.55, covered);
    }
  }
  band(figure, body, body.neck + 26, 134, 3.4);
}

/** A round collar of two halves, as wide as the shoulders allow. */
function wideCollar(figure: Figure, { x, neck, colour }: Body): void {
  const pale = Math.min(...colour) > 170 ? mix(colour, [120, 140, 176], 0.55) : lighten(colour, 0.72);
  for (const side of [-1, 1]) {
    shape(figure, blob([
      [x + side * (neck - 2), 76], [x + side * (neck + 20), 88], [x + side * (neck + 30), 108],
      [x + side * (neck + 14), 128], [x + side * 20, 134], [x + side * 3, 118], [x + side * (neck - 8), 104],
    ]), pale);
  }
}

/** A thick collar of knitted ribs that stands up. */
function ribbedNeck(figure: Figure, { x, neck, colour }: Body): void {
  const points = curve([[x - neck - 6, 82], [x - neck * 0.7, 94], [x, 101], [x + neck * 0.7, 94], [x + neck + 6, 82]]);
  const covered = shape(figure, stroke(points, 15), shade(colour, 0.22));
  for (let i = 1; i < points.length - 1; i += 2) {
    const [px, py] = points[i]!;
    line(figure, [[px - (px - x) * 0.12, py - 8], [px + (px - x) * 0.12, py + 8]], shade(colour, 0.5), 1.8, 0.6,
      covered);
  }
}

function rollNeck(figure: Figure, { x, neck, colour }: Body): void {
  const top = 66;
  const path: Path = [[
    ...curve([[x - neck - 2, top], [x, top + 10], [x + neck + 2, top]]),
    ...curve([[x + neck + 8, 98], [x, 110], [x - neck - 8, 98]]),
  ]];
  const covered = shape(figure, path, shade(colour, 0.1));
  sideShadow(figure, path, covered, colour, { depth: 8, strength: 0.4 });
  line(figure, curve([[x - neck - 4, 82], [x, 92], [x + neck + 4, 82]]), shade(colour, 0.42), tapered(2.2), 0.6,
    covered);
}

/** A jumper under an open coat. */
function turtle(figure: Figure, body: Body): void {
  const under: Colour = body.colour[0] > 150 ? [74, 66, 72] : [232, 220, 204];
  shape(figure, [[[body.x - 34, 84], [body.x, 180], [body.x + 34, 84], [body.x, 112]]], under, { hasLine: false });
  rollNeck(figure, { ...body, colour: under });
}

function jacket(figure: Figure, body: Body): void {
  const { x, colour, neck } = body;
  const under: Colour = Math.max(...colour) > 200 ? [64, 68, 78] : [242, 240, 236];
  shape(figure, [[[x - neck - 9, 84], [x - 16, 360], [x + 16, 360], [x + neck + 9, 84], [x, 112]]], under,
    { hasLine: false });
  const neckline = curve([[x - neck - 4, 88], [x, 112], [x + neck + 4, 88]]);
  line(figure, neckline, shade(under, 0.25), 4);
  for (const side of [-1, 1]) {
    shape(figure, [[[x + side * (neck + 4), 76], [x + side * (neck + 24), 92], [x + side * (neck + 12), 122],
      [x + side * (neck - 3), 112]]], darken(colour, 0.14));
    line(figure, [[x + side * (neck - 2), 112], [x + side * 15, 360]], inkOf(figure, colour), 2.2, 0.8);
  }
}

function overalls(figure: Figure, body: Body): void {
  const { x, neck } = body;
  const shirt: Colour = Math.max(...body.colour) - Math.min(...body.colour) < 30 ? [222, 120, 96] : [246, 240, 226];
  torso(figure, { ...body, colour: shirt }, neck + 12, 106);
  band(figure, { ...body, colour: shirt }, neck + 12, 106, 4.5);
  const bib: Path = [[[x - 42, 138], [x + 42, 138], [x + 58, 220], [x + 92, 362], [x - 92, 362], [x - 58, 220]]];
  const covered = shape(figure, bib, body.colour);
  sideShadow(figure, bib, covered, body.colour, { depth: 16, strength: 0.36 });
  for (const side of [-1, 1]) {
    const strap = curve([[x + side * 56, 93], [x + side * 46, 112], [x + side * 37, 142]]);
    shape(figure, stroke(strap, 12), body.colour);
    shape(figure, [ellipse(x + side * 37, 144, 5)], [236, 190, 80]);
  }
  mark(figure, [box(x - 18, 158, x + 18, 184)], shade(body.colour, 0.25), 0.5);
}
