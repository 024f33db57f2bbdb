// A VAE tile by tile: pictures too large for the memory are decoded and encoded in overlapping squares, of which the
// overlaps are blended. Each tile is normalised by itself, so that colours may differ a little from those of the whole.

import { type Tensor, elementCount, float32Tensor } from '../tensor/tensor.ts';

/** In latent pixels. */
export interface Tiling {
  /** Edge of a square. */
  readonly tile: number;
  /** What neighbours have in common at least. */
  readonly overlap: number;
}

/** Squares of 512 pixels, of which neighbours share 128: the size that SD's VAE was trained at. */
export const defaultTiling: Tiling = { tile: 64, overlap: 16 };

/** Where along an edge tiles begin: as few as cover it, spread evenly. All have the same size. */
export function tileStarts(length: number, { tile, overlap }: Tiling): number[] {
  if (length <= tile) return [0];
  const count = Math.ceil((length - overlap) / (tile - overlap));
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - tile)) / (count - 1)));
}

export interface TiledRun {
  readonly tiling: Tiling;
  /** Pixels of the input, and of the output, for a latent pixel along an edge: 1 and 8 to decode, 8 and 1 to encode. */
  readonly inputFactor: number;
  readonly outputFactor: number;
}

/**
 * Runs every tile of `input` [1, C, H, W] and blends what comes out: each output float32 [1, c, h, w]. Tiles count less
 * towards the edges that they share, in straight lines.
 */
export async function runTiled(
  input: Tensor, { tiling, inputFactor, outputFactor }: TiledRun,
  run: (tile: Tensor) => Promise<Readonly<Record<string, Tensor>>>,
): Promise<Record<string, Tensor>> {
  const [, , height, width] = input.shape as [number, number, number, number];
  const [rows, columns] = [height / inputFactor, width / inputFactor];
  const size: Size = [Math.min(rows, tiling.tile), Math.min(columns, tiling.tile)];
  const blends = new Map<string, Blend>();
  for (const top of tileStarts(rows, tiling)) {
    for (const left of tileStarts(columns, tiling)) {
      const out = await run(cutTile(input, [top, left], size, inputFactor));
      for (const [name, tile] of Object.entries(out)) {
        const blend = blends.get(name) ?? new Blend(tile.shape[1]!, [rows, columns], tiling, outputFactor);
        blends.set(name, blend);
        blend.add(tile, [top, left]);
      }
    }
  }
  return Object.fromEntries([...blends].map(([name, blend]) => [name, blend.result()]));
}

type Size = readonly [rows: number, columns: number];

function cutTile({ shape, data }: Tensor, [top, left]: Size, [rows, columns]: Size, factor: number): Tensor {
  const [, channels, height, width] = shape as [number, number, number, number];
  const [tall, wide] = [rows * factor, columns * factor];
  const cut = new Float32Array(channels * tall * wide);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < tall; y++) {
      const from = (channel * height + top * factor + y) * width + left * factor;
      cut.set((data as Float32Array).subarray(from, from + wide), (channel * tall + y) * wide);
    }
  }
  return float32Tensor([1, channels, tall, wide], cut);
}

/** The weighted mean of tiles. */
class Blend {
  readonly #shape: readonly [number, number, number, number];
  readonly #sums: Float32Array;
  readonly #weights: Float32Array;
  readonly #size: Size;
  readonly #tiling: Tiling;
  readonly #factor: number;

  constructor(channels: number, size: Size, tiling: Tiling, factor: number) {
    const [height, width] = size.map((length) => length * factor) as [number, number];
    this.#shape = [1, channels, height, width];
    this.#sums = new Float32Array(elementCount(this.#shape));
    this.#weights = new Float32Array(height * width);
    this.#size = size;
    this.#tiling = tiling;
    this.#factor = factor;
  }

  add({ shape, data }: Tensor, [top, left]: Size): void {
    const [, channels, height, width] = this.#shape;
    const [, , tall, wide] = shape as [number, number, number, number];
    const [down, across] = [this.#ramp(top, tall, this.#size[0]), this.#ramp(left, wide, this.#size[1])];
    const [firstRow, firstColumn] = [top * this.#factor, left * this.#factor];
    for (let y = 0; y < tall; y++) {
      for (let x = 0; x < wide; x++) {
        const weight = down[y]! * across[x]!;
        const place = (firstRow + y) * width + firstColumn + x;
        this.#weights[place] = this.#weights[place]! + weight;
        for (let channel = 0; channel < channels; channel++) {
          const sum = channel * height * width + place;
          const number = (data as Float32Array)[(channel * tall + y) * wide + x]!;
          this.#sums[sum] = this.#sums[sum]! + weight * number;
        }
      }
    }
  }

  result(): Tensor {
    const count = this.#weights.length;
    return float32Tensor(this.#shape, this.#sums.map((sum, i) => sum / this.#weights[i % count]!));
  }

  /** How much each row or column of a tile counts: all at the picture's own edges, less where a neighbour begins. */
  #ramp(start: number, length: number, whole: number): Float32Array {
    const shared = this.#tiling.overlap * this.#factor;
    const end = start + length / this.#factor;
    return Float32Array.from({ length }, (_, i) => {
      const fromStart = start > 0 ? (i + 0.5) / shared : 1;
      const fromEnd = end < whole ? (length - i - 0.5) / shared : 1;
      return Math.min(1, fromStart, fromEnd);
    });
  }
}
