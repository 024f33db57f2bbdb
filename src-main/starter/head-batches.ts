// Stored crops of heads as a network is shown them: as they are, or moved, turned, relit, blurred and grained a little,
// so that what it learns holds for points with errors, other cameras and drawn portraits.

import { trainedHeadEdgePx as edge } from '../models/face-encoder.ts';
import { cropMarginPx, storedCropPx } from './people-dataset.ts';
import type { Random } from './seeded-random.ts';

const area = edge * edge;

/** The middle of a crop as planes in -1..1. */
export function copyPlain(crop: Uint8Array, target: Float32Array): void {
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const from = ((y + cropMarginPx) * storedCropPx + x + cropMarginPx) * 3;
      for (let c = 0; c < 3; c++) target[c * area + y * edge + x] = crop[from + c]! / 127.5 - 1;
    }
  }
}

/** The middle of a crop under a small random turn, scale and shift, with other light. */
export function copyHead(crop: Uint8Array, target: Float32Array, random: Random): void {
  const angle = random.normal() * 0.05;
  const scale = 1 + random.normal() * 0.035;
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const centre = storedCropPx / 2 - 0.5;
  const [left, top] = [centre + random.normal() * 1.2, centre + random.normal() * 1.2];
  const light = random.between(0.82, 1.15);
  const gains = [0, 1, 2].map(() => (light * random.between(0.95, 1.05)) / 127.5);
  const lift = random.between(-0.06, 0.06) - 1;
  const middle = edge / 2 - 0.5;
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const u = x - middle;
      const v = y - middle;
      blend(crop, left + cos * u - sin * v, top + sin * u + cos * v, target, y * edge + x, gains, lift);
    }
  }
  if (random.chance(0.35)) blur(target);
  if (random.chance(0.5)) grain(target, random);
}

/** Bilinear; the crop's border goes on beyond it. */
function blend(
  crop: Uint8Array, x: number, y: number, target: Float32Array, at: number, gains: readonly number[], lift: number,
): void {
  const last = storedCropPx - 1.001;
  const px = x < 0 ? 0 : x > last ? last : x;
  const py = y < 0 ? 0 : y > last ? last : y;
  const column = Math.floor(px);
  const row = Math.floor(py);
  const fx = px - column;
  const fy = py - row;
  const first = (row * storedCropPx + column) * 3;
  const below = first + storedCropPx * 3;
  for (let c = 0; c < 3; c++) {
    const upper = crop[first + c]! * (1 - fx) + crop[first + 3 + c]! * fx;
    const lower = crop[below + c]! * (1 - fx) + crop[below + 3 + c]! * fx;
    target[c * area + at] = (upper * (1 - fy) + lower * fy) * gains[c]! + lift;
  }
}

/** A quarter, a half and a quarter of the neighbours in a row, then in a column; borders stay. */
function blur(planes: Float32Array): void {
  for (const step of [1, edge]) {
    const before = planes.slice();
    for (let start = 0; start < planes.length; start += area) {
      for (let y = 1; y < edge - 1; y++) {
        for (let i = start + y * edge + 1; i < start + (y + 1) * edge - 1; i++) {
          planes[i] = 0.5 * before[i]! + 0.25 * (before[i - step]! + before[i + step]!);
        }
      }
    }
  }
}

function grain(planes: Float32Array, random: Random): void {
  const strength = random.between(0, 0.1);
  // even noise is enough here, and quick
  for (let i = 0; i < planes.length; i++) planes[i]! += strength * (random.uniform() - 0.5);
}
