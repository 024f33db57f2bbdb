// Whose a place of the portrait is: the coarse mask that a person drew, as weights over the latents with soft edges.

import type { RegionMask } from '../contract/faces.ts';

/** A part of a picture as fractions of it. */
export interface PartOfPicture {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const wholePicture: PartOfPicture = { left: 0, top: 0, width: 1, height: 1 };

/** Half the width of a soft edge, as a share of the shorter edge of the whole picture. */
const featherShare = 1 / 16;

/**
 * How much of each cell of a grid over a part of the picture belongs to the mask: [height * width] of 0…1, row by row.
 * A hard edge of the mask becomes a soft one of an eighth of the picture's shorter edge, about its old place; where
 * the mask is 0 or 1 all around, the weight is exactly that.
 */
export function regionWeights(
  mask: RegionMask, width: number, height: number, part: PartOfPicture = wholePicture,
): Float32Array<ArrayBuffer> {
  const [wholeWidth, wholeHeight] = [width / part.width, height / part.height];
  const feather = featherShare * Math.min(wholeWidth, wholeHeight);
  const [left, top] = [{ start: part.left, length: part.width }, { start: part.top, length: part.height }];
  const across = softSteps(mask.columns, width, { ...left, feather: feather / wholeWidth });
  const down = softSteps(mask.rows, height, { ...top, feather: feather / wholeHeight });
  const weights = new Float32Array(width * height);
  down.forEach((rows, y) => {
    across.forEach((columns, x) => { weights[y * width + x] = weightAt(mask, rows, columns); });
  });
  return weights;
}

/** Shares of the mask's columns (or rows) that a cell is a mean of. */
type Shares = readonly { readonly index: number; readonly share: number }[];

/** Shares of the picture's edge: where the cells begin, how far they reach, half the width of a soft edge. */
interface Stretch {
  readonly start: number;
  readonly length: number;
  readonly feather: number;
}

/** For each cell of a line, the mean over a window around its middle; beyond the mask its outermost column goes on. */
function softSteps(columns: number, cells: number, { start, length, feather }: Stretch): Shares[] {
  return Array.from({ length: cells }, (_, cell) => {
    const middle = start + ((cell + 0.5) / cells) * length;
    const [from, to] = [(middle - feather) * columns, (middle + feather) * columns];
    return Array.from({ length: columns }, (_unused, index) => {
      const low = index === 0 ? -Infinity : index;
      const high = index === columns - 1 ? Infinity : index + 1;
      return { index, share: Math.max(0, Math.min(to, high) - Math.max(from, low)) / (to - from) };
    }).filter(({ share }) => share > 0);
  });
}

function weightAt({ columns, values }: RegionMask, rows: Shares, across: Shares): number {
  const parts = rows.flatMap((row) => across.map((column) => (
    { value: values[row.index * columns + column.index]!, share: row.share * column.share })));
  const first = parts[0]!.value;
  if (parts.every(({ value }) => value === first)) return first;
  return parts.reduce((sum, { value, share }) => sum + value * share, 0);
}
