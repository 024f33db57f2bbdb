// Sampler runs of diffusers, step by step: timesteps, noise levels, network inputs and latents of every covered
// sampler (DDIM, Euler, Euler ancestral, DPM++ 2M; txt2img and img2img; epsilon and v), and the noising formulas of
// training. The network is config.json's synthetic one: out = 0.1 x_in cos(t / 1000) + 0.05.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { denoiser, plannedTimesteps, type PredictionType } from '../../../src-main/diffusion/denoiser.ts';
import { ddim, euler, eulerAncestral } from '../../../src-main/diffusion/euler-samplers.ts';
import { dpmpp2m } from '../../../src-main/diffusion/dpm-solver-samplers.ts';
import { addNoise, signalToNoiseRatios, velocity } from '../../../src-main/diffusion/forward-noise.ts';
import {
  alphasCumprodFromBetas, noiseSchedule, type NoiseSchedule, scaledLinearBetas,
} from '../../../src-main/diffusion/noise-schedule.ts';
import { sample } from '../../../src-main/diffusion/sample.ts';
import type { SamplerFunction } from '../../../src-main/diffusion/sampler.ts';
import {
  type PlanConvention, planFromStrength, planSampling, type SamplingPlan, startLatents, toVariancePreserving,
} from '../../../src-main/diffusion/sampling-plan.ts';
import type { TimestepSpacing } from '../../../src-main/diffusion/timestep-spacing.ts';
import { float32Tensor, type Tensor } from '../../../src-main/tensor/tensor.ts';
import { exactRow, type GoldenCase, type GoldenRow, notCoveredRow, relativeL2, row } from '../case.ts';

interface GoldenRun {
  readonly file: string;
  readonly key: string;
  readonly class: string;
  readonly steps: number;
  readonly img2img_strength: number | null;
  readonly step: { readonly eta?: number };
  readonly config: {
    readonly beta_start: number;
    readonly beta_end: number;
    readonly num_train_timesteps: number;
    readonly prediction_type: PredictionType;
    readonly timestep_spacing?: TimestepSpacing;
    readonly steps_offset?: number;
    readonly use_karras_sigmas?: boolean;
    readonly algorithm_type?: string;
  };
}

interface GoldenConfig {
  readonly runs: readonly GoldenRun[];
  readonly tolerance: { readonly latents_rel_l2: number; readonly sigmas_rel: number };
}

interface CoveredSampler {
  readonly sampler: SamplerFunction;
  readonly convention: PlanConvention;
  readonly eta: number;
  /** The latents of the golden run are in Stable Diffusion's own scale, not in sigma space. */
  readonly isVariancePreserving: boolean;
}

type Tensors = ReadonlyMap<string, Tensor>;

export const cases: readonly GoldenCase[] = [{
  folder: 'schedulers',
  async run({ folder }) {
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as GoldenConfig;
    const common = await readSafetensors(path.join(folder, 'common.safetensors'));
    const files = new Map<string, Tensors>();
    const rows = await checkTrainingFormulas(folder, config);
    for (const run of config.runs) {
      const covered = coveredSampler(run);
      if (!covered) continue;
      const tensors = files.get(run.file) ?? await readSafetensors(path.join(folder, run.file));
      files.set(run.file, tensors);
      rows.push(...await checkRun(run, covered, tensors, common, config.tolerance));
    }
    return [...rows, ...notCovered(config.runs)];
  },
}];

function coveredSampler({ class: name, config, step }: GoldenRun): CoveredSampler | undefined {
  switch (name) {
    case 'DDIMScheduler':
      return { sampler: ddim, convention: 'ddim', eta: step.eta ?? 0, isVariancePreserving: true };
    case 'EulerDiscreteScheduler':
      return { sampler: euler, convention: 'euler', eta: 0, isVariancePreserving: false };
    case 'EulerAncestralDiscreteScheduler':
      return { sampler: eulerAncestral, convention: 'euler', eta: 1, isVariancePreserving: false };
    case 'DPMSolverMultistepScheduler':
      if (config.algorithm_type && config.algorithm_type !== 'dpmsolver++') return undefined;
      return { sampler: dpmpp2m, convention: 'dpm-solver', eta: 0, isVariancePreserving: true };
    default: return undefined;
  }
}

function notCovered(runs: readonly GoldenRun[]): GoldenRow[] {
  const counts = new Map<string, number>();
  for (const run of runs.filter((other) => !coveredSampler(other))) {
    const family = run.key.split('/')[0]!;
    counts.set(family, (counts.get(family) ?? 0) + 1);
  }
  return [...counts].map(([family, count]) => notCoveredRow(family, `${count} runs`));
}

