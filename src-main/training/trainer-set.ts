// What a run learns from, ready for its steps: latents of every image as the VAE gave them, captions as token ids and,
// where no text encoder learns, as encoded prompts. One entry an image; captions that are alike share theirs.

import type { EpochImage } from '../dataset/epoch.ts';
import type { PromptIds } from '../text/prompt-encoder.ts';
import type { TextStates } from '../networks/pipeline.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A caption as the networks take it. */
export interface EncodedCaption {
  readonly ids: PromptIds;
  /** What the base model's own text encoders make of it [1, N, D]; absent where only ids are needed. */
  readonly states?: TextStates;
}

/** One training image as a step sees it. */
export interface TrainingExample {
  /** The VAE's mean and log-variance [1, C, H, W], not scaled. */
  readonly mean: Tensor;
  readonly logVariance: Tensor;
  readonly caption: EncodedCaption;
  /** How often it comes where others come once. */
  readonly repeats: number;
  /** Weight of each latent pixel [H · W], with a mean of 1; absent: all alike. */
  readonly mask?: Float32Array;
  /** SDXL's six numbers. */
  readonly timeIds?: readonly number[];
}

export interface TrainingSet {
  readonly images: readonly TrainingExample[];
  /** Pictures of the class; empty without prior 'images'. */
  readonly classImages: readonly TrainingExample[];
  /** Images that are not learned from. */
  readonly heldOut: readonly TrainingExample[];
  /** What stands for a caption that is left out. */
  readonly emptyCaption: EncodedCaption;
  /** Who is shown and nothing else. */
  readonly subjectCaption: EncodedCaption;
  /** Of the class; for prior 'prediction'. */
  readonly classCaption: EncodedCaption;
}

/** What an epoch needs to know of the examples. */
export function epochImagesOf(examples: readonly TrainingExample[]): EpochImage[] {
  return examples.map(({ mean, repeats }) => ({ repeats, sizeKey: mean.shape.slice(2).join('x') }));
}
