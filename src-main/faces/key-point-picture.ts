// The picture that InstantID's IdentityNet is shown of a face: five coloured dots joined to the nose by dim limbs, on
// black (InstantID's draw_kps, which is OpenPose's way of drawing). Equal to it in every pixel.

import { reduceByBlocks, type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { FacePoints, Point } from './face.ts';
import { type Canvas, ellipsePolygon, fillConvexPolygon, fillDisc } from './raster-shapes.ts';

type Colour = readonly [number, number, number];

/** Left eye, right eye, nose, left and right corner of the mouth. */
const colours: readonly Colour[] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [255, 0, 255]];
const nose = 2;
const limbHalfWidthPx = 4;
const dotRadiusPx = 10;
/** Limbs are this bright, dots are full. */
const limbBrightness = 0.6;
/** Dots and limbs have their size in pixels: in a smaller picture they would cover the face. */
const smallestEdgePx = 512;

/**
 * Key points drawn at the size of the portrait, in pixels of it with pixel centres at whole numbers, as SCRFD gives
 * them. Points may lie outside. Refuses (Error) points that are no numbers.
 */
export function drawKeyPoints(points: FacePoints, width: number, height: number): RgbPicture {
  if (!points.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))) {
    throw new Error('Key points must be numbers.');
  }
  const picture = rgbPicture(width, height, new Uint8Array(width * height * 3));
  points.forEach((point, i) => {
    if (i !== nose) drawLimb(canvasOf(picture, colours[i]!), point, points[nose]);
  });
  const { data } = picture;
  for (let i = 0; i < data.length; i++) data[i] = Math.trunc(data[i]! * limbBrightness);
  points.forEach(({ x, y }, i) => {
    fillDisc(canvasOf(picture, colours[i]!), { x: Math.trunc(x), y: Math.trunc(y) }, dotRadiusPx);
  });
  return picture;
}

/**
 * The key points' picture that an IdentityNet is shown for a portrait of this size; points as in drawKeyPoints. From a
 * shorter edge of 512 pixels on it is drawKeyPoints itself. Below, it is drawn at the smallest whole multiple with such
 * an edge and each block of pixels is averaged, so that dots stay as large against the face as InstantID has them.
 */
export function keyPointPictureFor(points: FacePoints, width: number, height: number): RgbPicture {
  const factor = Math.max(1, Math.ceil(smallestEdgePx / Math.min(width, height)));
  // pixel centres at whole numbers: the middle of pixel 0 is the middle of a block of `factor`
  const enlarged = points.map(({ x, y }) => ({
    x: (x + 0.5) * factor - 0.5, y: (y + 0.5) * factor - 0.5,
  })) as unknown as FacePoints;
  return reduceByBlocks(drawKeyPoints(enlarged, width * factor, height * factor), factor);
}

/** A picture as IdentityNet takes it: float32 [1, 3, H, W] in 0…1. */
export function keyPointTensor({ width, height, data }: RgbPicture): Tensor {
  const area = width * height;
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) planes[c * area + i] = data[i * 3 + c]! / 255;
  }
  return float32Tensor([1, 3, height, width], planes);
}

/** A slim ellipse from a point to the nose; all its numbers are cut to whole ones, as the reference does. */
function drawLimb(canvas: Canvas, point: Point, end: Point): void {
  const centre = { x: Math.trunc((point.x + end.x) / 2), y: Math.trunc((point.y + end.y) / 2) };
  const [dx, dy] = [point.x - end.x, point.y - end.y];
  const angle = Math.trunc((Math.atan2(dy, dx) * 180) / Math.PI);
  fillConvexPolygon(canvas, ellipsePolygon(centre, Math.trunc(Math.hypot(dx, dy) / 2), limbHalfWidthPx, angle));
}

function canvasOf({ width, height, data }: RgbPicture, colour: Colour): Canvas {
  return {
    width, height,
    paint(y, first, last) {
      for (let x = first; x <= last; x++) data.set(colour, (y * width + x) * 3);
    },
  };
}
