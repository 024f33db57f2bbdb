// How much each token of a prompt counts, put into what the text encoders say, as AUTOMATIC1111 does it: each token's
// state is multiplied by its weight, then all of them by one number that brings their mean back to what it was.
// The pooled text of SDXL stays as it is.

import type { TextStates } from '../networks/text-states.ts';
import { float32Tensor } from '../tensor/tensor.ts';

/**
 * The states of one prompt with its weights. `widths` are the numbers a token has from each text encoder, whose states
 * lie side by side in the context; each encoder's mean is restored on its own. Sums are float64.
 */
export function weighStates(
  states: TextStates, weights: readonly number[] | undefined, widths: readonly number[],
): TextStates {
  if (!weights) return states;
  const { shape, data } = states.context;
  const [batch, tokens, width] = shape as [number, number, number];
  if (batch !== 1 || tokens !== weights.length || width !== widths.reduce((sum, each) => sum + each, 0)) {
    throw new Error(`Weights of ${weights.length} tokens do not fit states [${shape.join(', ')}].`);
  }
  const context = Float32Array.from(data as Float32Array);
  let first = 0;
  for (const own of widths) {
    weighColumns(context, weights, { width, first, end: first + own });
    first += own;
  }
  return { ...states, context: float32Tensor(shape, context) };
}

interface Columns {
  /** Of a whole row. */
  readonly width: number;
  readonly first: number;
  readonly end: number;
}

function weighColumns(context: Float32Array, weights: readonly number[], { width, first, end }: Columns): void {
  let [before, after] = [0, 0];
  weights.forEach((weight, token) => {
    for (let i = token * width + first; i < token * width + end; i++) {
      before += context[i]!;
      after += context[i]! * weight;
    }
  });
  // a mean of about 0 that changed its sign would turn every number around; then it is left as it is
  const scale = before / after > 0 ? before / after : 1;
  weights.forEach((weight, token) => {
    for (let i = token * width + first; i < token * width + end; i++) context[i] = context[i]! * weight * scale;
  });
}
