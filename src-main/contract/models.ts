// Models that come from elsewhere: what the catalogue offers for download, how far each download is, folders of the
// user's own models, and what was found in them. Files are used where they lie; the page sees names, never paths.

import { z } from 'zod';
import { foundModelIdSchema } from './add-ons.ts';
import { packIdSchema } from './ids.ts';
import { errorDataSchema } from './nouns.ts';

/** Of a catalogue entry: 'sdxl-base', 'instantid'. */
export const modelIdSchema = z.string().regex(/^[a-z0-9-]{1,80}$/);
/** Of a folder that the user named: opaque. */
export const modelFolderIdSchema = z.string().regex(/^[0-9a-f]{16}$/);

export const licenseSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** What it allows and forbids, in a few plain sentences. */
  summary: z.string(),
  /** Where its whole text is; opened in the user's browser. */
  url: z.string(),
  isCommercialUseAllowed: z.boolean(),
  mustBeAccepted: z.boolean(),
  isAccepted: z.boolean(),
});
export type ModelLicense = z.infer<typeof licenseSchema>;

export const downloadStateSchema = z.object({
  /** 'checking' reads a whole file for its SHA-256; 'failed' keeps what has come, and goes on from there. */
  state: z.enum(['waiting', 'running', 'checking', 'paused', 'failed']),
  bytesDone: z.number(),
  bytesPerSecond: z.number().nullable(),
  etaSeconds: z.number().nullable(),
  /** Why it failed: what happened, what is safe, what to do. */
  error: errorDataSchema.nullable(),
});
export type DownloadState = z.infer<typeof downloadStateSchema>;

export const catalogueEntrySchema = z.object({
  id: modelIdSchema,
  name: z.string(),
  description: z.string(),
  kind: z.enum(['base-model', 'vae', 'instant-id', 'face-networks', 'fast-adapter']),
  architecture: z.enum(['sd15', 'sd2', 'sdxl']).nullable(),
  /** Publisher's repository and its fixed revision, to be read. */
  source: z.string(),
  sizeBytes: z.number(),
  license: licenseSchema,
  /** What cannot be done without it, each in a few words. */
  neededFor: z.array(z.string()),
  /** Entries that it is of no use without. */
  needs: z.array(modelIdSchema),
  /**
   * 'available': not here; 'partial': some of it has come; 'installed'; 'elsewhere': the user's own copy of the same
   * bytes is used where it lies; 'damaged': a file is not what was published any more.
   */
  state: z.enum(['available', 'partial', 'installed', 'elsewhere', 'damaged']),
  download: downloadStateSchema.nullable(),
  /** Name of the model's folder or file, and where that is with the home folder as ~; '' while it is not here. */
  place: z.string(),
  /** The pack that portraits and teaching take it by; null where it is none or not here. */
  packId: packIdSchema.nullable(),
});
export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>;

export const modelStoreSchema = z.object({
  /** Where downloads are kept, for reading only. */
  place: z.string(),
  /** What is to be known of that place; '' when there is nothing. */
  note: z.string().default(''),
  freeBytes: z.number().nullable(),
  usedBytes: z.number(),
  entries: z.array(catalogueEntrySchema),
});
export type ModelStore = z.infer<typeof modelStoreSchema>;

/** Whose folders are laid out how: subfolders tell what a file is for, its header tells what it is. */
export const modelFolderKindSchema = z.enum(['comfyui', 'a1111', 'hugging-face', 'folder', 'file']);

export const modelFolderSchema = z.object({
  id: modelFolderIdSchema,
  kind: modelFolderKindSchema,
  /** For reading only, with the home folder as ~. */
  place: z.string(),
  /** 'gone': not there now (a drive that is not plugged in); what was found in it comes back with it. */
  state: z.enum(['ready', 'reading', 'gone', 'refused']),
  /** What is to be known of it, in one sentence; '' when there is nothing. */
  note: z.string(),
  counts: z.object({ checkpoints: z.int(), loras: z.int(), embeddings: z.int(), others: z.int() }),
});
export type ModelFolder = z.infer<typeof modelFolderSchema>;

export const foundModelSchema = z.object({
  id: foundModelIdSchema,
  folderId: modelFolderIdSchema,
  kind: z.enum(['checkpoint', 'lora', 'embedding', 'vae', 'companion', 'other']),
  /** File name without its ending, and the folders between it and the named one. */
  name: z.string(),
  within: z.string(),
  fileName: z.string(),
  sizeBytes: z.number(),
  architecture: z.enum(['sd15', 'sd2', 'sdxl']).nullable(),
  predictionType: z.enum(['epsilon', 'v_prediction']).nullable(),
  /** A checkpoint's own VAE is in it. */
  hasVae: z.boolean(),
  /** What is lacking in it, each in one sentence; a checkpoint that lacks something is used if another file has it. */
  missing: z.array(z.string()),
  /** 'refused': it is nothing that can be used; `note` says why and what to do. */
  state: z.enum(['ready', 'gone', 'changed', 'refused']),
  note: z.string(),
  /** The pack of a checkpoint that can be used; null for everything else. */
  packId: packIdSchema.nullable(),
  /** The VAE that the user chose for a checkpoint; null: its own, or one that was found for its architecture. */
  vaeId: foundModelIdSchema.nullable().default(null),
  /** Words that call a LoRA or an embedding, where its file says so. */
  words: z.array(z.string()),
});
export type FoundModel = z.infer<typeof foundModelSchema>;
