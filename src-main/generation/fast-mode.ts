// Few steps with a latent consistency LoRA (Luo et al. 2023, "LCM-LoRA: A Universal Stable-Diffusion Acceleration
// Module"): its weights already hold the effect of guidance, so little or none is added.

import { UserError } from '../contract/errors.ts';
import type { SamplerName } from '../diffusion/samplers.ts';

/** What fast mode draws with where the user has set nothing. */
export const fastDefaults = {
  samplingSteps: 8, guidanceScale: 1.5, attentionGuidanceScale: 0, sampler: 'lcm',
} as const;

/** LCM-LoRA was distilled for guidance of 1 to 2; with more the picture burns. */
export const largestFastGuidance = 2;

export interface SamplingChoice {
  readonly samplingSteps: number;
  readonly sampler: SamplerName;
  readonly guidanceScale: number;
  readonly attentionGuidanceScale: number;
}

/**
 * Sampler and guidance of fast mode: LCM's own sampler, which alone knows its timesteps, guidance of at most 2 and none
 * of attention. Steps stay as they are asked.
 */
export function fastSampling(
  { samplingSteps, guidanceScale }: Pick<SamplingChoice, 'samplingSteps' | 'guidanceScale'>,
): SamplingChoice {
  return {
    samplingSteps, sampler: 'lcm', guidanceScale: Math.min(guidanceScale, largestFastGuidance),
    attentionGuidanceScale: 0,
  };
}

/** Fast mode without its LoRA. */
export function noFastAdapter(): UserError {
  return new UserError('generation.no-fast-adapter', {
    what: 'This model has no LCM-LoRA, which drawing in few steps needs.', safe: 'Nothing was drawn.',
    todo: 'Add the LCM-LoRA of this model on the models page, or turn fast mode off.',
  });
}
