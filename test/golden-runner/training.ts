// What the golden training cases share: their models and batches as a training step takes them, a run that keeps what
// is compared, and the comparisons.

import { existsSync } from 'node:fs';
import path from 'node:path';

import { parseSchedulerConfig, parseTextEncoderConfig, parseUnetConfig } from '../../src-main/checkpoint/configs.ts';
import { openNetworkFolder, readJson } from '../../src-main/checkpoint/diffusers-folder.ts';
import { textEncoderWeights } from '../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../src-main/checkpoint/unet-names.ts';
import type { PredictionType } from '../../src-main/diffusion/denoiser.ts';
import {
  alphasCumprodFromBetas, noiseSchedule, scaledLinearBetas, type NoiseSchedule,
} from '../../src-main/diffusion/noise-schedule.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { type AdamWSettings } from '../../src-main/training/adamw.ts';
import { learnedParameters } from '../../src-main/training/learned.ts';
import { parametersFromChunks } from '../../src-main/training/parameter-chunks.ts';
import type { TrainedCheckpoint } from '../../src-main/training/trainables.ts';
import { noisyPair, type TrainingBatch } from '../../src-main/training/training-batch.ts';
import type { TrainingState } from '../../src-main/training/training-state.ts';
import type { StepRates, TrainingStep } from '../../src-main/training/training-step.ts';
import { row, type GoldenRow } from './case.ts';

export type Tensors = ReadonlyMap<string, Tensor>;

export interface OptimizerConfig {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly weight_decay: number;
  readonly eps: number;
}

export interface TrainingModel {
  readonly checkpoint: TrainedCheckpoint;
  readonly schedule: NoiseSchedule;
}

/** A folder with unet and, where they are, text_encoder, text_encoder_2 and scheduler. */
export async function openTrainingModel(folder: string): Promise<TrainingModel> {
  const unet = await openNetworkFolder(path.join(folder, 'unet'));
  const unetConfig = parseUnetConfig(unet.config, 'unet/config.json');
  const names = ['text_encoder', 'text_encoder_2'].filter((name) => existsSync(path.join(folder, name)));
  const textEncoders = await Promise.all(names.map(async (name) => {
    const { tensors, config } = await openNetworkFolder(path.join(folder, name));
    return { weights: textEncoderWeights(tensors), config: parseTextEncoderConfig(config, `${name}/config.json`) };
  }));
  return {
    checkpoint: {
      architecture: unetConfig.textTime ? 'sdxl' : 'sd15', unet: unetWeights(unet.tensors), unetConfig, textEncoders,
    },
    schedule: await openSchedule(path.join(folder, 'scheduler', 'scheduler_config.json')),
  };
}

/** Stable Diffusion's where the folder has none. */
async function openSchedule(file: string): Promise<NoiseSchedule> {
  const { betaStart, betaEnd, numTrainTimesteps } = parseSchedulerConfig(
    existsSync(file) ? await readJson(file) : {}, 'scheduler_config.json');
  return noiseSchedule(alphasCumprodFromBetas(scaledLinearBetas(betaStart, betaEnd, numTrainTimesteps)));
}

export function adamWOf({ betas: [beta1, beta2], eps: epsilon, weight_decay: weightDecay }: OptimizerConfig):
AdamWSettings {
  return { kind: 'adamw', beta1, beta2, epsilon, weightDecay };
}

export interface BatchOptions {
  readonly schedule: NoiseSchedule;
  readonly predictionType: PredictionType;
  /** Of a sample at its place in the batch. */
  readonly weight: (timestep: number, sample: number, count: number) => number;
}

/** Batch `index` of a batches file. */
export function goldenBatch(batches: Tensors, index: number, options: BatchOptions): TrainingBatch {
  const part = (name: string): Tensor | undefined => batches.get(`batch${index}.${name}`);
  const timesteps = Array.from(part('timesteps')!.data as BigInt64Array, Number);
  const ids = part('input_ids');
  const context = part('encoder_hidden_states');
  const pooled = part('text_embeds');
  const timeIds = part('time_ids');
  return {
    ...noisyPair(part('latents')!, part('noise')!, { timesteps, ...options }), timesteps,
    sampleWeights: timesteps.map((timestep, sample) => options.weight(timestep, sample, timesteps.length)),
    text: ids
      ? { inputIds: rowsOf(ids).map((row) => [row]) }
      : { states: { context: context!, ...(pooled ? { pooled } : {}) } },
    ...(timeIds ? { timeIds } : {}),
  };
}

