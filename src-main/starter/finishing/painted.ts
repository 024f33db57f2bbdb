// Finishes of the brush: watercolour and oil.

import type { Random } from '../seeded-random.ts';
import { blurredPlane, lumaPlane, paperEdge, smoothNoise, wobbled } from './planes.ts';

/** Transparent washes on paper: darker where a wash ends, grainy, with the paper bare at the edges. */
export function toWatercolour(source: Float32Array, edgePx: number, random: Random): Float32Array {
  const unit = edgePx / 128;
  const pixels = wobbled(source, edgePx, random, 1.1 * unit, 26);
  const luma = lumaPlane(pixels);
  const near = blurredPlane(luma, edgePx, Math.round(2 * unit));
  const pools = smoothNoise(random, edgePx, 7);
  const cloud = smoothNoise(random, edgePx, 18);
  const paper = paperEdge(random, edgePx, 0.05);
  for (let i = 0; i < luma.length; i++) {
    const rim = Math.max(0, near[i]! - luma[i]!) / 255;
    const tooth = (random.uniform() - 0.5) * 0.13;
    // deep colours are laid on too thickly to show the paper's grain
    const thin = 0.35 + 0.65 * (luma[i]! / 255);
    const wash = Math.min(1.06, 0.86 + thin * (0.16 * pools[i]! + 0.1 * cloud[i]! + tooth) + 1.1 * rim) * paper[i]!;
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = [253, 250, 243][c]! - (252 - pixels[3 * i + c]!) * wash;
  }
  return pixels;
}

/**
 * The mean colour of whichever quarter around a pixel is most even (Kuwahara et al. 1976): flat dabs, hard edges. A
 * quarter of 2 `half` + 1 pixels is the box around a pixel `half` aside.
 */
function dabs(pixels: Float32Array, edgePx: number, half: number): Float32Array {
  const luma = lumaPlane(pixels);
  const planes = [0, 1, 2].map((c) => {
    const plane = new Float32Array(luma.length);
    for (let i = 0; i < plane.length; i++) plane[i] = pixels[3 * i + c]!;
    return blurredPlane(plane, edgePx, half);
  });
  const mean = blurredPlane(luma, edgePx, half);
  const square = blurredPlane(luma.map((value) => value * value), edgePx, half);
  for (let i = 0; i < square.length; i++) square[i]! -= mean[i]! ** 2;
  const out = new Float32Array(pixels.length);
  for (let y = 0, i = 0; y < edgePx; y++) {
    const rows = [Math.max(0, y - half) * edgePx, Math.min(edgePx - 1, y + half) * edgePx];
    for (let x = 0; x < edgePx; x++, i++) {
      const [left, right] = [Math.max(0, x - half), Math.min(edgePx - 1, x + half)];
      let best = rows[0]! + left;
      for (const row of rows) {
        if (square[row + left]! < square[best]!) best = row + left;
        if (square[row + right]! < square[best]!) best = row + right;
      }
      for (let c = 0; c < 3; c++) out[3 * i + c] = planes[c]![best]!;
    }
  }
  return out;
}

/** Ridges along an edge; finer ones would be lost in a latent. */
const bristlesAlong = 32;

/** Noise drawn out along the forms of the picture: the ridges that bristles leave. */
function bristles(luma: Float32Array, edgePx: number, random: Random, reach: number): Float32Array {
  const form = blurredPlane(blurredPlane(luma, edgePx, reach), edgePx, reach);
  const turn = smoothNoise(random, edgePx, 5);
  const noise = smoothNoise(random, edgePx, bristlesAlong);
  const out = new Float32Array(luma.length);
  const within = (value: number) => (value < 0 ? 0 : value > edgePx - 1 ? edgePx - 1 : value);
  for (let y = 0, i = 0; y < edgePx; y++) {
    for (let x = 0; x < edgePx; x++, i++) {
      const gx = form[y * edgePx + within(x + 1)]! - form[y * edgePx + within(x - 1)]!;
      const gy = form[within(y + 1) * edgePx + x]! - form[within(y - 1) * edgePx + x]!;
      // across the gradient; where there is none, as the hand turns
      const length = Math.sqrt(gx * gx + gy * gy);
      const lean = turn[i]! * 1.6;
      const dx = (length > 1.5 ? -gy / length : 1 - Math.abs(lean)) * reach * 0.5;
      const dy = (length > 1.5 ? gx / length : lean) * reach * 0.5;
      let sum = 0;
      for (let k = -4; k <= 4; k++) {
        const [row, column] = [within((y + dy * k + 0.5) | 0), within((x + dx * k + 0.5) | 0)];
        sum += noise[row * edgePx + column]!;
      }
      out[i] = sum / 7;
    }
  }
  return out;
}

/** Dabs of thick paint that catch the light. */
export function toOil(source: Float32Array, edgePx: number, random: Random): Float32Array {
  const unit = edgePx / 128;
  const pixels = dabs(wobbled(source, edgePx, random, 0.9 * unit, 34), edgePx, Math.max(1, Math.round(2 * unit)));
  const luma = lumaPlane(source);
  const near = blurredPlane(luma, edgePx, Math.round(2 * unit));
  const ridges = bristles(lumaPlane(pixels), edgePx, random, Math.max(2, Math.round(2 * unit)));
  const patches = smoothNoise(random, edgePx, 14);
  for (let i = 0; i < ridges.length; i++) {
    // eyes and other small things are painted with a fine brush
    const fine = Math.min(0.85, Math.abs(near[i]! - luma[i]!) / 34);
    for (let c = 0; c < 3; c++) pixels[3 * i + c]! += (source[3 * i + c]! - pixels[3 * i + c]!) * fine;
    const relief = ((ridges[i]! - (ridges[i - edgePx - 1] ?? 0)) * 16 + ridges[i]! * 26) * (1 - 0.7 * fine);
    const tint = patches[i]! * 9;
    pixels[3 * i] = pixels[3 * i]! * 1.02 + relief + tint;
    pixels[3 * i + 1] = pixels[3 * i + 1]! + relief + tint * 0.4;
    pixels[3 * i + 2] = pixels[3 * i + 2]! * 0.94 + relief - tint * 0.8;
  }
  return pixels;
}
