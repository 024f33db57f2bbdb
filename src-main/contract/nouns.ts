// What the studio shows: Subject, Photo, Look (an adapter), Portrait, Job, and the engine and packs behind them.
// Pictures are named by id only (see mediaUrl in studio.ts); no file path is in here.
// Times are milliseconds since 1970, sizes are bytes or pixels, and positions in a picture are fractions of it.

import { z } from 'zod';
import { originSchema, portraitFlagSchema, ratingSchema, variationSchema } from './gallery.ts';
import {
  adapterIdSchema, jobIdSchema, packIdSchema, photoIdSchema, portraitIdSchema, previewIdSchema, styleIdSchema,
  subjectIdSchema,
} from './ids.ts';
import { precisionSchema, providerNameSchema } from './machine.ts';
import { addOnSchema } from './add-ons.ts';
import {
  facePointsSchema, instantlySchema, likenessRangeSchema, likenessSchema, photoMeasuresSchema, verdictSchema,
} from './faces.ts';
import {
  exportFormatSchema, generationSettingsSchema, methodSchema, seedSchema, trainingSettingsSchema,
} from './settings.ts';

const timeMs = z.number().int().min(0);
const fraction = z.number();

/** A UserError as data: what happened, what is safe, what to do. */
export const errorDataSchema = z.object({
  code: z.string(),
  what: z.string(),
  safe: z.string(),
  todo: z.string(),
  parameters: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type ErrorData = z.infer<typeof errorDataSchema>;

export const classWordSchema = z.enum(['person', 'woman', 'man']);
export type ClassWord = z.infer<typeof classWordSchema>;

export const subjectSchema = z.object({
  id: subjectIdSchema,
  name: z.string(),
  /** The rare word that stands for this subject in captions and prompts. */
  triggerWord: z.string(),
  /** What kind of thing the subject is: a word that every base model knows. */
  classWord: classWordSchema,
  /** The user said: this is me, or I have their permission. Nothing is taught without it. */
  hasConsent: z.boolean(),
  /** Whose consent it is and how it was given, in the user's words. */
  consentNote: z.string().default(''),
  /** When it was given; null without. */
  consentAtMs: timeMs.nullable().default(null),
  /** What stands for them on the wall: the photo that is most like the others; null before there is one. */
  coverPhotoId: photoIdSchema.nullable().default(null),
  createdAtMs: timeMs,
  photoCount: z.int(),
  lookCount: z.int(),
  portraitCount: z.int(),
  /** How alike the used photos are to each other; null with fewer than two faces. */
  likenessRange: likenessRangeSchema.nullable().default(null),
});
export type Subject = z.infer<typeof subjectSchema>;

/** Left, top, width and height as fractions of the picture. */
export const boxSchema = z.object({ x: fraction, y: fraction, width: fraction, height: fraction });
export type Box = z.infer<typeof boxSchema>;

export const photoSchema = z.object({
  id: photoIdSchema,
  subjectId: subjectIdSchema,
  /** Name that the file had, without folders. */
  fileName: z.string(),
  widthPx: z.int(),
  heightPx: z.int(),
  addedAtMs: timeMs,
  /** The face that will be learned. */
  faceBox: boxSchema.nullable(),
  faceCount: z.int(),
  /** Every face that was found, the largest first; `faceIndex` is the one that will be learned. */
  faces: z.array(z.object({ box: boxSchema, score: z.number() })).default([]),
  faceIndex: z.int().nullable().default(null),
  /** The user chose that face. */
  isFaceChosen: z.boolean().default(false),
  facePoints: facePointsSchema.nullable().default(null),
  measures: photoMeasuresSchema.nullable().default(null),
  /** An earlier photo that shows nearly the same picture. */
  sameAsPhotoId: photoIdSchema.nullable().default(null),
  verdict: verdictSchema,
  /** The user's own choice; stands above the verdict. Null: not decided by hand. */
  userChoice: z.enum(['use', 'leave-out']).nullable(),
  /** Whether teaching will use it: verdict and choice together. */
  isUsed: z.boolean(),
  caption: z.string(),
  /** How often teaching sees it where it sees the others once. */
  repeats: z.int().min(1),
  /** Cosine of this photo's face embedding to the mean of the subject's others; null with fewer than two faces. */
  likeness: z.number().nullable(),
});
export type Photo = z.infer<typeof photoSchema>;

export const lossPointSchema = z.object({ step: z.int(), loss: z.number() });
export type LossPoint = z.infer<typeof lossPointSchema>;

/**
 * What stood at one step of teaching: the run goes on from the last one after a pause or a crash, and the best one
 * becomes the look. A curve of them lasts as long as their job.
 */
export const snapshotSchema = z.object({
  jobId: jobIdSchema,
  /** Optimizer steps that were done. */
  step: z.int(),
  /** Mean loss of the steps since the snapshot before. */
  loss: z.number(),
  /** Loss on held-out photos, always on the same timesteps and noise; null where no photo is held out. */
  validationLoss: z.number().nullable(),
  /**
   * Mean cosine of the previews' faces to the held-out photos, or to those that are learned where none is held out;
   * measured at the place where a portrait has its face where none was found. Null: there is nothing to measure.
   */
  likeness: z.number().nullable(),
  /** In how many previews a face was found. */
  facesFound: z.int(),
  /** In the order of their seeds, which are the same at each snapshot. */
  previewIds: z.array(previewIdSchema),
  /** By likeness; where there is none by validation loss, else the last one. At most one of a job is the best. */
  isBest: z.boolean(),
  createdAtMs: timeMs,
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** One snapshot as a point of a look's curve. */
export const curvePointSchema = z.object({
  step: z.int(), likeness: z.number().nullable(), validationLoss: z.number().nullable(),
});
export type CurvePoint = z.infer<typeof curvePointSchema>;

export const lookSchema = z.object({
  id: adapterIdSchema,
  subjectId: subjectIdSchema,
  /** The job that taught it; its snapshots tell how it went. */
  jobId: jobIdSchema,
  name: z.string(),
  method: methodSchema,
  packId: packIdSchema,
  packName: z.string(),
  /** What stands for the subject in prompts; the new word where there is one. */
  triggerWord: z.string(),
  /** 0 where it is no LoRA. */
  rank: z.int(),
  /** Rows of its new word; 0 where it has none. */
  vectorCount: z.int(),
  /** Steps that were taken. */
  trainingSteps: z.int(),
  /** The step of the snapshot that it is. */
  bestStep: z.int(),
  curve: z.array(curvePointSchema),
  /** Every setting it was taught with, for another run like it. */
  settings: trainingSettingsSchema,
  /** What looks.export can make of it; the first is the usual one. */
  exportFormats: z.array(exportFormatSchema),
  photoCount: z.int(),
  finalLoss: z.number(),
  sizeBytes: z.int(),
  createdAtMs: timeMs,
  /** Mean likeness of the portraits drawn with it at strength above 0; null before the first. */
  likeness: z.number().nullable(),
  coverPortraitId: portraitIdSchema.nullable(),
});
export type Look = z.infer<typeof lookSchema>;

/** A picture of the subject that a portrait may start from: a photo's face crop, or a portrait. */
export const startPictureSchema = z.object({
  source: z.union([z.object({ photoId: photoIdSchema }), z.object({ portraitId: portraitIdSchema })]),
  strength: z.number().min(0).max(1),
});
export type StartPicture = z.infer<typeof startPictureSchema>;

export const portraitSchema = z.object({
  id: portraitIdSchema,
  subjectId: subjectIdSchema,
  jobId: jobIdSchema,
  /** Null: drawn by the base model alone, for comparison. */
  adapterId: adapterIdSchema.nullable(),
  packId: packIdSchema,
  styleId: styleIdSchema.nullable(),
  prompt: z.string(),
  negativePrompt: z.string(),
  seed: seedSchema,
  widthPx: z.int(),
  heightPx: z.int(),
  samplingSteps: z.int(),
  sampler: z.string(),
  guidanceScale: z.number(),
  adapterStrength: z.number(),
  likeness: likenessSchema,
  /** Set where the face was given without teaching. */
  instantly: instantlySchema.nullable().default(null),
  /** Somebody else who is in it, and how alike they are. */
  second: z.object({ subjectId: subjectIdSchema, adapterId: adapterIdSchema.nullable(), likeness: likenessSchema })
    .nullable().default(null),
  /** The five points of its face as fractions; where none was found those that were asked for; null without either. */
  facePoints: facePointsSchema.nullable().default(null),
  /** Its face was drawn a second time at full resolution. */
  isFaceRedrawn: z.boolean().default(false),
  /** The portrait before its face pass and upscale can be shown beside it: media kind 'before'. */
  hasBefore: z.boolean().default(false),
  /** Every setting it was drawn with. */
  settings: generationSettingsSchema.default({}),
  rating: ratingSchema.default(0),
  flag: portraitFlagSchema.default('none'),
  /** Of the photos it was measured against the one it is most like. */
  nearestPhotoId: photoIdSchema.nullable().default(null),
  variation: variationSchema.nullable().default(null),
  /** LoRAs and embeddings of the user's own that it was drawn with. */
  addOns: z.array(addOnSchema.extend({ name: z.string() })).optional(),
  /** The portrait that this one was made from. */
  origin: originSchema.nullable().default(null),
  createdAtMs: timeMs,
});
export type Portrait = z.infer<typeof portraitSchema>;

export const engineStateSchema = z.object({
  state: z.enum(['off', 'starting', 'ready', 'busy', 'stopped']),
  /** What does the arithmetic; null until the engine has said so. */
  provider: providerNameSchema.nullable(),
  /** Number type of its graphs. */
  precision: precisionSchema.default('float32'),
  /** Why it is not the provider that was asked for, in one sentence; null when it is. */
  fallbackReason: z.string().nullable(),
  /** e.g. '2 processor cores'. */
  deviceName: z.string().nullable(),
});
export type EngineState = z.infer<typeof engineStateSchema>;

export const packSchema = z.object({
  id: packIdSchema,
  name: z.string(),
  description: z.string(),
  architecture: z.enum(['sd15', 'sd2', 'sdxl']),
  isBuiltIn: z.boolean(),
  resolutionPx: z.int(),
  /** Edges of portraits are multiples of this. */
  sizeMultiplePx: z.int().optional(),
  sizeBytes: z.number(),
  license: z.string(),
  /** 'built-in', 'download' or 'own': where it comes from. */
  origin: z.enum(['built-in', 'download', 'own']).default('own'),
  /** 'gone' while its file is not there (a drive that is not plugged in), with what to do in `note`. */
  state: z.enum(['ready', 'gone', 'changed']).default('ready'),
  note: z.string().default(''),
  isCommercialUseAllowed: z.boolean().default(true),
  /** What a setting becomes that is left out; shown as the default in Advanced. */
  trainingDefaults: z.object({
    lora: trainingSettingsSchema, dreambooth: trainingSettingsSchema, 'textual-inversion': trainingSettingsSchema,
  }).optional(),
  generationDefaults: generationSettingsSchema.optional(),
  /** What instant portraits and those with `fast` take in their place. */
  instantDefaults: generationSettingsSchema.optional(),
  /** What portraits with a look take, by the method that it was taught by. */
  lookDefaults: z.partialRecord(methodSchema, generationSettingsSchema).optional(),
  fastDefaults: generationSettingsSchema.optional(),
  /** Lists of phrases that exclude one another: those that fit the photos are what a new word starts from. */
  describingPhrases: z.array(z.array(z.string()).readonly()).readonly().optional(),
  /** Whether it can draw a face without teaching (InstantID), and what is missing where it cannot. */
  instantly: z.object({
    isReady: z.boolean(),
    /** Each missing part as an English sentence with size and licence. */
    missing: z.array(z.string()),
    /** Some of what it uses is not for commercial work. */
    isResearchOnly: z.boolean(),
    /** The LCM-LoRA for `fast` is there. */
    canBeFast: z.boolean(),
  }).optional(),
});
export type Pack = z.infer<typeof packSchema>;

export const styleSchema = z.object({
  id: styleIdSchema,
  name: z.string(),
  group: z.string(),
  /** '{subject}' stands where trigger word and class word go. */
  prompt: z.string(),
  negativePrompt: z.string(),
  /** False: the user's own, which can be changed and removed. */
  isBuiltIn: z.boolean().default(true),
  /** A sample of it under media/style/<pictureId>; null where there is none. */
  pictureId: z.string().regex(/^[0-9a-f]{32}$/).nullable().default(null),
});
export type Style = z.infer<typeof styleSchema>;
