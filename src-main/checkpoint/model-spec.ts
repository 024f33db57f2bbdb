// modelspec.*: what a file is, by Stability's ModelSpec 1.0.1 (github.com/Stability-AI/ModelSpec), as kohya's trainer
// and the interfaces write and show it. No date, author or path: the same training gives the same file.

import type { Architecture } from './architecture.ts';
import type { SchedulerConfig, UnetConfig } from './configs.ts';

export type ModelKind = 'checkpoint' | 'lora' | 'textual-inversion';

/** What a written file says of itself. */
export interface ModelDescription {
  readonly unetConfig: UnetConfig;
  readonly schedulerConfig: Pick<SchedulerConfig, 'predictionType'>;
  readonly resolutionPx: number;
  /** Shown by other programs; no name of a person unless the user typed it for this. */
  readonly title?: string;
  /** What to write in a prompt to call what was learned. */
  readonly triggerPhrase?: string;
}

const titles: Readonly<Record<ModelKind, string>> = {
  'checkpoint': 'Model taught with Likeness',
  'lora': 'LoRA made with Likeness',
  'textual-inversion': 'Embedding made with Likeness',
};

/** Real widths: a file must not claim to fit SD 1.5 when only its block structure does. */
const crossAttentionDims: Readonly<Record<Architecture, number>> = { sd15: 768, sd2: 1024, sdxl: 2048 };

/** The family that a UNet's structure belongs to, whatever its sizes. */
export function architectureOf({ textTime, useLinearProjection }: UnetConfig): Architecture {
  if (textTime) return 'sdxl';
  return useLinearProjection ? 'sd2' : 'sd15';
}

/** The published architecture whose files the networks' sizes fit, or undefined (tiny models, the built-in ones). */
export function publishedArchitecture(unetConfig: UnetConfig): Architecture | undefined {
  const architecture = architectureOf(unetConfig);
  const isPublishedSize = unetConfig.crossAttentionDim === crossAttentionDims[architecture]
    && unetConfig.blockOutChannels[0] === 320;
  return isPublishedSize ? architecture : undefined;
}

/** modelspec.architecture without the kind of file, e.g. 'stable-diffusion-v2-768-v'. */
function specArchitecture({ unetConfig, schedulerConfig }: ModelDescription): string {
  switch (publishedArchitecture(unetConfig)) {
    case 'sd15': return 'stable-diffusion-v1';
    case 'sd2': return schedulerConfig.predictionType === 'epsilon'
      ? 'stable-diffusion-v2-512' : 'stable-diffusion-v2-768-v';
    case 'sdxl': return 'stable-diffusion-xl-v1-base';
    case undefined: return 'likeness-miniature-v1';
  }
}

/** The modelspec.* pairs of a file, in the order in which they are written. */
export function modelSpec(kind: ModelKind, description: ModelDescription): Map<string, string> {
  const { unetConfig, schedulerConfig, resolutionPx, title, triggerPhrase } = description;
  const suffix = kind === 'checkpoint' ? '' : `/${kind}`;
  // kohya's trainer: a LoRA of SD 1 and 2 has diffusers' layer names, everything else those of the original code
  const isDiffusers = kind === 'lora' && architectureOf(unetConfig) !== 'sdxl';
  return new Map([
    ['modelspec.sai_model_spec', '1.0.1'],
    ['modelspec.architecture', specArchitecture(description) + suffix],
    ['modelspec.implementation', isDiffusers ? 'diffusers' : 'https://github.com/Stability-AI/generative-models'],
    ['modelspec.title', title ?? titles[kind]],
    ['modelspec.resolution', `${resolutionPx}x${resolutionPx}`],
    ['modelspec.prediction_type', schedulerConfig.predictionType === 'epsilon' ? 'epsilon' : 'v'],
    ...(triggerPhrase ? [['modelspec.trigger_phrase', triggerPhrase] as [string, string]] : []),
  ]);
}
