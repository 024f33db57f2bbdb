// How much each latent of a training image counts in the loss: the head fully, its surroundings less, with a soft edge,
// so that the room behind a face is not learned along with it.

import type { Box } from '../contract/nouns.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { BucketPlacement } from './buckets.ts';

/** Half axes of the ellipse around a head in edges of the face box: a box ends at the brows and at the ears. */
const head = { across: 0.75, down: 0.85 } as const;
/** Where the surroundings begin, in radii of that ellipse. */
const softEnd = 1.6;

export interface FaceMaskOptions {
  readonly latentHeight: number;
  readonly latentWidth: number;
  /** How much less the surroundings count: 0 as much as the head, 1 not at all. */
  readonly surroundingsLess: number;
}

/**
 * float32 [1, H, W] with a mean of 1, so that masks change what is learned and not how fast. `faceBox` holds fractions
 * of the training image and may reach beyond it; without one, or with a face outside, everything counts 1.
 */
export function faceMask(faceBox: Box | null, options: FaceMaskOptions): Tensor {
  const { latentHeight, latentWidth, surroundingsLess } = options;
  const shape = [1, latentHeight, latentWidth];
  const values = new Float32Array(latentHeight * latentWidth).fill(1);
  if (!faceBox || surroundingsLess === 0) return float32Tensor(shape, values);
  const centre = { x: faceBox.x + faceBox.width / 2, y: faceBox.y + faceBox.height / 2 };
  values.forEach((_, i) => {
    const x = ((i % latentWidth) + 0.5) / latentWidth - centre.x;
    const y = (Math.floor(i / latentWidth) + 0.5) / latentHeight - centre.y;
    const radius = Math.hypot(x / (head.across * faceBox.width), y / (head.down * faceBox.height));
    values[i] = 1 - surroundingsLess * smoothStep((radius - 1) / (softEnd - 1));
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return float32Tensor(shape, mean > 0 ? values.map((value) => value / mean) : values.fill(1));
}

/** A face box as fractions of a picture → as fractions of what a bucket cuts out of it. */
export function boxInBucket(box: Box, { bucket, resized, left, top }: BucketPlacement): Box {
  return {
    x: (box.x * resized.width - left) / bucket.width, y: (box.y * resized.height - top) / bucket.height,
    width: (box.width * resized.width) / bucket.width, height: (box.height * resized.height) / bucket.height,
  };
}

/** 0 below 0, 1 above 1, smooth between. */
function smoothStep(at: number): number {
  const t = Math.min(1, Math.max(0, at));
  return t * t * (3 - 2 * t);
}
