// Multistep exponential integrators over log signal-to-noise (Lu et al. 2022, "DPM-Solver++"). In sigma space their
// lambda is t = -log sigma, and the step from s to t multiplies by exp(-h), h = t - s.

import type { SamplerInput, SamplerStep } from './sampler.ts';

/** DPM-Solver++(2M), algorithm 2: second order from the denoised latent of the step before. */
export async function* dpmpp2m({ denoise, x, sigmas }: SamplerInput): AsyncGenerator<SamplerStep> {
  let oldDenoised: Float32Array | undefined;
  let hLast = 0;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const h = Math.log(sigma) - Math.log(sigmaNext);
    const decay = sigmaNext / sigma;
    let target = denoised;
    // second order, but for the first step and the one that ends at 0
    if (oldDenoised && sigmaNext > 0) {
      const halfInvR = h / hLast / 2;
      const old = oldDenoised;
      target = denoised.map((value, k) => (1 + halfInvR) * value - halfInvR * old[k]!);
    }
    x = x.map((value, k) => decay * value + (1 - decay) * target[k]!);
    oldDenoised = denoised;
    hLast = h;
    yield { x, denoised };
  }
}
