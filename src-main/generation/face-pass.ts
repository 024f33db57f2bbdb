// The second pass over a face: a square around it is cut out of the portrait, enlarged to the resolution that the
// networks draw faces well at, drawn again from there, made small and laid back with a soft round edge.

import { resizePicture } from '../dataset/resize.ts';
import { keepInside } from '../dataset/framing.ts';
import type { Face, PixelBox } from '../faces/face.ts';
import { type Region, type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import type { PartOfPicture } from './region-weights.ts';

/** The square's edge over the longer edge of the face's box. */
const squareOverBox = 1.8;
/** A face is small when its box is below this share of the networks' resolution: its square then grows by 1.6. */
const smallFaceShare = 1 / 3;
/** Radii of the soft edge over the longer edge of the box: wholly drawn anew inside, untouched outside. */
const [innerRadius, outerRadius] = [0.6, squareOverBox / 2];

type FaceBox = Pick<Face, 'box'>;

export interface FacePassSize {
  /** Edge that the networks were trained at. */
  readonly resolutionPx: number;
  /** Edges that they can draw are multiples of this. */
  readonly multiplePx: number;
}

/** Draws the enlarged square again; `part` is where it lies in the portrait. */
export type DrawPart = (picture: RgbPicture, part: PartOfPicture) => Promise<RgbPicture>;

/** Whether a face gains by the pass: drawn at the networks' own resolution, it would be much larger. */
export function isSmallFace({ box }: FaceBox, resolutionPx: number): boolean {
  return longerEdge(box) < smallFaceShare * resolutionPx;
}

/** One face of a portrait drawn again; pixels farther from its middle than 0.9 of its box's edge stay as they were. */
export async function redrawFace(
  portrait: RgbPicture, { box }: FaceBox, size: FacePassSize, draw: DrawPart,
): Promise<RgbPicture> {
  const square = squareAround(box, portrait);
  const edge = drawnEdge(square.width, size);
  const cut = cutRegion(portrait, square);
  const again = await draw(resizePicture(cut, edge, edge), partOf(square, portrait));
  return laidBack(portrait, resizePicture(again, square.width, square.height), square, box);
}

/** The edge at which a square of this edge is drawn: the networks' resolution, or its own where it is larger. */
function drawnEdge(edge: number, { resolutionPx, multiplePx }: FacePassSize): number {
  return Math.ceil(Math.max(resolutionPx, edge) / multiplePx) * multiplePx;
}

/** Whole pixels inside the picture. */
function squareAround(box: PixelBox, picture: RgbPicture): Region {
  const edge = Math.min(Math.ceil(squareOverBox * longerEdge(box)), picture.width, picture.height);
  const [left, top] = [box.left + box.width / 2 - edge / 2, box.top + box.height / 2 - edge / 2].map(Math.round);
  return keepInside({ left: left!, top: top!, width: edge, height: edge }, picture);
}

/** A rectangle of whole pixels inside a picture. */
export function cutRegion(picture: RgbPicture, { left, top, width, height }: Region): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * 3;
    data.set(picture.data.subarray(from, from + width * 3), y * width * 3);
  }
  return rgbPicture(width, height, data);
}

/** A region as fractions of its picture. */
export function partOf(region: Region, { width, height }: RgbPicture): PartOfPicture {
  return {
    left: region.left / width, top: region.top / height, width: region.width / width, height: region.height / height,
  };
}

function laidBack(portrait: RgbPicture, again: RgbPicture, square: Region, box: PixelBox): RgbPicture {
  const data = portrait.data.slice();
  const edge = longerEdge(box);
  const [middleX, middleY] = [box.left + box.width / 2, box.top + box.height / 2];
  for (let y = 0; y < square.height; y++) {
    for (let x = 0; x < square.width; x++) {
      const away = Math.hypot(square.left + x + 0.5 - middleX, square.top + y + 0.5 - middleY) / edge;
      const weight = softStep((outerRadius - away) / (outerRadius - innerRadius));
      if (weight === 0) continue;
      const [to, from] = [((square.top + y) * portrait.width + square.left + x) * 3, (y * square.width + x) * 3];
      for (let c = 0; c < 3; c++) {
        data[to + c] = Math.round(data[to + c]! + weight * (again.data[from + c]! - data[to + c]!));
      }
    }
  }
  return rgbPicture(portrait.width, portrait.height, data);
}

/** 0 below 0, 1 above 1, smooth between (Hermite's 3 t^2 - 2 t^3). */
function softStep(t: number): number {
  const clipped = Math.min(1, Math.max(0, t));
  return clipped * clipped * (3 - 2 * clipped);
}

function longerEdge({ width, height }: PixelBox): number {
  return Math.max(width, height);
}
