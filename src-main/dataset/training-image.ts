// What the trainer sees of a photo: a square of head and shoulders at the model's own resolution.

import type { FacePoints } from '../faces/face.ts';
import type { PhotoView } from '../photos/photo-source.ts';
import { type Region, type RgbPicture, resampleRegion, toPicture } from '../photos/pixels.ts';
import { type Tensor, float32Tensor } from '../tensor/tensor.ts';
import { type CropVariant, cropVariants, trainingRegion } from './framing.ts';

export interface TrainingImage {
  readonly picture: RgbPicture;
  /** Where it was cut, in pixels of the photo. */
  readonly region: Region;
  readonly variant: CropVariant;
}

/** Cuts one training image around a face, from within the photo. */
export function cutTrainingImage(
  picture: RgbPicture, points: FacePoints, resolutionPx: number, variant: CropVariant,
): TrainingImage {
  const region = trainingRegion(points, variant, picture);
  return cutFromView({ picture, scaleX: 1, scaleY: 1, left: 0, top: 0 }, region, resolutionPx, variant);
}

/** The same from a part of a photo, or from all of it smaller; `region` is in pixels of the photo. */
export function cutFromView(
  { picture, scaleX, scaleY, left, top }: PhotoView, region: Region, resolutionPx: number, variant: CropVariant,
): TrainingImage {
  const seen = {
    left: (region.left - left) * scaleX, top: (region.top - top) * scaleY,
    width: region.width * scaleX, height: region.height * scaleY,
  };
  const values = resampleRegion(picture, seen, resolutionPx, resolutionPx, 'reflect');
  return { picture: toPicture(resolutionPx, resolutionPx, values), region, variant };
}

/** Several crops of one photo (1 to 6), each framed a little differently, none mirrored: faces are not symmetric. */
export function cutTrainingImages(
  picture: RgbPicture, points: FacePoints, resolutionPx: number, count: number,
): TrainingImage[] {
  return cropVariants(count).map((variant) => cutTrainingImage(picture, points, resolutionPx, variant));
}

/** Pictures of one size as float32 [B, 3, H, W] in -1..1, as the VAE takes them. */
export function pixelTensor(pictures: readonly RgbPicture[]): Tensor {
  const first = pictures[0];
  if (!first) throw new Error('A batch needs at least one picture.');
  const { width, height } = first;
  const area = width * height;
  const data = new Float32Array(pictures.length * 3 * area);
  pictures.forEach((picture, batch) => {
    if (picture.width !== width || picture.height !== height) throw new Error('A batch has pictures of one size.');
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) data[(batch * 3 + c) * area + i] = picture.data[i * 3 + c]! / 127.5 - 1;
    }
  });
  return float32Tensor([pictures.length, 3, height, width], data);
}
