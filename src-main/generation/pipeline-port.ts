// What generation asks of the loaded networks, and nothing more: any pipeline of networks/ that has these members
// will do. Latents here are in Stable Diffusion's own scale (variance preserving), as the networks were trained.

import type { AdapterInput } from '../networks/adapter-input.ts';
import type { Pipeline, PipelineConfig, PredictInput } from '../networks/pipeline.ts';
import type { PromptEncoder } from '../text/prompt-encoder.ts';

export type { AdapterInput, PredictInput };

/** What is known of the networks; a table of any kind will do for alphasCumprod. */
export type PipelinePortConfig = Omit<PipelineConfig, 'alphasCumprod'> & { readonly alphasCumprod: ArrayLike<number> };

export type PipelinePort = Pick<Pipeline, 'encodeText' | 'encodeFaces' | 'predict' | 'decode' | 'encode'> & {
  readonly config: PipelinePortConfig;
};

/** The part of a prompt encoder that generation needs. */
export type PromptPort = Pick<PromptEncoder, 'encodeWeighted' | 'droppedTokens'>;
