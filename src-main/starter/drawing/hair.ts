// Draws the hair of a procedural portrait: what falls behind head and body, what lies on the skull and over the
// forehead, and the strands, curls and sheen that make it hair.

import { type Colour, lighten, mix, shade } from '../colours.ts';
import { type Mask, type Path, type Point, within, without } from './canvas.ts';
import { type Figure, inkOf, line, mark, painted, rimLight, shape, sideShadow } from './figure.ts';
import { forelocks } from './forelocks.ts';
import { capPath, type Cut, cutOf, textured } from './hair-cuts.ts';
import { drawBackExtra, drawLocks, drawTopExtra } from './hair-extras.ts';
import { skullTopY } from './head.ts';
import { blob, box, curve, ellipse, ring, tapered } from './path.ts';

/** Light and dark strands along `way(t)`, kept to a mask. */
function strands(figure: Figure, covered: Mask, count: number, way: (t: number) => readonly Point[]): void {
  const { a, random, look } = figure;
  for (let i = 0; i < count * look.strands; i++) {
    const colour = random.chance(0.5) ? lighten(a.hair, random.between(0.12, 0.32))
      : shade(a.hair, random.between(0.3, 0.6));
    line(figure, curve(way(random.uniform())), colour, tapered(random.between(1.3, 3)), random.between(0.3, 0.65),
      covered);
  }
}

/** Small bows all over curly hair. */
function curls(figure: Figure, covered: Mask, size: number): void {
  const { a, random, look, canvas } = figure;
  const unit = canvas.unitPx;
  const [left, top] = [covered.left / unit, covered.top / unit];
  const spread = size * 2.1;
  const inverse = ([x, y]: Point): Point => {
    const [m, n, o, p, e, f] = canvas.matrix;
    const by = m * p - n * o;
    return [(p * (x - e) - o * (y - f)) / by, (m * (y - f) - n * (x - e)) / by];
  };
  const share = look.strands > 0 ? Math.max(0.4, look.strands) : 0.25;
  for (let y = top; y < top + covered.height / unit; y += spread) {
    for (let x = left; x < left + covered.width / unit; x += spread) {
      if (!random.chance(share)) continue;
      const [px, py] = inverse([(x + random.between(0, spread)) * unit, (y + random.between(0, spread)) * unit]);
      const r = size * random.between(0.7, 1.15);
      const turn = random.between(0, 6.28);
      const bow = Array.from({ length: 6 }, (_, i): Point => (
        [px + r * Math.cos(turn + i * 0.75), py + r * Math.sin(turn + i * 0.75)]));
      const colour = random.chance(0.55) ? lighten(a.hair, random.between(0.16, 0.34))
        : shade(a.hair, random.between(0.35, 0.6));
      line(figure, curve(bow), colour, tapered(size * 0.36), 0.6, covered);
    }
  }
}

/** A bright band where the lamp falls on the crown. */
function sheen(figure: Figure, covered: Mask, cut: Cut): void {
  const { a, edge } = figure;
  if (cut.texture === 'coily') return;
  const w = a.faceHalfWidth;
  const x = a.lightSide * w * 0.34;
  const y = skullTopY - cut.top * 0.4;
  const band = blob([
    edge(x - w * 0.5, y + 26), edge(x - w * 0.2, y + 13), edge(x + w * 0.16, y + 12), edge(x + w * 0.5, y + 25),
    edge(x + w * 0.2, y + 20), edge(x - w * 0.2, y + 21),
  ]);
  const strength = (cut.texture === 'curly' ? 0.18 : 0.42) * (0.5 + 0.5 * a.lightStrength);
  mark(figure, band, lighten(a.hair, a.hairColour === 'black' ? 0.34 : 0.5), strength, { clip: covered, softness: 4 });
}

