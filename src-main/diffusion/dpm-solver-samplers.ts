// Multistep exponential integrators over log signal-to-noise (Lu et al. 2022, "DPM-Solver++"). In sigma space their
// lambda is t = -log sigma, and the step from s to t multiplies by exp(-h), h = t - s.

import { addScaled, type SamplerInput, type SamplerStep } from './sampler.ts';

/** DPM-Solver++(2M), algorithm 2: second order from the denoised latent of the step before. */
export function dpmpp2m(input: SamplerInput): AsyncGenerator<SamplerStep> {
  return dpmpp2mSde({ ...input, eta: 0 });
}

/**
 * SDE-DPM-Solver++(2M): the same for the diffusion SDE, midpoint form, with as much of its noise as eta says (Lu et al.
 * 2022, eq. 14 of version 2; eta as in k-diffusion). Eta 0 is DPM-Solver++(2M) itself.
 */
export async function* dpmpp2mSde({ denoise, x, sigmas, noise, eta }: SamplerInput): AsyncGenerator<SamplerStep> {
  let oldDenoised: Float32Array | undefined;
  let hLast = 0;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const h = Math.log(sigma) - Math.log(sigmaNext);
    // exp(-h - eta h)
    const decay = (sigmaNext / sigma) ** (1 + eta);
    let target = denoised;
    // second order, but for the first step and the one that ends at 0
    if (oldDenoised && sigmaNext > 0) {
      const halfInvR = h / hLast / 2;
      const old = oldDenoised;
      target = denoised.map((value, k) => (1 + halfInvR) * value - halfInvR * old[k]!);
    }
    x = x.map((value, k) => decay * value + (1 - decay) * target[k]!);
    const sigmaUp = sigmaNext * Math.sqrt(1 - (sigmaNext / sigma) ** (2 * eta));
    // add noise back
    if (sigmaUp > 0) x = addScaled(x, noise(i), sigmaUp);
    oldDenoised = denoised;
    hLast = h;
    yield { x, denoised };
  }
}
