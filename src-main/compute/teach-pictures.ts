// One picture of a teach request on its way to the VAE: a square around the face, or the whole photo in a bucket of its
// shape; with the mask of its face and, for SDXL, what the UNet is told of its size.

import type { TeachRequest } from '../contract/engine.ts';
import { UserError } from '../contract/errors.ts';
import type { Box } from '../contract/nouns.ts';
import { type BucketPlacement, cutToBucket, placeInBucket, timeIdsOf } from '../dataset/buckets.ts';
import { boxInBucket, faceMask } from '../dataset/face-mask.ts';
import { pixelTensor } from '../dataset/training-image.ts';
import type { PipelineConfig } from '../networks/pipeline.ts';
import { openPhoto } from '../photos/import-photo.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { squarePixels } from './pictures.ts';

export interface PreparedPicture {
  /** float32 [1, 3, H, W] in -1..1. */
  readonly pixels: Tensor;
  /** Weights of the latent pixels; absent where all count alike. */
  readonly mask?: Float32Array;
  readonly timeIds?: readonly number[];
}

type Picture = Pick<TeachRequest['images'][number], 'name' | 'file' | 'faceBox'>;

/** The UNet halves latents three times. */
const unetFactor = 8;

/** Reads one picture. Refuses with training.photo-missing a file that is not there any more. */
export async function preparePicture(
  { name, file, faceBox }: Picture, settings: TeachRequest['settings'],
  config: Pick<PipelineConfig, 'vaeFactor' | 'architecture'>,
): Promise<PreparedPicture> {
  const picture = await openPhoto(file).catch((error: unknown) => {
    throw error instanceof UserError && error.code === 'photos.cannot-read' ? photoMissing(name) : error;
  });
  const edgePx = settings.resolutionPx;
  const { pixels, box, timeIds } = settings.useBuckets
    ? inBucket(picture, faceBox, bucketOf(picture, edgePx, config.vaeFactor * unetFactor))
    : { pixels: squarePixels(picture, edgePx), box: faceBox, timeIds: [edgePx, edgePx, 0, 0, edgePx, edgePx] };
  const [latentHeight, latentWidth] = pixels.shape.slice(2).map((size) => size / config.vaeFactor) as [number, number];
  const isMasked = settings.faceMaskWeight > 0 && box !== null;
  return {
    pixels,
    ...(isMasked ? { mask: maskOf(box, latentHeight, latentWidth, settings.faceMaskWeight) } : {}),
    ...(config.architecture === 'sdxl' ? { timeIds } : {}),
  };
}

function maskOf(box: Box, latentHeight: number, latentWidth: number, surroundingsLess: number): Float32Array {
  return faceMask(box, { latentHeight, latentWidth, surroundingsLess }).data as Float32Array;
}

/** Buckets from half the edge to twice it, in steps that the networks can halve. */
function bucketOf(picture: RgbPicture, edgePx: number, stepPx: number): BucketPlacement {
  const half = Math.max(stepPx, Math.floor(edgePx / 2 / stepPx) * stepPx);
  return placeInBucket(picture, {
    base: { width: edgePx, height: edgePx }, minEdgePx: half, maxEdgePx: 2 * edgePx, stepPx, enlarge: true,
  });
}

function inBucket(picture: RgbPicture, faceBox: Box | null, placement: BucketPlacement) {
  return {
    pixels: pixelTensor([cutToBucket(picture, placement)]),
    box: faceBox && boxInBucket(faceBox, placement), timeIds: timeIdsOf(placement, picture),
  };
}

function photoMissing(name: string): UserError {
  return new UserError('training.photo-missing', {
    what: `The photo ${name} is not there any more.`,
    safe: 'The other photos and the snapshots of this run are kept.',
    todo: 'Add the photo again, or leave it out, and go on.',
  }, { name });
}
