// What a picture style does to the pixels of a drawing, after the light's own colour.

import type { PictureStyle, PortraitAttributes } from '../attributes.ts';
import type { Random } from '../seeded-random.ts';
import { toPhoto, toSepia } from './camera.ts';
import { toInk, toPencil } from './drawn.ts';
import { toOil, toWatercolour } from './painted.ts';
import { toPixelArt, toPopArt } from './printed.ts';

type Finish = (pixels: Float32Array, edgePx: number, random: Random) => Float32Array;

const finishes: Readonly<Record<PictureStyle, Finish>> = {
  photo: toPhoto, sepia: toSepia, watercolour: toWatercolour, 'oil painting': toOil, pencil: toPencil,
  'ink wash': toInk, 'pixel art': toPixelArt, 'pop art': toPopArt,
  illustration: (pixels) => pixels, cartoon: (pixels) => pixels,
};

const gains: Readonly<Record<PortraitAttributes['temperature'], readonly [number, number, number]>> = {
  neutral: [1, 1, 1], warm: [1.05, 1, 0.87], cold: [0.94, 1, 1.03],
};

/** Interleaved 8-bit RGB; `pixels` may be overwritten. */
export function finishPicture(
  pixels: Float32Array, edgePx: number, a: PortraitAttributes, random: Random,
): Uint8Array {
  const [red, green, blue] = gains[a.temperature];
  if (a.temperature !== 'neutral') {
    for (let i = 0; i < pixels.length; i += 3) {
      pixels[i]! *= red;
      pixels[i + 1]! *= green;
      pixels[i + 2]! *= blue;
    }
  }
  const finished = finishes[a.style](pixels, edgePx, random);
  // its conversion rounds and keeps within 0..255
  const rgb = new Uint8ClampedArray(finished.length);
  rgb.set(finished);
  return new Uint8Array(rgb.buffer);
}
