// Draws what a procedural portrait wears on its head.

import { clothesColours, type Colour, darken, lighten, shade } from '../colours.ts';
import { inMood } from '../scene.ts';
import { type Mask, type Path, type Point, within } from './canvas.ts';
import { type Figure, line, mark, painted, rimLight, shape, sideShadow } from './figure.ts';
import { skullTopY } from './head.ts';
import { blob, curve, ellipse, stroke, tapered } from './path.ts';

/** A shape of cloth with light and shadow. */
function cloth(figure: Figure, path: Path, colour: Colour): Mask {
  const covered = shape(figure, path, colour);
  sideShadow(figure, path, covered, colour, { depth: 14, strength: 0.42 });
  rimLight(figure, path, covered, 0.7);
  return covered;
}

/** The shadow of a brim on the forehead. */
function browShadow(figure: Figure, path: Path, head: Mask): void {
  const { canvas, a, look } = figure;
  const thrown = canvas.mask(path.map((polygon) => polygon.map(([x, y]) => [x - a.lightSide * 2, y + 7] as const)),
    figure.isSoft ? 4 : 0);
  canvas.paint(within(head, thrown), painted(figure, shade(a.skin, 0.6)), 0.5 * look.shadow);
}

/** A dome over the skull down to a rim that lies `low` on the forehead. */
function dome({ a, edge, place }: Figure, grow: number, high: number, low: number): Path {
  const w = a.faceHalfWidth + grow;
  const top = skullTopY - high;
  return [[
    ...curve([edge(-w, low + 6), edge(-w - 0.5, -74), edge(-w * 0.74, top + 12), edge(0, top),
      edge(w * 0.74, top + 12), edge(w + 0.5, -74), edge(w, low + 6)]),
    ...curve([edge(w, low + 6), place(w * 0.66, low - 1, 4), place(0, low - 3, 6), place(-w * 0.66, low - 1, 4),
      edge(-w, low + 6)]),
  ]];
}

export function drawHat(figure: Figure, head: Mask): void {
  const { a } = figure;
  const colour: Colour = inMood(clothesColours[a.hatColour], a.mood);
  switch (a.hat) {
    case 'none': return;
    case 'cap': return cap(figure, head, colour);
    case 'beanie': return beanie(figure, head, colour);
    case 'hat': return brimmed(figure, head, colour, { wide: 1.36, crown: 34, bend: 1 });
    case 'straw hat': return brimmed(figure, head, [232, 200, 130],
      { wide: 1.74, crown: 26, bend: -3, ribbon: colour });
    case 'cowboy hat': return cowboyHat(figure, head, colour);
    case 'beret': return beret(figure, head, colour);
    case 'headband': return headband(figure, colour);
    case 'crown': return crown(figure);
  }
}

function cap(figure: Figure, head: Mask, colour: Colour): void {
  const { a, place, edge, turn } = figure;
  const w = a.faceHalfWidth;
  const path = dome(figure, 6, 13, -64);
  const lean = turn * 20;
  const brim = blob([
    place(-w * 0.86, -64, 3), place(-w * 0.45, -73, 9), place(0, -76, 12), place(w * 0.45, -73, 9),
    place(w * 0.86, -64, 3),
    [place(w * 0.62, -54, 12)[0] + lean, place(w * 0.62, -54, 12)[1]],
    [place(0, -49, 24)[0] + lean, place(0, -49, 24)[1]],
    [place(-w * 0.62, -54, 12)[0] + lean, place(-w * 0.62, -54, 12)[1]],
  ]);
  browShadow(figure, brim, head);
  const covered = cloth(figure, path, colour);
  for (const x of [-0.46, 0.46]) {
    line(figure, curve([edge(0, skullTopY - 12), edge(x * w * 0.8, -100), place(x * w, -74, 3)]), shade(colour, 0.4),
      1.6, 0.6, covered);
  }
  shape(figure, [ellipse(...edge(0, skullTopY - 13), 4.4, 3)], shade(colour, 0.2));
  const shaded = shape(figure, brim, darken(colour, 0.2));
  mark(figure, brim.map((polygon) => polygon.map(([x, y]) => [x, y - 6] as const)), lighten(colour, 0.06), 0.75,
    { clip: shaded, softness: 1 });
}

