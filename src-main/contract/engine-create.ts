// The request that draws portraits, and what the engine says of each: see engine.ts.

import { z } from 'zod';
import { faceNetworksSchema, instantFaceSchema, instantIdFilesSchema } from './engine-faces.ts';
import { facePointsSchema, likenessRangeSchema, likenessSchema, regionMaskSchema } from './faces.ts';
import { variationSchema } from './gallery.ts';
import {
  generationSettingsSchema, methodSchema, precisionChoiceSchema, providerChoiceSchema, seedSchema,
} from './settings.ts';

const file = z.string().min(1);
const faceEmbedding = z.array(z.number()).min(1);
export const lookFileSchema = z.object({ method: methodSchema, file, word: z.string() });
/** LoRAs and embeddings of the user's own; `word` is an embedding's. */
export const addOnFilesSchema = z.array(z.object({
  kind: z.enum(['lora', 'embedding']), file, name: z.string(), word: z.string(), strength: z.number(),
}));
const referenceSchema = z.object({ file, faceEmbedding: faceEmbedding.nullable() });

/** Draws portraits and measures how alike each is to the reference faces. */
export const createRequestSchema = z.object({
  kind: z.literal('create'),
  checkpointPath: file,
  provider: providerChoiceSchema,
  precision: precisionChoiceSchema.default('auto'),
  /** Another VAE than the checkpoint's own; null takes that. */
  vaeFile: file.nullable().default(null),
  /** For every item. */
  addOns: addOnFilesSchema.default([]),
  /** Model and version of Likeness for the settings inside the PNG. */
  modelName: z.string(),
  version: z.string(),
  /** Null: the base model alone. `method` says what the file is; `word` is an embedding's. */
  adapter: lookFileSchema.nullable(),
  items: z.array(z.object({
    key: z.string(),
    prompt: z.string(),
    negativePrompt: z.string(),
    seed: seedSchema,
    /** 0 draws without the adapter. */
    adapterStrength: z.number(),
    /** Near the portrait of this seed. */
    variation: variationSchema.nullable().default(null),
    /** A portrait that is made larger as it is: nothing is drawn but its tiles, and no face pass follows. */
    enlarged: z.object({ file, isFaceRedrawn: z.boolean() }).nullable().default(null),
  })).min(1),
  settings: generationSettingsSchema.required(),
  /** Image to image: a picture that every item starts from, and the share of the steps that change it. */
  start: z.object({ file, strength: z.number().min(0).max(1), isPhoto: z.boolean() }).nullable(),
  references: z.array(referenceSchema),
  /** Networks that likeness is measured with; the references' embeddings are theirs. */
  likenessNetworks: faceNetworksSchema.default({ kind: 'built-in' }),
  /** How alike the references are to each other, for the likeness in words. */
  likenessRange: likenessRangeSchema.nullable().default(null),
  /** Where that is null: more pictures of the person, whose faces with the references' give it. */
  rangeFiles: z.array(file).default([]),
  /** Files of InstantID, and what embeds faces for it; null: faces are not given. */
  instantId: instantIdFilesSchema.nullable().default(null),
  /** With instantId: the subject's face. */
  face: instantFaceSchema.nullable().default(null),
  /** Somebody else in the portrait, where the mask is 1. */
  second: z.object({
    adapter: lookFileSchema.nullable(),
    adapterStrength: z.number(),
    face: instantFaceSchema.nullable(),
    mask: regionMaskSchema,
    references: z.array(referenceSchema),
    likenessRange: likenessRangeSchema.nullable(),
    rangeFiles: z.array(file).default([]),
  }).nullable().default(null),
  /** The LCM-LoRA for settings.fast. */
  fastAdapterFile: file.nullable().default(null),
  outputFolder: file,
});
export type CreateRequest = z.infer<typeof createRequestSchema>;
/** A request as it is made: what has a default may be left out. */
export type NewCreateRequest = z.input<typeof createRequestSchema>;

/** One portrait's result: a finished PNG in the output folder, settings and AI label inside. */
export const drawnPortraitSchema = z.object({
  kind: z.literal('portrait'),
  key: z.string(),
  file,
  widthPx: z.int(),
  heightPx: z.int(),
  samplingSteps: z.int(),
  sampler: z.string(),
  guidanceScale: z.number(),
  likeness: likenessSchema,
  secondLikeness: likenessSchema.nullable().default(null),
  /** Which of the references its face is most like; null without a face. */
  nearestReference: z.int().min(0).nullable().default(null),
  facePoints: facePointsSchema.nullable().default(null),
  isFaceRedrawn: z.boolean().default(false),
  /** The portrait before face pass and upscale, a PNG in the output folder; null where there was none. */
  beforeFile: file.nullable().default(null),
});
export type DrawnPortrait = z.infer<typeof drawnPortraitSchema>;
