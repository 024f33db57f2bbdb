// What generation asks of the loaded networks, and nothing more: any pipeline of networks/ that has these members
// will do. Latents here are in Stable Diffusion's own scale (variance preserving), as the networks were trained.

import type { AdapterInput, Pipeline, PipelineConfig, PredictInput } from '../networks/pipeline.ts';

export type { AdapterInput, PredictInput };

/** What is known of the networks; a table of any kind will do for alphasCumprod. */
export type PipelinePortConfig = Omit<PipelineConfig, 'alphasCumprod'> & { readonly alphasCumprod: ArrayLike<number> };

export type PipelinePort = Pick<Pipeline, 'encodeText' | 'predict' | 'decode'> & {
  readonly config: PipelinePortConfig;
};

/** The part of a CLIP tokenizer that generation needs. */
export interface PromptTokenizer {
  /** Token ids without the begin and end marks, not cut. */
  encode(text: string): number[];
  /** Exactly 77: begin mark, at most 75 ids, end mark, padding. */
  encodePrompt(text: string): number[];
}
