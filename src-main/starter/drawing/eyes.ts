// Eyes and brows of a procedural portrait: white, iris, pupil and highlight between lids, with lashes and make-up.

import { type Colour, eyeColours, darken, lighten, mix, shade } from '../colours.ts';
import { type Mask, type Point, within } from './canvas.ts';
import { headPath } from './head.ts';
import { type Figure, glow, line, mark, painted } from './figure.ts';
import { curve, ellipse, pointed, stroke, tapered } from './path.ts';

interface LidShape {
  readonly wide: number;
  readonly up: number;
  readonly down: number;
  readonly tilt: number;
  /** Where the upper lid is highest: negative is nearer to the nose. */
  readonly peak: number;
  /** How far the crease lies above the lid; 0 for none. */
  readonly crease: number;
}

const lidShapes: Readonly<Record<Figure['a']['eyeShape'], LidShape>> = {
  almond: { wide: 1.05, up: 0.98, down: 0.92, tilt: 1.5, peak: -0.08, crease: 4 },
  round: { wide: 0.93, up: 1.24, down: 1.4, tilt: 0, peak: 0, crease: 4.4 },
  hooded: { wide: 1.02, up: 0.84, down: 0.95, tilt: -1, peak: 0.12, crease: 7 },
  narrow: { wide: 1.07, up: 0.72, down: 0.7, tilt: 4.5, peak: 0, crease: 0 },
  drooping: { wide: 1, up: 0.98, down: 1.12, tilt: -8.5, peak: -0.25, crease: 3.6 },
  upturned: { wide: 1.02, up: 0.98, down: 0.86, tilt: 9.5, peak: 0.18, crease: 3.8 },
};

interface Lids {
  readonly half: number;
  readonly upper: readonly Point[];
  readonly lower: readonly Point[];
  readonly crease: readonly Point[];
  readonly lashTip: Point;
  readonly centre: Point;
  readonly shape: LidShape;
}

/** An eye's lids in head coordinates; local x runs from the nose outwards. */
function lidsOf(figure: Figure, side: -1 | 1, open: number): Lids {
  const { a, place, features: { eyeY } } = figure;
  const shape = lidShapes[a.eyeShape];
  const half = 13.2 * a.eyeSize * shape.wide;
  const up = 8.6 * a.eyeSize * shape.up * open;
  const down = 5.2 * a.eyeSize * shape.down * (0.55 + 0.45 * Math.min(1, open));
  const tilt = ((shape.tilt + a.eyeTilt) * Math.PI) / 180;
  const at = (u: number, v: number): Point => place(
    side * (a.eyeSpacing + u * half * Math.cos(tilt) + v * Math.sin(tilt)),
    eyeY - u * half * Math.sin(tilt) + v * Math.cos(tilt), 1);
  const peak = shape.peak;
  const lid = (lift: number): Point[] => curve([
    at(-1, 1.4), at(-0.62, -up * 0.55 - lift * 0.8), at(peak - 0.12, -up - lift),
    at(0.5 + peak * 0.4, -up * 0.78 - lift),
    at(1, -0.6 - lift * 0.25),
  ]);
  return {
    half, upper: lid(0), crease: lid(shape.crease), shape, lashTip: at(1.22, -up * 0.45 - 2.2), centre: at(0, 0),
    lower: curve([at(1, -0.6), at(0.55, down * 0.78), at(0, down), at(-0.6, down * 0.74), at(-1, 1.4)]),
  };
}

const lashInk: Colour = [30, 22, 24];

export function drawEye(figure: Figure, side: -1 | 1, head: Mask): void {
  const { a, features: { play } } = figure;
  const open = side < 0 && play.openLeft !== undefined ? play.openLeft : play.open;
  const lids = lidsOf(figure, side, open === 0 ? 0.9 : open);
  drawShadow(figure, lids, open, head);
  if (open === 0) return drawClosed(figure, lids);
  // a far eye of a turned head ends where the head does
  const near = figure.canvas.mask(headPath(figure, 1.5));
  drawBall(figure, side, lids, near);
  const ink = a.style === 'photo' || a.style === 'sepia' ? mix(lashInk, shade(a.skin, 0.8), 0.25) : lashInk;
  const lash = 2.5 + a.lashes * 1.5 + (a.makeUp === 'bold' ? 0.7 : 0) + figure.look.line * 0.25;
  line(figure, lids.upper, ink, (t) => lash * (0.45 + 0.75 * Math.min(1, t * 1.3)), 1, near);
  line(figure, lids.lower, mix(shade(a.skin, 0.7), ink, 0.25), tapered(1.5), 0.75, near);
  if (a.lashes > 0.45) {
    line(figure, curve([lids.upper[19]!, lids.upper[24]!, lids.lashTip]), ink, pointed(lash * 1.1));
  }
  if (lids.shape.crease > 0) line(figure, lids.crease, shade(a.skin, 0.62), tapered(1.5), 0.62);
}

