// Every choice that training leaves to chance, as a function of the seed, what the choice is for, and how many came
// before it. So no random generator's state has to be kept: a run that goes on draws what it would have drawn.

import { batchesPerEpoch, droppedCaptions, epochBatches, type EpochImage } from '../dataset/epoch.ts';
import { normalNumbers, uniformNumbers } from '../diffusion/seeded-noise.ts';

/** Whose numbers: those of the subject's images, of the class's, or of the held-out ones. */
export type DrawSide = 'subject' | 'class' | 'held-out';

type DrawPurpose = 'latents' | 'noise' | 'noiseOffset' | 'timesteps' | 'captionDropout' | 'order'
  | 'captionTagDropout';

// the numbers of the streams are part of what a seed means: they never change
const sides: Readonly<Record<DrawSide, number>> = { subject: 0, class: 1, 'held-out': 2 };
const purposes: Readonly<Record<DrawPurpose, number>> = {
  latents: 1, noise: 2, timesteps: 3, order: 4, captionDropout: 5, noiseOffset: 6,
  captionTagDropout: 7,
};

/** The draws of one side for a micro-batch, counted from 0 over the whole run. */
export class Draws {
  readonly #seed: number;
  readonly #side: number;
  /** Orders of the epoch that was asked for last: every batch of it is asked for in turn. */
  #epoch: { readonly number: number; readonly batches: readonly (readonly number[])[] } | undefined;

  constructor(seed: number, side: DrawSide) {
    this.#seed = seed;
    this.#side = sides[side];
  }

  normal(purpose: 'latents' | 'noise' | 'noiseOffset', batch: number, count: number): Float32Array {
    return normalNumbers(this.#seed, this.#stream(purpose, batch), count);
  }

  /** Uniform over `from` to limit - 1. */
  timesteps(batch: number, count: number, limit: number, from = 0): number[] {
    const uniform = uniformNumbers(this.#seed, this.#stream('timesteps', batch), count);
    return Array.from(uniform, (u) => from + Math.floor(u * (limit - from)));
  }

  /** Which samples go without their caption, or without what it says beside the subject. */
  dropped(purpose: 'captionDropout' | 'captionTagDropout', batch: number, count: number, share: number): boolean[] {
    return droppedCaptions(count, share, this.#seed, this.#stream(purpose, batch));
  }

  /** Which images the micro-batch sees, all of one size. */
  images(images: readonly EpochImage[], batchSize: number, batch: number): readonly number[] {
    const perEpoch = batchesPerEpoch(images, batchSize);
    const number = Math.floor(batch / perEpoch);
    if (this.#epoch?.number !== number) {
      const batches = epochBatches(images, batchSize, this.#seed, this.#stream('order', number));
      this.#epoch = { number, batches };
    }
    return this.#epoch.batches[batch % perEpoch]!;
  }

  #stream(purpose: DrawPurpose, index: number): number {
    return index * 32 + this.#side * 8 + purposes[purpose];
  }
}
