// What every part of a procedural portrait is drawn with: the canvas, the pose, the look of the style, and shapes with
// their outlines and shadows.

import type { PortraitAttributes } from '../attributes.ts';
import { type Colour, mix, saturated, shade } from '../colours.ts';
import type { Random } from '../seeded-random.ts';
import { type Canvas, type Mask, type Path, type Point, within, without } from './canvas.ts';
import { type Features, featuresOf } from './features.ts';
import { type Look, looks } from './looks.ts';
import { ellipse, ring, shifted, stroke } from './path.ts';
import { type Pose, poseOf } from './pose.ts';

export interface Figure extends Pose {
  readonly a: PortraitAttributes;
  readonly random: Random;
  readonly canvas: Canvas;
  readonly look: Look;
  readonly features: Features;
  readonly isSoft: boolean;
}

export function newFigure(a: PortraitAttributes, canvas: Canvas, random: Random): Figure {
  const look = looks[a.style];
  return { a, random, canvas, look, features: featuresOf(a), isSoft: look.shading === 'soft', ...poseOf(a) };
}

/** A colour as the style paints it. */
export const painted = ({ look }: Figure, colour: Colour): Colour => saturated(colour, look.saturation);

const black: Colour = [26, 22, 26];
export const inkOf = ({ look }: Figure, colour: Colour): Colour => mix(shade(colour, 0.68), black, look.ink);

export interface ShapeOptions {
  readonly clip?: Mask;
  readonly opacity?: number;
  /** False where an outline would disturb. */
  readonly hasLine?: boolean;
}

/** A filled shape, outlined in drawn styles; returns what it covers. */
export function shape(figure: Figure, path: Path, colour: Colour, options: ShapeOptions = {}): Mask {
  const { canvas, look } = figure;
  const { clip, opacity = 1, hasLine = true } = options;
  const whole = canvas.mask(path);
  const mask = clip ? within(whole, clip) : whole;
  canvas.paint(mask, painted(figure, colour), opacity);
  if (look.line > 0 && hasLine) {
    for (const polygon of path) {
      const line = canvas.mask(ring(polygon, look.line));
      canvas.paint(clip ? within(line, clip) : line, inkOf(figure, colour), opacity);
    }
  }
  return mask;
}

/** A mark without outline; `softness` counts in soft looks alone. */
export function mark(
  figure: Figure, path: Path, colour: Colour, opacity: number, { clip, softness = 0 }:
  { clip?: Mask | undefined; softness?: number } = {},
): void {
  const { canvas, isSoft } = figure;
  const mask = canvas.mask(path, isSoft ? softness : softness * 0.15);
  canvas.paint(clip ? within(mask, clip) : mask, painted(figure, colour), opacity);
}

/** A glow that is soft in every look. */
export function glow(
  figure: Figure, [x, y]: Point, [rx, ry]: Point, colour: Colour, opacity: number, clip?: Mask,
): void {
  const mask = figure.canvas.mask([ellipse(x, y, rx, ry)], Math.min(rx, ry) * 0.6);
  figure.canvas.paint(clip ? within(mask, clip) : mask, painted(figure, colour), opacity);
}

export function line(
  figure: Figure, points: readonly Point[], colour: Colour, width: number | ((t: number) => number), opacity = 1,
  clip?: Mask,
): void {
  const mask = figure.canvas.mask(stroke(points, width));
  figure.canvas.paint(clip ? within(mask, clip) : mask, painted(figure, colour), opacity);
}

/** The shadow on the side away from the lamp: what the shape covers and its copy, moved towards the lamp, does not. */
export function sideShadow(
  figure: Figure, path: Path, covered: Mask, colour: Colour, { depth, strength }: { depth: number; strength: number },
): void {
  const { a, canvas, isSoft, look } = figure;
  const lit = canvas.mask(shifted(path, a.lightSide * depth, -depth * 0.3), isSoft ? depth * 0.8 : 0);
  const amount = strength * look.shadow * (0.4 + 0.6 * a.lightStrength);
  canvas.paint(without(covered, lit), painted(figure, shade(colour, isSoft ? 0.62 : 0.5)), Math.min(1, amount));
}

/** The light that comes from behind: a bright rim. */
export function rimLight(figure: Figure, path: Path, covered: Mask, strength: number): void {
  if (!figure.a.isBacklit) return;
  const { canvas, isSoft } = figure;
  for (const side of [-1, 1]) {
    const inner = canvas.mask(shifted(path, side * 2.6, 1.6), isSoft ? 2 : 0);
    canvas.paint(without(covered, inner), [255, 244, 214], strength);
  }
}

/** The shadow that a shape throws on what a mask covers. */
export function castShadow(
  figure: Figure, path: Path, onto: Mask, [dx, dy]: Point, colour: Colour, opacity: number,
): void {
  const { canvas, isSoft, look } = figure;
  const thrown = canvas.mask(shifted(path, dx, dy), isSoft ? 5 : 0);
  canvas.paint(within(onto, thrown), painted(figure, shade(colour, 0.55)), Math.min(1, opacity * look.shadow));
}
