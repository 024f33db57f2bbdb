// What training does to a clean latent: Ho et al. 2020, eq. 4 (noising), Salimans and Ho 2022 (v), and the signal-to-
// noise ratio of Hang et al. 2023. One sample at a time; latents are flat, their shape does not matter.

import type { NoiseSchedule } from './noise-schedule.ts';

/** sqrt(acp) x0 + sqrt(1 - acp) noise. */
export function addNoise(
  schedule: NoiseSchedule, x0: Float32Array, noise: Float32Array, timestep: number,
): Float32Array {
  const { signal, spread } = scalesAt(schedule, timestep);
  return x0.map((value, k) => signal * value + spread * noise[k]!);
}

/** What a v-predicting network is taught: sqrt(acp) noise - sqrt(1 - acp) x0. */
export function velocity(
  schedule: NoiseSchedule, x0: Float32Array, noise: Float32Array, timestep: number,
): Float32Array {
  const { signal, spread } = scalesAt(schedule, timestep);
  return x0.map((value, k) => signal * noise[k]! - spread * value);
}

/** acp / (1 - acp), one entry a timestep. */
export function signalToNoiseRatios(schedule: NoiseSchedule): Float64Array {
  return schedule.alphasCumprod.map((acp) => acp / (1 - acp));
}

function scalesAt({ alphasCumprod }: NoiseSchedule, timestep: number): { signal: number; spread: number } {
  const acp = alphasCumprod[timestep];
  if (acp === undefined) throw new Error(`Timestep ${timestep} is not one of 0 to ${alphasCumprod.length - 1}.`);
  return { signal: Math.sqrt(acp), spread: Math.sqrt(1 - acp) };
}
