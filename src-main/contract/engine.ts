// Messages between the studio and its engine process: one JSON object a line, requests on the engine's standard
// input, reports on its standard output, both parsed on arrival. One request at a time; to cancel, kill the process.
// The engine holds nothing durable: it reads the files it is told of and writes only into the folder it is given.

import { z } from 'zod';
import { boxSchema, errorDataSchema, likenessSchema, lossPointSchema, progressSchema, verdictSchema } from './nouns.ts';
import { generationSettingsSchema, providerChoiceSchema, seedSchema, trainingSettingsSchema } from './settings.ts';

const file = z.string().min(1);
const faceEmbedding = z.array(z.number()).min(1);

/** Says which providers this machine has, by trying them. */
export const doctorRequestSchema = z.object({ kind: z.literal('doctor') });

/** Finds the face of each photo, judges the photo, and writes a face-centred training crop into `outputFolder`. */
export const analyzeRequestSchema = z.object({
  kind: z.literal('analyze'),
  photos: z.array(z.object({ key: z.string(), file })),
  /** Edge of the square crops. */
  cropEdgePx: z.int(),
  /** Resolution of the model that the verdicts are about. */
  modelResolutionPx: z.int(),
  outputFolder: file,
});

/** Teaches a LoRA and writes it, kohya-named, to `outputFolder`. */
export const teachRequestSchema = z.object({
  kind: z.literal('teach'),
  checkpointPath: file,
  provider: providerChoiceSchema,
  images: z.array(z.object({ file, caption: z.string() })).min(1),
  settings: trainingSettingsSchema.required(),
  /** For the file's metadata; no name of a person. */
  title: z.string(),
  triggerPhrase: z.string(),
  outputFolder: file,
});

/** Draws portraits and measures how alike each is to the reference faces. */
export const createRequestSchema = z.object({
  kind: z.literal('create'),
  checkpointPath: file,
  provider: providerChoiceSchema,
  /** Model and version of Likeness for the settings inside the PNG. */
  modelName: z.string(),
  version: z.string(),
  adapterFile: file.nullable(),
  items: z.array(z.object({
    key: z.string(),
    prompt: z.string(),
    negativePrompt: z.string(),
    seed: seedSchema,
    /** 0 draws without the adapter. */
    adapterStrength: z.number(),
  })).min(1),
  settings: generationSettingsSchema.required(),
  references: z.array(z.object({ file, faceEmbedding: faceEmbedding.nullable() })),
  outputFolder: file,
});

export const engineRequestSchema = z.discriminatedUnion('kind', [
  doctorRequestSchema, analyzeRequestSchema, teachRequestSchema, createRequestSchema,
]);
export type EngineRequest = z.infer<typeof engineRequestSchema>;
export type DoctorRequest = z.infer<typeof doctorRequestSchema>;
export type AnalyzeRequest = z.infer<typeof analyzeRequestSchema>;
export type TeachRequest = z.infer<typeof teachRequestSchema>;
export type CreateRequest = z.infer<typeof createRequestSchema>;

/** One photo's result. */
export const analyzedPhotoSchema = z.object({
  kind: z.literal('photo'),
  key: z.string(),
  faceBox: boxSchema.nullable(),
  faceCount: z.int(),
  verdict: verdictSchema,
  faceEmbedding: faceEmbedding.nullable(),
  /** The training crop, a PNG in the output folder; null where there is no face. */
  cropFile: file.nullable(),
  /** What a caption should name, so that it is not taken for the person: 'grey background'. */
  details: z.array(z.string()),
});
export type AnalyzedPhoto = z.infer<typeof analyzedPhotoSchema>;

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
});
export type DrawnPortrait = z.infer<typeof drawnPortraitSchema>;

export const doctorResultSchema = z.object({
  kind: z.literal('doctor'),
  providers: z.array(z.object({
    name: z.enum(['cpu', 'webgpu']),
    works: z.boolean(),
    /** Why not, in one sentence; '' when it works. */
    reason: z.string(),
    /** Of a small trial; 0 when it does not work. */
    durationMs: z.number(),
  })),
  nodeVersion: z.string(),
  onnxRuntimeVersion: z.string(),
  processorCores: z.int(),
  memoryBytes: z.number(),
});
export type DoctorResult = z.infer<typeof doctorResultSchema>;

export const teachResultSchema = z.object({
  kind: z.literal('teach'),
  adapterFile: file,
  rank: z.int(),
  trainingSteps: z.int(),
  finalLoss: z.number(),
  metadata: z.record(z.string(), z.string()),
});
export type TeachResult = z.infer<typeof teachResultSchema>;

/** For requests whose results all went ahead as items. */
export const finishedResultSchema = z.object({ kind: z.literal('finished') });

export const engineResultSchema = z.discriminatedUnion('kind', [
  doctorResultSchema, teachResultSchema, finishedResultSchema,
]);
export type EngineResult = z.infer<typeof engineResultSchema>;

export const engineItemSchema = z.discriminatedUnion('kind', [analyzedPhotoSchema, drawnPortraitSchema]);
export type EngineItem = z.infer<typeof engineItemSchema>;

/** What the engine says. `id` is that of the request it works on. */
export const engineReportSchema = z.discriminatedUnion('type', [
  /** Once, when it can take requests. */
  z.object({ type: z.literal('ready') }),
  /** Which provider does the work, and why it is not the one that was asked for. */
  z.object({
    type: z.literal('provider'),
    id: z.int(),
    provider: z.enum(['cpu', 'webgpu']),
    fallbackReason: z.string().nullable(),
    deviceName: z.string(),
  }),
  z.object({
    type: z.literal('progress'), id: z.int(), progress: progressSchema, lossPoints: z.array(lossPointSchema),
  }),
  z.object({ type: z.literal('item'), id: z.int(), item: engineItemSchema }),
  /** Something that was done otherwise than asked, in one sentence. */
  z.object({ type: z.literal('note'), id: z.int(), sentence: z.string() }),
  z.object({ type: z.literal('done'), id: z.int(), result: engineResultSchema }),
  /** `stack` is for the log; a bug of ours has the code 'engine.bug'. */
  z.object({ type: z.literal('failed'), id: z.int(), error: errorDataSchema, stack: z.string() }),
]);
export type EngineReport = z.infer<typeof engineReportSchema>;

/** What is written on the engine's standard input. */
export const engineCallSchema = z.object({ id: z.int(), request: engineRequestSchema });
export type EngineCall = z.infer<typeof engineCallSchema>;