function rowsOf({ shape, data }: Tensor): number[][] {
  const numbers = Array.from(data as BigInt64Array, Number);
  return Array.from({ length: shape[0]! }, (_, i) => numbers.slice(i * shape[1]!, (i + 1) * shape[1]!));
}

export interface Trained {
  /** By parameter name: where it began. */
  readonly start: Tensors;
  readonly losses: readonly number[];
  readonly sampleLosses: readonly (readonly number[])[];
  readonly norms: readonly number[];
  /** At the first step, by parameter name. */
  readonly gradients: Tensors;
  /** After k steps, by parameter name. */
  readonly after: ReadonlyMap<number, Tensors>;
}

/** Takes `steps` steps; `batchesOf` counts from 0. The training step must report gradients. */
export async function trainGolden(
  step: TrainingStep, state: TrainingState, steps: number, rates: StepRates,
  batchesOf: (step: number) => readonly TrainingBatch[],
): Promise<Trained> {
  const { chunks } = step.layout;
  const parameters = async (now: TrainingState): Promise<Tensors> => (
    learnedParameters(chunks, (await step.read(now)).tensors));
  const start = await parameters(state);
  const results = [];
  const after = new Map<number, Tensors>();
  for (let index = 0; index < steps; index++) {
    const result = await step.run(state, batchesOf(index), rates);
    results.push(result);
    state = result.state;
    after.set(index + 1, await parameters(state));
  }
  const gradients = results[0]!.gradients!;
  return {
    start, losses: results.flatMap(({ losses }) => losses),
    sampleLosses: results.flatMap(({ sampleLosses }) => sampleLosses),
    norms: results.map(({ gradientNorm }) => gradientNorm),
    gradients: parametersFromChunks(chunks, (name) => gradients.get(name)!), after,
  };
}

/** The largest relative error of a series, as far as it was computed. */
export function seriesRow(
  name: string, actual: readonly number[], golden: ArrayLike<number>, limit: number,
): GoldenRow {
  const errors = actual.map((value, i) => Math.abs(value - golden[i]!) / Math.abs(golden[i]!));
  const worst = Math.max(...errors);
  const note = actual.length < golden.length ? `the first ${actual.length} of ${golden.length}` : undefined;
  return row(name, Number.isNaN(worst) ? Infinity : worst, limit, note);
}

export function numbersOf(tensor: Tensor): Float32Array {
  return tensor.data as Float32Array;
}

export function l2(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

/** The difference of two parameters, rounded to float32 as the state itself is. */
export function difference(a: Tensor, b: Tensor): Tensor {
  const [from, minus] = [numbersOf(a), numbersOf(b)];
  return float32Tensor(a.shape, from.map((value, i) => value - minus[i]!));
}

/**
 * ‖p_k − ref_k‖ / ‖ref_k − p_0‖ over all of these parameters together. `golden` gives the reference of a parameter by
 * its name, undefined to leave it out; undefined when it gives none.
 */
export function updateError(
  actual: Tensors, start: Tensors, golden: (name: string) => Tensor | undefined,
): number | undefined {
  let error = 0;
  let moved = 0;
  for (const [name, tensor] of actual) {
    const reference = golden(name);
    if (!reference) continue;
    if (reference.shape.join() !== tensor.shape.join()) return Infinity;
    const [p, ref, p0] = [numbersOf(tensor), numbersOf(reference), numbersOf(start.get(name)!)];
    for (let i = 0; i < p.length; i++) {
      error += (p[i]! - ref[i]!) ** 2;
      moved += (ref[i]! - p0[i]!) ** 2;
    }
  }
  return moved === 0 ? undefined : Math.sqrt(error / moved);
}
