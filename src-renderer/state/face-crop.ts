// The square around a portrait's face, from its five points, so that it can be put beside a photo's face.

import type { Portrait } from '../../src-main/contract/nouns.ts';

/** Left, top and edge in fractions of the width; the middle of the upper half where the points are not known. */
export interface FaceCrop {
  readonly left: number;
  readonly top: number;
  readonly edge: number;
}

/** A crop of a photo shows about so many times the way from the eyes to the mouth. */
const eyesToMouth = 3.6;

export function faceCrop({ facePoints, widthPx, heightPx }: Portrait): FaceCrop {
  const tall = heightPx / widthPx;
  if (!facePoints) return { left: Math.max(0, (1 - tall) / 2), top: 0, edge: Math.min(1, tall) };
  const points = facePoints.map(({ x, y }) => ({ x, y: y * tall }));
  const middle = (all: { x: number; y: number }[]): { x: number; y: number } => ({
    x: all.reduce((sum, { x }) => sum + x, 0) / all.length, y: all.reduce((sum, { y }) => sum + y, 0) / all.length,
  });
  const [eyes, mouth] = [middle(points.slice(0, 2)), middle(points.slice(3))];
  const center = middle([eyes, mouth]);
  const edge = Math.min(1, tall, eyesToMouth * Math.hypot(mouth.x - eyes.x, mouth.y - eyes.y));
  const within = (value: number, length: number): number => Math.min(Math.max(0, value), length - edge);
  return { left: within(center.x - edge / 2, 1), top: within(center.y - edge / 2, tall), edge };
}
