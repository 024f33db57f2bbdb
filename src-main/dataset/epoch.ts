// Which images a training step sees. Everything is drawn from counter-based streams of the seed, so that any step can
// be worked out by itself: a run that goes on after a stop sees what it would have seen.

import { uniformNumbers } from '../diffusion/seeded-noise.ts';

export interface EpochImage {
  /** How often an epoch shows it; 1 or more. */
  readonly repeats: number;
  /** Images of one batch have the same size; any text that is equal for equal sizes. */
  readonly sizeKey: string;
}

/**
 * The batches of one epoch as indices of images: every image as often as it is repeated, in an order of this epoch's
 * own, each batch of one size. Batches are full: the last of a size is filled up with images of its size from the
 * epoch's start, so that one graph a size is enough. Needs at least one image.
 */
export function epochBatches(
  images: readonly EpochImage[], batchSize: number, seed: number, stream: number,
): readonly (readonly number[])[] {
  const shown = images.flatMap(({ repeats }, index) => new Array<number>(repeats).fill(index));
  if (shown.length === 0) throw new Error('An epoch needs at least one image.');
  const random = uniformNumbers(seed, stream, 2 * shown.length);
  const bySize = new Map<string, number[]>();
  for (const index of shuffled(shown, random)) {
    const { sizeKey } = images[index]!;
    bySize.set(sizeKey, [...(bySize.get(sizeKey) ?? []), index]);
  }
  const batches = [...bySize.values()].flatMap((ofSize) => (
    Array.from({ length: Math.ceil(ofSize.length / batchSize) }, (_, batch) => (
      Array.from({ length: batchSize }, (_unused, i) => ofSize[(batch * batchSize + i) % ofSize.length]!)))));
  return shuffled(batches, random.subarray(shown.length));
}

/** Batches of an epoch without drawing it: all epochs have as many. */
export function batchesPerEpoch(images: readonly EpochImage[], batchSize: number): number {
  const counts = new Map<string, number>();
  for (const { sizeKey, repeats } of images) counts.set(sizeKey, (counts.get(sizeKey) ?? 0) + repeats);
  return [...counts.values()].reduce((sum, count) => sum + Math.ceil(count / batchSize), 0);
}

/** Which samples of a batch go without their caption, so that the network keeps its unconditional half. */
export function droppedCaptions(count: number, share: number, seed: number, stream: number): boolean[] {
  return Array.from(uniformNumbers(seed, stream, count), (u) => u < share);
}

/** Fisher and Yates, from the end; takes one random number an item. */
function shuffled<T>(items: readonly T[], random: Float64Array): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random[i]! * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
