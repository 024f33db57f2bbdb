// Draws the beard of a procedural portrait: on the cheeks before the mouth is drawn, on the lip after it.

import { lighten, mix, shade } from '../colours.ts';
import type { Mask, Path } from './canvas.ts';
import { type Figure, line, mark, shape, sideShadow } from './figure.ts';
import { blob, bumpy, curve, tapered } from './path.ts';

/** The whole of a full beard, `down` below the chin, with an opening for the mouth's upper side. */
function fullPath(figure: Figure, down: number, high: number): Path {
  const { a, edge, place, features: { chinY, mouth, noseBaseY } } = figure;
  const w = a.faceHalfWidth;
  const jaw = w * a.jaw;
  const grow = down * 0.28;
  const outer = curve([
    edge(-w * 0.985, high), edge(-w * 0.99, 4, 6), edge(-jaw - grow * 0.7, 30, w * 0.16),
    edge(-jaw * 0.78 - grow, chinY - 9, w * 0.34), edge(-w * 0.3, chinY + down * 0.82, w * 0.5),
    edge(0, chinY + down, w * 0.54), edge(w * 0.3, chinY + down * 0.82, w * 0.5),
    edge(jaw * 0.78 + grow, chinY - 9, w * 0.34), edge(jaw + grow * 0.7, 30, w * 0.16), edge(w * 0.99, 4, 6),
    edge(w * 0.985, high),
  ]);
  const lip = noseBaseY + 6;
  const m = mouth.half;
  const inner = curve([
    place(w * 0.9, high), place(w * 0.82, 6), place(w * 0.62, mouth.y - 10), place(m + 5, mouth.y - 8),
    place(m * 0.5, lip + 0.5),
    place(0, lip + 1.5), place(-m * 0.5, lip + 0.5), place(-m - 5, mouth.y - 8), place(-w * 0.62, mouth.y - 10),
    place(-w * 0.82, 6), place(-w * 0.9, high),
  ]);
  return [[...outer, ...inner]];
}

function moustachePath(figure: Figure, isHandlebar: boolean): Path {
  const { place, features: { mouth, noseBaseY } } = figure;
  const y = (noseBaseY + 6.5 + mouth.y - mouth.upper) / 2;
  const half = mouth.half * (isHandlebar ? 1.32 : 1.06);
  const curl = isHandlebar ? -9 : 6.5;
  const right: readonly (readonly [number, number])[] = [
    [4, y - 4.2], [half * 0.45, y - 4.4], [half * 0.82, y + (isHandlebar ? 0.4 : 1.2)], [half + 2.5, y + curl],
    [half * 0.78, y + (isHandlebar ? 4.6 : 6.4)], [half * 0.4, y + 4.4], [3, y + 3.2],
  ];
  return blob([
    place(0, y - 2.6, 7), ...right.map(([x, py]) => place(x, py, 5)), place(0, y + 2, 7),
    ...right.toReversed().map(([x, py]) => place(-x, py, 5)),
  ]);
}

function chinPath(figure: Figure, wide: number, down: number): Path {
  const { place, edge, features: { mouth, chinY } } = figure;
  const top = mouth.y + mouth.sag + mouth.gap + mouth.lower + 2.5;
  return blob([
    place(-wide * 0.4, top), place(0, top + 1), place(wide * 0.4, top), place(wide, (top + chinY) / 2 + 1),
    edge(wide * 0.8, chinY + down * 0.4, 26), edge(0, chinY + down, 30), edge(-wide * 0.8, chinY + down * 0.4, 26),
    place(-wide, (top + chinY) / 2 + 1),
  ]);
}

/** Shades and whiskers of a mass of beard. */
function grown(figure: Figure, path: Path, opacity = 1): void {
  const { a, random, look, place, features: { chinY } } = figure;
  const colour = shade(a.hair, 0.1);
  const covered = shape(figure, path, colour, { opacity });
  sideShadow(figure, path, covered, colour, { depth: 9, strength: 0.45 });
  for (let i = 0; i < 40 * look.strands; i++) {
    const x = random.between(-1, 1) * a.faceHalfWidth;
    const y = random.between(10, chinY + 8) - Math.abs(x) * 0.3;
    const tone = random.chance(0.5) ? lighten(a.hair, random.between(0.12, 0.3))
      : shade(a.hair, random.between(0.3, 0.55));
    line(figure, curve([place(x, y), place(x * 0.98, y + 7), place(x * 0.92, y + 14)]), tone, tapered(1.7), 0.5,
      covered);
  }
}

function stubble(figure: Figure, head: Mask): void {
  const { a } = figure;
  const colour = mix(shade(a.hair, 0.3), a.skin, 0.2);
  mark(figure, fullPath(figure, 0, -8), colour, 0.34, { clip: head, softness: 4 });
  mark(figure, moustachePath(figure, false), colour, 0.22, { clip: head, softness: 2 });
}

const ragged = (path: Path): Path => path.map((polygon) => bumpy(polygon, { length: 9, height: 1.1, isRound: false }));

/** What grows on cheeks and chin. */
export function drawBeard(figure: Figure, head: Mask): void {
  const { a } = figure;
  switch (a.facialHair) {
    case 'none': case 'moustache': case 'handlebar moustache': return;
    case 'stubble': return stubble(figure, head);
    case 'goatee': return grown(figure, chinPath(figure, 14, 5));
    case 'short beard': return grown(figure, fullPath(figure, 2.5, -14), 0.94);
    case 'beard': return grown(figure, ragged(fullPath(figure, 14, -18)));
    case 'long beard': return grown(figure, ragged(fullPath(figure, 48, -18)));
    case 'sideburns': return drawSideburns(figure, head);
  }
}

function drawSideburns(figure: Figure, head: Mask): void {
  const { a, edge, place } = figure;
  const w = a.faceHalfWidth;
  for (const side of [-1, 1]) {
    const path = blob([
      edge(side * w * 0.99, -24), place(side * w * 0.9, -20), place(side * w * 0.84, 2), place(side * w * 0.64, 20),
      edge(side * w * a.jaw * 0.86, 33, w * 0.2), edge(side * w * 0.97, 8, 6),
    ]);
    shape(figure, path, shade(a.hair, 0.1), { clip: head, hasLine: figure.look.line > 0 });
  }
}

/** What grows on the upper lip, after the mouth. */
export function drawMoustache(figure: Figure): void {
  const { a } = figure;
  const hasNone = ['none', 'stubble', 'sideburns'].includes(a.facialHair);
  if (hasNone) return;
  const path = moustachePath(figure, a.facialHair === 'handlebar moustache');
  const colour = shade(a.hair, 0.14);
  const covered = shape(figure, path, colour, { hasLine: figure.look.line > 0 });
  const { place, features: { mouth } } = figure;
  for (const side of [-1, 1]) {
    line(figure, curve([place(side * 3, mouth.y - 10, 6), place(side * mouth.half * 0.5, mouth.y - 9, 5),
      place(side * mouth.half, mouth.y - 3, 5)]), lighten(a.hair, 0.3), tapered(1.6), 0.5, covered);
  }
}
