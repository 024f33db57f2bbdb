// A picture that shapes are painted on. Each pixel gets the exact share of it that a shape covers (signed areas summed
// along the row, as font renderers do), so that edges are smooth without taking samples; soft edges are box blurs.

import type { Colour } from '../colours.ts';
import { addEdge, blurInPlace, coverageOf } from './coverage.ts';

export type Point = readonly [number, number];
/** Closed polygons. */
export type Path = readonly (readonly Point[])[];
/** x' = a x + c y + e, y' = b x + d y + f. */
export type Matrix = readonly [number, number, number, number, number, number];

/** How much of each pixel of a rectangle is covered. */
export interface Mask {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** One colour, or a passage between two from `at` to `end` (radial: `end` lies on the outer circle). */
export interface Passage {
  readonly kind: 'linear' | 'radial';
  readonly from: Colour;
  readonly to: Colour;
  /** Opacities at both ends. */
  readonly fade?: readonly [number, number];
  readonly at: Point;
  readonly end: Point;
}
export type Paint = Colour | Passage;

const isPassage = (paint: Paint): paint is Passage => !Array.isArray(paint);

export class Canvas {
  /** Interleaved RGB, 0..255. */
  readonly pixels: Float32Array;
  readonly edgePx: number;
  /** From the units that shapes are given in to pixels. */
  matrix: Matrix;
  #places = new Float64Array(1024);
  #sums = new Float32Array(4096);

  constructor(edgePx: number) {
    this.edgePx = edgePx;
    this.pixels = new Float32Array(edgePx * edgePx * 3);
    this.matrix = [edgePx / 256, 0, 0, edgePx / 256, 0, 0];
  }

  toPixel([x, y]: Point): Point {
    const [a, b, c, d, e, f] = this.matrix;
    return [a * x + c * y + e, b * x + d * y + f];
  }

  /** Pixels in a unit of length. */
  get unitPx(): number {
    return Math.hypot(this.matrix[0], this.matrix[1]);
  }

  /** The coverage of a path; `softness` is how far, in units, its edge is spread to either side. */
  mask(path: Path, softness = 0): Mask {
    const radius = Math.round(softness * this.unitPx * 0.6);
    const box = this.#placed(path, 2 * radius + 1);
    const sums = this.#clearedSums((box.width + 2) * box.height);
    const places = this.#places;
    let at = 0;
    for (const { length } of path) {
      const last = at + (length - 1) * 2;
      let [x, y] = [places[last]! - box.left, places[last + 1]! - box.top];
      for (let i = 0; i < length; i++, at += 2) {
        const [nextX, nextY] = [places[at]! - box.left, places[at + 1]! - box.top];
        addEdge(sums, box, x, y, nextX, nextY);
        x = nextX;
        y = nextY;
      }
    }
    const mask = { ...box, values: coverageOf(sums, box) };
    if (radius > 0) blurInPlace(mask.values, box, radius);
    return mask;
  }

  /** Puts a path's points in pixels into #places; returns the pixels it may touch, `margin` around it. */
  #placed(path: Path, margin: number): Omit<Mask, 'values'> {
    const [a, b, c, d, e, f] = this.matrix;
    const count = path.reduce((sum, { length }) => sum + 2 * length, 0);
    if (count > this.#places.length) this.#places = new Float64Array(2 * count);
    let [left, top, right, bottom] = [this.edgePx, this.edgePx, 0, 0];
    let at = 0;
    for (const polygon of path) {
      for (const point of polygon) {
        const x = a * point[0] + c * point[1] + e;
        const y = b * point[0] + d * point[1] + f;
        this.#places[at++] = x;
        this.#places[at++] = y;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        if (y > bottom) bottom = y;
      }
    }
    left = Math.max(0, Math.floor(left) - margin);
    top = Math.max(0, Math.floor(top) - margin);
    return {
      left, top, width: Math.max(0, Math.min(this.edgePx, Math.ceil(right) + margin) - left),
      height: Math.max(0, Math.min(this.edgePx, Math.ceil(bottom) + margin) - top),
    };
  }

  #clearedSums(count: number): Float32Array {
    if (count > this.#sums.length) this.#sums = new Float32Array(2 * count);
    else this.#sums.fill(0, 0, count);
    return this.#sums;
  }

  paint(mask: Mask, paint: Paint, opacity = 1): void {
    if (isPassage(paint)) this.#paintPassage(mask, paint, opacity);
    else this.#paintColour(mask, paint, opacity);
  }

  #paintColour({ left, top, width, height, values }: Mask, [r, g, b]: Colour, opacity: number): void {
    const { pixels, edgePx } = this;
    for (let row = 0; row < height; row++) {
      let at = ((top + row) * edgePx + left) * 3;
      for (let i = row * width, end = i + width; i < end; i++, at += 3) {
        const share = values[i]! * opacity;
        if (share < 0.002) continue;
        pixels[at]! += (r - pixels[at]!) * share;
        pixels[at + 1]! += (g - pixels[at + 1]!) * share;
        pixels[at + 2]! += (b - pixels[at + 2]!) * share;
      }
    }
  }

  #paintPassage({ left, top, width, height, values }: Mask, passage: Passage, opacity: number): void {
    const { pixels, edgePx } = this;
    const { from, to, fade = [1, 1], kind } = passage;
    const [x0, y0] = this.toPixel(passage.at);
    const [x1, y1] = this.toPixel(passage.end);
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length = dx * dx + dy * dy || 1;
    for (let row = 0; row < height; row++) {
      let at = ((top + row) * edgePx + left) * 3;
      for (let column = 0; column < width; column++, at += 3) {
        const covered = values[row * width + column]!;
        if (covered < 0.002) continue;
        const [x, y] = [left + column + 0.5 - x0, top + row + 0.5 - y0];
        const along = kind === 'linear' ? (x * dx + y * dy) / length : Math.sqrt((x * x + y * y) / length);
        const t = along < 0 ? 0 : along > 1 ? 1 : along;
        const share = covered * opacity * (fade[0] + (fade[1] - fade[0]) * t);
        for (let c = 0; c < 3; c++) {
          pixels[at + c]! += (from[c]! + (to[c]! - from[c]!) * t - pixels[at + c]!) * share;
        }
      }
    }
  }
}

/** Where both are. */
export function within(mask: Mask, other: Mask): Mask {
  const left = Math.max(mask.left, other.left);
  const top = Math.max(mask.top, other.top);
  const width = Math.max(0, Math.min(mask.left + mask.width, other.left + other.width) - left);
  const height = Math.max(0, Math.min(mask.top + mask.height, other.top + other.height) - top);
  const values = new Float32Array(width * height);
  for (let row = 0, to = 0; row < height; row++) {
    let from = (top + row - mask.top) * mask.width + left - mask.left;
    let beside = (top + row - other.top) * other.width + left - other.left;
    for (let i = 0; i < width; i++) values[to++] = mask.values[from++]! * other.values[beside++]!;
  }
  return { left, top, width, height, values };
}

/** Where the first is and the second is not. */
export function without(mask: Mask, other: Mask): Mask {
  const values = mask.values.slice();
  const both = within(mask, other);
  for (let row = 0, from = 0; row < both.height; row++) {
    let to = (both.top + row - mask.top) * mask.width + both.left - mask.left;
    for (let i = 0; i < both.width; i++) values[to++]! -= both.values[from++]!;
  }
  return { ...mask, values };
}
