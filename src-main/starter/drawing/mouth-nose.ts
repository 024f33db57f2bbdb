// Mouth and nose of a procedural portrait.

import { type Colour, lighten, lipColours, mix, shade } from '../colours.ts';
import { type Mask, type Point, within } from './canvas.ts';
import { type Figure, glow, inkOf, line, mark, painted } from './figure.ts';
import { blob, curve, ellipse, stroke, tapered } from './path.ts';

export function drawNose(figure: Figure, head: Mask): void {
  const { a, place, features: { eyeY, noseBaseY: base } } = figure;
  const away = a.lightSide > 0 ? -1 : 1;
  const w = a.noseWidth * ({ straight: 1, button: 0.95, broad: 1.28, pointed: 0.8, hooked: 1 }[a.noseShape]);
  const tipLift = a.noseShape === 'pointed' ? 19 : 14;
  const hook = a.noseShape === 'hooked' ? 4.5 : 0;
  const strength = (0.5 + 0.5 * a.lightStrength) * figure.look.shadow;
  const dark = shade(a.skin, 0.46);
  const bridgeTop = a.noseShape === 'button' ? base - 18 : eyeY + 2;
  const side = blob([
    place(away * 3.4, bridgeTop, 4), place(away * (4.2 + hook), (bridgeTop + base) / 2 - 2, 9),
    place(away * 5.2, base - 9, tipLift), place(away * 3, base + 1.5, 11), place(away * w, base, 4),
    place(away * (w + 0.6), base - 6, 3), place(away * (w * 0.6), base - 13, 5), place(away * 6.4, bridgeTop + 8, 3),
  ]);
  mark(figure, side, dark, 0.34 * strength, { clip: head, softness: 3 });
  const under = blob([
    place(-w, base - 1.5, 4), place(-w * 0.5, base + 0.5, 9), place(0, base + 1.6, 11), place(w * 0.5, base + 0.5, 9),
    place(w, base - 1.5, 4), place(w * 0.6, base + 3.6, 4), place(0, base + 5.2, 5), place(-w * 0.6, base + 3.6, 4),
  ]);
  mark(figure, under, shade(a.skin, 0.55), 0.58 * figure.look.shadow, { clip: head, softness: 1.6 });
  for (const wing of [-1, 1]) {
    const [x, y] = place(wing * w * 0.46, base + 0.6, 8);
    mark(figure, [ellipse(x, y, w * 0.22, 1.75, wing * 0.3)], shade(a.skin, 0.8), 0.8, { softness: 0.6 });
    const edge = curve([place(wing * w * 0.84, base - 8, 5), place(wing * (w + 0.5), base - 3.5, 4),
      place(wing * w * 0.78, base + 1, 5)]);
    line(figure, edge, shade(a.skin, 0.58), tapered(1.7), figure.look.line > 0 ? 0 : 0.68, head);
  }
  const [hx, hy] = place(-away * 1.5, base - 7, tipLift);
  mark(figure, [ellipse(hx, hy, { straight: 3, button: 4.8, broad: 4.2, pointed: 1.9, hooked: 2.6 }[a.noseShape],
    a.noseShape === 'button' ? 3.8 : 2.6)],
    lighten(a.skin, 0.2 + 0.4 * (a.skin[0] / 255)), 0.55, { softness: 1.6 });
  if (figure.isSoft) {
    const [bx, by] = place(-away * 1, (eyeY + base) / 2 - 2, 8);
    glow(figure, [bx, by], [3.4, 15], lighten(a.skin, 0.55), 0.28);
  }
  if (figure.look.line > 0) drawNoseLine(figure, away, w, head);
}

function drawNoseLine(figure: Figure, away: number, w: number, head: Mask): void {
  const { a, place, features: { noseBaseY: base } } = figure;
  const points = curve([
    place(away * 4, base - 17, 9), place(away * 6.2, base - 8, 12), place(away * (w + 0.5), base - 3, 4),
    place(away * w * 0.6, base + 1.6, 7), place(0, base + 2.6, 11), place(-away * w * 0.6, base + 1, 7),
  ]);
  const mask = figure.canvas.mask(stroke(points, tapered(figure.look.line * 0.85)));
  figure.canvas.paint(within(mask, head), inkOf(figure, a.skin), 0.9);
}

interface Lips {
  readonly whole: readonly Point[];
  readonly upper: readonly Point[];
  /** The lower edge of the upper lip, from left to right, and the upper edge of the lower lip, back. */
  readonly above: readonly Point[];
  readonly below: readonly Point[];
  readonly middle: Point;
  readonly bottom: number;
}