/** Hair that falls behind the shoulders. */
function drawFall(figure: Figure, cut: Cut): void {
  const { a, edge } = figure;
  const w = a.faceHalfWidth + cut.side;
  const wide = (cut.wide ?? 10) * a.hairVolume;
  const bottom = cut.fall!;
  const at = (x: number, y: number) => edge(x, y, -18);
  const out = w + wide;
  const outline = curve([
    at(0, skullTopY - cut.top * 0.7), at(w * 0.8, -84), at(w + 2, -45), at(w + wide * 0.45, bottom * 0.15),
    at(out, bottom * 0.62), at(out * 0.96, bottom - 8), at(out * 0.7, bottom + 2), at(w * 0.3, bottom - 4),
    at(-w * 0.3, bottom - 4), at(-out * 0.7, bottom + 2), at(-out * 0.96, bottom - 8), at(-out, bottom * 0.62),
    at(-w - wide * 0.45, bottom * 0.15), at(-w - 2, -45), at(-w * 0.8, -84),
  ], true);
  const path: Path = [textured(outline, cut.texture)];
  const colour = shade(a.hair, 0.2);
  const covered = shape(figure, path, colour);
  sideShadow(figure, path, covered, colour, { depth: 12, strength: 0.35 });
  rimLight(figure, path, covered, 0.7);
  const wave = cut.texture === 'straight' ? 0 : 6;
  strands(figure, covered, 36, (t) => {
    const x = (t * 2 - 1) * out;
    return [at(x * 0.82, -70), at(x * 0.94 - wave, -10), at(x + wave, bottom * 0.4), at(x - wave, bottom * 0.75),
      at(x * 0.97, bottom)];
  });
  if (cut.texture === 'curly') curls(figure, covered, 6);
}

/** Everything of the hair that lies behind head and body. */
export function drawBackHair(figure: Figure): void {
  const cut = cutOf(figure);
  if (figure.a.hairStyle === 'afro') return drawAfro(figure, cut);
  if (cut.extra === 'locks') return drawLocks(figure, cut, 'back');
  if (cut.extra) drawBackExtra(figure, cut);
  if (cut.fall !== undefined) drawFall(figure, cut);
}

function drawAfro(figure: Figure, cut: Cut): void {
  const { a, edge } = figure;
  const w = a.faceHalfWidth + cut.side;
  const [x, y] = edge(0, -50 - cut.top * 0.35, -14);
  const path: Path = [textured(ellipse(x, y, w + 3, 62 + cut.top * 0.7), 'coily')];
  const covered = shape(figure, path, a.hair);
  sideShadow(figure, path, covered, a.hair, { depth: 16, strength: 0.5 });
  rimLight(figure, path, covered, 0.7);
  curls(figure, covered, 4.2);
}

/** Hair on the skull and over the forehead; shadows fall on what `head` covers. */
export function drawFrontHair(figure: Figure, head: Mask): void {
  const { a, canvas, look } = figure;
  const cut = cutOf(figure);
  if (a.hairStyle === 'bald') return drawScalp(figure, head);
  const path = capPath(figure, cut);
  const thrown = canvas.mask(path.map((polygon) => polygon.map(([x, y]) => [x - a.lightSide * 2.5, y + 5] as const)),
    figure.isSoft ? 4 : 0);
  canvas.paint(within(head, thrown), painted(figure, shade(a.skin, 0.55)), 0.46 * look.shadow);
  const isCropped = a.hairStyle === 'buzz cut';
  const colour = isCropped ? mix(a.hair, a.skin, 0.14) : a.hair;
  if (cut.isShaved) drawShavedSides(figure, path, cut);
  else {
    const covered = shape(figure, path, colour);
    dressCap(figure, path, covered, cut);
  }
  drawForelock(figure, cut, head);
  if (cut.extra === 'locks') drawLocks(figure, cut, 'front');
  else if (cut.extra) drawTopExtra(figure, cut);
}

