// Pseudo linear multistep sampling (Liu et al. 2022, "Pseudo Numerical Methods for Diffusion Models", eq. 12): what the
// network predicted at up to four levels is extrapolated, then one step along it. There is no history at the start:
// one step of the improved Euler method takes its place, so a plan visits its second level twice.

import type { PredictionType } from './denoiser.ts';
import type { SamplerInput, SamplerStep } from './sampler.ts';

/** Adams-Bashforth weights, newest first, by how many predictions there are. */
const weights: readonly (readonly number[])[] = [
  [1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/** PLMS over the levels of a 'pndm' plan. Like diffusers, it extrapolates epsilon or v, whichever the network gives. */
export async function* plms(input: SamplerInput): AsyncGenerator<SamplerStep> {
  const { denoise, sigmas, predictionType = 'epsilon' } = input;
  const start = input.x;
  let { x } = input;
  let history: Float32Array[] = [];
  for (let i = 0; i < sigmas.length - 1; i++) {
    const [sigma, sigmaNext] = [sigmas[i]!, sigmas[i + 1]!];
    const denoised = await denoise(x, sigma);
    const e = prediction(x, denoised, sigma, predictionType);
    if (i === 1) {
      // the first step again, along the mean of the predictions at its two ends
      const mean = history[0]!.map((value, k) => (value + e[k]!) / 2);
      const corrected = transfer(start, mean, sigmas[0]!, sigma, predictionType);
      // A plan cut for a picture lacks the second visit: as in diffusers, x keeps its own scale and counts as one on
      const rescale = Math.sqrt((1 + sigmaNext ** 2) / (1 + sigma ** 2));
      x = corrected.map((value) => value * rescale);
    } else {
      history = [e, ...history].slice(0, 4);
      const factors = weights[history.length - 1]!;
      const extrapolated = e.map((_, k) => history.reduce((sum, old, n) => sum + factors[n]! * old[k]!, 0));
      x = transfer(x, extrapolated, sigma, sigmaNext, predictionType);
    }
    yield { x, denoised };
  }
}

/** What the network said, from what denoiser.ts made of it. */
function prediction(x: Float32Array, denoised: Float32Array, sigma: number, type: PredictionType): Float32Array {
  if (type === 'epsilon') return x.map((value, k) => (value - denoised[k]!) / sigma);
  const cIn = 1 / Math.sqrt(sigma * sigma + 1);
  return x.map((value, k) => (cIn * cIn * value - denoised[k]!) / (sigma * cIn));
}

/** One step from sigma to sigmaNext along a prediction: their eq. 11, in sigma space Euler's step along epsilon. */
function transfer(
  x: Float32Array, predicted: Float32Array, sigma: number, sigmaNext: number, type: PredictionType,
): Float32Array {
  const dt = sigmaNext - sigma;
  if (type === 'epsilon') return x.map((value, k) => value + predicted[k]! * dt);
  const cIn = 1 / Math.sqrt(sigma * sigma + 1);
  return x.map((value, k) => value + (sigma * cIn * cIn * value + cIn * predicted[k]!) * dt);
}
