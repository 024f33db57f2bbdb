// Sampler runs of diffusers, call by call: timesteps, noise levels, network inputs, draws and latents of every sampler
// (text to image and image to image; epsilon and v), and the noising formulas of training. The network is
// config.json's synthetic one: out = 0.1 x_in cos(t / 1000) + 0.05.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { denoiser, plannedTimesteps, type PredictionType } from '../../../src-main/diffusion/denoiser.ts';
import { dpmpp2m, dpmpp2mSde } from '../../../src-main/diffusion/dpm-solver-samplers.ts';
import { ddim, euler, eulerAncestral, lcm } from '../../../src-main/diffusion/euler-samplers.ts';
import { addNoise, signalToNoiseRatios, velocity } from '../../../src-main/diffusion/forward-noise.ts';
import { heun } from '../../../src-main/diffusion/heun-sampler.ts';
import {
  alphasCumprodFromBetas, linearBetas, noiseSchedule, type NoiseSchedule, scaledLinearBetas, zeroTerminalSnrBetas,
} from '../../../src-main/diffusion/noise-schedule.ts';
import { plms } from '../../../src-main/diffusion/plms-sampler.ts';
import { sample } from '../../../src-main/diffusion/sample.ts';
import type { SamplerFunction } from '../../../src-main/diffusion/sampler.ts';
import {
  type PlanConvention, planFromStrength, planSampling, type SamplingPlan, startLatents, toVariancePreserving,
} from '../../../src-main/diffusion/sampling-plan.ts';
import type { TimestepSpacing } from '../../../src-main/diffusion/timestep-spacing.ts';
import { unipc } from '../../../src-main/diffusion/unipc-sampler.ts';
import { float32Tensor, type Tensor } from '../../../src-main/tensor/tensor.ts';
import { exactRow, type GoldenCase, type GoldenRow, notCoveredRow, relativeL2, row } from '../case.ts';

interface BetaConfig {
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule?: string;
  readonly num_train_timesteps: number;
  readonly rescale_betas_zero_snr?: boolean;
}