async function checkRun(
  run: GoldenRun, covered: CoveredSampler, tensors: Tensors, common: Tensors, tolerance: GoldenConfig['tolerance'],
): Promise<GoldenRow[]> {
  const { schedule, whole, plan } = planOf(run, covered.convention);
  const golden = (item: string): Tensor | undefined => tensors.get(`${run.key}/${item}`);
  const scaleOf = (x: Float32Array, sigma: number): Float32Array =>
    (covered.isVariancePreserving ? toVariancePreserving(x, sigma) : x);
  const initial = numbers(common.get('initial_noise')!);
  const isImg2img = run.img2img_strength !== null;
  const x = startLatents(plan, initial, isImg2img ? numbers(common.get('init_latents')!) : undefined);
  const inputs: Float32Array[] = [];
  const latents: Float32Array[] = [];
  const predict = async (input: Float32Array, timestep: number): Promise<Float32Array> => {
    inputs.push(input);
    return input.map((value) => 0.1 * value * Math.cos(timestep / 1000) + 0.05);
  };
  await sample({
    sampler: covered.sampler, x, sigmas: plan.sigmas, eta: covered.eta, noise: drawsOf(common.get('noise')!),
    denoise: denoiser(predict, run.config.prediction_type, plannedTimesteps(plan, schedule)),
    onStep: (step) => { latents.push(scaleOf(step.x, step.sigma)); },
  });
  const initialScale = numbers(scaled(float32Tensor([1], [whole.initialNoiseScale]), scaleOf, whole.sigmas[0]!))[0]!;
  const sigmasRow = (item: string, actual: ArrayLike<number>): GoldenRow | undefined =>
    golden(item) && row(`${run.key}/${item}`, relativeMax(actual, golden(item)!), tolerance.sigmas_rel);
  const latentsRow = (item: string, actual: readonly Float32Array[]): GoldenRow | undefined => {
    const expected = golden(item);
    return expected && row(`${run.key}/${item}`, stepwiseError(actual, expected), tolerance.latents_rel_l2);
  };
  return [
    sigmasRow('timesteps', whole.timesteps), sigmasRow('timesteps_used', plan.timesteps),
    sigmasRow('sigmas', whole.sigmas), sigmasRow('init_noise_sigma', [initialScale]),
    latentsRow('start_latents', [scaleOf(x, plan.sigmas[0]!)]),
    latentsRow('scaled_inputs', inputs), latentsRow('latents', latents),
  ].filter((found) => found !== undefined);
}

function planOf(run: GoldenRun, convention: PlanConvention) {
  const { config } = run;
  const betas = scaledLinearBetas(config.beta_start, config.beta_end, config.num_train_timesteps);
  const schedule: NoiseSchedule = noiseSchedule(alphasCumprodFromBetas(betas));
  const whole: SamplingPlan = planSampling(schedule, convention, {
    steps: run.steps, spacing: config.timestep_spacing ?? 'linspace', karras: config.use_karras_sigmas ?? false,
    stepsOffset: config.steps_offset ?? 0,
  });
  const strength = run.img2img_strength;
  return { schedule, whole, plan: strength === null ? whole : planFromStrength(whole, strength) };
}

function drawsOf(noise: Tensor): (drawIndex: number) => Float32Array {
  const size = numbers(noise).length / noise.shape[0]!;
  return (drawIndex) => numbers(noise).subarray(drawIndex * size, (drawIndex + 1) * size);
}

async function checkTrainingFormulas(folder: string, { tolerance }: GoldenConfig): Promise<GoldenRow[]> {
  const golden = await readSafetensors(path.join(folder, 'ddpm_training.safetensors'));
  const betas = scaledLinearBetas();
  const schedule = noiseSchedule(alphasCumprodFromBetas(betas));
  const timesteps = Array.from(golden.get('timesteps')!.data, Number);
  const formulaRow = (name: string, formula: typeof addNoise): GoldenRow => {
    const perSample = timesteps.map((timestep, i) =>
      formula(schedule, drawsOf(golden.get('x0')!)(i), drawsOf(golden.get('noise')!)(i), timestep));
    return row(`ddpm_training/${name}`, stepwiseError(perSample, golden.get(name)!), tolerance.latents_rel_l2);
  };
  const table = (name: string, actual: Float64Array): GoldenRow =>
    row(`ddpm_training/${name}`, relativeMax(actual, golden.get(name)!), tolerance.sigmas_rel);
  return [
    table('betas', betas), table('alphas_cumprod', schedule.alphasCumprod),
    table('snr', signalToNoiseRatios(schedule)),
    exactRow('ddpm_training/sample count', timesteps.length === golden.get('x0')!.shape[0]),
    formulaRow('add_noise', addNoise), formulaRow('get_velocity', velocity),
  ];
}

/** Largest relative L2 error of a single step, so that one wrong step cannot hide among many. */
function stepwiseError(actual: readonly Float32Array[], golden: Tensor): number {
  const expected = drawsOf(golden);
  const shape = golden.shape.slice(1);
  if (actual.length !== golden.shape[0]) return Infinity;
  const errors = actual.map((step, i) => relativeL2(float32Tensor(shape, step), float32Tensor(shape, expected(i))));
  return Math.max(...errors);
}

/** Largest relative error of an element; zeros must be zeros. */
function relativeMax(actual: ArrayLike<number>, golden: Tensor): number {
  const expected = Array.from(golden.data, Number);
  if (actual.length !== expected.length) return Infinity;
  return Math.max(...expected.map((value, i) => {
    if (value === 0) return actual[i] === 0 ? 0 : Infinity;
    return Math.abs(actual[i]! / value - 1);
  }));
}

function scaled(tensor: Tensor, scaleOf: (x: Float32Array, sigma: number) => Float32Array, sigma: number): Tensor {
  return float32Tensor(tensor.shape, scaleOf(numbers(tensor), sigma));
}

function numbers(tensor: Tensor): Float32Array {
  return tensor.data as Float32Array;
}