function beanie(figure: Figure, head: Mask, colour: Colour): void {
  const { a, edge, place } = figure;
  const w = a.faceHalfWidth + 7;
  const path = dome(figure, 7, 20, -66);
  browShadow(figure, path, head);
  cloth(figure, path, colour);
  const rows = (x: number, y: number): Point => (Math.abs(x) > w * 0.9 ? edge(x, y + 6) : place(x * 0.98, y, 6));
  const fold: Path = [[
    ...curve([rows(-w, -86), rows(-w * 0.6, -91), rows(0, -93), rows(w * 0.6, -91), rows(w, -86)]),
    ...curve([rows(w, -62), rows(w * 0.6, -65), rows(0, -67), rows(-w * 0.6, -65), rows(-w, -62)]),
  ]];
  const covered = cloth(figure, fold, shade(colour, 0.16));
  for (let i = -5; i <= 5; i++) {
    const x = (i / 5.6) * w;
    line(figure, [rows(x, -92), rows(x, -64)], shade(colour, 0.5), 1.9, 0.5, covered);
  }
  const [px, py] = edge(0, skullTopY - 25);
  cloth(figure, [ellipse(px, py, 13, 12)], lighten(colour, 0.3));
}

/** Where brim and crown of a hat meet. */
const brimY = -70;
const hatHalfWidth = ({ a }: Figure): number => a.faceHalfWidth + 5;

interface Crown {
  /** The outline of one side from the brim up: shares of the hat's half width, and heights. */
  readonly sides: readonly Point[];
  readonly middleY: number;
  readonly band: { readonly share: number; readonly y: number; readonly width: number; readonly colour: Colour };
}

/** A crown that is alike on both sides, with a band around it. */
function hatCrown(figure: Figure, colour: Colour, { sides, middleY, band }: Crown): Mask {
  const { canvas, edge } = figure;
  const w = hatHalfWidth(figure);
  const around = (share: number, y: number): Point[] => curve([
    edge(w * share, y), edge(w * 0.5, y + 4, 8), edge(0, y + 5, 10), edge(-w * 0.5, y + 4, 8), edge(-w * share, y),
  ]);
  const outline = curve([
    ...sides.map(([share, y]) => edge(-w * share, y)), edge(0, middleY),
    ...sides.toReversed().map(([share, y]) => edge(w * share, y)),
  ]);
  const covered = cloth(figure, [[...outline, ...around(...sides[0]!)]], colour);
  const ribbon = canvas.mask(stroke(around(band.share, band.y), band.width));
  canvas.paint(within(ribbon, covered), painted(figure, band.colour));
  return covered;
}

interface Brim {
  readonly wide: number;
  readonly crown: number;
  /** How far the sides of the brim turn up. */
  readonly bend: number;
  readonly ribbon?: Colour;
}

function brimmed(figure: Figure, head: Mask, colour: Colour, { wide, crown: high, bend, ribbon }: Brim): void {
  const { edge, nod } = figure;
  const w = hatHalfWidth(figure);
  const y = brimY;
  const low = y + 9 + nod * 14;
  const far = w * wide;
  const brim = blob([
    edge(-far, y - bend), edge(-far * 0.62, y - 8), edge(0, y - 12), edge(far * 0.62, y - 8), edge(far, y - bend),
    edge(far * 0.66, low - 2), edge(0, low, 10),
    edge(-far * 0.66, low - 2),
  ]);
  browShadow(figure, brim, head);
  cloth(figure, brim, darken(colour, 0.1));
  const top = skullTopY - high;
  const covered = hatCrown(figure, colour, {
    sides: [[0.98, y], [0.94, y - 26], [0.8, top + 9], [0.36, top]], middleY: top + 5,
    band: { share: 0.99, y: y - 7, width: 11, colour: ribbon ?? darken(colour, 0.55) },
  });
  line(figure, curve([edge(-w * 0.2, top + 6), edge(0, top + 18), edge(w * 0.2, top + 6)]), shade(colour, 0.4),
    tapered(2.4), 0.6, covered);
}

