// What every part of a procedural portrait is drawn with: the pose, the paint of the style, and short SVG snippets.
// Head coordinates: origin at the centre of the face box (brow to chin), y down, units of 1/256 picture height.

import type { PortraitAttributes } from './attributes.ts';
import { type Colour, css, shade } from './colours.ts';
import type { Random } from './seeded-random.ts';

export interface Drawing {
  readonly attributes: PortraitAttributes;
  readonly random: Random;
  /** True for shaded pictures, false for flat ones with outlines. */
  readonly isShaded: boolean;
  /** Where a point on the face at (x, y), `depth` in front of the cheek's surface, comes to lie for this yaw. */
  place(x: number, y: number, depth?: number): readonly [number, number];
  readonly turn: number;
}

export function newDrawing(attributes: PortraitAttributes, random: Random): Drawing {
  const yaw = (attributes.yawDegrees * Math.PI) / 180;
  const radius = attributes.faceHalfWidth * 1.04;
  const place = (x: number, y: number, depth = 0) => {
    const z = 0.72 * Math.sqrt(Math.max(0, radius * radius - x * x)) + depth;
    // half of the shift is taken back so that the face stays centred
    const shifted = x * Math.cos(yaw) + (z - 0.3 * radius) * Math.sin(yaw);
    return [shifted, y + attributes.pitch * (1 + depth / 12)] as const;
  };
  return { attributes, random, isShaded: attributes.style !== 'cartoon', place, turn: Math.sin(yaw) };
}

const rounded = (value: number) => Math.round(value * 10) / 10;

/** Path data from commands and numbers; numbers are rounded to a tenth. */
export function pathData(...parts: readonly (string | number)[]): string {
  return parts.map((part) => (typeof part === 'number' ? rounded(part) : part)).join(' ');
}

/** A filled shape, outlined in flat styles. */
export function shape(drawing: Drawing, data: string, colour: Colour, extra = ''): string {
  const line = drawing.isShaded ? '' : ` stroke="${css(shade(colour, 0.62))}" stroke-width="3" stroke-linejoin="round"`;
  return `<path d="${data}" fill="${css(colour)}"${line} ${extra}/>`;
}

/** A soft, see-through mark such as a shadow or a highlight; left out of flat styles. */
export function softMark(
  drawing: Drawing, data: string, colour: Colour, opacity: number, blur: 'blur2' | 'blur4' | 'blur8' = 'blur4',
): string {
  if (!drawing.isShaded) return '';
  return `<path d="${data}" fill="${css(colour)}" opacity="${rounded(opacity * 10) / 10}" filter="url(#${blur})"/>`;
}

export function line(data: string, colour: Colour, width: number, opacity = 1): string {
  return `<path d="${data}" fill="none" stroke="${css(colour)}" stroke-width="${rounded(width)}" ` +
    `stroke-linecap="round" opacity="${rounded(opacity * 10) / 10}"/>`;
}

export function ellipse(cx: number, cy: number, rx: number, ry: number): string {
  return pathData('M', cx - rx, cy, 'A', rx, ry, 0, 1, 0, cx + rx, cy, 'A', rx, ry, 0, 1, 0, cx - rx, cy, 'Z');
}

export function gradient(
  id: string, kind: 'linear' | 'radial', geometry: string, stops: readonly (readonly [number, Colour, number])[],
): string {
  const inner = stops.map(([at, colour, opacity]) =>
    `<stop offset="${at}" stop-color="${css(colour)}" stop-opacity="${rounded(opacity * 10) / 10}"/>`).join('');
  return `<${kind}Gradient id="${id}" gradientUnits="userSpaceOnUse" ${geometry}>${inner}</${kind}Gradient>`;
}

const blurFilter = (id: string, deviation: number) =>
  `<filter id="${id}" x="-50%" y="-50%" width="200%" height="200%">` +
  `<feGaussianBlur stdDeviation="${deviation}"/></filter>`;

export const blurFilters = blurFilter('blur1', 0.8) + blurFilter('blur2', 1.8) + blurFilter('blur4', 3.6) +
  blurFilter('blur8', 8);
