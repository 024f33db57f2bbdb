// Upright faces as ArcFace's networks were taught (Deng et al. 2019): the similarity transform that brings the five
// points nearest to a template (Umeyama 1991), and the picture under it. As insightface's face_align.

import type { RgbPicture } from '../photos/pixels.ts';
import type { FacePoints, Point } from './face.ts';
import { type AffineMatrix, warpAffine } from './fixed-point-pixels.ts';

/** Where the five points lie in 112 x 112 pixels; pixel centres at whole numbers. */
export const arcFaceTemplate: FacePoints = [
  { x: 38.2946, y: 51.6963 }, { x: 73.5318, y: 51.5014 }, { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 }, { x: 70.7299, y: 92.2041 },
];
const templateEdgePx = 112;
/** insightface's other edge: the template in the middle of 128 pixels, moved but not enlarged. */
const wideEdgePx = 128;
const wideMarginPx = 8;

/** The template for an edge that is a multiple of 112, or else of 128. Refuses (Error) any other. */
export function arcFaceTemplateFor(edgePx: number): Point[] {
  const isWide = edgePx % templateEdgePx !== 0;
  if (isWide && edgePx % wideEdgePx !== 0) {
    throw new Error(`ArcFace aligns to multiples of ${templateEdgePx} or ${wideEdgePx} pixels, not ${edgePx}.`);
  }
  const factor = edgePx / (isWide ? wideEdgePx : templateEdgePx);
  const shift = isWide ? wideMarginPx * factor : 0;
  return arcFaceTemplate.map(({ x, y }) => ({ x: Math.fround(x) * factor + shift, y: Math.fround(y) * factor }));
}

/**
 * The turn, scale and shift with the least squared error from `from` to `to` (Umeyama 1991, eq. 39 to 43). In two
 * dimensions and without mirroring it has a closed form: with both sets about their means,
 *   a = Σ (x·x' + y·y') / Σ |p|²,   b = Σ (x·y' − y·x') / Σ |p|²,   M = [a −b; b a].
 * Refuses (Error) points that all coincide.
 */
export function similarityTransform(from: readonly Point[], to: readonly Point[]): AffineMatrix {
  const mean = (points: readonly Point[], axis: 'x' | 'y'): number => (
    points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const [mx, my, nx, ny] = [mean(from, 'x'), mean(from, 'y'), mean(to, 'x'), mean(to, 'y')];
  let [along, across, spread] = [0, 0, 0];
  from.forEach((point, i) => {
    const [x, y, u, v] = [point.x - mx, point.y - my, to[i]!.x - nx, to[i]!.y - ny];
    along += x * u + y * v;
    across += x * v - y * u;
    spread += x * x + y * y;
  });
  if (!(spread > 0)) throw new Error('Points that coincide show no face to align.');
  const [a, b] = [along / spread, across / spread];
  return [[a, -b, nx - a * mx + b * my], [b, a, ny - b * mx - a * my]];
}

/** A face upright and filling edgePx x edgePx, black beyond the picture. Points as in the template's convention. */
export function alignFace(picture: RgbPicture, points: FacePoints, edgePx = templateEdgePx): RgbPicture {
  return warpAffine(picture, similarityTransform(points, arcFaceTemplateFor(edgePx)), edgePx, edgePx);
}
