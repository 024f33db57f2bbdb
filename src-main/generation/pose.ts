// Where the face of a portrait is to lie: points of another picture, or points placed by hand, as pixels of the
// portrait. Pixel centres lie at .5, as those of Face.points.

import type { FacePointsInPicture, RegionMask } from '../contract/faces.ts';
import { faceCropRegion, headAndShoulders, nominalFacePoints } from '../dataset/framing.ts';
import type { FacePoints, Point } from '../faces/face.ts';
import type { Region } from '../photos/pixels.ts';
import { pointsOutside, pointsTogether } from './face-errors.ts';

export interface PortraitSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Fractions of a picture in its pixels. */
export function pointsInPixels(points: FacePointsInPicture, width: number, height: number): FacePoints {
  return mapPoints(points, ({ x, y }) => ({ x: x * width, y: y * height }));
}

/** Pixels of a picture as fractions of it. */
export function pointsAsFractions(
  points: FacePoints, { width, height }: { readonly width: number; readonly height: number },
): FacePointsInPicture {
  const moved = mapPoints(points, ({ x, y }) => ({ x: x / width, y: y / height }));
  return [...moved];
}

/** Points of a picture, in its pixels, where they come to lie when `region` of it becomes a picture of this size. */
export function pointsInRegion(points: FacePoints, region: Region, width: number, height: number): FacePoints {
  return mapPoints(points, ({ x, y }) => ({
    x: ((x - region.left) * width) / region.width, y: ((y - region.top) * height) / region.height,
  }));
}

/** Points of a picture (in its pixels) as they lie in the portrait that the picture is made to cover. */
export function poseOfPicture(
  points: FacePoints, picture: { readonly width: number; readonly height: number }, size: PortraitSize,
): FacePoints {
  return pointsInRegion(points, coveredRegion(picture, size), size.widthPx, size.heightPx);
}

/**
 * Points of a picture as they lie in the square that training crops are cut around a face, so that the face lies where
 * portraits have it. The square is as large as fits into `area` (pixels of the portrait: all of it, or the region of
 * one of two people), in its middle; free height is shared out above and below as the square's own is about the eyes.
 */
export function framedPose(points: FacePoints, area: Region): FacePoints {
  const edge = Math.min(area.width, area.height);
  const left = area.left + (area.width - edge) / 2;
  const top = area.top + (area.height - edge) * headAndShoulders.eyesDown;
  const inSquare = pointsInRegion(points, faceCropRegion(points), edge, edge);
  return mapPoints(inSquare, ({ x, y }) => ({ x: x + left, y: y + top }));
}

/** The smallest rectangle of a portrait that holds a person's region; the whole where it is empty. */
export function areaOfPerson(mask: RegionMask | undefined, isSecond: boolean, size: PortraitSize): Region {
  const whole = { left: 0, top: 0, width: size.widthPx, height: size.heightPx };
  if (!mask) return whole;
  const { columns, rows, values } = mask;
  const own = values.flatMap((value, i) => ((value >= 0.5) === isSecond ? [i] : []));
  if (own.length === 0) return whole;
  const [x, y] = [own.map((i) => i % columns), own.map((i) => Math.floor(i / columns))];
  const [cellWidth, cellHeight] = [size.widthPx / columns, size.heightPx / rows];
  return {
    left: Math.min(...x) * cellWidth, width: (Math.max(...x) + 1 - Math.min(...x)) * cellWidth,
    top: Math.min(...y) * cellHeight, height: (Math.max(...y) + 1 - Math.min(...y)) * cellHeight,
  };
}

/** A portrait's size, and who was asked for where. */
interface Asked extends PortraitSize {
  readonly face?: { readonly points?: FacePoints };
  readonly second?: { readonly mask: RegionMask; readonly face?: { readonly points?: FacePoints } };
}

/** Where the face of somebody should lie in the finished picture: as asked, else as portraits have it. */
export function expectedPoints(
  { face, second, ...size }: Asked, who: 'first' | 'second', { width, height }: Pick<Region, 'width' | 'height'>,
): FacePoints {
  const asked = who === 'first' ? face?.points : second?.face?.points;
  const points = asked ?? framedPose(nominalFacePoints(1), areaOfPerson(second?.mask, who === 'second', size));
  return pointsInRegion(points, { left: 0, top: 0, width: size.widthPx, height: size.heightPx }, width, height);
}

/** How far beyond the portrait a point may lie, in its edges; a limb that begins farther away shows no direction. */
const farthestEdges = 1;
/** Points within so small a part of the longer edge are at one place. */
const leastExtent = 1 / 500;

/**
 * Points that IdentityNet can be shown. Refuses with a UserError points of which none lies in the portrait or any is
 * farther away than the portrait is large, and points that are all at one place.
 */
export function checkedPose(points: FacePoints, { widthPx, heightPx }: PortraitSize): FacePoints {
  const isWithin = ({ x, y }: Point, margin: number): boolean => (
    x >= -margin * widthPx && x <= (1 + margin) * widthPx && y >= -margin * heightPx && y <= (1 + margin) * heightPx);
  const isNear = points.every((point) => isWithin(point, farthestEdges));
  if (!isNear || !points.some((point) => isWithin(point, 0))) throw pointsOutside();
  const extent = (pick: (point: Point) => number): number => (
    Math.max(...points.map(pick)) - Math.min(...points.map(pick)));
  const largest = Math.max(extent(({ x }) => x), extent(({ y }) => y));
  if (largest < leastExtent * Math.max(widthPx, heightPx)) throw pointsTogether();
  return points;
}

/** The part of a picture that remains when it is made to cover a size and cut in its middle. */
function coveredRegion(
  { width, height }: { readonly width: number; readonly height: number }, { widthPx, heightPx }: PortraitSize,
): Region {
  const scale = Math.max(widthPx / width, heightPx / height);
  const [partWidth, partHeight] = [widthPx / scale, heightPx / scale];
  return { left: (width - partWidth) / 2, top: (height - partHeight) / 2, width: partWidth, height: partHeight };
}

function mapPoints(points: FacePoints, move: (point: Point) => Point): FacePoints {
  const [a, b, c, d, e] = points;
  return [move(a), move(b), move(c), move(d), move(e)];
}