/** A brim that turns up high at both sides, and a crown that narrows to two peaks. */
function cowboyHat(figure: Figure, head: Mask, colour: Colour): void {
  const { edge, nod } = figure;
  const w = hatHalfWidth(figure);
  const y = brimY;
  const low = y + 11 + nod * 14;
  const far = w * 1.66;
  const top = skullTopY - 30;
  const brim = blob([
    edge(-far, y - 40), edge(-far * 0.8, y - 22), edge(-far * 0.5, y - 10), edge(0, y - 14), edge(far * 0.5, y - 10),
    edge(far * 0.8, y - 22), edge(far, y - 40),
    edge(far * 0.97, y - 16), edge(far * 0.62, low - 1), edge(0, low + 3, 10), edge(-far * 0.62, low - 1),
    edge(-far * 0.97, y - 16),
  ]);
  browShadow(figure, brim, head);
  const covered = hatCrown(figure, colour, {
    sides: [[0.96, y], [0.84, y - 26], [0.6, top + 6], [0.3, top]], middleY: top + 15,
    band: { share: 1, y: y - 12, width: 7, colour: lighten(darken(colour, 0.3), 0.35) },
  });
  line(figure, curve([edge(0, top + 16), edge(0, top + 30), edge(w * 0.04, y - 22)]), shade(colour, 0.4), tapered(3),
    0.6, covered);
  cloth(figure, brim, darken(colour, 0.1));
}

function beret(figure: Figure, head: Mask, colour: Colour): void {
  const { a, edge } = figure;
  const w = a.faceHalfWidth + 8;
  const s = a.partSide;
  const path = blob([
    edge(-s * w * 1.0, -74), edge(-s * w * 1.02, -96), edge(-s * w * 0.5, skullTopY - 22),
    edge(s * w * 0.5, skullTopY - 24), edge(s * w * 1.3, -104), edge(s * w * 1.34, -84),
    edge(s * w * 0.9, -72), edge(0, -80, 12), edge(-s * w * 0.6, -76, 8),
  ]);
  browShadow(figure, path, head);
  cloth(figure, path, colour);
  line(figure, [edge(s * 6, skullTopY - 22), edge(s * 8, skullTopY - 32)], shade(colour, 0.3), 4);
}

function headband(figure: Figure, colour: Colour): void {
  const { a, edge, place } = figure;
  const w = a.faceHalfWidth + 5;
  const y = a.hairline - 8;
  const points = curve([edge(-w, -52), edge(-w * 0.93, -76), place(-w * 0.5, y - 8, 9), place(0, y - 12, 12),
    place(w * 0.5, y - 8, 9), edge(w * 0.93, -76), edge(w, -52)]);
  cloth(figure, stroke(points, 14), colour);
}

function crown(figure: Figure): void {
  const { a, edge } = figure;
  const w = a.faceHalfWidth * 0.8;
  const gold: Colour = [242, 196, 72];
  const low = skullTopY + 16;
  const high = skullTopY - 26;
  const path: Path = [[
    edge(-w, low), edge(-w * 1.06, high + 6), edge(-w * 0.54, low - 20), edge(0, high - 6), edge(w * 0.54, low - 20),
    edge(w * 1.06, high + 6), edge(w, low), edge(w * 0.5, low + 6, 8), edge(0, low + 8, 10),
    edge(-w * 0.5, low + 6, 8),
  ]];
  cloth(figure, path, gold);
  for (const [x, y, z] of [[-w * 1.06, high + 4, 0], [0, high - 8, 0], [w * 1.06, high + 4, 0]] as const) {
    shape(figure, [ellipse(...edge(x, y, z), 4.6)], lighten(gold, 0.3), { hasLine: figure.look.line > 0 });
  }
  for (const [x, colour] of [[-0.5, [70, 140, 210]], [0, [206, 58, 66]], [0.5, [70, 140, 210]]] as const) {
    shape(figure, [ellipse(...edge(x * w, low - 3 + (x === 0 ? 2 : 0), 10), 4.4, 5.2)], colour, { hasLine: false });
  }
}
