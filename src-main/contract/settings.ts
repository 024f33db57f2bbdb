// Everything a user can set, with its unit, its range and its default; the page, the command line and the
// engine read the same schemas. A setting that is left out takes the pack's own default where the pack has one.

import { z } from 'zod';

export const providerChoiceSchema = z.enum(['auto', 'cpu', 'webgpu']);
export type ProviderChoice = z.infer<typeof providerChoiceSchema>;

/** Seeds are 32-bit so that every tool that reads our PNGs can hold them. */
export const seedSchema = z.int().min(0).max(0xffff_ffff);

export const samplerNameSchema = z.enum([
  'ddim', 'ddpm', 'pndm', 'euler', 'euler-karras', 'euler-ancestral', 'heun', 'heun-karras',
  'dpmpp-2m', 'dpmpp-2m-karras', 'dpmpp-2m-sde', 'dpmpp-2m-sde-karras', 'unipc', 'unipc-karras', 'lcm',
]);
export type SamplerName = z.infer<typeof samplerNameSchema>;

/** Which layers of the UNet learn: attention projections; all of the transformers; these and the convolutions. */
export const loraTargetsSchema = z.enum(['attention', 'transformer', 'transformer-and-convolution']);

/** How a LoRA is taught. */
export const trainingSettingsSchema = z.object({
  /** Width of the learned matrices. */
  rank: z.int().min(1).max(128),
  /** The update is scaled by loraAlpha / rank. */
  loraAlpha: z.number().positive().max(1e5),
  targets: loraTargetsSchema,
  learningRate: z.number().positive().max(1),
  /** Steps on which the learning rate grows to its full size. */
  warmupSteps: z.int().min(0).max(10_000),
  trainingSteps: z.int().min(1).max(20_000),
  batchSize: z.int().min(1).max(64),
  /** Edge of the square training images. */
  resolutionPx: z.int().min(64).max(2048).multipleOf(8),
  seed: seedSchema,
}).partial();
export type TrainingSettings = z.infer<typeof trainingSettingsSchema>;

/** How a portrait is drawn. */
export const generationSettingsSchema = z.object({
  widthPx: z.int().min(64).max(2048).multipleOf(8),
  heightPx: z.int().min(64).max(2048).multipleOf(8),
  samplingSteps: z.int().min(1).max(200),
  sampler: samplerNameSchema,
  /** Classifier-free guidance; 1 is none. */
  guidanceScale: z.number().min(1).max(30),
  /** How much of the look: 0 none, 1 as learned. */
  adapterStrength: z.number().min(0).max(2),
}).partial();
export type GenerationSettings = z.infer<typeof generationSettingsSchema>;

/** What the studio remembers between runs. */
export const studioSettingsSchema = z.object({
  provider: providerChoiceSchema,
  theme: z.enum(['system', 'dark', 'light']),
  language: z.enum(['en', 'zh-Hans']),
});
export type StudioSettings = z.infer<typeof studioSettingsSchema>;

export const defaultStudioSettings: StudioSettings = { provider: 'auto', theme: 'dark', language: 'en' };
