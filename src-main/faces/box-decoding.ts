// From the detector's numbers to boxes: priors and encodings as in SSD (Liu et al. 2016, section 2.2), then
// non-maximum suppression by intersection over union.

import type { PixelBox } from './face.ts';

export interface ScoredBox {
  readonly box: PixelBox;
  readonly score: number;
}

// variances 0.1 and 0.2 of the paper's encoding
const centreScale = 10;
const sizeScale = 5;

const four = (numbers: Float32Array, i: number): readonly [number, number, number, number] =>
  [numbers[i * 4]!, numbers[i * 4 + 1]!, numbers[i * 4 + 2]!, numbers[i * 4 + 3]!];

/**
 * Boxes with a score of at least `minimumScore`, as fractions of the detector's square, best first.
 *
 * `priors` and `encodings` hold 4 numbers a box: priors top, left, bottom, right; encodings shifts of the centre
 * (y, x) and logarithms of height and width.
 */
export function decodeBoxes(
  priors: Float32Array, encodings: Float32Array, scores: Float32Array, minimumScore: number,
): ScoredBox[] {
  const found: ScoredBox[] = [];
  scores.forEach((score, i) => {
    if (score < minimumScore) return;
    const [top, left, bottom, right] = four(priors, i);
    const [dy, dx, logHeight, logWidth] = four(encodings, i);
    const height = Math.exp(logHeight / sizeScale) * (bottom - top);
    const width = Math.exp(logWidth / sizeScale) * (right - left);
    const y = (top + bottom) / 2 + (dy / centreScale) * (bottom - top);
    const x = (left + right) / 2 + (dx / centreScale) * (right - left);
    found.push({ box: { left: x - width / 2, top: y - height / 2, width, height }, score });
  });
  return found.sort((a, b) => b.score - a.score);
}

/** Intersection over union, 0..1. */
export function overlap(a: PixelBox, b: PixelBox): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}

/** Keeps the best of each heap of boxes that overlap by more than `limit`; boxes must come best first. */
export function suppressOverlaps(boxes: readonly ScoredBox[], limit = 0.5): ScoredBox[] {
  const kept: ScoredBox[] = [];
  for (const candidate of boxes) {
    if (kept.every(({ box }) => overlap(box, candidate.box) <= limit)) kept.push(candidate);
  }
  return kept;
}

/** The part of a box that lies in a picture; undefined when nothing does. */
export function clipBox(box: PixelBox, width: number, height: number): PixelBox | undefined {
  const left = Math.max(0, box.left);
  const top = Math.max(0, box.top);
  const right = Math.min(width, box.left + box.width);
  const bottom = Math.min(height, box.top + box.height);
  return right > left && bottom > top ? { left, top, width: right - left, height: bottom - top } : undefined;
}
