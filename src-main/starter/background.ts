// The background of a procedural portrait: plain or gradient, with a soft studio falloff in shaded styles.

import { css, darken, lighten } from './colours.ts';
import { type Drawing, gradient } from './drawing.ts';

/** Fills the whole 256x256 canvas (canvas coordinates). */
export function drawBackground({ attributes: a, isShaded, random }: Drawing): string {
  const isGradient = a.backgroundKind === 'gradient';
  if (!isGradient && !isShaded) return `<rect width="256" height="256" fill="${css(a.background)}"/>`;
  const light = lighten(a.background, isGradient ? 0.28 : 0.06);
  const dark = darken(a.background, isGradient ? 0.34 : 0.08);
  const angle = random.between(0, 2 * Math.PI);
  const [dx, dy] = [Math.cos(angle) * 128, Math.sin(angle) * 128];
  const defs = isGradient && random.chance(0.5)
    ? gradient('background', 'linear', `x1="${128 - dx}" y1="${128 - dy}" x2="${128 + dx}" y2="${128 + dy}"`,
      [[0, light, 1], [1, dark, 1]])
    : gradient('background', 'radial', `cx="${128 + a.lightSide * 50}" cy="100" r="190"`,
      [[0, light, 1], [1, dark, 1]]);
  return `<defs>${defs}</defs><rect width="256" height="256" fill="url(#background)"/>`;
}
