// Pictures on their way into networks: the middle square of a file as float32 [1, 3, edge, edge] in -1..1.

import { pixelTensor } from '../dataset/training-image.ts';
import { openPhoto } from '../photos/import-photo.ts';
import { type RgbPicture, resampleRegion, toPicture } from '../photos/pixels.ts';
import type { Tensor } from '../tensor/tensor.ts';

export async function readPixels(file: string, edgePx: number): Promise<Tensor> {
  return squarePixels(await openPhoto(file), edgePx);
}

export function squarePixels(picture: RgbPicture, edgePx: number): Tensor {
  const edge = Math.min(picture.width, picture.height);
  const region = {
    left: (picture.width - edge) / 2, top: (picture.height - edge) / 2, width: edge, height: edge,
  };
  return pixelTensor([toPicture(edgePx, edgePx, resampleRegion(picture, region, edgePx, edgePx))]);
}
