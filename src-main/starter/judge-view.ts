// How the judge is shown a picture: at its own size, and while it learns a little moved, relit, blurred and grained, as
// pictures come out of an autoencoder.

import type { Random } from './seeded-random.ts';

export interface View {
  /** Pixels of the source that a pixel of the view stands for. */
  readonly step: number;
  /** Where the view's upper left corner lies in the source, in its pixels. */
  readonly left: number;
  readonly top: number;
  /** Factor and addend of each channel, of values in -1..1. */
  readonly gain: readonly [number, number, number];
  readonly offset: readonly [number, number, number];
  /** Share of a 3x3 mean that is mixed in, that often. */
  readonly blur: number;
  readonly blurs: number;
  /** Deviation of fine and of coarse grain. */
  readonly grain: number;
  readonly blotch: number;
}

const level = { gain: [1, 1, 1], offset: [0, 0, 0], blur: 0, blurs: 0, grain: 0, blotch: 0 } as const;

/** The whole picture as it is. */
export const plainView = (sourcePx: number, edgePx: number): View => (
  { ...level, step: sourcePx / edgePx, left: 0, top: 0 });

/** A view for training. */
export function drawnView(random: Random, sourcePx: number, edgePx: number): View {
  const spread = (deviation: number) => deviation * Math.max(-2, Math.min(2, random.normal()));
  const tone = spread(0.03);
  const light = spread(0.05);
  const size = random.between(0.94, 1.02);
  const slack = sourcePx * (1 - size) / 2;
  const isBlurred = random.chance(0.7);
  return {
    step: (sourcePx * size) / edgePx,
    left: slack + spread(sourcePx * 0.02), top: slack + spread(sourcePx * 0.02),
    gain: [1 + light + spread(0.015), 1 + light + spread(0.015), 1 + light + spread(0.015)],
    offset: [tone + spread(0.015), tone + spread(0.015), tone + spread(0.015)],
    blur: isBlurred ? random.between(0.1, 0.9) : 0, blurs: isBlurred ? 1 + random.integer(2) : 0,
    grain: random.chance(0.6) ? random.between(0, 0.06) : 0,
    blotch: random.chance(0.5) ? random.between(0, 0.06) : 0,
  };
}

/** Pixels of the source. */
const farthestMove = 6;

/**
 * A view for learning styles: at the picture's own scale and in whole pixels, every second one without any blur, so
 * that strokes stay, the others as soft as an autoencoder makes them.
 */
export function styleView(random: Random, sourcePx: number, edgePx: number): View {
  const view = drawnView(random, sourcePx, edgePx);
  const moved = () => random.integer(2 * farthestMove + 1) - farthestMove;
  const blurs = random.chance(0.5) ? 1 + random.integer(3) : 0;
  return { ...view, step: sourcePx / edgePx, left: moved(), top: moved(), blur: random.between(0.3, 0.95), blurs };
}

/** Writes planes [3, edge, edge] of interleaved 8-bit RGB, `sourcePx` square, into `target`. */
export function writeView(
  rgb: Uint8Array, sourcePx: number, view: View, target: Float32Array, edgePx: number, random: Random,
): void {
  sample(rgb, sourcePx, view, target, edgePx);
  const area = edgePx ** 2;
  for (let c = 0; c < 3; c++) {
    const plane = target.subarray(c * area, (c + 1) * area);
    for (let i = 0; i < view.blurs; i++) blend(plane, edgePx, view.blur);
    if (view.blotch > 0) addBlotches(plane, edgePx, view.blotch, random);
    for (let i = 0; i < area; i++) {
      // the sum of two uniform draws is near enough to a Gaussian
      const grain = view.grain > 0 ? (random.uniform() + random.uniform() - 1) * view.grain * 2.45 : 0;
      plane[i] = plane[i]! * view.gain[c]! + view.offset[c]! + grain;
    }
  }
}

/** Bilinear; beyond the edge lies what lies at it. */
function sample(
  rgb: Uint8Array, sourcePx: number, { step, left, top }: View, target: Float32Array, edge: number,
): void {
  const place = (i: number, start: number) => {
    const at = Math.max(0, Math.min(sourcePx - 1, start + (i + 0.5) * step - 0.5));
    const first = Math.min(Math.floor(at), sourcePx - 2);
    return [first, at - first] as const;
  };
  const columns = Array.from({ length: edge }, (_, x) => place(x, left));
  const area = edge * edge;
  for (let y = 0; y < edge; y++) {
    const [row, down] = place(y, top);
    for (let x = 0; x < edge; x++) {
      const [column, right] = columns[x]!;
      const at = (row * sourcePx + column) * 3;
      const below = at + sourcePx * 3;
      for (let c = 0; c < 3; c++) {
        const upper = rgb[at + c]! + (rgb[at + 3 + c]! - rgb[at + c]!) * right;
        const lower = rgb[below + c]! + (rgb[below + 3 + c]! - rgb[below + c]!) * right;
        target[c * area + y * edge + x] = (upper + (lower - upper) * down) / 127.5 - 1;
      }
    }
  }
}

/** Mixes in the mean of each pixel and its neighbours, along rows and then along columns. */
function blend(plane: Float32Array, edge: number, share: number): void {
  for (const [across, along] of [[edge, 1], [1, edge]] as const) {
    for (let line = 0; line < edge; line++) {
      const start = line * across;
      let before = plane[start]!;
      for (let i = 0; i < edge; i++) {
        const at = start + i * along;
        const here = plane[at]!;
        const after = plane[i + 1 < edge ? at + along : at]!;
        plane[at] = here + share * ((before + here + after) / 3 - here);
        before = here;
      }
    }
  }
}

const blotchPx = 8;

/** Coarse noise: a value every eight pixels and straight lines between. */
function addBlotches(plane: Float32Array, edge: number, deviation: number, random: Random): void {
  const count = Math.ceil(edge / blotchPx) + 1;
  const knots = Float32Array.from({ length: count * count }, () => random.normal() * deviation);
  for (let y = 0; y < edge; y++) {
    const row = Math.floor(y / blotchPx);
    const down = y / blotchPx - row;
    for (let x = 0; x < edge; x++) {
      const column = Math.floor(x / blotchPx);
      const right = x / blotchPx - column;
      const at = row * count + column;
      const upper = knots[at]! + (knots[at + 1]! - knots[at]!) * right;
      const lower = knots[at + count]! + (knots[at + count + 1]! - knots[at + count]!) * right;
      plane[y * edge + x]! += upper + (lower - upper) * down;
    }
  }
}