function lipsOf(figure: Figure): Lips {
  const { place, features: { mouth, play } } = figure;
  const { y, half, cornerY, upper, lower, gap, sag } = mouth;
  const at = (x: number, py: number, lift = 3) => place(x, py, lift);
  const [left, right] = [at(-half, cornerY, 0), at(half, cornerY, 0)];
  const lift = play.isRound ? gap * 0.5 : 0;
  const top = curve([
    left, at(-half * 0.55, y - upper * 0.72 - lift * 0.8 - (y - cornerY) * 0.34), at(-half * 0.18, y - upper - lift),
    at(0, y - upper * 0.72 - lift, 4), at(half * 0.18, y - upper - lift),
    at(half * 0.55, y - upper * 0.72 - lift * 0.8 - (y - cornerY) * 0.34), right,
  ]);
  const above = curve([left, at(-half * 0.5, y + sag * 0.62 - lift * 0.7), at(0, y + sag * 0.8 - lift, 4),
    at(half * 0.5, y + sag * 0.62 - lift * 0.7), right]);
  const drop = gap - lift;
  const below = curve([right, at(half * 0.56, y + sag + drop * 0.74), at(0, y + sag + drop, 4),
    at(-half * 0.56, y + sag + drop * 0.74), left]);
  const bottom = curve([right, at(half * 0.55, y + sag + lower * 0.66 + drop * 0.86), at(0, y + sag + lower + drop, 4),
    at(-half * 0.55, y + sag + lower * 0.66 + drop * 0.86), left]);
  return {
    whole: [...top, ...bottom], upper: [...top, ...above.toReversed()], above, below,
    middle: at(0, y + sag + drop + lower * 0.5, 4), bottom: y + sag + lower + drop,
  };
}

function lipColourOf({ a }: Figure): Colour {
  const own = mix(a.skin, [178, 66, 66], a.classWord === 'woman' ? 0.42 : 0.3);
  if (a.makeUp === 'natural') return mix(own, [206, 84, 92], 0.35);
  return a.makeUp === 'none' ? shade(own, 0.08) : mix(own, lipColours[a.lipColour], 0.86);
}

export function drawMouth(figure: Figure, head: Mask): void {
  const { a, canvas, features: { mouth } } = figure;
  const lips = lipsOf(figure);
  const colour = lipColourOf(figure);
  const [mx, my] = lips.middle;
  glow(figure, [mx, my + mouth.lower * 0.5 + 4.6], [mouth.half * 0.55, 3], shade(a.skin, 0.55), 0.34, head);
  canvas.paint(canvas.mask([lips.whole]), painted(figure, colour));
  canvas.paint(canvas.mask([lips.upper]), painted(figure, shade(colour, 0.2)));
  mark(figure, [ellipse(mx + a.lightSide * 2.5, my - 0.3, mouth.half * 0.3, mouth.lower * 0.2)], lighten(colour, 0.5),
    0.62, { softness: 1 });
  const dark = mix(shade(colour, 0.72), [30, 14, 18], 0.4);
  if (mouth.gap > 0) drawInside(figure, lips, dark);
  line(figure, lips.above, dark, tapered((mouth.gap > 0 ? 1.3 : 2.2) + figure.look.line * 0.25, 0.4), 0.92);
  for (const [x, y] of [lips.above[0]!, lips.above.at(-1)!]) {
    mark(figure, [ellipse(x, y, 1.9, 1.6)], dark, 0.62, { softness: 1 });
  }
}

/** Dark, teeth and tongue of an open mouth. */
function drawInside(figure: Figure, { above, below, middle: [x], bottom }: Lips, dark: Colour): void {
  const { canvas, features: { mouth, play } } = figure;
  const inside = canvas.mask([[...above, ...below]]);
  canvas.paint(inside, [86, 26, 32]);
  const tongue = canvas.mask([ellipse(x, bottom - mouth.lower * 0.6, mouth.half * 0.5, 4.4)]);
  canvas.paint(within(tongue, inside), [206, 92, 96]);
  const high = play.isRound ? 2.6 : Math.min(5.6, mouth.gap * 0.62);
  const teeth = above.map(([px, py]) => [px, py + high] as const);
  canvas.paint(within(canvas.mask([[...above, ...teeth.toReversed()]]), inside), [250, 248, 243]);
  line(figure, below, dark, tapered(1.3, 0.3), 0.7);
}
