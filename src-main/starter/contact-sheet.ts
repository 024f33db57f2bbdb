// Pictures side by side in one PNG: what a person looks at to judge a stage of training.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { Tensor } from '../tensor/tensor.ts';

/** Interleaved 8-bit RGB of one picture of a [B, 3, H, W] tensor in -1..1. */
export function pictureOf(batch: Tensor, index: number): Uint8Array {
  const [, , height, width] = batch.shape as [number, number, number, number];
  const values = batch.data as Float32Array;
  const plane = height * width;
  const rgb = new Uint8Array(plane * 3);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++) {
      const value = (values[(index * 3 + channel) * plane + i]! + 1) * 127.5;
      rgb[i * 3 + channel] = Math.max(0, Math.min(255, Math.round(value)));
    }
  }
  return rgb;
}

/** [1, 3, size, size] planes in -1..1 of an interleaved 8-bit picture, written into `target`. */
export function planesOf(rgb: Uint8Array, target: Float32Array): void {
  const plane = rgb.length / 3;
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++) target[channel * plane + i] = rgb[i * 3 + channel]! / 127.5 - 1;
  }
}

/** Writes square pictures of `sizePx`, row by row. */
export async function writeContactSheet(
  file: string, pictures: readonly Uint8Array[], sizePx: number, columns: number,
): Promise<void> {
  const rows = Math.ceil(pictures.length / columns);
  const width = columns * sizePx;
  const sheet = new Uint8Array(width * rows * sizePx * 3);
  pictures.forEach((rgb, index) => {
    const left = (index % columns) * sizePx;
    const top = Math.floor(index / columns) * sizePx;
    for (let y = 0; y < sizePx; y++) {
      sheet.set(rgb.subarray(y * sizePx * 3, (y + 1) * sizePx * 3), ((top + y) * width + left) * 3);
    }
  });
  await mkdir(path.dirname(file), { recursive: true });
  await sharp(sheet, { raw: { width, height: rows * sizePx, channels: 3 } }).png().toFile(file);
}

/** Peak signal-to-noise ratio in dB of 8-bit pictures. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10((255 * 255) / (sum / a.length));
}
