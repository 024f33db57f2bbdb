// Where a training image is cut from a photo: head and shoulders, the eyes always at the same height, as the starter
// pack's portraits are drawn. The face box is then about 45 % of the edge with its middle a little above the centre.

import { type FacePoints, meanPoint } from '../faces/face.ts';
import type { Box } from '../contract/nouns.ts';
import type { Region } from '../photos/pixels.ts';

/** Sizes and places as shares of the crop's edge. */
export interface Framing {
  /** From the eyes to the mouth. */
  readonly eyesToMouth: number;
  /** Of the middle between the eyes, from the top. */
  readonly eyesDown: number;
}

export const headAndShoulders: Framing = { eyesToMouth: 0.19, eyesDown: 0.37 };

// The pupils of a frontal face are this much nearer to each other than the eyes are to the mouth (starter pack: 53 to
// 56; the astronaut: 42.3 to 39.7). The larger of both estimates serves: turning narrows one, smiling lowers the other.
const mouthPerEyes = 1;

/** From the eyes to the mouth in pixels, whichever way the head is turned. */
export function faceReach([left, right, , mouthLeft, mouthRight]: FacePoints): number {
  const [eyes, mouth] = [meanPoint([left, right]), meanPoint([mouthLeft, mouthRight])];
  const down = Math.hypot(mouth.x - eyes.x, mouth.y - eyes.y);
  const across = Math.hypot(right.x - left.x, right.y - left.y);
  return Math.max(down, across * mouthPerEyes);
}

/** A small change of framing: zoom above 1 comes nearer, shifts are shares of the edge. */
export interface CropVariant {
  readonly zoom: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

// Deterministic and small enough that every crop is a good portrait; the first is the plain framing.
const variants: readonly CropVariant[] = [
  { zoom: 1, shiftX: 0, shiftY: 0 },
  { zoom: 1.12, shiftX: 0.02, shiftY: 0.01 },
  { zoom: 0.9, shiftX: -0.02, shiftY: 0.01 },
  { zoom: 1.06, shiftX: -0.035, shiftY: -0.02 },
  { zoom: 0.95, shiftX: 0.035, shiftY: -0.015 },
  { zoom: 1.18, shiftX: 0, shiftY: 0.02 },
];

/** The first `count` ways to cut the same photo; 1 to 6. */
export function cropVariants(count: number): readonly CropVariant[] {
  if (!Number.isInteger(count) || count < 1 || count > variants.length) {
    throw new Error(`A photo gives 1 to ${variants.length} crops, not ${count}.`);
  }
  return variants.slice(0, count);
}

/** The square of a picture to cut around a face; it may reach beyond the picture. */
export function faceCropRegion(
  points: FacePoints, variant: CropVariant = variants[0]!, framing: Framing = headAndShoulders,
): Region {
  const edge = faceReach(points) / framing.eyesToMouth / variant.zoom;
  const [eyeLeft, eyeRight, , mouthLeft, mouthRight] = points;
  const eyes = meanPoint([eyeLeft, eyeRight]);
  const middle = meanPoint([eyeLeft, eyeRight, mouthLeft, mouthRight]);
  return {
    left: middle.x - edge * (0.5 + variant.shiftX), top: eyes.y - edge * (framing.eyesDown + variant.shiftY),
    width: edge, height: edge,
  };
}

/**
 * The square that is learned from: that of faceCropRegion() moved back into the picture, and nearer to the eyes where
 * the picture is too narrow for it. Mirrored edges would be learned as well, and drawn.
 */
export function trainingRegion(
  points: FacePoints, variant: CropVariant, picture: { readonly width: number; readonly height: number },
): Region {
  const wanted = faceCropRegion(points, variant);
  const edge = Math.min(wanted.width, picture.width, picture.height);
  const less = wanted.width - edge;
  return keepInside({
    left: wanted.left + less * (0.5 + variant.shiftX),
    top: wanted.top + less * (headAndShoulders.eyesDown + variant.shiftY), width: edge, height: edge,
  }, picture);
}

/** Moves a square that reaches beyond a picture back into it as far as it goes; a side that is longer stays centred. */
export function keepInside(region: Region, picture: { readonly width: number; readonly height: number }): Region {
  const along = (start: number, length: number, size: number): number =>
    length > size ? (size - length) / 2 : Math.min(Math.max(0, start), size - length);
  return {
    ...region,
    left: along(region.left, region.width, picture.width), top: along(region.top, region.height, picture.height),
  };
}

/** Where the five points of a face lie in a square portrait of this framing; for portraits in which none was found. */
export function nominalFacePoints(edgePx: number, framing: Framing = headAndShoulders): FacePoints {
  const reach = framing.eyesToMouth * edgePx;
  const eyes = framing.eyesDown * edgePx;
  const middle = edgePx / 2;
  // proportions of the starter pack's frontal face in units of eyes to mouth
  return [
    { x: middle - 0.48 * reach, y: eyes }, { x: middle + 0.48 * reach, y: eyes }, { x: middle, y: eyes + 0.62 * reach },
    { x: middle - 0.4 * reach, y: eyes + reach }, { x: middle + 0.4 * reach, y: eyes + reach },
  ];
}

/** Where a detector would find the face in a square of this framing, as fractions of it. */
export function nominalFaceBox(framing: Framing = headAndShoulders): Box {
  const edge = 0.45;
  const middleDown = framing.eyesDown + framing.eyesToMouth / 2;
  return { x: (1 - edge) / 2, y: middleDown - edge / 2, width: edge, height: edge };
}
