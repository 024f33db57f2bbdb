// UniPC (Zhao et al. 2023, "UniPC: A Unified Predictor-Corrector Framework"), order 2, B(h) = e^h - 1, predicting the
// denoised latent. The predictor is DPM-Solver++(2M); each denoised latent then also mends the step that led to it, at
// no further call. In sigma space lambda is -log sigma, as in dpm-solver-samplers.ts.

import type { SamplerInput, SamplerStep } from './sampler.ts';

/** A step that was taken: from x at sigma, with the denoised latents m0 there and m1 one level before. */
interface Taken {
  readonly x: Float32Array;
  readonly m0: Float32Array;
  /** Absent in a first-order step. */
  readonly m1: Float32Array | undefined;
  readonly h: number;
  /** h of the step before, in units of h and negative: where m1 lies seen from m0. */
  readonly r1: number;
}

/** UniPC-2 with its corrector at every step but the last. */
export async function* unipc({ denoise, x, sigmas }: SamplerInput): AsyncGenerator<SamplerStep> {
  const last = sigmas.length - 2;
  let taken: Taken | undefined;
  for (let i = 0; i <= last; i++) {
    const denoised = await denoise(x, sigmas[i]!);
    // corrector: the step that led here again, now that its end is known
    if (taken) x = step(taken, correction(taken, denoised));
    // predictor, first order at either end
    const h: number = Math.log(sigmas[i]!) - Math.log(sigmas[i + 1]!);
    taken = { x, m0: denoised, m1: i < last ? taken?.m0 : undefined, h, r1: taken ? -taken.h / h : 0 };
    x = step(taken, extrapolation(taken));
    yield { x, denoised };
  }
}

/** exp(-h) x + (1 - exp(-h)) (m0 + added): their eq. 3 and 9 with the data prediction. */
function step({ x, m0, h }: Taken, added: (k: number) => number): Float32Array {
  const decay = Math.exp(-h);
  return x.map((value, k) => decay * value + (1 - decay) * (m0[k]! + added(k)));
}

/** UniP-2: half the slope of the denoised latent between the last two levels. */
function extrapolation({ m0, m1, r1 }: Taken): (k: number) => number {
  return m1 ? (k) => (m1[k]! - m0[k]!) / r1 / 2 : () => 0;
}

/** UniC: slopes towards the level before (rho1) and the one just reached (rho2), from the conditions of theorem 3.1. */
function correction({ m0, m1, h, r1 }: Taken, reached: Float32Array): (k: number) => number {
  if (!m1) return (k) => (reached[k]! - m0[k]!) / 2;
  // phi_k(-h) k! / B(-h): the right-hand sides for the constant and the linear part
  const base = Math.expm1(-h);
  const b1 = (base / -h - 1) / base;
  const b2 = (2 * ((base / -h - 1) / -h - 1 / 2)) / base;
  const rho1 = (b1 - b2) / (1 - r1);
  const rho2 = b1 - rho1;
  return (k) => (rho1 * (m1[k]! - m0[k]!)) / r1 + rho2 * (reached[k]! - m0[k]!);
}
