// What one micro-batch feeds to a step. Everything that depends on chance or on the loss in use is here, as numbers of
// the host, so that one graph serves epsilon and v, min-SNR weights, prior preservation and masks.

import type { PredictionType } from '../diffusion/denoiser.ts';
import { addNoise, velocity } from '../diffusion/forward-noise.ts';
import type { NoiseSchedule } from '../diffusion/noise-schedule.ts';
import { type TextStates, promptFeeds } from '../networks/text-states.ts';
import { type Shape, type Tensor, elementCount, float32Tensor } from '../tensor/tensor.ts';
import type { PromptIds } from '../text/prompt-encoder.ts';

export interface TrainingBatch {
  /** float32 [B, C, H, W]: latents with noise at the timesteps' levels, and what the UNet should say to them. */
  readonly noisy: Tensor;
  readonly target: Tensor;
  /** One a sample, 0…999. */
  readonly timesteps: readonly number[];
  /** One a sample: loss = Σ weight · mean(mask · (prediction − target)²). 1/B for the plain mean. */
  readonly sampleWeights: readonly number[];
  /** float32 [B, 1, H, W]; ones unless given. */
  readonly mask?: Tensor;
  /** Encoded prompts, or token ids where a text encoder or a new token learns: one entry a sample. */
  readonly text: { readonly states: TextStates } | { readonly inputIds: readonly PromptIds[] };
  /** float32 [B, 6]: original height, width, crop top, left, target height, width. SDXL needs them. */
  readonly timeIds?: Tensor;
}

export interface NoisyPair {
  readonly timesteps: readonly number[];
  readonly schedule: NoiseSchedule;
  readonly predictionType: PredictionType;
}

/** Latents and unit noise [B, C, H, W] as a batch's noisy latents and target, each sample at its own timestep. */
export function noisyPair(
  latents: Tensor, noise: Tensor, { timesteps, schedule, predictionType }: NoisyPair,
): Pick<TrainingBatch, 'noisy' | 'target'> {
  const { shape } = latents;
  const size = elementCount(shape.slice(1));
  const [noisy, target] = [new Float32Array(elementCount(shape)), new Float32Array(elementCount(shape))];
  timesteps.forEach((timestep, sample) => {
    const [x0, n] = [latents, noise].map(({ data }) => (
      (data as Float32Array).subarray(sample * size, (sample + 1) * size))) as [Float32Array, Float32Array];
    noisy.set(addNoise(schedule, x0, n, timestep), sample * size);
    target.set(predictionType === 'epsilon' ? n : velocity(schedule, x0, n, timestep), sample * size);
  });
  return { noisy: float32Tensor(shape, noisy), target: float32Tensor(shape, target) };
}

/**
 * The inputs of a batch by name: noisy, target, mask, timesteps, sampleWeights; context and pooled, or token ids for
 * each text encoder; timeIds. Their shapes decide which graph the batch needs.
 */
export function batchFeeds(batch: TrainingBatch): Record<string, Tensor> {
  const [count, , height, width] = batch.noisy.shape as [number, number, number, number];
  const perSample = (numbers: readonly number[]): Tensor => float32Tensor([count], numbers);
  const ones = (shape: Shape): Tensor => float32Tensor(shape, new Float32Array(elementCount(shape)).fill(1));
  return {
    noisy: batch.noisy, target: batch.target, mask: batch.mask ?? ones([count, 1, height, width]),
    timesteps: perSample(batch.timesteps), sampleWeights: perSample(batch.sampleWeights),
    ...textFeeds(batch),
    ...(batch.timeIds ? { timeIds: batch.timeIds } : {}),
  };
}

function textFeeds({ text }: TrainingBatch): Record<string, Tensor> {
  if ('states' in text) {
    const { context, pooled } = text.states;
    return { context, ...(pooled ? { pooled } : {}) };
  }
  return promptFeeds(text.inputIds);
}
