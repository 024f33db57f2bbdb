// The visible label in a picture's corner: 'AI' or 'AI生成', at least 5 % of the short side high (GB 45438-2025). Its few
// signs are strokes of our own, drawn by their distance to each pixel, because a machine may lack fonts for Chinese.

import { type RgbPicture, rgbPicture } from '../photos/pixels.ts';

export type LabelWords = 'AI' | 'AI生成';

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

interface Glyph {
  /** In heights of a letter, with the room behind it. */
  readonly advance: number;
  /** Polylines in a square of one height; y grows downwards. */
  readonly strokes: readonly Stroke[];
}

const glyphs: Readonly<Record<string, Glyph>> = {
  A: { advance: 1.02, strokes: [[[0.06, 1], [0.45, 0], [0.84, 1]], [[0.2, 0.66], [0.7, 0.66]]] },
  I: { advance: 0.34, strokes: [[[0.08, 0], [0.08, 1]]] },
  生: { advance: 1.16, strokes: [
    [[0.3, 0.02], [0.25, 0.18], [0.13, 0.36]], [[0.22, 0.25], [0.88, 0.25]], [[0.16, 0.59], [0.84, 0.59]],
    [[0.54, 0], [0.54, 0.97]], [[0.05, 0.97], [0.96, 0.97]],
  ] },
  成: { advance: 1, strokes: [
    [[0.16, 0.25], [0.95, 0.25]], [[0.16, 0.25], [0.16, 0.52], [0.13, 0.76], [0.04, 0.99]],
    [[0.17, 0.5], [0.44, 0.5], [0.43, 0.7], [0.4, 0.82], [0.29, 0.79]],
    [[0.54, 0.01], [0.57, 0.36], [0.65, 0.66], [0.79, 0.91], [0.89, 0.97], [0.95, 0.78]],
    [[0.87, 0.42], [0.77, 0.63], [0.62, 0.8], [0.45, 0.93]], [[0.71, 0.03], [0.85, 0.13]],
  ] },
};

/** Share of the picture's short side; the rule says 0.05. */
const heightShare = 0.056;
/** Below this nobody can read it. */
const smallestHeightPx = 10;
/** In heights of a letter. */
const [paddingX, paddingY, margin, halfStroke, corner] = [0.55, 0.42, 0.5, 0.055, 0.4];
const [plateOpacity, letterOpacity] = [0.55, 0.96];

/** Height of the letters in pixels. */
export function labelHeightPx({ width, height }: Pick<RgbPicture, 'width' | 'height'>): number {
  return Math.max(smallestHeightPx, Math.ceil(heightShare * Math.min(width, height)));
}

/** A copy of the picture with white letters on a dark plate in its lower right corner. */
export function drawLabel(picture: RgbPicture, words: LabelWords): RgbPicture {
  const { width, height } = picture;
  const sizePx = labelHeightPx(picture);
  const { segments, lengthPx } = lettersOf(words, sizePx);
  const plateWidth = lengthPx + 2 * paddingX * sizePx;
  const plateHeight = (1 + 2 * paddingY) * sizePx;
  const left = Math.round(Math.max(0, width - plateWidth - margin * sizePx));
  const top = Math.round(Math.max(0, height - plateHeight - margin * sizePx));
  const data = picture.data.slice();
  for (let y = top; y < Math.min(height, top + plateHeight); y++) {
    for (let x = left; x < Math.min(width, left + plateWidth); x++) {
      const [plateX, plateY] = [x + 0.5 - left, y + 0.5 - top];
      const plate = plateOpacity * coverage(distanceToPlate(plateX, plateY, plateWidth, plateHeight, corner * sizePx));
      const at: Point = [plateX - paddingX * sizePx, plateY - paddingY * sizePx];
      const letter = letterOpacity * coverage(distanceToLetters(at, segments) - halfStroke * sizePx);
      blend(data, (y * width + x) * 3, plate, letter);
    }
  }
  return rgbPicture(width, height, data);
}

type Segment = readonly [from: Point, to: Point];

function lettersOf(words: LabelWords, sizePx: number): { segments: Segment[]; lengthPx: number } {
  const segments: Segment[] = [];
  let x = 0;
  for (const sign of words) {
    const { advance, strokes } = glyphs[sign]!;
    for (const stroke of strokes) {
      const points = stroke.map(([px, py]): Point => [(x + px) * sizePx, py * sizePx]);
      points.slice(1).forEach((to, i) => segments.push([points[i]!, to]));
    }
    x += advance;
  }
  // the last sign needs no room behind it
  const last = words.at(-1) === 'I' ? 0.18 : 0;
  return { segments, lengthPx: (x - last) * sizePx };
}

/** How much of a pixel lies inside an edge at this signed distance from its centre. */
function coverage(distancePx: number): number {
  return Math.max(0, Math.min(1, 0.5 - distancePx));
}

function distanceToLetters([x, y]: Point, segments: readonly Segment[]): number {
  let least = Infinity;
  for (const [[ax, ay], [bx, by]] of segments) {
    const [dx, dy] = [bx - ax, by - ay];
    const along = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
    least = Math.min(least, Math.hypot(x - ax - along * dx, y - ay - along * dy));
  }
  return least;
}

/** Signed distance to a rectangle with round corners: negative inside. */
function distanceToPlate(x: number, y: number, width: number, height: number, radius: number): number {
  const dx = Math.abs(x - width / 2) - width / 2 + radius;
  const dy = Math.abs(y - height / 2) - height / 2 + radius;
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
}

/** Black with one opacity, then white with the other. */
function blend(data: Uint8Array, at: number, plate: number, letter: number): void {
  for (let i = at; i < at + 3; i++) {
    const dark = data[i]! * (1 - plate);
    data[i] = Math.round(dark + (255 - dark) * letter);
  }
}
