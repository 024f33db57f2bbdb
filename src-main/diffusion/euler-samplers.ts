// First-order samplers: one call of the network a step. In all of them d = (x - denoised) / sigma is the noise
// estimate and, at once, the slope dx/dsigma of the probability flow ODE (Karras et al. 2022, eq. 1).

import { addScaled, type SamplerInput, type SamplerStep } from './sampler.ts';

/** Karras et al. 2022, algorithm 1 without the second-order correction. */
export async function* euler({ denoise, x, sigmas }: SamplerInput): AsyncGenerator<SamplerStep> {
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const dt = sigmas[i + 1]! - sigma;
    const denoised = await denoise(x, sigma);
    x = x.map((value, k) => value + ((value - denoised[k]!) / sigma) * dt);
    yield { x, denoised };
  }
}

/** Euler to a lower level than asked, then fresh noise up to it (Crowson, k-diffusion). */
export async function* eulerAncestral({ denoise, x, sigmas, noise, eta }: SamplerInput): AsyncGenerator<SamplerStep> {
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const { sigmaDown, sigmaUp } = ancestralStep(sigma, sigmas[i + 1]!, eta);
    const dt = sigmaDown - sigma;
    const denoised = await denoise(x, sigma);
    x = x.map((value, k) => value + ((value - denoised[k]!) / sigma) * dt);
    // add noise back
    if (sigmaUp > 0) x = addScaled(x, noise(i), sigmaUp);
    yield { x, denoised };
  }
}

/**
 * Song et al. 2020, eq. 12, divided by sqrt(alphaCumprod) of the level it goes to. Eta 0 draws no noise; eta 1 is DDPM
 * (Ho et al. 2020, algorithm 2 with the smaller variance).
 * Their sigma_t becomes sigmaUp: both are eta sqrt(next^2 (sigma^2 - next^2)) / sigma.
 */
export async function* ddim({ denoise, x, sigmas, noise, eta }: SamplerInput): AsyncGenerator<SamplerStep> {
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const { sigmaDown, sigmaUp } = ancestralStep(sigma, sigmas[i + 1]!, eta);
    const denoised = await denoise(x, sigma);
    // predicted x0, then direction pointing to x_t
    x = x.map((value, k) => denoised[k]! + sigmaDown * ((value - denoised[k]!) / sigma));
    // random noise
    if (sigmaUp > 0) x = addScaled(x, noise(i), sigmaUp);
    yield { x, denoised };
  }
}

/**
 * Multistep consistency sampling (Luo et al. 2023, "Latent Consistency Models", algorithm 3): jump to the estimate of
 * the finished latent, then fresh noise up to the next level. Their c_skip is left out: below 1e-5 where LCM visits.
 */
export async function* lcm({ denoise, x, sigmas, noise }: SamplerInput): AsyncGenerator<SamplerStep> {
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigmas[i]!);
    x = sigmaNext > 0 ? addScaled(denoised, noise(i), sigmaNext) : denoised;
    yield { x, denoised };
  }
}

/** Splits a step down to `sigmaNext` into a step to sigmaDown and noise of sigmaUp; eta 0 is no noise. */
export function ancestralStep(sigma: number, sigmaNext: number, eta: number): { sigmaDown: number; sigmaUp: number } {
  const full = eta * Math.sqrt((sigmaNext ** 2 * (sigma ** 2 - sigmaNext ** 2)) / sigma ** 2);
  const sigmaUp = Math.min(sigmaNext, full);
  return { sigmaDown: Math.sqrt(sigmaNext ** 2 - sigmaUp ** 2), sigmaUp };
}
