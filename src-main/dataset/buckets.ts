// Aspect-ratio buckets: resolutions of about one area, so that training images keep their shape and a batch still has
// one size. The same choices as sd-scripts makes, number for number, for learned files that behave alike.

import { type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import { resizePicture } from './resize.ts';

/** In pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export interface BucketSettings {
  /** No bucket has a larger area than this. */
  readonly base: PictureSize;
  readonly minEdgePx: number;
  readonly maxEdgePx: number;
  /** Every edge is a multiple of it; 64 unless there is a reason: the UNet needs 8 latents. */
  readonly stepPx: number;
  /** Whether small pictures may be enlarged. If not, buckets follow the pictures and nothing grows. */
  readonly enlarge: boolean;
}

export interface BucketPlacement {
  readonly bucket: PictureSize;
  /** What the picture is resized to before it is cut; covers the bucket. */
  readonly resized: PictureSize;
  /** Where the bucket lies in the resized picture: in its middle. */
  readonly left: number;
  readonly top: number;
  /** The crop as SDXL is told it, in the form of its own training; may be fractions at the right and bottom. */
  readonly sdxlCrop: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
}

/** The buckets that stand ready before any picture is seen, narrow ones first. */
export function bucketResolutions({ base, minEdgePx, maxEdgePx, stepPx }: BucketSettings): PictureSize[] {
  const area = base.width * base.height;
  const down = (edge: number): number => Math.floor(edge / stepPx) * stepPx;
  const square = down(Math.sqrt(area));
  const found = new Map<string, PictureSize>();
  const add = (width: number, height: number): void => { found.set(`${width}x${height}`, { width, height }); };
  add(square, square);
  for (let edge = minEdgePx; edge <= maxEdgePx; edge += stepPx) {
    const other = Math.min(maxEdgePx, down(area / edge));
    if (other < minEdgePx) continue;
    add(edge, other);
    add(other, edge);
  }
  return [...found.values()].sort((a, b) => a.width - b.width || a.height - b.height);
}

/** Chooses a picture's bucket and says how the picture gets into it. Edges must be at least 1. */
export function placeInBucket(picture: PictureSize, settings: BucketSettings): BucketPlacement {
  const { width, height } = picture;
  if (!(width >= 1 && height >= 1)) throw new Error(`A picture of ${width}x${height} fits into no bucket.`);
  const followed = settings.enlarge ? undefined : followPicture(picture, settings);
  const { bucket, resized } = followed ?? chooseBucket(picture, bucketResolutions(settings));
  return { bucket, resized, ...middleOf(bucket, resized), sdxlCrop: sdxlCropOf(bucket, picture) };
}

/** Resizes a picture and cuts the bucket out of its middle. */
export function cutToBucket(
  picture: RgbPicture, { bucket, resized, left, top }: Omit<BucketPlacement, 'sdxlCrop'>,
): RgbPicture {
  const whole = resizePicture(picture, resized.width, resized.height);
  const data = new Uint8Array(bucket.width * bucket.height * 3);
  for (let y = 0; y < bucket.height; y++) {
    const from = ((top + y) * whole.width + left) * 3;
    data.set(whole.data.subarray(from, from + bucket.width * 3), y * bucket.width * 3);
  }
  return rgbPicture(bucket.width, bucket.height, data);
}

/** Resizes a picture until it covers a size, and cuts that out of its middle. */
export function cutToSize(picture: RgbPicture, size: PictureSize): RgbPicture {
  const { bucket, resized } = chooseBucket(picture, [size]);
  return cutToBucket(picture, { bucket, resized, ...middleOf(bucket, resized) });
}

/** What SDXL is told of a training image: original height and width, crop top and left, height and width drawn. */
export function timeIdsOf({ bucket, sdxlCrop }: BucketPlacement, original: PictureSize): number[] {
  return [original.height, original.width, sdxlCrop.top, sdxlCrop.left, bucket.height, bucket.width];
}

type Choice = Pick<BucketPlacement, 'bucket' | 'resized'>;

const ratioOf = ({ width, height }: PictureSize): number => width / height;
/** Python's int(x + 0.5). */
const rounded = (value: number): number => Math.floor(value + 0.5);

function middleOf(bucket: PictureSize, resized: PictureSize): Pick<BucketPlacement, 'left' | 'top'> {
  return {
    left: Math.floor((resized.width - bucket.width) / 2), top: Math.floor((resized.height - bucket.height) / 2),
  };
}

/** The bucket of the picture's own size, else of the nearest ratio; the picture then covers it. */
function chooseBucket(picture: PictureSize, resolutions: readonly PictureSize[]): Choice {
  const ratio = ratioOf(picture);
  const error = (size: PictureSize): number => Math.abs(ratioOf(size) - ratio);
  const same = resolutions.find(({ width, height }) => width === picture.width && height === picture.height);
  const bucket = same ?? resolutions.reduce((best, size) => (error(size) < error(best) ? size : best));
  const scale = ratio > ratioOf(bucket) ? bucket.height / picture.height : bucket.width / picture.width;
  return { bucket, resized: { width: rounded(picture.width * scale), height: rounded(picture.height * scale) } };
}

/** Shrinks the picture to the area if it is larger; the bucket is what whole steps leave of it, if anything is left. */
function followPicture(picture: PictureSize, { base, stepPx }: BucketSettings): Choice | undefined {
  const area = base.width * base.height;
  const down = (edge: number): number => edge - (edge % stepPx);
  const resized = picture.width * picture.height > area ? shrunken(ratioOf(picture), area, stepPx) : picture;
  const bucket = { width: down(resized.width), height: down(resized.height) };
  return bucket.width > 0 && bucket.height > 0 ? { bucket, resized } : undefined;
}

/** The size of about this area in which one edge is whole steps, whichever edge keeps the ratio better. */
function shrunken(ratio: number, area: number, stepPx: number): PictureSize {
  const toSteps = (edge: number): number => rounded(edge) - (rounded(edge) % stepPx);
  const exactWidth = Math.sqrt(area * ratio);
  const width = toSteps(exactWidth);
  const height = toSteps(area / exactWidth);
  const byWidth = Math.abs(width / toSteps(width / ratio) - ratio);
  const byHeight = Math.abs(toSteps(height * ratio) / height - ratio);
  return byWidth < byHeight ? { width, height: rounded(width / ratio) } : { width: rounded(height * ratio), height };
}

/** Where the picture, made to fit inside the bucket, would lie: SDXL's own preprocessing (Podell et al. 2023, 2.2). */
function sdxlCropOf(bucket: PictureSize, picture: PictureSize): BucketPlacement['sdxlCrop'] {
  const ratio = ratioOf(picture);
  const [width, height] = ratioOf(bucket) > ratio
    ? [bucket.height * ratio, bucket.height] : [bucket.width, bucket.width / ratio];
  const left = Math.floor((bucket.width - width) / 2);
  const top = Math.floor((bucket.height - height) / 2);
  return { left, top, right: left + width, bottom: top + height };
}
