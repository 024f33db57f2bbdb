// What each kind of job and item is to do, as it is kept in the library; parsed again when it is read.

import { z } from 'zod';
import { instantlySchema, regionMaskSchema, secondPersonSchema } from '../contract/faces.ts';
import { originSchema, variationSchema } from '../contract/gallery.ts';
import { adapterIdSchema, packIdSchema, photoIdSchema, styleIdSchema } from '../contract/ids.ts';
import { addOnSchema } from '../contract/add-ons.ts';
import { errorDataSchema, startPictureSchema } from '../contract/nouns.ts';
import { generationSettingsSchema, methodSchema, trainingSettingsSchema } from '../contract/settings.ts';

/** An analyze job takes every photo of its subject that has no verdict yet. */
export const analyzeParametersSchema = z.object({});
export type AnalyzeParameters = z.infer<typeof analyzeParametersSchema>;

/** An import brings in the files of its items. */
export const importParametersSchema = z.object({});
export type ImportParameters = z.infer<typeof importParametersSchema>;

/** One file of an import; its path is forgotten once it is done. */
export const importItemSchema = z.object({ file: z.string().min(1) });
export type ImportItem = z.infer<typeof importItemSchema>;

/** What came of one file. */
export const importedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('added') }),
  z.object({ kind: z.literal('known') }),
  z.object({ kind: z.literal('refused'), fileName: z.string(), error: errorDataSchema }),
]);
export type Imported = z.infer<typeof importedSchema>;

export const teachParametersSchema = z.object({
  method: methodSchema,
  packId: packIdSchema,
  settings: trainingSettingsSchema,
  heldOutPhotoIds: z.array(photoIdSchema),
  warmStartAdapterId: adapterIdSchema.nullable().default(null),
});
export type TeachParameters = z.infer<typeof teachParametersSchema>;

/** Photos whose faces are given, and those that likeness is measured against. */
const facePhotosSchema = z.object({
  facePhotoIds: z.array(photoIdSchema), referencePhotoIds: z.array(photoIdSchema),
});

export const createParametersSchema = z.object({
  packId: packIdSchema,
  adapterId: adapterIdSchema.nullable(),
  settings: generationSettingsSchema,
  start: startPictureSchema.nullable().default(null),
  addOns: z.array(addOnSchema).default([]),
  /** Its photos are those that were used when it was asked for, so that a job that goes on draws the same faces. */
  instantly: instantlySchema.required().nullable().default(null),
  second: secondPersonSchema.extend({ mask: regionMaskSchema, ...facePhotosSchema.shape }).nullable().default(null),
  /** Null: all that are used. */
  referencePhotoIds: z.array(photoIdSchema).nullable(),
});
export type CreateParameters = z.infer<typeof createParametersSchema>;
export type SecondParameters = NonNullable<CreateParameters['second']>;

/** One portrait of a create job; its seed stands beside it. */
export const createItemSchema = z.object({
  prompt: z.string(),
  negativePrompt: z.string(),
  styleId: styleIdSchema.nullable(),
  /** Drawn with the look. */
  usesAdapter: z.boolean(),
  /** Drawn with the face that is given without teaching. */
  usesFace: z.boolean().default(false),
  /** With usesAdapter: the look; left out, the job's. */
  adapterId: adapterIdSchema.optional(),
  /** What is otherwise than in the job's settings. */
  settings: generationSettingsSchema.default({}),
  variation: variationSchema.nullable().default(null),
  /** The portrait that it is made from; 'upscaled' enlarges that one's picture and draws none. */
  origin: originSchema.nullable().default(null),
});
export type CreateItem = z.infer<typeof createItemSchema>;
