// What a picture style does to the pixels of a finished drawing: grain and warmth, sepia, or pencil.
// All functions work in place on interleaved 8-bit RGB.

import type { PortraitAttributes } from './attributes.ts';
import type { Random } from './seeded-random.ts';

const clamped = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value);

/** Rec. 601 luma, which is what sepia and pencil start from. */
function lumaOf(rgb: Uint8Array): Float32Array {
  const luma = new Float32Array(rgb.length / 3);
  for (let i = 0; i < luma.length; i++) luma[i] = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! +
    0.114 * rgb[3 * i + 2]!;
  return luma;
}

function addGrain(rgb: Uint8Array, random: Random, warmth: number): void {
  for (let i = 0; i < rgb.length; i += 3) {
    // sum of two uniforms is close enough to film grain and much cheaper than a Gaussian
    const grain = (random.uniform() + random.uniform() - 1) * 5;
    rgb[i] = clamped(rgb[i]! * warmth + grain);
    rgb[i + 1] = clamped(rgb[i + 1]! + grain);
    rgb[i + 2] = clamped(rgb[i + 2]! / warmth + grain);
  }
}

function toSepia(rgb: Uint8Array, width: number, height: number, random: Random): void {
  const luma = lumaOf(rgb);
  for (let i = 0; i < luma.length; i++) {
    const dx = (i % width) / width - 0.5;
    const dy = Math.floor(i / width) / height - 0.5;
    const vignette = 1 - 0.7 * (dx * dx + dy * dy);
    const value = (26 + luma[i]! * 0.86) * vignette + (random.uniform() - 0.5) * 6;
    rgb[3 * i] = clamped(value * 1.07 + 8);
    rgb[3 * i + 1] = clamped(value * 0.9 + 2);
    rgb[3 * i + 2] = clamped(value * 0.68);
  }
}

/** Mean over a (2 radius + 1)-square, separable and clipped at the borders. */
function boxBlurred(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  const pass = (source: Float32Array, count: number, lines: number, stride: number, lineStride: number) => {
    const out = new Float32Array(source.length);
    for (let row = 0; row < lines; row++) {
      for (let i = 0; i < count; i++) {
        let sum = 0;
        for (let k = -radius; k <= radius; k++) {
          sum += source[row * lineStride + Math.max(0, Math.min(count - 1, i + k)) * stride]!;
        }
        out[row * lineStride + i * stride] = sum / (2 * radius + 1);
      }
    }
    return out;
  };
  return pass(pass(values, width, height, 1, width), height, width, width, 1);
}

/** Colour dodge of the picture over its own blur leaves lines; a share of the tone keeps hair and clothes dark. */
function toPencil(rgb: Uint8Array, width: number, height: number, random: Random): void {
  const luma = lumaOf(rgb);
  const blurred = boxBlurred(luma, width, height, 3);
  for (let i = 0; i < luma.length; i++) {
    const lines = Math.min(1.05, (luma[i]! + 12) / (blurred[i]! + 12));
    const hatch = ((i % width) + Math.floor(i / width)) % 4 === 0 ? 0.94 : 1;
    const tone = 0.45 + 0.55 * Math.min(1, luma[i]! / 190);
    const value = clamped(246 * lines ** 1.6 * tone * (luma[i]! < 120 ? hatch : 1) + (random.uniform() - 0.5) * 8);
    rgb[3 * i] = value;
    rgb[3 * i + 1] = value;
    rgb[3 * i + 2] = clamped(value - 3);
  }
}

/** Finishes a drawing in its picture style. */
export function applyPictureStyle(
  rgb: Uint8Array, width: number, height: number, attributes: PortraitAttributes, random: Random,
): void {
  switch (attributes.style) {
    case 'photo': return addGrain(rgb, random, attributes.warmth);
    case 'sepia': return toSepia(rgb, width, height, random);
    case 'pencil': return toPencil(rgb, width, height, random);
    case 'cartoon': return;
  }
}
