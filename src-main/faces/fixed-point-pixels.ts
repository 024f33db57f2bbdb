// Bilinear resampling in OpenCV's fixed-point numbers (resize and warpAffine of 8-bit pictures), so that the face
// networks see the very pixels they were taught on. Pixel centres lie at whole numbers, black beyond the picture.

import { type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import { roundHalfToEven } from '../tensor/rounding.ts';

/** x' = a·x + b·y + c, y' = d·x + e·y + f, as rows [a, b, c], [d, e, f]. */
export type AffineMatrix = readonly [readonly [number, number, number], readonly [number, number, number]];

export function inverseOf([[a, b, c], [d, e, f]]: AffineMatrix): AffineMatrix {
  const determinant = a * e - b * d;
  if (determinant === 0) throw new Error('This map cannot be turned round: it makes all points fall on a line.');
  const [p, q, r, s] = [e / determinant, -b / determinant, -d / determinant, a / determinant];
  return [[p, q, -p * c - q * f], [r, s, -r * c - s * f]];
}

/** Positions are counted in 1024ths of a pixel, and looked up at the nearest 32nd below. */
const positionUnit = 1024;
const steps = 32;

/** The picture under a map of its own pixels to those of the result, [width, height] of which are shown. */
export function warpAffine(picture: RgbPicture, matrix: AffineMatrix, width: number, height: number): RgbPicture {
  const [[a, b, c], [d, e, f]] = inverseOf(matrix);
  const out = rgbPicture(width, height, new Uint8Array(width * height * 3));
  const fixed = (value: number): number => roundHalfToEven(value * positionUnit);
  // half a step, so that positions are rounded to the nearest
  const half = positionUnit / steps / 2;
  for (let y = 0; y < height; y++) {
    const [rowX, rowY] = [fixed(b * y + c) + half, fixed(e * y + f) + half];
    for (let x = 0; x < width; x++) {
      const u = Math.floor((rowX + fixed(a * x)) / (positionUnit / steps));
      const v = Math.floor((rowY + fixed(d * x)) / (positionUnit / steps));
      blend(picture, u, v, out.data, (y * width + x) * 3);
    }
  }
  return out;
}

/** The pixel at u, v in 32nds: weights of 32ths² are whole, and the sum is rounded half up. */
function blend({ width, height, data }: RgbPicture, u: number, v: number, out: Uint8Array, at: number): void {
  const [left, top] = [Math.floor(u / steps), Math.floor(v / steps)];
  const [right, down] = [u - left * steps, v - top * steps];
  const sums = [0, 0, 0];
  for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1]] as const) {
    const [x, y] = [left + dx, top + dy];
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const weight = (dx ? right : steps - right) * (dy ? down : steps - down);
    for (let channel = 0; channel < 3; channel++) sums[channel]! += weight * data[(y * width + x) * 3 + channel]!;
  }
  for (let channel = 0; channel < 3; channel++) out[at + channel] = Math.floor(sums[channel]! / steps ** 2 + 0.5);
}

/** Weights of resize are counted in 2048ths. */
const weightUnit = 2048;

/** Two neighbours and their weights for each position of a result. */
interface Neighbours {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstWeight: Int32Array;
  readonly secondWeight: Int32Array;
}

/** Resizes to [width, height] with bilinear weights at any factor: a picture made much smaller is not smoothed. */
export function resizeBilinear(picture: RgbPicture, width: number, height: number): RgbPicture {
  const columns = neighbours(picture.width, width, true);
  const rows = neighbours(picture.height, height, false);
  const out = rgbPicture(width, height, new Uint8Array(width * height * 3));
  let lines = new Map<number, Int32Array>();
  for (let y = 0; y < height; y++) {
    const [first, second] = [rows.first[y]!, rows.second[y]!];
    const kept = new Map([first, second].map((row) => [row, lines.get(row) ?? resizeLine(picture, row, columns)]));
    lines = kept;
    const [upper, lower] = [kept.get(first)!, kept.get(second)!];
    const [above, below] = [rows.firstWeight[y]!, rows.secondWeight[y]!];
    for (let i = 0; i < width * 3; i++) {
      // four bits fewer before each product and sixteen after it, rounded to the nearest at the end
      const sum = ((above * (upper[i]! >> 4)) >> 16) + ((below * (lower[i]! >> 4)) >> 16);
      out.data[y * width * 3 + i] = (sum + 2) >> 2;
    }
  }
  return out;
}

/** One row at the result's width, in 2048ths of a level. */
function resizeLine({ width, data }: RgbPicture, row: number, columns: Neighbours): Int32Array {
  const { first, second, firstWeight, secondWeight } = columns;
  const line = new Int32Array(first.length * 3);
  for (let x = 0; x < first.length; x++) {
    const [left, right] = [(row * width + first[x]!) * 3, (row * width + second[x]!) * 3];
    for (let channel = 0; channel < 3; channel++) {
      line[x * 3 + channel] = data[left + channel]! * firstWeight[x]! + data[right + channel]! * secondWeight[x]!;
    }
  }
  return line;
}

/** At an edge, columns give the outermost pixel all weight; rows take it twice, with the weights they would have. */
function neighbours(size: number, outSize: number, isColumn: boolean): Neighbours {
  const scale = 1 / (outSize / size);
  const found = {
    first: new Int32Array(outSize), second: new Int32Array(outSize),
    firstWeight: new Int32Array(outSize), secondWeight: new Int32Array(outSize),
  };
  for (let i = 0; i < outSize; i++) {
    const position = Math.fround((i + 0.5) * scale - 0.5);
    const before = Math.floor(position);
    const isBeyond = before < 0 || before >= size - 1;
    const rest = isColumn && isBeyond ? 0 : Math.fround(position - before);
    found.first[i] = Math.min(Math.max(before, 0), size - 1);
    found.second[i] = Math.min(Math.max(before + 1, 0), size - 1);
    found.firstWeight[i] = roundHalfToEven(Math.fround(1 - rest) * weightUnit);
    found.secondWeight[i] = roundHalfToEven(rest * weightUnit);
  }
  return found;
}
