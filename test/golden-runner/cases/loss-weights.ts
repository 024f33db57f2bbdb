// What sd-scripts multiplies a loss with, timestep by timestep; its robust losses with their gradients; noise offset;
// and the betas of a schedule that ends in noise alone. An error is |a - b| / (rel |b| + abs), so 1 is the tolerance.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import {
  alphasCumprodFromBetas, noiseSchedule, scaledLinearBetas, zeroTerminalSnrBetas,
} from '../../../src-main/diffusion/noise-schedule.ts';
import { signalToNoiseRatios } from '../../../src-main/diffusion/forward-noise.ts';
import {
  debiasedWeights, likeNoiseWeights, minSnrWeights, robustLoss, robustThresholds, type ThresholdSchedule,
  withNoiseOffset, withVLossWeights,
} from '../../../src-main/training/loss-weights.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { type GoldenCase, type GoldenRow, notCoveredRow, row } from '../case.ts';

interface LossConfig {
  readonly min_snr_gamma: number;
  readonly huber_c: number;
  readonly v_pred_like_loss: number;
  readonly noise_offset: { readonly plain: number };
  readonly adaptive_noise_scale: number;
  readonly tolerance: { readonly rel: number; readonly abs: number };
}

type Numbers = ArrayLike<number>;
type Tensors = ReadonlyMap<string, Tensor>;

export const cases: readonly GoldenCase[] = [{
  folder: 'loss-weights',
  async run({ folder }) {
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as LossConfig;
    const golden = await readSafetensors(path.join(folder, 'io.safetensors'));
    const computed = { ...tables(config), ...robustLosses(golden, config), ...offsets(golden, config) };
    return [...golden.keys()].filter((name) => !name.startsWith('in.')).map((name): GoldenRow => {
      const actual = computed[name];
      if (!actual) return notCoveredRow(name, 'an unknown table');
      return row(name, toleratedError(actual, golden.get(name)!, config), 1);
    });
  },
}];

function tables(config: LossConfig): Record<string, Numbers> {
  const betas = scaledLinearBetas();
  const schedule = noiseSchedule(alphasCumprodFromBetas(betas));
  const zeroBetas = zeroTerminalSnrBetas(betas);
  return {
    snr: signalToNoiseRatios(schedule),
    min_snr_epsilon: minSnrWeights(schedule, config.min_snr_gamma, 'epsilon'),
    min_snr_v: minSnrWeights(schedule, config.min_snr_gamma, 'v_prediction'),
    debiased_epsilon: debiasedWeights(schedule, 'epsilon'),
    debiased_v: debiasedWeights(schedule, 'v_prediction'),
    scale_v_like_noise: likeNoiseWeights(schedule),
    add_v_like_loss: withVLossWeights(schedule, config.v_pred_like_loss),
    ...Object.fromEntries(thresholdKinds.map((kind) => [`huber_c_${kind}`, thresholds(kind, config)])),
    'zero_terminal_snr.betas': zeroBetas,
    'zero_terminal_snr.alphas_cumprod': alphasCumprodFromBetas(zeroBetas),
  };
}

const thresholdKinds: readonly ThresholdSchedule[] = ['constant', 'exponential', 'snr'];

function thresholds(kind: ThresholdSchedule, config: LossConfig): Float64Array {
  return robustThresholds(noiseSchedule(alphasCumprodFromBetas(scaledLinearBetas())), kind, config.huber_c);
}

function robustLosses(golden: Tensors, config: LossConfig): Record<string, Numbers> {
  const timesteps = Array.from(golden.get('in.timesteps')!.data, Number);
  const [predictions, targets] = [samplesOf(golden.get('in.pred')!), samplesOf(golden.get('in.target')!)];
  const found: Record<string, Numbers> = {};
  for (const kind of thresholdKinds) {
    for (const [name, loss] of [['huber', 'huber'], ['smooth_l1', 'smooth-l1']] as const) {
      const samples = timesteps.map((timestep, i) =>
        robustLoss(loss, predictions[i]!, targets[i]!, thresholds(kind, config)[timestep]!));
      found[`${name}_${kind}.per_sample`] = samples.map((sample) => sample.loss);
      // the golden gradient is that of the mean over the samples
      found[`${name}_${kind}.grad_pred`] = samples.flatMap(({ gradient }) => [...gradient])
        .map((value) => value / samples.length);
    }
  }
  return found;
}

function offsets(golden: Tensors, config: LossConfig): Record<string, Numbers> {
  const [noise, latents] = [samplesOf(golden.get('in.noise')!), samplesOf(golden.get('in.latents')!)];
  const draws = samplesOf(golden.get('in.offset_noise')!);
  const all = (adaptiveScale: number): number[] => noise.flatMap((sample, i) =>
    [...withNoiseOffset(sample, draws[i]!, latents[i]!, { offset: config.noise_offset.plain, adaptiveScale })]);
  return { noise_offset: all(0), noise_offset_adaptive: all(config.adaptive_noise_scale) };
}

function samplesOf(tensor: Tensor): Float32Array[] {
  const size = tensor.data.length / tensor.shape[0]!;
  const data = tensor.data as Float32Array;
  return Array.from({ length: tensor.shape[0]! }, (_, i) => data.subarray(i * size, (i + 1) * size));
}

function toleratedError(actual: Numbers, golden: Tensor, { tolerance: { rel, abs } }: LossConfig): number {
  const expected = Array.from(golden.data, Number);
  if (actual.length !== expected.length) return Infinity;
  const errors = expected.map((value, i) => Math.abs(actual[i]! - value) / (rel * Math.abs(value) + abs));
  return errors.some(Number.isNaN) ? Infinity : Math.max(...errors);
}