interface GoldenRun {
  readonly file: string;
  readonly key: string;
  readonly class: string;
  readonly steps: number;
  readonly img2img_strength: number | null;
  readonly step: { readonly eta?: number };
  readonly config: BetaConfig & {
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
  readonly eta?: number;
  /** The latents of the golden run are in Stable Diffusion's own scale, not in sigma space. */
  readonly isVariancePreserving: boolean;
  /** Spacing that diffusers takes where the configuration names none. */
  readonly spacing?: TimestepSpacing;
  /** Two calls of the network a step, and the golden lists have an entry a call. */
  readonly isTwoCalls?: boolean;
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
  const algorithm = config.algorithm_type ?? 'dpmsolver++';
  switch (name) {
    case 'DDPMScheduler':
      return { sampler: ddim, convention: 'ddpm', eta: 1, isVariancePreserving: true, spacing: 'leading' };
    case 'DDIMScheduler':
      return { sampler: ddim, convention: 'ddim', eta: step.eta, isVariancePreserving: true, spacing: 'leading' };
    case 'PNDMScheduler':
      return { sampler: plms, convention: 'pndm', isVariancePreserving: true, spacing: 'leading' };
    case 'EulerDiscreteScheduler':
      return { sampler: euler, convention: 'euler', isVariancePreserving: false };
    case 'EulerAncestralDiscreteScheduler':
      return { sampler: eulerAncestral, convention: 'euler', eta: 1, isVariancePreserving: false };
    case 'HeunDiscreteScheduler':
      return { sampler: heun, convention: 'euler', isVariancePreserving: false, isTwoCalls: true };
    case 'DPMSolverMultistepScheduler':
      if (!['dpmsolver++', 'sde-dpmsolver++'].includes(algorithm)) return undefined;
      return {
        sampler: algorithm === 'dpmsolver++' ? dpmpp2m : dpmpp2mSde, eta: 1,
        convention: 'dpm-solver', isVariancePreserving: true,
      };
    case 'UniPCMultistepScheduler':
      return { sampler: unipc, convention: 'unipc', isVariancePreserving: true };
    case 'LCMScheduler':
      return { sampler: lcm, convention: 'lcm', isVariancePreserving: true };
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
  const { whole, plan, schedule } = planOf(run, covered);
  const golden = (item: string): Tensor | undefined => tensors.get(`${run.key}/${item}`);
  const scaleOf = (x: Float32Array, sigma: number): Float32Array =>
    (covered.isVariancePreserving ? toVariancePreserving(x, sigma) : x);
  const { inputs, timesteps, latents, draws } = await sampleRun(run, covered, { plan, schedule }, common, scaleOf);
  const initialScale = scaleOf(new Float32Array([whole.initialNoiseScale]), whole.sigmas[0]!);
  const sigmasRow = (item: string, actual: ArrayLike<number>): GoldenRow | undefined =>
    golden(item) && row(`${run.key}/${item}`, relativeMax(actual, golden(item)!), tolerance.sigmas_rel);
  const latentsRow = (item: string, actual: readonly Float32Array[]): GoldenRow | undefined => {
    const expected = golden(item);
    return expected && row(`${run.key}/${item}`, stepwiseError(actual, expected), tolerance.latents_rel_l2);
  };
  // an entry a call: what diffusers repeats for Heun
  const perCall = (values: Float64Array): number[] => (covered.isTwoCalls
    ? Array.from(values).flatMap((value, i) => (i > 0 && i < whole.steps ? [value, value] : [value]))
    : Array.from(values));
  const isImg2img = run.img2img_strength !== null;
  return [
    sigmasRow('timesteps', perCall(whole.timesteps)),
    sigmasRow(isImg2img ? 'timesteps_used' : 'timesteps', timesteps),
    sigmasRow('sigmas', perCall(whole.sigmas)), sigmasRow('init_noise_sigma', initialScale),
    latentsRow('start_latents', latents.slice(0, 1)),
    latentsRow('scaled_inputs', inputs), latentsRow('latents', latents.slice(1)),
    golden('noise_used') && drawsRow(`${run.key}/noise_used`, draws, golden('noise_used')!),
  ].filter((found) => found !== undefined);
}

interface SampledRun {
  /** What the network got, call by call. */
  readonly inputs: Float32Array[];
  readonly timesteps: number[];
  /** The start, then the latent after each call, in the golden run's scale. */
  readonly latents: Float32Array[];
  /** Indices of the draws of noise, in order. */
  readonly draws: number[];
}

async function sampleRun(
  run: GoldenRun, { sampler, eta }: CoveredSampler, { plan, schedule }: { plan: SamplingPlan; schedule: NoiseSchedule },
  common: Tensors, scaleOf: (x: Float32Array, sigma: number) => Float32Array,
): Promise<SampledRun> {
  const predictionType = run.config.prediction_type;
  const initial = numbers(common.get('initial_noise')!);
  const isImg2img = run.img2img_strength !== null;
  const sampled: SampledRun = { inputs: [], timesteps: [], latents: [], draws: [] };
  const predict = async (input: Float32Array, timestep: number): Promise<Float32Array> => {
    sampled.inputs.push(input);
    sampled.timesteps.push(timestep);
    return input.map((value) => 0.1 * value * Math.cos(timestep / 1000) + 0.05);
  };
  const denoise = denoiser(predict, predictionType, plannedTimesteps(plan, schedule));
  const draw = drawsOf(common.get('noise')!);
  const result = await sample({
    sampler, sigmas: plan.sigmas, eta, predictionType,
    x: startLatents(plan, initial, isImg2img ? numbers(common.get('init_latents')!) : undefined),
    denoise: (x, sigma) => {
      // the latent after a call is what the next call starts from
      sampled.latents.push(scaleOf(x, sigma));
      return denoise(x, sigma);
    },
    noise: (drawIndex) => { sampled.draws.push(drawIndex); return draw(drawIndex); },
  });
  if (result.kind === 'done') sampled.latents.push(scaleOf(result.x, plan.sigmas.at(-1)!));
  return sampled;
}

/** Draws come in order; diffusers also makes those that a last step multiplies by 0. */
function drawsRow(name: string, draws: readonly number[], golden: Tensor): GoldenRow {
  const expected = Array.from(golden.data, Number);
  const isSame = draws.every((draw, i) => draw === expected[i]);
  return exactRow(name, isSame && expected.length - draws.length <= 1 && draws.length <= expected.length);
}

function betasOf(config: BetaConfig): Float64Array {
  const make = config.beta_schedule === 'linear' ? linearBetas : scaledLinearBetas;
  const betas = make(config.beta_start, config.beta_end, config.num_train_timesteps);
  return config.rescale_betas_zero_snr ? zeroTerminalSnrBetas(betas) : betas;
}

function planOf(run: GoldenRun, { convention, spacing }: CoveredSampler) {
  const { config } = run;
  const schedule: NoiseSchedule = noiseSchedule(alphasCumprodFromBetas(betasOf(config)));
  const whole: SamplingPlan = planSampling(schedule, convention, {
    steps: run.steps, spacing: config.timestep_spacing ?? spacing ?? 'linspace',
    karras: config.use_karras_sigmas ?? false, stepsOffset: config.steps_offset ?? 0,
  });
  const strength = run.img2img_strength;
  return { schedule, whole, plan: strength === null ? whole : planFromStrength(whole, strength) };
}

function drawsOf(noise: Tensor): (drawIndex: number) => Float32Array {
  const size = numbers(noise).length / noise.shape[0]!;
  return (drawIndex) => numbers(noise).subarray(drawIndex * size, (drawIndex + 1) * size);
}

async function checkTrainingFormulas(folder: string, { tolerance, runs }: GoldenConfig): Promise<GoldenRow[]> {
  const golden = await readSafetensors(path.join(folder, 'ddpm_training.safetensors'));
  const ddpm = runs.find((run) => run.class === 'DDPMScheduler') ?? runs[0];
  const betas = ddpm ? betasOf(ddpm.config) : scaledLinearBetas();
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

function numbers(tensor: Tensor): Float32Array {
  return tensor.data as Float32Array;
}
