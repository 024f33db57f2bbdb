// Second order from two calls of the network a step; see euler-samplers.ts for d = (x - denoised) / sigma.

import type { SamplerInput, SamplerStep } from './sampler.ts';

/** Karras et al. 2022, algorithm 1: Euler to the next level, then again with the mean of the slopes at both ends. */
export async function* heun({ denoise, x, sigmas }: SamplerInput): AsyncGenerator<SamplerStep> {
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const dt = sigmaNext - sigma;
    const start = x;
    const denoised = await denoise(start, sigma);
    const d = start.map((value, k) => (value - denoised[k]!) / sigma);
    const predicted = start.map((value, k) => value + d[k]! * dt);
    // the slope at sigma 0 is not defined: Euler there
    if (sigmaNext === 0) {
      x = predicted;
    } else {
      const denoisedNext = await denoise(predicted, sigmaNext);
      x = start.map((value, k) => {
        const dNext = (predicted[k]! - denoisedNext[k]!) / sigmaNext;
        return value + ((d[k]! + dNext) / 2) * dt;
      });
    }
    yield { x, denoised };
  }
}
