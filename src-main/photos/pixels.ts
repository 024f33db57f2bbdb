// Decoded pictures and the one resampler that faces and training images share.
// Triangle filter whose support grows with the reduction: bilinear when enlarging, free of aliasing when reducing.

/** 8-bit RGB, rows top to bottom, three bytes a pixel, no padding. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A rectangle in pixels of a picture; pixel centres lie at .5. It may reach beyond the picture. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What lies beyond the picture: black, or the picture mirrored about its outermost pixels. */
export type EdgeMode = 'black' | 'reflect';

/** Weights of one output position over source positions first, first + 1, ... */
interface Taps {
  readonly indices: Int32Array;
  readonly weights: Float32Array;
}

export function rgbPicture(width: number, height: number, data: Uint8Array): RgbPicture {
  if (data.length !== width * height * 3) {
    throw new Error(`An RGB picture of ${width}x${height} does not take ${data.length} bytes.`);
  }
  return { width, height, data };
}

/** Index of the pixel that stands at `position` when the picture is mirrored without repeating its edge pixel. */
export function reflectIndex(position: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const wrapped = ((position % period) + period) % period;
  return wrapped < size ? wrapped : period - wrapped;
}

/** -1 stands for black. */
function edgeIndex(position: number, size: number, edge: EdgeMode): number {
  if (position >= 0 && position < size) return position;
  return edge === 'reflect' ? reflectIndex(position, size) : -1;
}

function taps(start: number, length: number, outSize: number, size: number, edge: EdgeMode): Taps[] {
  const step = length / outSize;
  const support = Math.max(1, step);
  return Array.from({ length: outSize }, (_, out) => {
    const centre = start + (out + 0.5) * step - 0.5;
    const first = Math.ceil(centre - support);
    const count = Math.floor(centre + support) - first + 1;
    const indices = new Int32Array(count);
    const weights = new Float32Array(count);
    let sum = 0;
    for (let k = 0; k < count; k++) {
      indices[k] = edgeIndex(first + k, size, edge);
      weights[k] = Math.max(0, 1 - Math.abs(first + k - centre) / support);
      sum += weights[k]!;
    }
    for (let k = 0; k < count; k++) weights[k] = weights[k]! / sum;
    return { indices, weights };
  });
}

/** Taps of all output positions end to end: those of position i are first[i] to first[i + 1]. */
interface FlatTaps {
  readonly first: Int32Array;
  /** Source position times three; negative for black. */
  readonly offsets: Int32Array;
  readonly weights: Float32Array;
}

function flatTaps(all: readonly Taps[]): FlatTaps {
  const first = new Int32Array(all.length + 1);
  all.forEach(({ indices }, i) => { first[i + 1] = first[i]! + indices.length; });
  const offsets = new Int32Array(first[all.length]!);
  const weights = new Float32Array(offsets.length);
  all.forEach((taps, i) => {
    offsets.set(taps.indices.map((index) => index * 3), first[i]);
    weights.set(taps.weights, first[i]);
  });
  return { first, offsets, weights };
}

/** The rows that any output row needs, each resampled along x: Float32 [row][outWidth * 3]. */
function resampleRows(
  picture: RgbPicture, rows: Iterable<number>, columns: readonly Taps[],
): Map<number, Float32Array> {
  const flat = flatTaps(columns);
  const result = new Map<number, Float32Array>();
  for (const y of rows) {
    if (y < 0 || result.has(y)) continue;
    const row = new Float32Array(columns.length * 3);
    resampleRow(picture.data, y * picture.width * 3, flat, row);
    result.set(y, row);
  }
  return result;
}

/** Most of intake's time is spent here: plain loops over flat arrays. */
function resampleRow(data: Uint8Array, start: number, { first, offsets, weights }: FlatTaps, row: Float32Array): void {
  let k = 0;
  for (let x = 0; x < row.length; x += 3) {
    const end = first[x / 3 + 1]!;
    let r = 0, g = 0, b = 0;
    for (; k < end; k++) {
      const offset = offsets[k]!;
      if (offset < 0) continue;
      const at = start + offset;
      const w = weights[k]!;
      r += w * data[at]!; g += w * data[at + 1]!; b += w * data[at + 2]!;
    }
    row[x] = r; row[x + 1] = g; row[x + 2] = b;
  }
}

/**
 * The region of a picture as outWidth x outHeight x 3 numbers of 0..255 (RGB, rows top to bottom).
 *
 * The region must have a positive size; it may reach beyond the picture, where `edge` says what lies.
 */
export function resampleRegion(
  picture: RgbPicture, region: Region, outWidth: number, outHeight: number, edge: EdgeMode = 'black',
): Float32Array {
  if (!(region.width > 0 && region.height > 0)) throw new Error('A region to resample must have a positive size.');
  const columns = taps(region.left, region.width, outWidth, picture.width, edge);
  const lines = taps(region.top, region.height, outHeight, picture.height, edge);
  const rows = resampleRows(picture, new Set(lines.flatMap((line) => [...line.indices])), columns);
  const out = new Float32Array(outWidth * outHeight * 3);
  lines.forEach(({ indices, weights }, y) => {
    const target = out.subarray(y * outWidth * 3, (y + 1) * outWidth * 3);
    for (let k = 0; k < indices.length; k++) {
      const row = rows.get(indices[k]!);
      if (row) addRow(target, row, weights[k]!);
    }
  });
  return out;
}

function addRow(target: Float32Array, row: Float32Array, weight: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + weight * row[i]!;
}

/** Means of blocks of factor x factor pixels; what is left at the right and bottom is dropped. */
export function reduceByBlocks(picture: RgbPicture, factor: number): RgbPicture {
  if (factor <= 1) return picture;
  const [width, height] = [Math.floor(picture.width / factor), Math.floor(picture.height / factor)];
  const data = new Uint8Array(width * height * 3);
  const sums = new Uint32Array(width * 3);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let row = y * factor; row < (y + 1) * factor; row++) {
      let at = row * picture.width * 3;
      for (let x = 0; x < width * 3; x += 3) {
        for (let k = 0; k < factor; k++, at += 3) {
          sums[x] = sums[x]! + picture.data[at]!;
          sums[x + 1] = sums[x + 1]! + picture.data[at + 1]!;
          sums[x + 2] = sums[x + 2]! + picture.data[at + 2]!;
        }
      }
    }
    for (let i = 0; i < sums.length; i++) data[y * width * 3 + i] = Math.round(sums[i]! / (factor * factor));
  }
  return { width, height, data };
}

/** Rounds the numbers of `resampleRegion` back to a picture. */
export function toPicture(width: number, height: number, values: Float32Array): RgbPicture {
  const data = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]! + 0.5;
    data[i] = value >= 255 ? 255 : value > 0 ? value : 0;
  }
  return rgbPicture(width, height, data);
}

/** Luma of Rec. 601 (Y = 0.299 R + 0.587 G + 0.114 B) of RGB numbers, one a pixel. */
export function luma(values: Float32Array | Uint8Array): Float32Array {
  const out = new Float32Array(values.length / 3);
  for (let i = 0; i < out.length; i++) {
    out[i] = 0.299 * values[i * 3]! + 0.587 * values[i * 3 + 1]! + 0.114 * values[i * 3 + 2]!;
  }
  return out;
}
