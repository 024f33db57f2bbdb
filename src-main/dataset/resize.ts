// Resizes pictures as trainers do, because a learned face carries the look of the resampling: OpenCV's area mean when
// both edges shrink, else Pillow's Lanczos (3 lobes, support that grows with the reduction, 8 bits between the passes).

import { type RgbPicture, rgbPicture } from '../photos/pixels.ts';

export type ResizeKind = 'none' | 'area' | 'lanczos';

/** What becomes of a picture that is made this large. */
export function resizeKind(
  picture: { readonly width: number; readonly height: number }, width: number, height: number,
): ResizeKind {
  if (picture.width === width && picture.height === height) return 'none';
  return picture.width > width && picture.height > height ? 'area' : 'lanczos';
}

/** Edges must be at least 1. */
export function resizePicture(picture: RgbPicture, width: number, height: number): RgbPicture {
  const kind = resizeKind(picture, width, height);
  if (kind === 'none') return picture;
  const tapsOf = kind === 'area' ? areaTaps : lanczosTaps;
  const [columns, rows] = [tapsOf(picture.width, width), tapsOf(picture.height, height)];
  // only Pillow rounds between the passes
  const between = new (kind === 'area' ? Float32Array : Uint8ClampedArray)(picture.height * width * 3);
  for (let y = 0; y < picture.height; y++) {
    const [from, to] = [y * picture.width * 3, y * width * 3];
    columns.forEach((taps, x) => { mix(picture.data, from, 3, taps, between, to + x * 3, 3); });
  }
  const data = new Uint8ClampedArray(width * height * 3);
  rows.forEach((taps, y) => { mix(between, 0, width * 3, taps, data, y * width * 3, width * 3); });
  return rgbPicture(width, height, new Uint8Array(data.buffer));
}

/** Weights of one output position over the source positions first, first + 1, … */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/** Sums `size` neighbouring numbers over the tapped positions, which lie `stride` apart. */
function mix(
  source: ArrayLike<number>, at: number, stride: number, { first, weights }: Taps,
  target: Float32Array | Uint8ClampedArray, to: number, size: number,
): void {
  for (let i = 0; i < size; i++) {
    let sum = 0;
    let from = at + first * stride + i;
    for (let k = 0; k < weights.length; k++, from += stride) sum += weights[k]! * source[from]!;
    target[to + i] = sum;
  }
}

/** Mean over the source pixels that an output pixel covers, by how much of each it covers. */
function areaTaps(size: number, outSize: number): Taps[] {
  const scale = size / outSize;
  return Array.from({ length: outSize }, (_, out) => {
    const [start, end] = [out * scale, Math.min((out + 1) * scale, size)];
    const first = Math.floor(start);
    const covered = Float64Array.from({ length: Math.ceil(end) - first }, (_unused, k) =>
      Math.min(first + k + 1, end) - Math.max(first + k, start));
    return { first, weights: normalized(covered) };
  });
}

const lobes = 3;

function lanczosTaps(size: number, outSize: number): Taps[] {
  const scale = size / outSize;
  const stretch = Math.max(1, scale);
  const support = lobes * stretch;
  return Array.from({ length: outSize }, (_, out) => {
    const centre = (out + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(size, Math.floor(centre + support + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_unused, k) =>
      lanczos((first + k + 0.5 - centre) / stretch));
    return { first, weights: normalized(weights) };
  });
}

function lanczos(x: number): number {
  return Math.abs(x) < lobes ? sinc(x) * sinc(x / lobes) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function normalized(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
