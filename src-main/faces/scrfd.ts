// From the numbers of SCRFD (Guo et al. 2021), antelopev2's detector, to faces: two anchors a cell at strides of 8, 16
// and 32 pixels, boxes as distances from the cell to their edges, five points as offsets, all in strides. Then
// non-maximum suppression. As insightface's RetinaFace.detect.

import type { FacePoints, PixelBox, Point } from './face.ts';
import type { PixelSize } from './letterbox.ts';

export interface DetectedFace {
  /** Right and bottom edge are left + width and top + height. */
  readonly box: PixelBox;
  /** How sure the detector is, 0..1. */
  readonly score: number;
  readonly points: FacePoints;
}

/** What the network says at one stride; rows are cells from left to right and down, two anchors each. */
export interface ScrfdLevel {
  readonly stride: number;
  /** [n]. */
  readonly scores: ArrayLike<number>;
  /** [n, 4]: left, top, right, bottom, in strides. */
  readonly distances: ArrayLike<number>;
  /** [n, 10]: x and y of five points from the cell, in strides. */
  readonly offsets: ArrayLike<number>;
}

export interface ScrfdDecoding {
  /** The size of the network's input. */
  readonly input: PixelSize;
  /** Of the letterbox: what is found is divided by it. */
  readonly scale: number;
  /** 0.5 unless told. */
  readonly minimumScore?: number;
  /** Boxes that overlap a better one by more are dropped; 0.4 unless told. */
  readonly overlapLimit?: number;
}

const anchorsPerCell = 2;

/** Where the anchors of one stride lie in the input: x and y, in the order of the network's rows. */
export function scrfdAnchors(input: PixelSize, stride: number): Point[] {
  const [columns, rows] = [Math.floor(input.width / stride), Math.floor(input.height / stride)];
  return Array.from({ length: rows * columns * anchorsPerCell }, (_, i) => {
    const cell = Math.floor(i / anchorsPerCell);
    return { x: (cell % columns) * stride, y: Math.floor(cell / columns) * stride };
  });
}

/** Faces in pixels of the picture, the surest first. Refuses (Error) levels of another input's size. */
export function decodeScrfd(levels: readonly ScrfdLevel[], decoding: ScrfdDecoding): DetectedFace[] {
  const { minimumScore = 0.5, overlapLimit = 0.4 } = decoding;
  const found = levels.flatMap((level) => decodeLevel(level, decoding, minimumScore));
  return suppressOverlappingPixels(found.sort((a, b) => b.score - a.score), overlapLimit);
}

function decodeLevel(level: ScrfdLevel, { input, scale }: ScrfdDecoding, minimumScore: number): DetectedFace[] {
  const { stride, scores, distances, offsets } = level;
  const anchors = scrfdAnchors(input, stride);
  if (scores.length !== anchors.length || distances.length !== 4 * anchors.length
    || offsets.length !== 10 * anchors.length) {
    throw new Error(`The detector gave ${scores.length} scores at stride ${stride}; ${anchors.length} cells need one.`);
  }
  return anchors.flatMap(({ x, y }, i) => {
    const score = scores[i]!;
    if (!(score >= minimumScore)) return [];
    const at = (k: number): number => distances[i * 4 + k]! * stride;
    const [left, top, right, bottom] = [x - at(0), y - at(1), x + at(2), y + at(3)].map((edge) => edge / scale);
    const points = Array.from({ length: 5 }, (_, k) => ({
      x: (x + offsets[i * 10 + 2 * k]! * stride) / scale, y: (y + offsets[i * 10 + 2 * k + 1]! * stride) / scale,
    }));
    const box = { left: left!, top: top!, width: right! - left!, height: bottom! - top! };
    return [{ box, score, points: points as unknown as FacePoints }];
  });
}

/**
 * Keeps the best of each heap of boxes that overlap by more than `limit`; boxes must come best first. Both edges count
 * as pixels of a box, so that a box from 3 to 5 is 3 wide (Girshick's R-CNN code, which insightface follows).
 */
export function suppressOverlappingPixels(boxes: readonly DetectedFace[], limit: number): DetectedFace[] {
  const kept: DetectedFace[] = [];
  for (const candidate of boxes) {
    if (kept.every(({ box }) => pixelOverlap(box, candidate.box) <= limit)) kept.push(candidate);
  }
  return kept;
}

function pixelOverlap(a: PixelBox, b: PixelBox): number {
  const along = (start: 'left' | 'top', size: 'width' | 'height'): number => Math.max(0, (
    Math.min(a[start] + a[size], b[start] + b[size]) - Math.max(a[start], b[start]) + 1));
  const shared = along('left', 'width') * along('top', 'height');
  const area = ({ width, height }: PixelBox): number => (width + 1) * (height + 1);
  return shared / (area(a) + area(b) - shared);
}

/** What makes a face worth keeping: its area; or its area less twice the square of how far it is from the middle. */
export type FacePreference = 'area' | 'area-and-middle';

/** The `count` most worthy faces, the best first; all of them, in their order, where there are no more. */
export function preferredFaces(
  faces: readonly DetectedFace[], count: number, picture: PixelSize, preference: FacePreference = 'area-and-middle',
): DetectedFace[] {
  if (faces.length <= count) return [...faces];
  const middle = { x: Math.floor(picture.width / 2), y: Math.floor(picture.height / 2) };
  const worth = ({ box: { left, top, width, height } }: DetectedFace): number => {
    const [dx, dy] = [left + width / 2 - middle.x, top + height / 2 - middle.y];
    return width * height - (preference === 'area' ? 0 : 2 * (dx * dx + dy * dy));
  };
  return faces.toSorted((a, b) => worth(b) - worth(a)).slice(0, count);
}
