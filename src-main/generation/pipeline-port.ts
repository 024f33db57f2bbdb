// What generation asks of the loaded networks, and nothing more: any pipeline of networks/ that has these members
// will do. Latents here are in Stable Diffusion's own scale (variance preserving), as the networks were trained.

import type { PredictionType } from '../diffusion/denoiser.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface PipelinePortConfig {
  readonly latentChannels: number;
  /** VAE latents times this have about unit variance; dividing comes before decoding. */
  readonly latentScale: number;
  /** Pixels a latent pixel stands for along an edge. */
  readonly vaeFactor: number;
  readonly predictionType: PredictionType;
  /** Edge that the networks were trained at. */
  readonly resolutionPx: number;
  readonly alphasCumprod: ArrayLike<number>;
}

/** A LoRA as the graph takes it: its flat parameter vector, and how much of it. */
export interface AdapterInput {
  readonly parameters: Float32Array;
  /** Factor on every module's up(down(x)): adapterStrength x loraAlpha / rank. 0 is no adapter. */
  readonly strength: number;
}

export interface PredictInput {
  /** float32 [B, C, H, W]. */
  readonly latents: Tensor;
  readonly timestep: number;
  /** float32 [B, N, D], of encodeText. */
  readonly context: Tensor;
  readonly adapter?: AdapterInput;
}

export interface PipelinePort {
  readonly config: PipelinePortConfig;
  /** Token ids, 77 a prompt -> float32 [B, 77, D]. */
  encodeText(inputIds: number[][]): Promise<Tensor>;
  /** Epsilon or v, shaped as the latents. */
  predict(input: PredictInput): Promise<Tensor>;
  /** float32 [B, C, H, W], already divided by latentScale -> float32 [B, 3, H, W] in -1..1. */
  decode(latents: Tensor): Promise<Tensor>;
}

/** The part of a CLIP tokenizer that generation needs. */
export interface PromptTokenizer {
  /** Token ids without the begin and end marks, not cut. */
  encode(text: string): number[];
  /** Exactly 77: begin mark, at most 75 ids, end mark, padding. */
  encodePrompt(text: string): number[];
}
