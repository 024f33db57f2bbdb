// What finishes share: pictures as interleaved numbers of 0..255, their brightness, blurs of it, and smooth noise.

import { blurredSquare } from '../drawing/coverage.ts';
import type { Random } from '../seeded-random.ts';

/** Rec. 601 luma of each pixel. */
export function lumaPlane(pixels: Float32Array): Float32Array {
  const luma = new Float32Array(pixels.length / 3);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = 0.299 * pixels[3 * i]! + 0.587 * pixels[3 * i + 1]! + 0.114 * pixels[3 * i + 2]!;
  }
  return luma;
}

export function blurredPlane(plane: Float32Array, edgePx: number, radius: number): Float32Array {
  return radius < 1 ? plane : blurredSquare(plane, edgePx, radius);
}

/** Smooth noise of -1..1 with `cells` bumps along an edge. */
export function smoothNoise(random: Random, edgePx: number, cells: number): Float32Array {
  const values = Float32Array.from({ length: (cells + 2) ** 2 }, () => random.uniform() * 2 - 1);
  const out = new Float32Array(edgePx * edgePx);
  const at = Float32Array.from({ length: edgePx }, (_, i) => ((i + 0.5) / edgePx) * cells);
  for (let y = 0, i = 0; y < edgePx; y++) {
    const row = Math.floor(at[y]!);
    const v = at[y]! - row;
    const down = v * v * (3 - 2 * v);
    for (let x = 0; x < edgePx; x++, i++) {
      const column = Math.floor(at[x]!);
      const u = at[x]! - column;
      const across = u * u * (3 - 2 * u);
      const first = row * (cells + 2) + column;
      const below = first + cells + 2;
      const upper = values[first]! + (values[first + 1]! - values[first]!) * across;
      out[i] = upper + (values[below]! + (values[below + 1]! - values[below]!) * across - upper) * down;
    }
  }
  return out;
}

/** Moves every pixel by noise of up to `far` pixels, as an unsteady hand does. */
export function wobbled(pixels: Float32Array, edgePx: number, random: Random, far: number,
  cells: number): Float32Array {
  const [dx, dy] = [smoothNoise(random, edgePx, cells), smoothNoise(random, edgePx, cells)];
  const out = new Float32Array(pixels.length);
  const last = edgePx - 1.001;
  for (let y = 0, i = 0; y < edgePx; y++) {
    for (let x = 0; x < edgePx; x++, i++) {
      const px = Math.max(0, Math.min(last, x + dx[i]! * far));
      const py = Math.max(0, Math.min(last, y + dy[i]! * far));
      const [column, row] = [Math.floor(px), Math.floor(py)];
      const [u, v] = [px - column, py - row];
      const first = (row * edgePx + column) * 3;
      const below = first + edgePx * 3;
      for (let c = 0; c < 3; c++) {
        const upper = pixels[first + c]! * (1 - u) + pixels[first + 3 + c]! * u;
        const lower = pixels[below + c]! * (1 - u) + pixels[below + 3 + c]! * u;
        out[3 * i + c] = upper * (1 - v) + lower * v;
      }
    }
  }
  return out;
}

/** How far a pixel is from the picture's edge, roughened by noise: 0 outside, 1 well inside. */
export function paperEdge(random: Random, edgePx: number, margin: number): Float32Array {
  const rough = smoothNoise(random, edgePx, 9);
  const fine = smoothNoise(random, edgePx, 30);
  const out = new Float32Array(edgePx * edgePx);
  for (let y = 0, i = 0; y < edgePx; y++) {
    for (let x = 0; x < edgePx; x++, i++) {
      const near = Math.min(x, y, edgePx - 1 - x, edgePx - 1 - y) / edgePx;
      const t = (near - margin * (0.55 + 0.75 * rough[i]! + 0.22 * fine[i]!)) / 0.022;
      out[i] = t < 0 ? 0 : t > 1 ? 1 : t;
    }
  }
  return out;
}
