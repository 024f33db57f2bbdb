// Finishes of line: pencil and ink.

import type { Random } from '../seeded-random.ts';
import { blurredPlane, lumaPlane, paperEdge, smoothNoise, wobbled } from './planes.ts';

/** Graphite: tone as hatching that follows two directions, lines where brightness breaks. */
export function toPencil(source: Float32Array, edgePx: number, random: Random): Float32Array {
  const unit = edgePx / 128;
  const pixels = wobbled(source, edgePx, random, 0.8 * unit, 30);
  const luma = lumaPlane(pixels);
  const near = blurredPlane(luma, edgePx, Math.max(1, Math.round(1.6 * unit)));
  const bend = smoothNoise(random, edgePx, 8);
  const pressure = smoothNoise(random, edgePx, 16);
  const paper = paperEdge(random, edgePx, 0.06);
  const period = 2.9 * unit;
  for (let i = 0; i < luma.length; i++) {
    const [x, y] = [i % edgePx, Math.floor(i / edgePx)];
    const dark = 1 - luma[i]! / 255;
    const one = 0.5 + 0.5 * Math.sin(((x + y * 0.8 + bend[i]! * 5 * unit) * 2 * Math.PI) / (period * 1.28));
    const two = 0.5 + 0.5 * Math.sin(((x - y + bend[i]! * 4 * unit) * 2 * Math.PI) / (period * 1.41));
    const hatched = dark * (0.4 + 0.28 * one) + Math.max(0, dark - 0.5) * (0.5 + 0.4 * two);
    const lines = Math.max(0, near[i]! - luma[i]!) / 90;
    const tooth = 1 + 0.22 * pressure[i]! + (random.uniform() - 0.5) * 0.28;
    const graphite = Math.min(0.94, (hatched * 0.86 * paper[i]! + lines * 0.75 * (0.4 + 0.6 * paper[i]!)) * tooth);
    const value = 249 - 206 * graphite;
    pixels[3 * i] = value;
    pixels[3 * i + 1] = value - 0.5;
    pixels[3 * i + 2] = value - 3 + graphite * 6;
  }
  return pixels;
}

/** A red seal, as painters leave it. */
function seal(pixels: Float32Array, edgePx: number, random: Random): void {
  const size = Math.round(edgePx * 0.085);
  const left = random.chance(0.5) ? Math.round(edgePx * 0.06) : edgePx - size - Math.round(edgePx * 0.06);
  const top = Math.round(edgePx * 0.07);
  const cell = size / 5;
  const cuts = Array.from({ length: 25 }, (_, k) => k % 5 > 0 && k % 5 < 4 && k > 4 && k < 20 && random.chance(0.5));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (cuts[Math.floor(y / cell) * 5 + Math.floor(x / cell)]) continue;
      const at = ((top + y) * edgePx + left + x) * 3;
      [pixels[at], pixels[at + 1], pixels[at + 2]] = [196, 48, 40];
    }
  }
}

/** Ink on rice paper: a few washes that end in darker rims, and bare paper around. */
export function toInk(source: Float32Array, edgePx: number, random: Random): Float32Array {
  const unit = edgePx / 128;
  const pixels = wobbled(source, edgePx, random, 1.2 * unit, 24);
  const luma = lumaPlane(pixels);
  const near = blurredPlane(luma, edgePx, Math.round(2 * unit));
  const pools = smoothNoise(random, edgePx, 6);
  const fibre = smoothNoise(random, edgePx, 40);
  const paper = paperEdge(random, edgePx, 0.08);
  for (let i = 0; i < luma.length; i++) {
    const dark = Math.max(0, Math.min(1, 1 - luma[i]! / 255 + pools[i]! * 0.07));
    const steps = Math.round(dark * 4) / 4;
    const wash = (steps * 0.6 + dark * 0.4) ** 1.15;
    const rim = Math.max(0, near[i]! - luma[i]!) / 255;
    const ink = Math.max(0, Math.min(0.96, (wash + rim * 0.5) * (1 + fibre[i]! * 0.08)));
    // lines stay where the washes have ended
    const share = ink * Math.max(paper[i]!, 0.06 + 0.8 * Math.min(1, Math.max(0, (ink - 0.6) * 4)));
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = [245, 240, 228][c]! +
      ([34, 36, 44][c]! - [245, 240, 228][c]!) * share;
  }
  seal(pixels, edgePx, random);
  return pixels;
}
