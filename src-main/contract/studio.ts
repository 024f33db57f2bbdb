// What the page asks of the studio (commands), what the studio tells the page (events), and where pictures are.
// Every request and answer is parsed on arrival against these schemas; their types come from nowhere else.
// Carried by IPC in the desktop app; by POST api/<command>, GET events (server-sent) and GET media/… in a browser.
// photos.import alone carries bytes: in a browser its body is the file itself, its other fields the query string.

import { z } from 'zod';
import { companionSchema } from './companions.ts';
import type { DesktopCommandName } from './desktop.ts';
import { faceEngineSchema } from './faces.ts';
import { adapterIdSchema, exportIdSchema, jobIdSchema, packIdSchema, photoIdSchema, portraitIdSchema, subjectIdSchema,
} from './ids.ts';
import { erasureReceiptSchema, libraryStateSchema } from './keeping.ts';
import {
  classWordSchema, engineStateSchema, errorDataSchema, lookSchema, lossPointSchema, packSchema, photoSchema,
  portraitSchema, snapshotSchema, styleSchema, subjectSchema,
} from './nouns.ts';
import { portraitCommands } from './portrait-commands.ts';
import {
  exportFormatSchema, exportPrecisionSchema, methodSchema, studioSettingsSchema, trainingSettingsSchema,
} from './settings.ts';
import { jobSchema, progressSchema } from './work.ts';
import { libraryCommands, queueCommands } from './work-commands.ts';
import { modelCommands } from './model-commands.ts';
import { cudaLibrariesSchema } from './cuda.ts';
import { catalogueEntrySchema, modelFolderSchema } from './models.ts';

/** Largest photo file that is taken, in bytes. */
export const maximumPhotoBytes = 128 * 1024 * 1024;

export const mediaKinds = [
  'thumbnail', 'photo', 'face', 'portrait', 'tile', 'before', 'preview', 'style', 'sheet', 'export',
] as const;
export type MediaKind = (typeof mediaKinds)[number];

/**
 * Address of a picture or file, relative to the page: the kind and an opaque id, never a path.
 * thumbnail, photo and face take a PhotoId; portrait, tile (at most 384 px) and before a PortraitId; preview a
 * PreviewId; style a Style's pictureId; sheet a create job's JobId; export an ExportId of looks.export and the like.
 */
export function mediaUrl(kind: MediaKind, id: string): string {
  return `media/${kind}/${id}`;
}

const none = z.object({});
const name = z.string().trim().min(1).max(80);

