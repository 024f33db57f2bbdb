// Pictures as the networks of insightface take them: fitted into the detector's input at the top left with black
// beside it, and levels as numbers about 0.

import { type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { resizeBilinear } from './fixed-point-pixels.ts';

export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

export interface Letterbox {
  /** Size of the picture inside the input. */
  readonly resized: PixelSize;
  /** Pixels of the input a pixel of the picture, by heights: what is found is divided by it. */
  readonly scale: number;
}

/** How a picture of any size goes into the input; its edges are cut to whole pixels, one at least. */
export function letterboxOf(picture: PixelSize, input: PixelSize): Letterbox {
  const aspect = picture.height / picture.width;
  const whole = (edge: number): number => Math.max(1, Math.trunc(edge));
  const resized = aspect > input.height / input.width
    ? { width: whole(input.height / aspect), height: input.height }
    : { width: input.width, height: whole(input.width * aspect) };
  return { resized, scale: resized.height / picture.height };
}

/** The picture in its letterbox. */
export function letterboxed(picture: RgbPicture, input: PixelSize): { picture: RgbPicture; scale: number } {
  const { resized: { width, height }, scale } = letterboxOf(picture, input);
  const small = resizeBilinear(picture, width, height);
  const data = new Uint8Array(input.width * input.height * 3);
  for (let y = 0; y < height; y++) {
    data.set(small.data.subarray(y * width * 3, (y + 1) * width * 3), y * input.width * 3);
  }
  return { picture: rgbPicture(input.width, input.height, data), scale };
}

/** SCRFD: (level − 127.5) / 128. */
export const detectorLevels = { middle: 127.5, unit: 128 } as const;
/** ArcFace: (level − 127.5) / 127.5. */
export const recognizerLevels = { middle: 127.5, unit: 127.5 } as const;

/** float32 [1, 3, H, W], RGB, each level less `middle` over `unit`. */
export function levelTensor(
  { width, height, data }: RgbPicture, { middle, unit }: { readonly middle: number; readonly unit: number },
): Tensor {
  const area = width * height;
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++) {
      planes[channel * area + i] = (data[i * 3 + channel]! - middle) / unit;
    }
  }
  return float32Tensor([1, 3, height, width], planes);
}
