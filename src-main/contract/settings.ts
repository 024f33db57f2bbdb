// Everything a user can set, with its unit, its range and its default; the page, the command line and the
// engine read the same schemas. A setting that is left out takes the pack's own default where the pack has one.

import { z } from 'zod';
import { mirrorSchema } from './mirror.ts';

/** 'auto' takes the first of the platform's order that computes right. */
export const providerChoiceSchema = z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'dml']);
export type ProviderChoice = z.infer<typeof providerChoiceSchema>;

/** Number type of graphs on a GPU: 'auto' is float16 where it computes right. The processor takes float32. */
export const precisionChoiceSchema = z.enum(['auto', 'float16', 'float32']);
export type PrecisionChoice = z.infer<typeof precisionChoiceSchema>;

/** Seeds are 32-bit so that every tool that reads our PNGs can hold them. */
export const seedSchema = z.int().min(0).max(0xffff_ffff);

export const samplerNameSchema = z.enum([
  'ddim', 'ddpm', 'pndm', 'euler', 'euler-karras', 'euler-ancestral', 'heun', 'heun-karras',
  'dpmpp-2m', 'dpmpp-2m-karras', 'dpmpp-2m-sde', 'dpmpp-2m-sde-karras', 'unipc', 'unipc-karras', 'lcm',
]);
export type SamplerName = z.infer<typeof samplerNameSchema>;

/**
 * How a face is learned: a small add-on to the networks (Hu et al. 2021); the networks' own weights (Ruiz et al. 2023);
 * a new word for a network that stays as it is (Gal et al. 2023). 'lora' with vectorCount above 0 learns add-on and
 * word together (pivotal tuning).
 */
export const methodSchema = z.enum(['lora', 'dreambooth', 'textual-inversion']);
export type Method = z.infer<typeof methodSchema>;

/** Which layers of the UNet learn: attention projections; all of the transformers; these and the convolutions. */
export const loraTargetsSchema = z.enum(['attention', 'transformer', 'transformer-and-convolution']);

/** After the warm-up: as it is, falling in a line, along a half cosine, in several of them, or along a polynomial. */
export const learningRateScheduleSchema = z.enum([
  'constant', 'linear', 'cosine', 'cosine-with-restarts', 'polynomial',
]);

/** AdamW keeps two numbers a weight; Adafactor (Shazeer & Stern 2018) a few a matrix, for large networks. */
export const optimizerSchema = z.enum(['adamw', 'adafactor']);

/**
 * What keeps the class as it was: nothing; pictures of the class, drawn by the base model once and kept for all
 * subjects; or the base model's own output for the class's caption as the target.
 */
export const priorSchema = z.enum(['none', 'images', 'prediction']);

const rate = z.number().min(0).max(1);
const strength = z.number().min(0).max(1.5);

/** How a face is taught. What a method has no use for is ignored by it. */
export const trainingSettingsSchema = z.object({
  /** lora: width of the learned matrices. */
  rank: z.int().min(1).max(128),
  /** lora: the update is scaled by loraAlpha / rank. */
  loraAlpha: z.number().positive().max(1e5),
  /** lora: the same for 3×3 convolutions, where `targets` has them; 0 takes rank. */
  convRank: z.int().min(0).max(128),
  /** lora: 0 takes loraAlpha. */
  convAlpha: z.number().min(0).max(1e5),
  targets: loraTargetsSchema,
  /** Size of an update of the UNet. */
  learningRate: z.number().positive().max(1),
  /** Of the text encoders; 0 leaves them as they are. */
  textEncoderLearningRate: rate,
  /** Of the rows of a new word. */
  newTokenLearningRate: rate,
  learningRateSchedule: learningRateScheduleSchema,
  /** Steps on which the learning rate grows to its full size. */
  warmupSteps: z.int().min(0).max(10_000),
  trainingSteps: z.int().min(1).max(20_000),
  /** Training images that one pass sees, and passes whose gradients are averaged before an update. */
  batchSize: z.int().min(1).max(64),
  gradientAccumulationSteps: z.int().min(1).max(64),
  /** Longest gradient; longer ones are shortened to it; 0 leaves them. */
  maxGradientNorm: z.number().min(0).max(1e6),
  optimizer: optimizerSchema,
  /** Share of a weight that an update of learning rate 1 would take off. */
  weightDecay: z.number().min(0).max(1),
  /** Steps with little noise count less: Hang et al. 2023; 0 is off, 5 is usual. */
  minSnrGamma: z.number().min(0).max(100),
  /** Timesteps below this, those with little noise, are not learned from (kohya's min_timestep); 0 leaves none out. */
  minTimestep: z.int().min(0).max(999),
  /** Adds one random number to each whole channel of the noise, for darker darks and lighter lights; 0 is off. */
  noiseOffset: z.number().min(0).max(1),
  /** Share of the draws whose caption is left out, so that guidance keeps working. */
  captionDropout: z.number().min(0).max(1),
  /**
   * Share of the draws whose caption says who is shown and nothing else, so that it is the word alone that tells the
   * subject from the class; kohya's caption_tag_dropout_rate, for all of a caption's tags at once.
   */
  captionTagDropout: z.number().min(0).max(1),
  /** Edge of the square training images; with buckets the edge of the square of the same area. */
  resolutionPx: z.int().min(64).max(2048).multipleOf(8),
  /** Whole photos in buckets of like aspect ratio, in place of square crops around the face. */
  useBuckets: z.boolean(),
  /** How much less the surroundings of the face count: 0 as much as it, 1 not at all. */
  faceMaskWeight: z.number().min(0).max(1),
  prior: priorSchema,
  /** How much the class counts beside the subject. */
  priorLossWeight: z.number().min(0).max(10),
  /** prior 'images': how many pictures of the class. */
  priorImageCount: z.int().min(1).max(2000),
  /** Rows of the new word: 1 to 32 for textual inversion; 0 is no new word. */
  vectorCount: z.int().min(0).max(32),
  /** The new word, which the model must not know; '' makes one of the subject's trigger word: 'ohwxface'. */
  newWord: z.string().max(40).regex(/^\S*$/),
  /** A word that the new one starts from; '' takes the class word. */
  initializerWord: z.string().max(40).regex(/^\S*$/),
  /** The text encoder's last layers that are left out. */
  clipSkip: z.int().min(0).max(11),
  /** 'blocks' computes the UNet's blocks twice and needs much less memory. */
  recompute: z.enum(['none', 'blocks']),
  snapshotEverySteps: z.int().min(1).max(20_000),
  /** Portraits drawn at each snapshot, always on the same seeds. */
  previewCount: z.int().min(0).max(16),
  seed: seedSchema,
}).partial();
export type TrainingSettings = z.infer<typeof trainingSettingsSchema>;

