// A soft picture with firmer edges, for those who look for something in it.

import sharp from 'sharp';
import { type RgbPicture, rgbPicture } from './pixels.ts';

/** An unsharp mask in L*, its Gaussian of `sigmaPx` pixels; flat areas change less than edges do. */
export async function sharpened({ width, height, data }: RgbPicture, sigmaPx: number): Promise<RgbPicture> {
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } }).sharpen({ sigma: sigmaPx }).raw().toBuffer();
  return rgbPicture(width, height, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