/** The hollow of the eye, and what is painted on its lid. */
function drawShadow(figure: Figure, { upper, crease, centre, half }: Lids, open: number, head: Mask): void {
  const { a, features } = figure;
  if (figure.isSoft) {
    glow(figure, [centre[0], centre[1] - 5], [half * 1.25, 10], shade(a.skin, 0.6), 0.3, head);
  }
  const tint: Readonly<Record<typeof a.makeUp, readonly [Colour, number]>> = {
    none: [shade(a.skin, 0.4), 0.25], natural: [mix(shade(a.skin, 0.4), [150, 80, 80], 0.3), 0.45],
    lipstick: [mix(shade(a.skin, 0.4), [150, 80, 80], 0.3), 0.4], bold: [[96, 62, 116], 0.62],
  };
  const [colour, opacity] = tint[a.makeUp];
  const raised = crease.map(([x, y]) => [x, y - (a.makeUp === 'bold' ? 2 : 0)] as const);
  mark(figure, [[...upper, ...raised.toReversed()]], colour, opacity * (open === 0 ? 0.6 : 1),
    { clip: head, softness: 1 });
  if (figure.isSoft && features.play.smile < -0.3) glow(figure, [centre[0], centre[1] + 9], [half, 3],
    shade(a.skin, 0.5), 0.25, head);
}

function drawBall(figure: Figure, side: -1 | 1, { upper, lower, centre: [x, y], shape }: Lids, near: Mask): void {
  const { a, canvas, turn, nod } = figure;
  const ball = within(canvas.mask([[...upper, ...lower]]), near);
  canvas.paint(ball, figure.isSoft ? [243, 239, 236] : [252, 250, 247]);
  const radius = 7.1 * a.eyeSize * (shape.up > 1.1 ? 1.06 : 1);
  const [cx, cy] = [x + turn * 2 + a.gaze * 4.4 - side * 0.4, y - 1.3 + nod * 4];
  const iris = eyeColours[a.eyeColour];
  const disc = (dx: number, dy: number, r: number, colour: Colour, opacity = 1) => (
    canvas.paint(within(canvas.mask([ellipse(cx + dx, cy + dy, r)]), ball), painted(figure, colour), opacity));
  disc(0, 0, radius, darken(iris, 0.58));
  disc(0, 0.3, radius * 0.84, iris);
  disc(0, radius * 0.34, radius * 0.52, lighten(iris, 0.34), 0.75);
  disc(0, 0, radius * 0.46, [16, 12, 16]);
  // the upper lid's shadow on the ball
  const below = upper.map(([px, py]) => [px, py + 2.3] as const);
  canvas.paint(within(canvas.mask([[...upper, ...below.toReversed()]], 1), ball), [44, 28, 36], 0.42);
  const glint = a.lightSide > 0 ? 1 : -1;
  disc(glint * radius * 0.36, -radius * 0.36, radius * 0.27, [255, 255, 255], 0.98);
  disc(-glint * radius * 0.38, radius * 0.4, radius * 0.13, [255, 255, 255], 0.7);
}

/** A lid that is shut: one bow with lashes. */
function drawClosed(figure: Figure, { lower, upper, half }: Lids): void {
  const { a, features: { play } } = figure;
  // laughing eyes bow upwards, resting ones downwards
  const bow = play.smile > 0.6 ? upper.map(([x, y], i) =>
    [x, y * 0.45 + lower[lower.length - 1 - i]![1] * 0.55] as const)
    : lower;
  line(figure, bow, lashInk, tapered(3.4 + a.lashes * 0.8 + figure.look.line * 0.2, 0.3));
  const outer = play.smile > 0.6 ? bow.slice(-9) : bow.slice(0, 9);
  if (a.lashes > 0.4) {
    for (const i of [1, 4, 7]) {
      const [x, y] = outer[i]!;
      const out = Math.sign(outer[play.smile > 0.6 ? 8 : 0]![0] - bow[12]![0]);
      line(figure, [[x, y], [x + out * half * 0.16, y + half * 0.2]], lashInk, pointed(1.8));
    }
  }
}

export function drawBrow(figure: Figure, side: -1 | 1): void {
  const { a, place, canvas, features: { browY, play } } = figure;
  const lift = { straight: 0.4, soft: 2.4, arched: 4.6, angled: 3.4 }[a.browShape];
  const peakAt = { straight: 2, soft: 2, arched: 6, angled: 9 }[a.browShape];
  const thick = a.browThickness;
  const middle = (play.browInner + play.browOuter) / 2;
  const inner: Point = [a.eyeSpacing - 14.5, browY + 2 + play.browInner];
  const peak: Point = [a.eyeSpacing + peakAt, browY - lift + middle];
  const outer: Point = [a.eyeSpacing + 17, browY + 3 + play.browOuter];
  const at = ([x, y]: Point) => place(side * x, y, 2);
  const points = curve([at(inner), at([(inner[0] + peak[0]) / 2, (inner[1] + peak[1]) / 2 - 0.6]), at(peak),
    at(outer)]);
  const isLight = a.hairColour === 'grey' || a.hairColour === 'white' || a.hairColour === 'blonde';
  const dyed = ['pink', 'blue', 'purple', 'green'].includes(a.hairColour);
  const base = dyed ? mix(a.hair, [60, 42, 38], 0.7) : a.hair;
  const colour = shade(mix(base, a.skin, isLight ? 0 : 0.08), 0.14 + 0.26 * a.browDarkness + (isLight ? 0.16 : 0));
  const mask = canvas.mask(stroke(points,
    (t) => thick * (t < 0.12 ? 0.6 + 3.3 * t : 1 - 0.78 * ((t - 0.12) / 0.88) ** 1.6)),
    figure.isSoft ? 0.8 : 0);
  canvas.paint(mask, painted(figure, colour), figure.isSoft ? 0.92 : 1);
}
