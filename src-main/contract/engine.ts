// Messages between the studio and its engine process: one JSON object a line, requests on the engine's standard
// input, reports on its standard output, both parsed on arrival. One request at a time; to cancel, kill the process.
// The engine holds nothing durable: it reads the files it is told of and writes only into the folder it is given.

import { z } from 'zod';
import { createRequestSchema, drawnPortraitSchema } from './engine-create.ts';
import { faceNetworksSchema } from './engine-faces.ts';
import { planRequestSchema, planResultSchema } from './engine-plan.ts';
import { facePointsSchema, photoMeasuresSchema, verdictSchema } from './faces.ts';
import { machineReportSchema, precisionSchema, providerNameSchema } from './machine.ts';
import { boxSchema, errorDataSchema, lossPointSchema } from './nouns.ts';
import { progressSchema } from './work.ts';
import {
  exportFormatSchema, exportPrecisionSchema, generationSettingsSchema, methodSchema, precisionChoiceSchema,
  providerChoiceSchema, seedSchema, trainingSettingsSchema,
} from './settings.ts';

const file = z.string().min(1);
const faceEmbedding = z.array(z.number()).min(1);

/** Says which providers this machine has, by trying them. */
export const doctorRequestSchema = z.object({
  kind: z.literal('doctor'),
  provider: providerChoiceSchema.default('auto'),
  precision: precisionChoiceSchema.default('auto'),
});

/** Finds the face of each photo, judges the photo, and writes a face-centred training crop into `outputFolder`. */
export const analyzeRequestSchema = z.object({
  kind: z.literal('analyze'),
  photos: z.array(z.object({
    key: z.string(), file,
    /** The face that the user chose, by its place among the faces of the last analysis. */
    chosenFaceBox: boxSchema.nullable().default(null),
  })),
  faceNetworks: faceNetworksSchema.default({ kind: 'built-in' }),
  /** Edge of the square crops. */
  cropEdgePx: z.int(),
  /** Resolution of the model that the verdicts are about. */
  modelResolutionPx: z.int(),
  outputFolder: file,
});

/** A picture to learn from or to measure with. */
const trainingImageSchema = z.object({
  /** Named in an error when the file is not there any more. */
  name: z.string(),
  file,
  caption: z.string(),
  repeats: z.int().min(1),
  /** Fractions of this picture; null where the face is not known. */
  faceBox: boxSchema.nullable(),
  faceEmbedding: faceEmbedding.nullable(),
});

/**
 * Teaches a face by one of the methods and writes what was learned into `outputFolder`. The run keeps snapshots in
 * `runFolder` and goes on from the last one that it finds there.
 */
export const teachRequestSchema = z.object({
  kind: z.literal('teach'),
  method: methodSchema,
  checkpointPath: file,
  provider: providerChoiceSchema,
  precision: precisionChoiceSchema.default('auto'),
  /** Another VAE than the checkpoint's own; null takes that. */
  vaeFile: file.nullable().default(null),
  images: z.array(trainingImageSchema).min(1),
  /** Not learned from: for the validation loss and the likeness. */
  heldOut: z.array(trainingImageSchema),
  /** Pictures of the class, for prior 'images'. */
  classImageFiles: z.array(file),
  /** Captions that say who is shown and nothing else: the subject, and the class, which a prior needs. */
  subjectCaption: z.string(), classCaption: z.string(),
  settings: trainingSettingsSchema.required(),
  /**
   * Lists of phrases that exclude one another, of which those that fit the photos are what a new word starts from, in
   * place of its initializerWord; empty: that word.
   */
  describingPhrases: z.array(z.array(z.string()).min(1).readonly()).readonly().default([]),
  /** A look's file of the same method to start from. */
  warmStartFile: file.nullable(),
  /** What previews show; their seeds are `seed`, `seed` + 1 … */
  preview: z.object({
    prompt: z.string(), negativePrompt: z.string(), seed: seedSchema, settings: generationSettingsSchema.required(),
  }),
  /** Networks that the previews' likeness is measured with; the images' embeddings are theirs. */
  likenessNetworks: faceNetworksSchema.default({ kind: 'built-in' }),
  /** For the file's metadata; no name of a person. */
  title: z.string(),
  triggerPhrase: z.string(),
  /** Take no more steps: what the snapshots have becomes the result. */
  finish: z.boolean(),
  runFolder: file,
  outputFolder: file,
});

/** Writes what was learned in another form, to one file in `outputFolder`. */
export const exportRequestSchema = z.object({
  kind: z.literal('export'),
  method: methodSchema,
  checkpointPath: file,
  vaeFile: file.nullable().default(null),
  adapterFile: file,
  format: exportFormatSchema,
  precision: exportPrecisionSchema,
  /** What it was taught with, for the file's metadata. */
  settings: trainingSettingsSchema,
  trainingSteps: z.int(),
  photoCount: z.int(),
  title: z.string(),
  triggerPhrase: z.string(),
  /** The word that stands for an embedding. */
  triggerWord: z.string(),
  outputFolder: file,
});

