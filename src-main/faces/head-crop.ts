// The square that a pack's own face encoder looks at: the whole head with its hair and a little of the neck, upright.
// Wider than ArcFace's, because a portrait is to have the hair too.

import type { RgbPicture } from '../photos/pixels.ts';
import { similarityTransform } from './arcface-alignment.ts';
import type { FacePoints, Point } from './face.ts';
import type { TurnedSquare } from './face-points.ts';
import { turnedSquare } from './network-input.ts';

/** Where the five points lie as fractions of the square. */
const headTemplate: readonly Point[] = [
  { x: 0.366, y: 0.455 }, { x: 0.634, y: 0.455 }, { x: 0.5, y: 0.61 }, { x: 0.4, y: 0.735 }, { x: 0.6, y: 0.735 },
];

/** The square of a face with these points, in pixels of the picture with centres at .5; `margin` widens it. */
export function headSquare(points: FacePoints, margin = 1): TurnedSquare {
  // from the square's fractions to the picture: its columns are the square's edges
  const [[a, b, c], [d, e, f]] = similarityTransform(headTemplate, points);
  const [x, y] = [a * 0.5 + b * 0.5 + c, d * 0.5 + e * 0.5 + f];
  return { centre: { x, y }, edge: Math.hypot(a, d) * margin, angle: Math.atan2(d, a) };
}

/** edgePx x edgePx x 3 numbers of 0..255, mirrored beyond the picture's edges. */
export function headCrop(picture: RgbPicture, points: FacePoints, edgePx: number, margin = 1): Float32Array {
  return turnedSquare(picture, headSquare(points, margin), edgePx, 'reflect');
}
