// What a prompt tells the UNet, as numbers, and what the networks are fed of prompts and picture sizes.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { type Tensor, float32Tensor, int64Tensor } from '../tensor/tensor.ts';
import type { PromptIds } from '../text/prompt-encoder.ts';
import { joinBatch } from './batches.ts';

export interface TextStates {
  /** float32 [B, N, D]. */
  readonly context: Tensor;
  /** float32 [B, P]: the pooled text; SDXL only. */
  readonly pooled?: Tensor;
}

/** One batch of several; all with pooled text, or none. */
export function joinTextStates(states: readonly TextStates[]): TextStates {
  const context = joinBatch(states.map((each) => each.context));
  const pooled = states.flatMap((each) => (each.pooled ? [each.pooled] : []));
  return pooled.length > 0 ? { context, pooled: joinBatch(pooled) } : { context };
}

/** The name of a text encoder's graph input: 'input_ids', 'input_ids_2', … */
export function inputNameOf(base: string, encoder: number): string {
  return encoder === 0 ? base : `${base}_${encoder + 1}`;
}

/** The ids of prompts for each text encoder: input_ids int64 [B, N], SDXL's input_ids_2 [B, N]. */
export function promptFeeds(prompts: readonly PromptIds[]): Record<string, Tensor> {
  return Object.fromEntries(prompts[0]!.map((ids, encoder) => [
    inputNameOf('input_ids', encoder),
    int64Tensor([prompts.length, ids.length], prompts.flatMap((prompt) => prompt[encoder]!)),
  ]));
}

/** Throws when a prompt is for other encoders, or has ids of tokens that are not there. */
export function checkPromptIds(
  { textEncoders }: Pick<Checkpoint, 'textEncoders'>, prompt: PromptIds, newTokens: number,
): void {
  if (prompt.length !== textEncoders.length) {
    throw new Error(`The prompt is for ${prompt.length} text encoders; there are ${textEncoders.length}.`);
  }
  textEncoders.forEach(({ config: { vocabSize } }, encoder) => {
    const largest = Math.max(...prompt[encoder]!);
    if (largest >= vocabSize + newTokens) {
      throw new Error(`The prompt has the token ${largest}; there are ${vocabSize} and ${newTokens} new ones.`);
    }
  });
}

/**
 * SDXL's time ids [B, 6] of pictures that were never cropped or resized (Podell et al. 2023, section 2.2): original
 * height and width, crop top and left, target height and width, in pixels.
 */
export function wholePictureTimeIds(batch: number, heightPx: number, widthPx: number): Tensor {
  const row = [heightPx, widthPx, 0, 0, heightPx, widthPx];
  return float32Tensor([batch, row.length], Array.from({ length: batch }, () => row).flat());
}