/** Every command: its request and its answer. */
export const commands = {
  'studio.state': {
    request: none,
    response: z.object({
      version: z.string(),
      engine: engineStateSchema,
      settings: studioSettingsSchema,
      packs: z.array(packSchema),
      styles: z.array(styleSchema),
      faceEngines: z.array(faceEngineSchema).default([]),
      /** The user stopped the queue: what waits does not start. */
      isQueuePaused: z.boolean().default(false),
      /** Memory of this machine; 0 where it is not known. */
      memoryBytes: z.number().default(0),
    }),
  },
  /** faceEngine 'antelopev2' is refused while it is not installed or its licence not accepted. */
  'settings.set': { request: studioSettingsSchema.partial(), response: studioSettingsSchema },
  /** Networks beside the base models: what is there, what is missing, size and licence of each. */
  'companions.list': { request: none, response: z.array(companionSchema) },
  /** The user has read a licence and agrees to it, or takes that back. */
  'licenses.accept': {
    request: z.object({ licenseId: z.string().min(1).max(80), isAccepted: z.boolean().default(true) }),
    response: studioSettingsSchema,
  },

  'subjects.list': { request: none, response: z.array(subjectSchema) },
  'subjects.create': {
    request: z.object({
      name, hasConsent: z.boolean(), consentNote: z.string().trim().max(500).default(''),
      classWord: classWordSchema.default('person'),
    }),
    response: subjectSchema,
  },
  'subjects.change': {
    request: z.object({
      subjectId: subjectIdSchema,
      name: name.optional(),
      hasConsent: z.boolean().optional(),
      consentNote: z.string().trim().max(500).optional(),
      classWord: classWordSchema.optional(),
    }),
    response: subjectSchema,
  },
  /**
   * Removes the subject with photo copies, faces, looks, snapshots, portraits and jobs for good, from the backups as
   * well; the user's own files stay. With `keepPortraits` their portraits stay among everybody's, without a name.
   */
  'subjects.remove': {
    request: z.object({ subjectId: subjectIdSchema, keepPortraits: z.boolean().default(false) }),
    response: erasureReceiptSchema,
  },

  'photos.import': {
    request: z.object({
      subjectId: subjectIdSchema,
      fileName: z.string().min(1).max(255),
      bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength <= maximumPhotoBytes),
    }),
    /** The same bytes twice are one photo: then `isNew` is false. Analysis follows as a job. */
    response: z.object({ photo: photoSchema, isNew: z.boolean() }),
  },
  'photos.list': { request: z.object({ subjectId: subjectIdSchema }), response: z.array(photoSchema) },
  /** 'use' takes a photo despite its verdict, 'leave-out' leaves it out, null goes by the verdict. */
  'photos.choose': {
    request: z.object({ photoId: photoIdSchema, userChoice: z.enum(['use', 'leave-out']).nullable() }),
    response: photoSchema,
  },
  /** Which of the photo's faces is the subject's; null goes by agreement with the other photos. Analysis follows. */
  'photos.chooseFace': {
    request: z.object({ photoId: photoIdSchema, faceIndex: z.int().min(0).nullable() }),
    response: photoSchema,
  },
  'photos.setCaption': {
    request: z.object({ photoId: photoIdSchema, caption: z.string().max(500) }),
    response: photoSchema,
  },
  /** How often teaching sees a photo where it sees the others once. */
  'photos.setRepeats': {
    request: z.object({ photoId: photoIdSchema, repeats: z.int().min(1).max(100) }),
    response: photoSchema,
  },

  'looks.list': { request: z.object({ subjectId: subjectIdSchema }), response: z.array(lookSchema) },
  'looks.teach': {
    request: z.object({
      subjectId: subjectIdSchema,
      method: methodSchema.default('lora'),
      packId: packIdSchema,
      settings: trainingSettingsSchema.default({}),
      /** Photos that are not learned from, so that portraits can be measured against them. */
      heldOutPhotoIds: z.array(photoIdSchema).max(10_000).default([]),
      /** A look of the same method and model to start from. */
      warmStartAdapterId: adapterIdSchema.nullable().default(null),
    }),
    response: jobSchema,
  },
  /** What was kept on the way of a teach job, by step: numbers, preview pictures, and which is the best. */
  'looks.snapshots': { request: z.object({ jobId: jobIdSchema }), response: z.array(snapshotSchema) },
  'looks.lossHistory': { request: z.object({ jobId: jobIdSchema }), response: z.array(lossPointSchema) },
  /** Prepares the file behind media/export/<exportId> and says what is in it; left out, the look's usual format. */
  'looks.export': {
    request: z.object({
      adapterId: adapterIdSchema,
      format: exportFormatSchema.optional(),
      precision: exportPrecisionSchema.default('float16'),
    }),
    response: z.object({
      exportId: exportIdSchema,
      adapterId: adapterIdSchema,
      format: exportFormatSchema,
      precision: exportPrecisionSchema,
      fileName: z.string(),
      sizeBytes: z.int(),
      metadata: z.record(z.string(), z.string()),
    }),
  },
  'looks.remove': { request: z.object({ adapterId: adapterIdSchema }), response: none },

  ...libraryCommands,
  ...portraitCommands,
  ...queueCommands,
  ...modelCommands,
} as const;

