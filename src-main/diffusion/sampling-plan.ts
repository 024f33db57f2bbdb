// From "20 steps of DPM++ 2M Karras" to numbers: the noise levels a sampler walks down, the timestep the network is
// told at each, and how loud the noise is that it starts from. Each family of samplers places them by a convention of
// its own in diffusers; all are kept, because a seed must give the picture that other tools give.
// A plan is in sigma space: x = x0 + sigma noise. Stable Diffusion's own (variance preserving) scale is
// x / sqrt(1 + sigma^2).

import { roundHalfToEven } from '../tensor/rounding.ts';
import { karrasSigmas } from './karras-sigmas.ts';
import { linspace, type NoiseSchedule, sigmaOfTimestep, timestepOfSigma } from './noise-schedule.ts';
import {
  leadingTimesteps, linspaceTimesteps, lcmTimesteps, type TimestepSpacing, trailingTimesteps,
} from './timestep-spacing.ts';

export type PlanConvention = 'ddim' | 'ddpm' | 'pndm' | 'euler' | 'dpm-solver' | 'unipc' | 'lcm';

export interface PlanSettings {
  readonly steps: number;
  readonly spacing: TimestepSpacing;
  /** Karras noise levels in place of those at the spaced timesteps. */
  readonly karras: boolean;
  /** Only `leading` looks at it; Stable Diffusion's scheduler_config.json says 1. */
  readonly stepsOffset: number;
}

export interface SamplingPlan {
  /** As asked; a plan cut for a picture holds fewer. */
  readonly steps: number;
  /** One noise level more than timesteps, falling. The last is 0, but for DDIM, PNDM and UniPC timestep 0's. */
  readonly sigmas: Float64Array;
  /**
   * What the network is told at each noise level but the last; may lie between whole timesteps. One a step; PNDM has
   * its second one twice.
   */
  readonly timesteps: Float64Array;
  /** Standard deviation of the first latent, when it is noise alone. */
  readonly initialNoiseScale: number;
}

const conventions: Record<PlanConvention, (schedule: NoiseSchedule, settings: PlanSettings) => SamplingPlan> = {
  ddim: (schedule, settings) => planWholeTimesteps(schedule, settings, schedule.sigmas[0]!),
  ddpm: (schedule, settings) => planWholeTimesteps(schedule, settings, 0),
  pndm: planPndm,
  euler: planEuler,
  'dpm-solver': planDpmSolver,
  unipc: planUnipc,
  lcm: planLcm,
};

/** Noise levels and timesteps of a run; refuses a step count that the schedule cannot hold. */
export function planSampling(
  schedule: NoiseSchedule, convention: PlanConvention, settings: PlanSettings,
): SamplingPlan {
  const most = schedule.sigmas.length - 1;
  if (!Number.isInteger(settings.steps) || settings.steps < 1 || settings.steps > most) {
    throw new Error(`A sampling run has 1 to ${most} steps, not ${settings.steps}.`);
  }
  return conventions[convention](schedule, settings);
}

/** The last part of a plan, for starting from a picture: strength 1 changes everything, near 0 almost nothing. */
export function planFromStrength(plan: SamplingPlan, strength: number): SamplingPlan {
  const { steps } = plan;
  const kept = Math.min(Math.floor(steps * strength), steps);
  if (!(kept >= 1)) throw new Error(`Strength ${strength} leaves none of ${steps} steps.`);
  const sigmas = plan.sigmas.subarray(steps - kept);
  return { steps, sigmas, timesteps: plan.timesteps.subarray(steps - kept), initialNoiseScale: sigmas[0]! };
}

/** Sigma space to Stable Diffusion's own scale at one noise level; nothing changes at sigma 0. */
export function toVariancePreserving(x: Float32Array, sigma: number): Float32Array {
  const scale = 1 / Math.sqrt(1 + sigma * sigma);
  return x.map((value) => value * scale);
}

/** The starting latent: initLatents (a picture's, or none) with noise on top. */
export function startLatents(plan: SamplingPlan, noise: Float32Array, initLatents?: Float32Array): Float32Array {
  if (!initLatents) return noise.map((value) => value * plan.initialNoiseScale);
  return noise.map((value, k) => initLatents[k]! + plan.sigmas[0]! * value);
}

// The variance-preserving start is noise of standard deviation 1, whatever the first sigma is.
const unitVariance = (sigma: number): number => Math.sqrt(1 + sigma * sigma);

