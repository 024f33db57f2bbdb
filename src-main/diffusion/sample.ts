// Drives a sampler from start to end: counts steps, reports each, and stops between two when asked to.

import type { SamplerFunction, SamplerInput } from './sampler.ts';

export interface SamplingProgress {
  /** Steps that are done, from 1. */
  readonly samplingStep: number;
  readonly stepCount: number;
  /** The noise level that x is now at. */
  readonly sigma: number;
  readonly x: Float32Array;
  readonly denoised: Float32Array;
}

export interface SampleOptions extends Omit<SamplerInput, 'eta'> {
  readonly sampler: SamplerFunction;
  readonly eta?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: SamplingProgress) => void | Promise<void>;
}

export type SampleResult =
  | { readonly kind: 'done'; readonly x: Float32Array }
  | { readonly kind: 'cancelled'; readonly stepsDone: number };

/** Runs a sampler; the result is in sigma space at the last noise level. Cancelling is an outcome, not an error. */
export async function sample(options: SampleOptions): Promise<SampleResult> {
  const { sampler, signal, onStep, sigmas, eta = 0, predictionType } = options;
  if (signal?.aborted) return { kind: 'cancelled', stepsDone: 0 };
  const stepCount = sigmas.length - 1;
  let { x } = options;
  let samplingStep = 0;
  const { denoise, noise } = options;
  for await (const step of sampler({ denoise, x, sigmas, noise, eta, predictionType })) {
    x = step.x;
    samplingStep++;
    await onStep?.({ samplingStep, stepCount, sigma: sigmas[samplingStep]!, ...step });
    if (signal?.aborted && samplingStep < stepCount) return { kind: 'cancelled', stepsDone: samplingStep };
  }
  return { kind: 'done', x };
}
