// Noise levels of Karras et al. 2022, eq. 5: evenly spaced in sigma^(1/rho), so dense near zero.

import { linspace } from './noise-schedule.ts';

/**
 * `count` noise levels falling from sigmaMax to sigmaMin; the caller adds the final 0 where its sampler ends there.
 * Refuses sigmaMin that is not positive: the DPM-Solver samplers take its logarithm.
 */
export function karrasSigmas(count: number, sigmaMin: number, sigmaMax: number, rho = 7): Float64Array {
  if (!(sigmaMin > 0)) throw new Error(`The smallest sigma must be positive, not ${sigmaMin}.`);
  const minInvRho = sigmaMin ** (1 / rho);
  const maxInvRho = sigmaMax ** (1 / rho);
  return linspace(0, 1, count).map((ramp) => (maxInvRho + ramp * (minInvRho - maxInvRho)) ** rho);
}
