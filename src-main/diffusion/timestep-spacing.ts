// Which timesteps a sampler visits: the three spacings of diffusers ("Common Diffusion Noise Schedules and Sample
// Steps are Flawed", Lin et al. 2023, table 2), highest timestep first. `leading` never reaches the last timestep,
// `trailing` never the first, `linspace` both.

import { roundHalfToEven } from '../tensor/rounding.ts';
import { linspace } from './noise-schedule.ts';

export type TimestepSpacing = 'leading' | 'linspace' | 'trailing';

/** Every (count / steps)-th timestep from 0, moved up by stepsOffset (1 in Stable Diffusion's own settings). */
export function leadingTimesteps(steps: number, count: number, stepsOffset: number, skip = Math.floor(count / steps)) {
  return Float64Array.from({ length: steps }, (_, i) => (steps - 1 - i) * skip + stepsOffset);
}

/**
 * Evenly spaced over the whole range, not rounded. A single step starts at the last timestep, as k-diffusion has it;
 * NumPy's linspace, and so diffusers, would start at timestep 0, where there is no noise to remove.
 */
export function linspaceTimesteps(steps: number, count: number): Float64Array {
  return linspace(count - 1, 0, steps);
}

/** Every (count / steps)-th timestep counted down from the last. */
export function trailingTimesteps(steps: number, count: number): Float64Array {
  return Float64Array.from({ length: steps }, (_, i) => roundHalfToEven(count - (i * count) / steps) - 1);
}

/** Luo et al. 2023: LCM is distilled on 50 evenly spaced timesteps that end on the last. */
const lcmTeacherSteps = 50;

/** `steps` of the timesteps that LCM is distilled on, evenly chosen; more steps than 50 walk a finer grid. */
export function lcmTimesteps(steps: number, count: number, teacherSteps = lcmTeacherSteps): Float64Array {
  const known = Math.max(steps, Math.min(teacherSteps, count));
  const skip = Math.floor(count / known);
  return Float64Array.from({ length: steps }, (_, i) => (known - Math.floor((i * known) / steps)) * skip - 1);
}
