// A portrait made larger than the networks draw at once: enlarged by Lanczos' filter, then drawn again from there in
// overlapping tiles of the networks' own resolution, at low strength, with seams that fade into each other.

import { resizePicture } from '../dataset/resize.ts';
import { normalNumbers } from '../diffusion/seeded-noise.ts';
import { type Region, type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import { cutRegion, type DrawPart, partOf } from './face-pass.ts';

export interface TileSize {
  /** Edge that the networks were trained at: that of a tile, where the picture is as large. */
  readonly resolutionPx: number;
  /** Edges that they can draw are multiples of this. */
  readonly multiplePx: number;
}

/** Neighbouring tiles share at least this part of their edge. */
const overlapShare = 1 / 4;

/** Edge lengths of a picture that is made `factor` times as large. */
export function upscaledSize({ width, height }: { width: number; height: number }, factor: number) {
  return { width: Math.round(width * factor), height: Math.round(height * factor) };
}

/** The tiles of a picture, row by row, each of whole pixels and inside of it; together they cover it. */
export function tilesOf({ width, height }: { width: number; height: number }, size: TileSize): Region[] {
  const [across, down] = [stretches(width, size), stretches(height, size)];
  return down.flatMap((row) => across.map((column) => (
    { left: column.start, top: row.start, width: column.length, height: row.length })));
}

function stretches(length: number, { resolutionPx, multiplePx }: TileSize): { start: number; length: number }[] {
  const tile = Math.max(multiplePx, Math.floor(Math.min(resolutionPx, length) / multiplePx) * multiplePx);
  if (tile > length) throw new Error(`A tile of ${tile} pixels does not fit into ${length}.`);
  const step = tile * (1 - overlapShare);
  const count = Math.ceil((length - tile) / step) + 1;
  return Array.from({ length: count }, (_, i) => (
    { start: count === 1 ? 0 : Math.round((i * (length - tile)) / (count - 1)), length: tile }));
}

/** Enlarges a portrait and has each tile drawn again. */
export async function upscale(
  portrait: RgbPicture, factor: number, size: TileSize, draw: DrawPart,
): Promise<RgbPicture> {
  const { width, height } = upscaledSize(portrait, factor);
  const enlarged = resizePicture(portrait, width, height);
  const [sums, weights] = [new Float32Array(width * height * 3), new Float32Array(width * height)];
  for (const tile of tilesOf(enlarged, size)) {
    const again = await draw(cutRegion(enlarged, tile), partOf(tile, enlarged));
    addTile(again, tile, enlarged, sums, weights);
  }
  const data = Uint8Array.from(sums, (sum, i) => Math.round(sum / weights[Math.floor(i / 3)]!));
  return rgbPicture(width, height, data);
}

function addTile(
  { data }: RgbPicture, tile: Region, whole: RgbPicture, sums: Float32Array, weights: Float32Array,
): void {
  const across = ramps(tile.left, tile.width, whole.width);
  const down = ramps(tile.top, tile.height, whole.height);
  for (let y = 0; y < tile.height; y++) {
    for (let x = 0; x < tile.width; x++) {
      const weight = across[x]! * down[y]!;
      const to = (tile.top + y) * whole.width + tile.left + x;
      weights[to] = weights[to]! + weight;
      for (let c = 0; c < 3; c++) {
        sums[to * 3 + c] = sums[to * 3 + c]! + weight * data[(y * tile.width + x) * 3 + c]!;
      }
    }
  }
}

/** Weights along a tile: 1, falling in a line towards edges that other tiles overlap. */
function ramps(start: number, length: number, whole: number): Float64Array {
  const overlap = length * overlapShare;
  return Float64Array.from({ length }, (_, i) => {
    const before = start === 0 ? 1 : (i + 0.5) / overlap;
    const after = start + length === whole ? 1 : (length - i - 0.5) / overlap;
    return Math.min(1, before, after);
  });
}

/** Noise for a part of a picture's latents: tiles that overlap draw from the same noise where they do. */
export function noiseOfPart(
  { left, top, width, height }: { left: number; top: number; width: number; height: number }, channels: number,
  whole: { readonly width: number; readonly height: number },
): (seed: number, stream: number) => Float32Array {
  const [planeSize, partSize] = [whole.width * whole.height, width * height];
  return (seed, stream) => {
    const all = normalNumbers(seed, stream, channels * planeSize);
    return Float32Array.from({ length: channels * partSize }, (_, i) => {
      const [channel, y, x] = [Math.floor(i / partSize), Math.floor((i % partSize) / width), i % width];
      return all[channel * planeSize + (top + y) * whole.width + left + x]!;
    });
  };
}
