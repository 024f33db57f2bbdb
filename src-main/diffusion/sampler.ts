// The shape of every sampler: a generator that walks `x` down the noise levels and hands out each step as it is done.
// It knows denoise(x, sigma) and nothing of prompts, guidance, adapters or ONNX. Whoever drives it may stop between
// two steps, which is all that cancelling takes.

import type { Denoise, PredictionType } from './denoiser.ts';

/** Fresh unit normal noise shaped as x; the same index gives the same draw. */
export type NoiseSource = (drawIndex: number) => Float32Array;

export interface SamplerInput {
  readonly denoise: Denoise;
  /** x0 + sigmas[0] noise; samplers replace it and never write into it. */
  readonly x: Float32Array;
  /** Falling; one more than there are steps. */
  readonly sigmas: Float64Array;
  readonly noise: NoiseSource;
  /** How much fresh noise a stochastic sampler adds: 0 none, 1 its full amount. */
  readonly eta: number;
  /** What the network predicts; only PLMS asks, because it extrapolates just that. Epsilon unless told. */
  readonly predictionType?: PredictionType;
}

export interface SamplerStep {
  /** The latent at the next noise level. */
  readonly x: Float32Array;
  /** The network's estimate of the finished latent: good for a preview. */
  readonly denoised: Float32Array;
}

/** x + scale noise. */
export function addScaled(x: Float32Array, noise: Float32Array, scale: number): Float32Array {
  return x.map((value, k) => value + scale * noise[k]!);
}

export type SamplerFunction = (input: SamplerInput) => AsyncGenerator<SamplerStep>;
