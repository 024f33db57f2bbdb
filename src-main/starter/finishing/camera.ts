// Finishes of the camera: a photograph's light and grain, and an old print in brown.

import type { Random } from '../seeded-random.ts';
import { lumaPlane } from './planes.ts';

/** Share of the light that reaches a pixel; less towards the corners. */
const vignette = (i: number, edgePx: number, strength: number): number => {
  const [x, y] = [(i % edgePx) / edgePx - 0.5, Math.floor(i / edgePx) / edgePx - 0.5];
  return 1 - strength * (x * x + y * y);
};

export function toPhoto(pixels: Float32Array, edgePx: number, random: Random): Float32Array {
  const grain = random.between(2, 6);
  const dark = random.between(0.05, 0.28);
  const contrast = random.between(1, 1.1);
  for (let i = 0; i < pixels.length / 3; i++) {
    const light = vignette(i, edgePx, dark);
    // the sum of two uniforms is close enough to film grain and much cheaper than a Gaussian
    const speck = (random.uniform() + random.uniform() - 1) * grain;
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = ((pixels[3 * i + c]! - 128) * contrast + 128) * light + speck;
  }
  return pixels;
}

/** Brown tones, faded blacks, and the pale border of a print. */
export function toSepia(pixels: Float32Array, edgePx: number, random: Random): Float32Array {
  const luma = lumaPlane(pixels);
  const border = edgePx * 0.03;
  for (let i = 0; i < luma.length; i++) {
    const [x, y] = [i % edgePx, Math.floor(i / edgePx)];
    const isBorder = Math.min(x, y, edgePx - 1 - x, edgePx - 1 - y) < border;
    const value = isBorder ? 236 : (24 + Math.min(255, Math.max(0, (luma[i]! - 128) * 1.28 + 134)) * 0.88) * vignette(
      i, edgePx, 0.7);
    const speck = (random.uniform() + random.uniform() - 1) * (isBorder ? 4 : 9);
    pixels[3 * i] = value * 1 + 14 + speck;
    pixels[3 * i + 1] = value * 0.9 + 5 + speck + (isBorder ? 12 : 0);
    pixels[3 * i + 2] = value * 0.7 + speck + (isBorder ? 36 : 0);
  }
  return pixels;
}