export const engineRequestSchema = z.discriminatedUnion('kind', [
  doctorRequestSchema, analyzeRequestSchema, teachRequestSchema, createRequestSchema, exportRequestSchema,
  planRequestSchema,
]);
export type EngineRequest = z.infer<typeof engineRequestSchema>;
/** A request as it is made: what has a default may be left out. */
export type NewEngineRequest = z.input<typeof engineRequestSchema>;
export type DoctorRequest = z.infer<typeof doctorRequestSchema>;
export type AnalyzeRequest = z.infer<typeof analyzeRequestSchema>;
export type TeachRequest = z.infer<typeof teachRequestSchema>;
export type ExportRequest = z.infer<typeof exportRequestSchema>;

/** One photo's result. */
export const analyzedPhotoSchema = z.object({
  kind: z.literal('photo'),
  key: z.string(),
  faceBox: boxSchema.nullable(),
  faceCount: z.int(),
  /**
   * Every face, the largest first, each with its embedding, so that the subject's can be found by agreement; of many
   * faces only the largest are embedded.
   */
  faces: z.array(z.object({
    box: boxSchema, score: z.number(), points: facePointsSchema, faceEmbedding: faceEmbedding.nullable(),
  })).default([]),
  /** The one that everything here is about. */
  faceIndex: z.int().nullable().default(null),
  facePoints: facePointsSchema.nullable().default(null),
  measures: photoMeasuresSchema.nullable().default(null),
  /** 64-bit difference hash of the whole picture as 16 hexadecimal digits, for near-duplicates. */
  pictureHash: z.string().default(''),
  /** Of this photo alone; what the other photos say is added by the studio. */
  verdict: verdictSchema,
  faceEmbedding: faceEmbedding.nullable(),
  /** The training crop, a PNG in the output folder; null where there is no face. */
  cropFile: file.nullable(),
  /** What a caption should name, so that it is not taken for the person: 'grey background'. */
  details: z.array(z.string()),
});
export type AnalyzedPhoto = z.infer<typeof analyzedPhotoSchema>;

export const doctorResultSchema = machineReportSchema.extend({ kind: z.literal('doctor') });
export type DoctorResult = z.infer<typeof doctorResultSchema>;

/** A snapshot that is safe on the disk; the same step may be told again after a crash. */
export const takenSnapshotSchema = z.object({
  kind: z.literal('snapshot'),
  step: z.int(),
  loss: z.number(),
  validationLoss: z.number().nullable(),
  likeness: z.number().nullable(),
  facesFound: z.int(),
  /** PNGs in the run's folder, in the order of their seeds. */
  previewFiles: z.array(file),
  isBest: z.boolean(),
});
export type TakenSnapshot = z.infer<typeof takenSnapshotSchema>;

export const teachResultSchema = z.object({
  kind: z.literal('teach'),
  adapterFile: file,
  /** 0 where it is no LoRA. */
  rank: z.int(),
  vectorCount: z.int(),
  trainingSteps: z.int(),
  bestStep: z.int(),
  finalLoss: z.number(),
  metadata: z.record(z.string(), z.string()),
});
export type TeachResult = z.infer<typeof teachResultSchema>;

/** Teaching stopped because it was asked to; a snapshot of this step is kept. */
export const pausedResultSchema = z.object({ kind: z.literal('paused'), step: z.int() });

export const exportResultSchema = z.object({
  kind: z.literal('export'), file, metadata: z.record(z.string(), z.string()),
});
export type ExportResult = z.infer<typeof exportResultSchema>;

/** For requests whose results all went ahead as items. */
export const finishedResultSchema = z.object({ kind: z.literal('finished') });

export const engineResultSchema = z.discriminatedUnion('kind', [
  doctorResultSchema, teachResultSchema, pausedResultSchema, exportResultSchema, finishedResultSchema,
  planResultSchema,
]);
export type EngineResult = z.infer<typeof engineResultSchema>;

export const engineItemSchema = z.discriminatedUnion('kind', [
  analyzedPhotoSchema, drawnPortraitSchema, takenSnapshotSchema,
]);
export type EngineItem = z.infer<typeof engineItemSchema>;
/** An item as it is made: what has a default may be left out. */
export type NewEngineItem = z.input<typeof engineItemSchema>;

/** What the engine says. `id` is that of the request it works on. */
export const engineReportSchema = z.discriminatedUnion('type', [
  /** Once, when it can take requests. */
  z.object({ type: z.literal('ready') }),
  /** Which provider does the work, and why it is not the one that was asked for. */
  z.object({
    type: z.literal('provider'),
    id: z.int(),
    provider: providerNameSchema,
    precision: precisionSchema.default('float32'),
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
/** A report as it is made: what has a default may be left out. */
export type NewEngineReport = z.input<typeof engineReportSchema>;

/** A request, as it is written on the engine's standard input. */
export const engineCallSchema = z.object({ id: z.int(), request: engineRequestSchema });
export type EngineCall = z.infer<typeof engineCallSchema>;

/**
 * A word into a teach request that is under way, heard between two steps: 'pause' writes a snapshot and stops,
 * 'finish' takes no more steps and makes the best snapshot the result.
 */
export const engineControlSchema = z.object({ id: z.int(), control: z.enum(['pause', 'finish']) });
export type EngineControl = z.infer<typeof engineControlSchema>;

/** What is written on the engine's standard input, one a line. */
export const engineMessageSchema = z.union([engineCallSchema, engineControlSchema]);
