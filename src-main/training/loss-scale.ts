// Dynamic loss scaling (Micikevicius et al. 2018, section 3.2; the rule of torch.amp.GradScaler). Float16 loses
// gradients below 6e-8 and has none above 65504, so the loss is multiplied by a power of two before it is
// differentiated, and float32 gradients are divided by it. A step whose gradient overflows changes nothing and halves
// the scale; after many good steps it is doubled. Scale and counters are part of the training state.

import { type Tensor, float32Tensor } from '../tensor/tensor.ts';

export interface LossScale {
  readonly scale: number;
  /** Since the scale last changed. */
  readonly goodSteps: number;
  /** Of the whole run: the optimizer has taken so many steps fewer than the run. */
  readonly skippedSteps: number;
  readonly skippedInARow: number;
}

/** What became of a step: 'overflow' is a gradient that is no number, 'no-loss' a loss that is none. */
export type StepOutcome = 'good' | 'overflow' | 'no-loss';

/** torch's own first scale; doubled after fewer steps than its 2000, as a run here has a few hundred. */
const firstScale = 2 ** 16;
const goodStepsToGrow = 256;
const smallestScale = 1;
const largestScale = 2 ** 24;

/** So many skipped steps in a row take the scale from its first value to 1 and try that a few times. */
export const mostSkippedInARow = 20;

/** The scale's name among the tensors of a training state. */
export const lossScaleName = 'lossScale';

export const firstLossScale: LossScale = { scale: firstScale, goodSteps: 0, skippedSteps: 0, skippedInARow: 0 };

export function nextLossScale(current: LossScale, outcome: StepOutcome): LossScale {
  const { scale, goodSteps, skippedSteps, skippedInARow } = current;
  if (outcome === 'good') {
    const isDue = goodSteps + 1 === goodStepsToGrow;
    return {
      scale: isDue ? Math.min(2 * scale, largestScale) : scale, goodSteps: isDue ? 0 : goodSteps + 1,
      skippedSteps, skippedInARow: 0,
    };
  }
  // a loss that is no number was none before it was scaled
  return {
    scale: outcome === 'overflow' ? Math.max(scale / 2, smallestScale) : scale, goodSteps: 0,
    skippedSteps: skippedSteps + 1, skippedInARow: skippedInARow + 1,
  };
}

/** float32 [4], whose numbers are whole and small enough to be exact. */
export function lossScaleTensor({ scale, goodSteps, skippedSteps, skippedInARow }: LossScale): Tensor {
  return float32Tensor([4], [scale, goodSteps, skippedSteps, skippedInARow]);
}

/** What lossScaleTensor() wrote; the first scale where there is none, as after steps in float32. */
export function lossScaleIn(tensor: Tensor | undefined): LossScale {
  if (!tensor) return firstLossScale;
  const [scale, goodSteps, skippedSteps, skippedInARow] = Array.from(tensor.data as Float32Array) as [
    number, number, number, number];
  return { scale, goodSteps, skippedSteps, skippedInARow };
}