export type CommandName = keyof typeof commands;
export const commandNames = Object.keys(commands) as CommandName[];
/** What a caller passes: fields with a default may be left out. */
export type CommandRequest<N extends CommandName> = z.input<(typeof commands)[N]['request']>;
/** What a handler receives: parsed, defaults filled in. */
export type ParsedRequest<N extends CommandName> = z.output<(typeof commands)[N]['request']>;
export type CommandResponse<N extends CommandName> = z.output<(typeof commands)[N]['response']>;

/** How an answer travels: the result, or an error that the user can act on. */
export const answerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), error: errorDataSchema }),
]);
export type Answer = z.infer<typeof answerSchema>;

export const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('subject-changed'), subject: subjectSchema }),
  z.object({ type: z.literal('subject-removed'), subjectId: subjectIdSchema }),
  z.object({ type: z.literal('photo-added'), photo: photoSchema }),
  z.object({ type: z.literal('photo-changed'), photo: photoSchema }),
  z.object({ type: z.literal('look-added'), look: lookSchema }),
  z.object({ type: z.literal('look-removed'), subjectId: subjectIdSchema, adapterId: adapterIdSchema }),
  z.object({ type: z.literal('portrait-added'), portrait: portraitSchema }),
  /** Its rating, flag or anything else is another now. */
  z.object({ type: z.literal('portrait-changed'), portrait: portraitSchema }),
  z.object({ type: z.literal('portrait-removed'), subjectId: subjectIdSchema, portraitId: portraitIdSchema }),
  /** A job was made, or its state changed. */
  z.object({ type: z.literal('job-changed'), job: jobSchema }),
  z.object({ type: z.literal('job-removed'), jobId: jobIdSchema }),
  z.object({ type: z.literal('queue-state'), isPaused: z.boolean() }),
  z.object({ type: z.literal('styles-changed') }),
  /** A backup or a check was made. */
  z.object({ type: z.literal('library-state'), library: libraryStateSchema }),
  /** At most a few a second; `lossPoints` are those since the last event of this job. */
  z.object({
    type: z.literal('job-progress'), jobId: jobIdSchema, progress: progressSchema, lossPoints: z.array(lossPointSchema),
  }),
  /** Something of a job was done otherwise than asked, in one sentence. */
  z.object({ type: z.literal('job-note'), jobId: jobIdSchema, sentence: z.string() }),
  /** A teach job has a new snapshot; where it is the best, no earlier one is. The same step may come again. */
  z.object({ type: z.literal('snapshot-added'), snapshot: snapshotSchema }),
  z.object({ type: z.literal('engine-state'), engine: engineStateSchema }),
  /** A download went on, ended or failed, or the model was removed; while it runs at most a few a second. */
  z.object({ type: z.literal('model-changed'), model: catalogueEntrySchema }),
  /** A folder of the user's own models was read, came back or went: models.found and the packs are others now. */
  z.object({ type: z.literal('model-folders'), folders: z.array(modelFolderSchema) }),
  z.object({ type: z.literal('packs-changed'), packs: z.array(packSchema) }),
  z.object({ type: z.literal('cuda-libraries'), libraries: cudaLibrariesSchema }),
]);
export type StudioEvent = z.infer<typeof eventSchema>;

/** What the desktop's preload puts on `window.likeness`; the browser host gives the same over fetch and events. */
export interface StudioBridge {
  call(command: CommandName | DesktopCommandName, request: unknown): Promise<Answer>;
  /** Returns what ends the subscription. */
  subscribe(listener: (event: unknown) => void): () => void;
  /**
   * Desktop only: queues the import of files or folders that were dropped or chosen; their paths never reach the page.
   * Answers with the import's Job; 'desktop.no-path' where none of them lies on a disk (pasted): then send the bytes.
   */
  importFiles?(subjectId: string, files: readonly File[]): Promise<Answer>;
  /** Desktop only: starts to drag portraits out of the window as files; call it in a dragstart handler. */
  startDrag?(portraitIds: readonly string[]): void;
  /** Desktop only: menu and notification clicks, see desktopEventSchema. */
  subscribeDesktop?(listener: (event: unknown) => void): () => void;
}