/** Programs and forms that a look can be written for. */
export const exportFormatSchema = z.enum([
  /** A LoRA with kohya's names, which most programs read; a new word is inside as bundle_emb. */
  'kohya',
  /** A LoRA or an embedding with diffusers' names. */
  'diffusers',
  /** What these two read: a LoRA, an embedding or a checkpoint, by the method. */
  'a1111', 'comfyui',
  /** One whole checkpoint file; a LoRA is merged into its base model. */
  'checkpoint',
  /** The new word alone, of a look that has more. */
  'embedding',
]);
export type ExportFormat = z.infer<typeof exportFormatSchema>;

/** Picture files that portraits are saved as. */
export const pictureFormatSchema = z.enum(['png', 'jpeg', 'webp']);
export type PictureFormat = z.infer<typeof pictureFormatSchema>;

export const exportPrecisionSchema = z.enum(['float16', 'bfloat16', 'float32']);
export type ExportPrecision = z.infer<typeof exportPrecisionSchema>;

/** How a portrait is drawn. */
export const generationSettingsSchema = z.object({
  widthPx: z.int().min(64).max(2048).multipleOf(8),
  heightPx: z.int().min(64).max(2048).multipleOf(8),
  samplingSteps: z.int().min(1).max(200),
  sampler: samplerNameSchema,
  /** Classifier-free guidance; 1 is none. */
  guidanceScale: z.number().min(1).max(30),
  /** Perturbed-attention guidance (Ahn et al. 2024): clearer shapes for half as much time again; 0 is none. */
  attentionGuidanceScale: z.number().min(0).max(10),
  /** How much of the look: 0 none, 1 as learned. */
  adapterStrength: z.number().min(0).max(2),
  /** The text encoder's last layers that are left out; a look's own number where this is not set. */
  clipSkip: z.int().min(0).max(11),
  /** Instant portraits: how much cross-attention heeds the face, and on which share of the steps, from 0 to 1. */
  imageStrength: strength,
  imageStart: rate,
  imageEnd: rate,
  /** Instant portraits: how much the key points and the face steer the drawing, and on which share of the steps. */
  identityNetStrength: strength,
  identityNetStart: rate,
  identityNetEnd: rate,
  /** Few steps with the LCM-LoRA of the model (Luo et al. 2023). */
  fast: z.boolean(),
  /** A face that is small in the portrait is cut out, drawn again at full resolution and put back. */
  facePass: z.enum(['off', 'auto', 'always']),
  /** Share of the steps that change the face in the face pass. */
  facePassStrength: rate,
  /** Edge of the finished portrait over that which is drawn first. */
  upscale: z.number().min(1).max(4),
  upscaleStrength: rate,
}).partial();
export type GenerationSettings = z.infer<typeof generationSettingsSchema>;

/** What the studio remembers between runs. */
export const studioSettingsSchema = z.object({
  provider: providerChoiceSchema,
  theme: z.enum(['system', 'dark', 'light']),
  language: z.enum(['en', 'zh-Hans']),
  precision: precisionChoiceSchema,
  /** What finds and compares faces. */
  faceEngine: z.enum(['built-in', 'antelopev2']),
  /** Ids of licences that the user has read and accepted. */
  acceptedLicenses: z.array(z.string().max(80)).max(100),
  /** The first steps were taken or passed over. */
  hasSeenWelcome: z.boolean(),
  /** How large portraits are in the gallery. */
  tileSize: z.enum(['small', 'medium', 'large']),
  /** The desktop says when something long is done. */
  notifications: z.boolean(),
  /** Saved pictures say in visible letters that they are made by AI; the mark inside the file is always there. */
  visibleLabel: z.boolean(),
  /** Ids of styles that are to be at hand. */
  favouriteStyleIds: z.array(z.string().max(64)).max(500),
  /** Other addresses of the servers that models come from. */
  mirrors: z.array(mirrorSchema).max(4),
});
export type StudioSettings = z.infer<typeof studioSettingsSchema>;

export const defaultStudioSettings: StudioSettings = {
  provider: 'auto', precision: 'auto', theme: 'dark', language: 'en', faceEngine: 'built-in', acceptedLicenses: [],
  hasSeenWelcome: false, tileSize: 'medium', notifications: true, visibleLabel: false,
  favouriteStyleIds: [], mirrors: [],
};
