// Draws glasses, earrings and headphones on a procedural portrait.

import { clothesColours, type Colour, lighten, shade } from '../colours.ts';
import { inMood } from '../scene.ts';
import { type Mask, type Path, type Point, within } from './canvas.ts';
import { earOf, skullTopY } from './head.ts';
import { type Figure, line, mark, painted, shape } from './figure.ts';
import { curve, ellipse, ring, roundBox, stroke } from './path.ts';

const frames: Readonly<Record<Figure['a']['glassesColour'], Colour>> = {
  black: [34, 30, 34], brown: [116, 72, 44], red: [188, 48, 52], gold: [206, 164, 78],
};

interface Rim {
  readonly points: readonly Point[];
  readonly width: number;
}

/** A rim in head coordinates; each of its points lies on the same plane before the eyes. */
function rimOf(figure: Figure, side: -1 | 1): Rim {
  const { a, place, features: { eyeY } } = figure;
  const size = Math.max(0.97, a.eyeSize);
  const centre = a.eyeSpacing + 0.6;
  const at = (points: readonly Point[]): Point[] => {
    const [cx, cy] = place(side * centre, eyeY + 1.5, 5);
    const squeeze = Math.max(0.66, Math.cos((a.yawDegrees * Math.PI) / 180) - side * figure.turn * 0.34);
    return points.map(([x, y]) => [cx + x * side * Math.min(1.06, squeeze), cy + y] as const);
  };
  const thin = a.glassesColour === 'gold' ? 2.1 : 2.9;
  switch (a.glasses) {
    case 'round glasses': case 'round sunglasses': return { points: at(ellipse(0, 0, 17 * size, 17 * size)),
      width: thin };
    case 'square glasses': return { points: at(roundBox(0, 0, 19 * size, 14.5 * size, 7)), width: thin + 1.2 };
    case 'cat-eye glasses': return {
      points: at(curve([[-15 * size, -8], [0, -11.5], [17 * size, -14.5], [22 * size, -16.5], [19 * size, -2],
        [11 * size, 11], [-3 * size, 12.5], [-13 * size, 7]], true)),
      width: thin + 0.7,
    };
    case 'sunglasses': return {
      points: at(curve([[-17 * size, -10], [0, -12.5], [17 * size, -11], [19.5 * size, -6], [15 * size, 9],
        [4 * size, 14.5], [-8 * size, 13], [-16 * size, 2]], true)), width: thin,
    };
    default: return { points: at(roundBox(0, 0, 18.5 * size, 13 * size, 3.4)), width: thin };
  }
}

/** Frames and lenses before the eyes, with the arms running to the ears. */
export function drawGlasses(figure: Figure, head: Mask): void {
  const { a, canvas, turn, place, features: { eyeY } } = figure;
  if (a.glasses === 'none') return;
  const isDark = a.glasses === 'sunglasses' || a.glasses === 'round sunglasses';
  const frame = painted(figure, frames[a.glassesColour]);
  for (const side of [-1, 1] as const) {
    const { points, width } = rimOf(figure, side);
    const outer = points.reduce((best, point) => (point[0] * side > best[0] * side ? point : best));
    if (side * turn < 0.5) {
      const [ex, ey] = figure.edge(side * a.faceHalfWidth * 1.0, eyeY + 3, 0);
      line(figure, [[outer[0] - side * 1.5, outer[1] - 1], [ex, ey]], frame, width * 0.95);
    }
    const lens = canvas.mask([points]);
    mark(figure, [points.map(([x, y]) => [x - a.lightSide, y + 2.5] as const)], shade(a.skin, 0.5),
      isDark ? 0.25 : 0.1, { clip: head, softness: 2 });
    if (isDark) {
      canvas.paint(lens, {
        kind: 'linear', from: [30, 30, 38], to: [84, 78, 92], at: [0, eyeY - 14], end: [0, eyeY + 18],
      }, 0.96);
    } else canvas.paint(lens, [236, 244, 252], 0.1);
    const [cx, cy] = place(side * a.eyeSpacing, eyeY, 5);
    const gleam = canvas.mask([[[cx - 9, cy + 5], [cx - 1, cy - 13], [cx + 4, cy - 13], [cx - 4, cy + 5]]]);
    canvas.paint(within(gleam, lens), [255, 255, 255], isDark ? 0.32 : 0.16);
    canvas.paint(canvas.mask(ring(points, width)), frame);
  }
  drawBridge(figure, frame);
}

function drawBridge(figure: Figure, frame: Colour): void {
  const { a, place, features: { eyeY } } = figure;
  const inner = ([-1, 1] as const).map((side) => rimOf(figure, side).points
    .filter(([, y]) => Math.abs(y - (place(side * a.eyeSpacing, eyeY, 5)[1] - 2)) < 5)
    .reduce((best, point) => (point[0] * side < best[0] * side ? point : best)));
  const [left, right] = inner as [Point, Point];
  line(figure, curve([left, [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2 - 3.4], right]), frame,
    a.glassesColour === 'gold' ? 2.1 : 3);
}

export function drawEarrings(figure: Figure): void {
  const { a, turn } = figure;
  if (a.earrings === 'none') return;
  const gold: Colour = [230, 184, 80];
  for (const side of [-1, 1] as const) {
    if (side * turn > 0.34) continue;
    const { at: [x, y], high } = earOf(figure, side);
    const [ex, ey] = [x + side * 2, y + high * 0.95];
    if (a.earrings === 'studs') shape(figure, [ellipse(ex, ey, 3)], lighten(gold, 0.25),
      { hasLine: figure.look.line > 0 });
    if (a.earrings === 'hoops') {
      const hoop = ring(ellipse(ex, ey + 8, 7.4, 8.6), 2.4);
      figure.canvas.paint(figure.canvas.mask(hoop), painted(figure, gold));
    }
    if (a.earrings === 'drops') {
      line(figure, [[ex, ey - 1], [ex, ey + 7]], gold, 1.6);
      shape(figure, [ellipse(ex, ey + 11, 3.8, 5.8)], inMood(clothesColours[a.neckwearColour], a.mood),
        { hasLine: figure.look.line > 0 });
    }
  }
}

export function drawHeadphones(figure: Figure): void {
  const { a, edge, turn, features } = figure;
  if (!a.headphones) return;
  const colour = inMood(clothesColours[a.hatColour], a.mood);
  const w = a.faceHalfWidth + 7;
  const top = skullTopY - 13;
  const arch = curve([edge(-w, features.eyeY + 2, -6), edge(-w * 0.98, -66, -4), edge(-w * 0.56, top + 8, -2),
    edge(0, top, 0), edge(w * 0.56, top + 8, -2), edge(w * 0.98, -66, -4), edge(w, features.eyeY + 2, -6)]);
  shape(figure, stroke(arch, 8), shade(colour, 0.3));
  for (const side of [-1, 1]) {
    if (side * turn > 0.4) continue;
    const [x, y] = edge(side * w, features.eyeY + 14, -4);
    const cup: Path = [ellipse(x, y, 11 * (1 - side * turn * 0.5), 19)];
    const covered = shape(figure, cup, colour);
    mark(figure, [ellipse(x + side * 4, y, 5, 12)], shade(colour, 0.5), 0.5, { clip: covered, softness: 1 });
  }
}