// Whole timesteps. DDIM and PNDM end on timestep 0's level (set_alpha_to_one = false), DDPM on none.
function planWholeTimesteps(
  schedule: NoiseSchedule, { steps, spacing, karras, stepsOffset }: PlanSettings, final: number,
): SamplingPlan {
  if (karras) throw new Error('This sampler is defined on timesteps, not on Karras noise levels.');
  const count = schedule.sigmas.length;
  const timesteps = spacing === 'leading' ? leadingTimesteps(steps, count, stepsOffset)
    : spacing === 'trailing' ? trailingTimesteps(steps, count)
    : linspaceTimesteps(steps, count).map(roundHalfToEven);
  return atTimesteps(schedule, steps, timesteps, final);
}

// The second timestep twice, for the corrected first step.
function planPndm(schedule: NoiseSchedule, settings: PlanSettings): SamplingPlan {
  const { steps, timesteps } = planWholeTimesteps(schedule, settings, 0);
  const visited = Float64Array.from([...timesteps.subarray(0, 2), ...timesteps.subarray(1)]);
  return atTimesteps(schedule, steps, steps > 1 ? visited : timesteps, schedule.sigmas[0]!);
}

// The distilled network knows only its own timesteps; spacing does not matter.
function planLcm(schedule: NoiseSchedule, { steps, karras }: PlanSettings): SamplingPlan {
  if (karras) throw new Error('This sampler is defined on timesteps, not on Karras noise levels.');
  return atTimesteps(schedule, steps, lcmTimesteps(steps, schedule.sigmas.length), 0);
}

// Linspace timesteps are not rounded; Karras levels lie between the first and last spaced level.
function planEuler(schedule: NoiseSchedule, { steps, spacing, karras, stepsOffset }: PlanSettings): SamplingPlan {
  const count = schedule.sigmas.length;
  const spaced = spacing === 'leading' ? leadingTimesteps(steps, count, stepsOffset)
    : spacing === 'trailing' ? trailingTimesteps(steps, count)
    : linspaceTimesteps(steps, count);
  const spacedSigmas = sigmasAt(schedule, spaced, 0);
  const sigmas = karras ? karrasDownToZero(steps, spacedSigmas[steps - 1]!, spacedSigmas[0]!) : spacedSigmas;
  const timesteps = karras ? sigmas.slice(0, steps).map((sigma) => timestepOfSigma(schedule, sigma)) : spaced;
  const loudest = sigmas[0]!;
  return { steps, sigmas, timesteps, initialNoiseScale: spacing === 'leading' ? unitVariance(loudest) : loudest };
}

// Spaced as one step more, whose last timestep is left out; Karras levels span the whole schedule, timesteps are whole.
function planDpmSolver(schedule: NoiseSchedule, { steps, spacing, karras, stepsOffset }: PlanSettings): SamplingPlan {
  const count = schedule.sigmas.length;
  if (karras) {
    const sigmas = karrasDownToZero(steps, schedule.sigmas[0]!, schedule.sigmas[count - 1]!);
    const timesteps = sigmas.slice(0, steps).map((sigma) => roundHalfToEven(timestepOfSigma(schedule, sigma)));
    return { steps, sigmas, timesteps, initialNoiseScale: unitVariance(sigmas[0]!) };
  }
  const timesteps = spacing === 'leading' ? leadingTimesteps(steps + 1, count, stepsOffset).slice(0, steps)
    : spacing === 'trailing' ? trailingTimesteps(steps, count)
    : linspace(0, count - 1, steps + 1).map(roundHalfToEven).reverse().slice(0, steps);
  return atTimesteps(schedule, steps, timesteps, 0);
}

// DPM-Solver's levels, but the last is timestep 0's. Karras levels end there already and stay for one step.
function planUnipc(schedule: NoiseSchedule, settings: PlanSettings): SamplingPlan {
  const plan = planDpmSolver(schedule, settings);
  plan.sigmas[settings.steps] = schedule.sigmas[0]!;
  return plan;
}

function atTimesteps(schedule: NoiseSchedule, steps: number, timesteps: Float64Array, final: number): SamplingPlan {
  const sigmas = sigmasAt(schedule, timesteps, final);
  return { steps, sigmas, timesteps, initialNoiseScale: unitVariance(sigmas[0]!) };
}

function sigmasAt(schedule: NoiseSchedule, timesteps: Float64Array, final: number): Float64Array {
  return Float64Array.from([...timesteps.map((timestep) => sigmaOfTimestep(schedule, timestep)), final]);
}

function karrasDownToZero(steps: number, sigmaMin: number, sigmaMax: number): Float64Array {
  return Float64Array.from([...karrasSigmas(steps, sigmaMin, sigmaMax), 0]);
}
