// What is known of one face in a picture. Positions are in pixels of that picture, pixel centres at .5;
// "left" is left as seen in the picture, not the person's own.

import type { Box } from '../contract/nouns.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Left, top, width and height in pixels. */
export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Left eye, right eye, tip of the nose, left and right corner of the mouth: the order of ArcFace and InstantID. */
export type FacePoints = readonly [Point, Point, Point, Point, Point];

/** Rough angles from where the points lie; good to about ten degrees, enough to tell front from three-quarter. */
export interface FacePose {
  /** Positive when the nose points to the right of the picture. */
  readonly yawDegrees: number;
  /** Positive when the head leans clockwise as seen. */
  readonly rollDegrees: number;
}

export interface Face {
  readonly box: PixelBox;
  /** How sure the detector is, 0..1. */
  readonly score: number;
  readonly points: FacePoints;
  /** 68 points numbered as in the iBUG 300-W set; antelopev2 gives the five points and no more. */
  readonly landmarks?: readonly Point[];
  readonly pose: FacePose;
}

/** A pixel box as fractions of a picture, as the studio shows it. */
export function toFractions(box: PixelBox, picture: { readonly width: number; readonly height: number }): Box {
  return {
    x: box.left / picture.width, y: box.top / picture.height,
    width: box.width / picture.width, height: box.height / picture.height,
  };
}

export function meanPoint(points: readonly Point[]): Point {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
