// What seems to hide a part of a face: dark glasses, something over the mouth, the edge of the picture. Colours of
// patches are compared, as an eye would at a glance. These are hints: a beard, a shadow or make-up can look like it.

import type { PhotoMeasures } from '../contract/faces.ts';
import { type Region, type RgbPicture, luma, resampleRegion } from '../photos/pixels.ts';
import { type Face, type FacePoints, type Point, meanPoint } from './face.ts';

export type Occlusion = PhotoMeasures['occlusions'][number];

interface Patch {
  /** Mean colour, 0..255. */
  readonly rgb: readonly [number, number, number];
  readonly luma: number;
  /** Standard deviation of the luma. */
  readonly contrast: number;
}

const patchPx = 12;

/** A patch around `centre`; sides in pixels. */
function patchAt(picture: RgbPicture, centre: Point, width: number, height: number): Patch {
  const region: Region = { left: centre.x - width / 2, top: centre.y - height / 2, width, height };
  const pixels = resampleRegion(picture, region, patchPx, patchPx, 'reflect');
  const grey = luma(pixels);
  const mean = (values: Float32Array, first: number, step: number): number => {
    let sum = 0;
    for (let i = first; i < values.length; i += step) sum += values[i]!;
    return (sum * step) / values.length;
  };
  const middle = mean(grey, 0, 1);
  const contrast = Math.sqrt(mean(grey.map((value) => (value - middle) ** 2), 0, 1));
  return { rgb: [mean(pixels, 0, 3), mean(pixels, 1, 3), mean(pixels, 2, 3)], luma: middle, contrast };
}

function between(a: Point, b: Point, share: number): Point {
  return { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share };
}

// Both eyes this much darker than the cheeks below them, and as even as a lens: an open eye has a white and a pupil. Of
// 300 procedural portraits 30 of 36 with sunglasses are noticed, and none of the others.
const darkGlasses = { lumaShare: 0.5, contrastShare: 0.25 } as const;

function hasDarkGlasses(picture: RgbPicture, points: FacePoints, across: number): boolean {
  const [eyeLeft, eyeRight, , mouthLeft, mouthRight] = points;
  return [[eyeLeft, mouthLeft], [eyeRight, mouthRight]].every(([eye, mouth]) => {
    const lens = patchAt(picture, eye!, 0.4 * across, 0.24 * across);
    const cheek = patchAt(picture, between(eye!, mouth!, 0.62), 0.25 * across, 0.2 * across);
    return lens.luma < darkGlasses.lumaShare * cheek.luma && lens.contrast < darkGlasses.contrastShare * cheek.luma;
  });
}

// A mask is of one colour over mouth and lower cheeks and not that of the skin between the eyes; lips are not even. Of
// 300 procedural portraits, which wear none, 7 are taken for one.
const mask = { colourDistance: 0.16, contrastShare: 0.16, sameColour: 0.14 } as const;

/** Distance of two colours without their brightness, and with it where one is much brighter. */
function colourDistance(a: Patch, b: Patch): number {
  const share = ({ rgb }: Patch): number[] => rgb.map((value) => value / (rgb[0] + rgb[1] + rgb[2] + 1));
  const [first, second] = [share(a), share(b)];
  const hue = Math.hypot(...first.map((value, i) => value - second[i]!));
  return hue * 1.5 + 0.35 * Math.abs(Math.log((a.luma + 8) / (b.luma + 8)));
}

function hasCoveredMouth(picture: RgbPicture, points: FacePoints, across: number): boolean {
  const [eyeLeft, eyeRight, nose, mouthLeft, mouthRight] = points;
  const mouthMiddle = meanPoint([mouthLeft, mouthRight]);
  const mouth = patchAt(picture, mouthMiddle, 0.75 * across, 0.35 * across);
  const skin = patchAt(picture, between(meanPoint([eyeLeft, eyeRight]), nose, 0.25), 0.22 * across, 0.2 * across);
  const sides = [[eyeLeft, mouthLeft], [eyeRight, mouthRight]].map(([eye, corner]) =>
    patchAt(picture, between(eye!, corner!, 0.92), 0.2 * across, 0.2 * across));
  return colourDistance(mouth, skin) > mask.colourDistance && mouth.contrast < mask.contrastShare * (mouth.luma + 16)
    && sides.every((side) => colourDistance(side, mouth) < mask.sameColour);
}

/** A box that ends where the picture ends was cut off there; so was a face with a point outside. */
function isCutOff({ width, height }: RgbPicture, { box, points }: Face): boolean {
  const near = 1;
  const isFlush = box.left < near || box.top < near || box.left + box.width > width - near
    || box.top + box.height > height - near;
  return isFlush || points.some(({ x, y }) => x < 0 || y < 0 || x > width || y > height);
}

/** Hints at what hides a part of the face; positions in pixels of `picture`. */
export function occlusionsOf(picture: RgbPicture, face: Face): Occlusion[] {
  const [eyeLeft, eyeRight] = face.points;
  const across = Math.hypot(eyeRight.x - eyeLeft.x, eyeRight.y - eyeLeft.y);
  const found: Occlusion[] = [];
  if (across >= 8 && hasDarkGlasses(picture, face.points, across)) found.push('eyes');
  if (across >= 8 && hasCoveredMouth(picture, face.points, across)) found.push('mouth');
  if (isCutOff(picture, face)) found.push('edge');
  return found;
}
