// Makes "denoise(x, sigma)", all that a sampler knows, of a network that predicts epsilon or v at a timestep.
// Preconditioning in sigma space (Karras et al. 2022, table 1; v: Salimans and Ho 2022, appendix D):
//   x_in = x / sqrt(sigma^2 + 1)
//   epsilon:  denoised = x - sigma eps
//   v:        denoised = x / (sigma^2 + 1) - v sigma / sqrt(sigma^2 + 1)

import { type NoiseSchedule, timestepOfSigma } from './noise-schedule.ts';
import type { SamplingPlan } from './sampling-plan.ts';

/** Estimate of the noiseless latent from x = x0 + sigma noise; `x` must not be changed. */
export type Denoise = (x: Float32Array, sigma: number) => Promise<Float32Array>;

export type PredictionType = 'epsilon' | 'v_prediction';

/** The network as trained: latents in Stable Diffusion's own scale and a timestep in, epsilon or v out. */
export type Predict = (latents: Float32Array, timestep: number) => Promise<Float32Array>;

/** Wraps a network; `timestepOf` says which timestep it is told at a noise level. */
export function denoiser(
  predict: Predict, predictionType: PredictionType, timestepOf: (sigma: number) => number,
): Denoise {
  return async (x, sigma) => {
    const cIn = 1 / Math.sqrt(sigma * sigma + 1);
    const predicted = await predict(x.map((value) => value * cIn), timestepOf(sigma));
    const [cSkip, cOut] = predictionType === 'epsilon' ? [1, -sigma] : [cIn * cIn, -sigma * cIn];
    return x.map((value, k) => cSkip * value + cOut * predicted[k]!);
  };
}

/** The plan's own timestep at each of its noise levels, k-diffusion's interpolation anywhere else. */
export function plannedTimesteps(plan: SamplingPlan, schedule: NoiseSchedule): (sigma: number) => number {
  const planned = new Map<number, number>();
  plan.timesteps.forEach((timestep, i) => planned.set(plan.sigmas[i]!, timestep));
  return (sigma) => planned.get(sigma) ?? timestepOfSigma(schedule, sigma);
}
