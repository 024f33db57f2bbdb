// How much a timestep counts in the loss, as tables over all timesteps and as sd-scripts computes them. In all of them
// snr = acp / (1 - acp). They become sample weights of a batch: the step graph itself knows only weighted squares.

import type { PredictionType } from '../diffusion/denoiser.ts';
import { signalToNoiseRatios } from '../diffusion/forward-noise.ts';
import type { NoiseSchedule } from '../diffusion/noise-schedule.ts';

// sd-scripts' limit where almost no noise is left
const highestSnr = 1000;

/** Hang et al. 2023, "Efficient Diffusion Training via Min-SNR Weighting": min(snr, gamma) / snr; v: / (snr + 1). */
export function minSnrWeights(schedule: NoiseSchedule, gamma: number, type: PredictionType): Float64Array {
  // gamma / 0 is infinite, so a timestep of noise alone has weight 1 (v: 0)
  if (type === 'epsilon') return signalToNoiseRatios(schedule).map((snr) => Math.min(1, gamma / snr));
  return signalToNoiseRatios(schedule).map((snr) => Math.min(snr, gamma) / (snr + 1));
}

/**
 * Yu et al. 2023, "Debias the Training of Diffusion Models": 1 / sqrt(snr); v: 1 / (snr + 1). Infinite for epsilon
 * where a schedule has no signal: epsilon cannot be learned there.
 */
export function debiasedWeights(schedule: NoiseSchedule, type: PredictionType): Float64Array {
  const limited = signalToNoiseRatios(schedule).map((snr) => Math.min(snr, highestSnr));
  return type === 'epsilon' ? limited.map((snr) => 1 / Math.sqrt(snr)) : limited.map((snr) => 1 / (snr + 1));
}

/** Weights a v loss as if it were the loss of epsilon: snr / (snr + 1). */
export function likeNoiseWeights(schedule: NoiseSchedule): Float64Array {
  return signalToNoiseRatios(schedule).map((snr) => Math.min(snr, highestSnr)).map((snr) => snr / (snr + 1));
}

/** Adds a share of the loss that v would have to the loss of epsilon: 1 + share (snr + 1) / snr. */
export function withVLossWeights(schedule: NoiseSchedule, share: number): Float64Array {
  return likeNoiseWeights(schedule).map((scale) => 1 + share / scale);
}

export interface LossWeighting {
  readonly predictionType: PredictionType;
  /** Min-SNR's gamma, usually 5; 0 or left out is off. */
  readonly minSnrGamma?: number;
  readonly debiased?: boolean;
  /** For v-predicting networks. */
  readonly likeNoise?: boolean;
  /** For epsilon-predicting networks: the share of the loss of v that is added; 0 or left out is off. */
  readonly vLossShare?: number;
}

/** The weight of each timestep: the product of all that is chosen, 1 where nothing is. */
export function lossWeights(schedule: NoiseSchedule, weighting: LossWeighting): Float64Array {
  const { predictionType, minSnrGamma, debiased, likeNoise, vLossShare } = weighting;
  const tables = [
    minSnrGamma ? minSnrWeights(schedule, minSnrGamma, predictionType) : undefined,
    debiased ? debiasedWeights(schedule, predictionType) : undefined,
    likeNoise ? likeNoiseWeights(schedule) : undefined,
    vLossShare ? withVLossWeights(schedule, vLossShare) : undefined,
  ].filter((table) => table !== undefined);
  return schedule.alphasCumprod.map((_, t) => tables.reduce((product, table) => product * table[t]!, 1));
}

export type ThresholdSchedule = 'constant' | 'exponential' | 'snr';

/**
 * Where a robust loss turns from a square to a line, one entry a timestep: `least` throughout, or falling to it from 1.
 * Khrapov et al. 2024, "Improving Diffusion Models's Data-Corruption Resistance using Scheduled Pseudo-Huber Loss".
 */
export function robustThresholds(schedule: NoiseSchedule, kind: ThresholdSchedule, least: number): Float64Array {
  const { sigmas } = schedule;
  switch (kind) {
    case 'constant': return new Float64Array(sigmas.length).fill(least);
    case 'exponential': return sigmas.map((_, t) => least ** (t / sigmas.length));
    case 'snr': return sigmas.map((sigma) => (1 - least) / (1 + sigma) ** 2 + least);
  }
}

export interface RobustLoss {
  /** Mean over the elements. */
  readonly loss: number;
  /** Of that mean by each element of the prediction. */
  readonly gradient: Float64Array;
}

/** Pseudo-Huber loss of one sample, 2 c (sqrt(d^2 + c^2) - c); smooth L1 leaves the first c out. */
export function robustLoss(
  kind: 'huber' | 'smooth-l1', prediction: ArrayLike<number>, target: ArrayLike<number>, threshold: number,
): RobustLoss {
  const factor = (kind === 'huber' ? 2 * threshold : 2) / prediction.length;
  let loss = 0;
  const gradient = Float64Array.from(prediction, (value, k) => {
    const d = value - target[k]!;
    const root = Math.hypot(d, threshold);
    loss += factor * (root - threshold);
    return (factor * d) / root;
  });
  return { loss, gradient };
}

export interface NoiseOffset {
  /** How far a channel's mean is moved; usually 0.05 to 0.1. */
  readonly offset: number;
  /** Moves further where the latent's own channel mean is far from 0; may be negative. */
  readonly adaptiveScale?: number;
}

/**
 * Moves each channel of one sample's noise as a whole, so that the network learns brightness, which plain noise never
 * hides (Guttenberg 2023, "Diffusion with Offset Noise"): noise + offset draw, one draw a channel.
 * `noise` and `latents` are [C, H, W], `channelDraws` unit normal [C].
 */
export function withNoiseOffset(
  noise: Float32Array, channelDraws: Float32Array, latents: Float32Array, { offset, adaptiveScale = 0 }: NoiseOffset,
): Float32Array {
  const area = noise.length / channelDraws.length;
  const shifts = channelDraws.map((draw, channel) => {
    const plane = latents.subarray(channel * area, (channel + 1) * area);
    const mean = plane.reduce((sum, value) => sum + value, 0) / area;
    return Math.max(0, offset + adaptiveScale * Math.abs(mean)) * draw;
  });
  return noise.map((value, k) => value + shifts[Math.floor(k / area)]!);
}