function dressCap(figure: Figure, path: Path, covered: Mask, cut: Cut): void {
  const { a, edge } = figure;
  const w = a.faceHalfWidth;
  sideShadow(figure, path, covered, a.hair, { depth: 10, strength: 0.42 });
  if (a.hairStyle === 'buzz cut') {
    mark(figure, path, shade(a.hair, 0.4), 0.001);
  } else if (cut.texture === 'curly' || cut.texture === 'coily') {
    curls(figure, covered, cut.texture === 'coily' ? 4.2 : 6);
  } else {
    const part = cut.front === 'sweep' ? a.partSide * w * 0.4 : 0;
    strands(figure, covered, 30, (t) => {
      const x = (t * 2 - 1) * (w + cut.side);
      return [edge(part + x * 0.12, skullTopY - cut.top * 0.6), edge(part * 0.4 + x * 0.66, -92), edge(x * 0.98, -62),
        edge(x * 1.02, -10)];
    });
    if (cut.front === 'centre' || cut.front === 'sweep') {
      line(figure, curve([edge(part, skullTopY - cut.top * 0.75), edge(part, -88, 20),
        figure.place(part, a.hairline - 4)]),
        shade(a.hair, 0.55), tapered(2.2), 0.75, covered);
    }
  }
  sheen(figure, covered, cut);
  // beside a face, long hair has inner edges that no light from behind reaches
  if (cut.sideY < 10) rimLight(figure, path, covered, 0.7);
}

/** A bare scalp shines. */
function drawScalp(figure: Figure, head: Mask): void {
  const { a, edge } = figure;
  const [x, y] = edge(a.lightSide * 24, -80, 10);
  mark(figure, [ellipse(x, y, 13, 6.5, a.lightSide * 0.5)], lighten(a.skin, 0.75), 0.55, { clip: head, softness: 3 });
}

/** Sides shaved to a shadow, hair on top. */
function drawShavedSides(figure: Figure, path: Path, cut: Cut): void {
  const { a, canvas, edge } = figure;
  const w = a.faceHalfWidth;
  const whole = canvas.mask(path);
  canvas.paint(whole, painted(figure, mix(a.skin, shade(a.hair, 0.25), 0.55)), 0.9);
  if (cut.front === 'crest') return;
  const lid = canvas.mask(blob([
    edge(-w * 0.95, -66), edge(-w * 0.86, -100), edge(0, -140), edge(w * 0.86, -100), edge(w * 0.95, -66), edge(0, -52),
  ]));
  const top = within(whole, lid);
  canvas.paint(top, painted(figure, a.hair));
  dressCap(figure, path, top, cut);
  const edgeLine = without(whole, lid);
  canvas.paint(edgeLine, painted(figure, shade(a.hair, 0.3)), 0.08);
}

/** What lies over the forehead. */
function drawForelock(figure: Figure, cut: Cut, head: Mask): void {
  const lock = forelocks[cut.front]?.(figure, cut);
  if (!lock) return;
  const { a, canvas, look } = figure;
  const thrown = canvas.mask(lock.map((polygon) => polygon.map(([x, y]) => [x - a.lightSide * 2, y + 4.5] as const)),
    figure.isSoft ? 3 : 0);
  if (cut.front !== 'crest') canvas.paint(within(head, thrown), painted(figure, shade(a.skin, 0.55)),
    0.42 * look.shadow);
  const colour: Colour = lighten(a.hair, 0.05);
  const isUp = cut.front === 'quiff' || cut.front === 'crest';
  const covered = shape(figure, lock, colour, { hasLine: isUp });
  if (look.line > 0 && !isUp) {
    // its upper edge lies on hair and needs no line
    const free = canvas.mask([box(-130, a.hairline - 7, 130, 100)]);
    canvas.paint(within(canvas.mask(ring(lock[0]!, look.line)), free), inkOf(figure, colour));
  }
  sideShadow(figure, lock, covered, colour, { depth: 6, strength: 0.32 });
  const { place } = figure;
  const w = a.faceHalfWidth;
  strands(figure, covered, cut.front === 'curls' ? 0 : 14, (t) => {
    const x = (t * 2 - 1) * w * 0.8;
    return isUp ? [place(x, a.hairline + 4), place(x * 1.05, -90), place(x + a.partSide * 10, -124)]
      : [place(x * 0.5, a.hairline - 26), place(x * 0.8, a.hairline - 4), place(x, a.hairline + 24)];
  });
  if (cut.front === 'curls') curls(figure, covered, 5.5);
  else mark(figure, [lock[0]!.map(([x, y]) => [x * 0.6 + a.lightSide * 6, (y + 82) * 0.3 - 84] as const)],
    lighten(a.hair, 0.42), 0.3 * a.lightStrength, { clip: covered, softness: 3 });
}
