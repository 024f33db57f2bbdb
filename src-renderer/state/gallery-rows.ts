// Justified rows of pictures: each row fills the width, and is as near to the wished height as its pictures allow.
// Planned from the shapes alone, so that a hundred thousand pictures have their place before one of them is loaded.

import type { ShapeRun } from '../../src-main/contract/gallery.ts';

/** Pixels, from the top left corner of the whole. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface RowWishes {
  readonly widthPx: number;
  readonly rowHeightPx: number;
  readonly gapPx: number;
}

/** A picture is cut where it is wider or taller than this, so that one banner does not make a row of its own. */
const [narrowest, widest] = [0.45, 2.4];

export class GalleryRows {
  readonly count: number;
  readonly rowCount: number;
  readonly heightPx: number;
  readonly #gapPx: number;
  /** First picture of each row, and the number of all behind the last. */
  readonly #starts: readonly number[];
  readonly #tops: readonly number[];
  readonly #heights: readonly number[];
  /** First picture of each run, with its shape. */
  readonly #runs: readonly { readonly from: number; readonly aspect: number }[];

  constructor(runs: readonly ShapeRun[], wishes: RowWishes) {
    this.#gapPx = wishes.gapPx;
    const rows = fillRows(runs, wishes);
    this.#starts = rows.starts;
    this.#tops = rows.tops;
    this.#heights = rows.heights;
    this.rowCount = rows.heights.length;
    let from = 0;
    this.#runs = runs.map(({ count, aspect }) => {
      const run = { from, aspect: shown(aspect) };
      from += count;
      return run;
    });
    this.count = from;
    const last = this.rowCount - 1;
    this.heightPx = last < 0 ? 0 : this.#tops[last]! + this.#heights[last]!;
  }

  /** First picture of a row, and the first of the next. */
  span(row: number): readonly [from: number, to: number] {
    return [this.#starts[row]!, this.#starts[row + 1]!];
  }

  topOf(row: number): number {
    return this.#tops[row]!;
  }

  heightOf(row: number): number {
    return this.#heights[row]!;
  }

  rowOf(index: number): number {
    return lastAtMost(this.#starts, index, this.rowCount);
  }

  /** The row at this height; the first or last one beyond the ends. */
  rowAt(topPx: number): number {
    return Math.max(0, lastAtMost(this.#tops, topPx, this.rowCount));
  }

  aspectOf(index: number): number {
    let [low, high] = [0, this.#runs.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#runs[middle]!.from <= index) low = middle;
      else high = middle - 1;
    }
    return this.#runs[low]?.aspect ?? 1;
  }

  placeOf(index: number): Box {
    const row = this.rowOf(index);
    const height = this.heightOf(row);
    let left = 0;
    for (let each = this.#starts[row]!; each < index; each++) left += this.aspectOf(each) * height + this.#gapPx;
    return { left, top: this.topOf(row), width: this.aspectOf(index) * height, height };
  }

  /** The picture above (-1) or below (1) whose middle is nearest; the same one where there is no row. */
  beside(index: number, direction: -1 | 1): number {
    const row = this.rowOf(index) + direction;
    if (row < 0 || row >= this.rowCount) return index;
    const here = this.placeOf(index);
    const middle = here.left + here.width / 2;
    const [from, to] = this.span(row);
    const gaps = Array.from({ length: to - from }, (_, each) => {
      const { left, width } = this.placeOf(from + each);
      return Math.abs(left + width / 2 - middle);
    });
    return from + gaps.indexOf(Math.min(...gaps));
  }

  /** Pictures that a box touches. */
  touching({ left, top, width, height }: Box): number[] {
    if (this.rowCount === 0) return [];
    const touched: number[] = [];
    for (let row = this.rowAt(top); row < this.rowCount && this.topOf(row) < top + height; row++) {
      const [from, to] = this.span(row);
      for (let index = from; index < to; index++) {
        const place = this.placeOf(index);
        const isBeside = place.left > left + width || place.left + place.width < left;
        if (!isBeside && place.top + place.height > top) touched.push(index);
      }
    }
    return touched;
  }
}

function shown(aspect: number): number {
  return Math.min(widest, Math.max(narrowest, aspect));
}

interface FilledRows {
  readonly starts: number[];
  readonly tops: number[];
  readonly heights: number[];
}

function fillRows(runs: readonly ShapeRun[], { widthPx, rowHeightPx, gapPx }: RowWishes): FilledRows {
  const rows: FilledRows = { starts: [0], tops: [], heights: [] };
  let [index, top, first, sum] = [0, 0, 0, 0];
  const close = (end: number, height: number): void => {
    rows.tops.push(top);
    rows.heights.push(height);
    rows.starts.push(end);
    top += height + gapPx;
    first = end;
  };
  const heightOf = (count: number, aspects: number): number => (widthPx - gapPx * (count - 1)) / aspects;
  for (const { count, aspect: raw } of runs) {
    const aspect = shown(raw);
    for (let each = 0; each < count; each++, index++) {
      const before = index - first;
      const without = before > 0 ? heightOf(before, sum) : Infinity;
      const height = heightOf(before + 1, sum + aspect);
      // the row is full without it, and nearer to the wish than with it
      if (height < rowHeightPx && without - rowHeightPx < rowHeightPx - height) {
        close(index, without);
        sum = aspect;
      } else if (height <= rowHeightPx) {
        close(index + 1, height);
        sum = 0;
      } else {
        sum += aspect;
      }
    }
  }
  // what is left over is as high as was wished, and leaves room beside it
  if (first < index) close(index, Math.min(rowHeightPx, heightOf(index - first, sum)));
  return rows;
}

/** Index of the last of the first `length` values that is at most `wanted`; -1 where there is none. */
function lastAtMost(values: readonly number[], wanted: number, length: number): number {
  let [low, high] = [-1, length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (values[middle]! <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
