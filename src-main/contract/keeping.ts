// What keeps the library whole, in words for its user: where it lies, its backups, what a check found, what a start
// had to mend, and the receipt of what was erased with a subject.

import { z } from 'zod';

const timeMs = z.number().int().min(0);
const count = z.int().min(0);

export const backupSchema = z.object({
  /** Its time as 20261126-204000; names the backup to library.restore. */
  id: z.string().regex(/^[0-9]{8}-[0-9]{6}(-[a-z]+)?$/),
  atMs: timeMs,
  sizeBytes: z.number(),
  /** 'migration': made before a newer Likeness changed the tables. */
  reason: z.enum(['daily', 'asked', 'migration']),
});
export type Backup = z.infer<typeof backupSchema>;

/** What a look at every kept file found. */
export const libraryCheckSchema = z.object({
  atMs: timeMs,
  filesChecked: count,
  /** Kept files that are gone, and those whose bytes are no longer theirs. */
  missing: count,
  damaged: count,
  /** Of these two the pictures that were made again from their photo. */
  mended: count.default(0),
  /** Files and half-written ones that no row speaks of, and were removed. */
  swept: count,
  isDatabaseSound: z.boolean(),
});
export type LibraryCheck = z.infer<typeof libraryCheckSchema>;

/** What the last start had to do to give a whole library; null when nothing. The broken file is put aside, not lost. */
export const recoverySchema = z.object({
  /** From a backup, or from the files and the notes beside them alone. */
  from: z.enum(['backup', 'files']),
  atMs: timeMs,
  /** The time of the backup; null without one. */
  backupAtMs: timeMs.nullable(),
  subjects: count,
  photos: count,
  portraits: count,
  looks: count,
});
export type Recovery = z.infer<typeof recoverySchema>;

export const libraryStateSchema = z.object({
  /** For reading only, with the home folder as ~; no command takes it. */
  place: z.string(),
  sizeBytes: z.number(),
  /** On its disk; null where the system does not say. */
  freeBytes: z.number().nullable(),
  subjects: count,
  photos: count,
  looks: count,
  portraits: count,
  /** The newest first. */
  backups: z.array(backupSchema),
  lastCheck: libraryCheckSchema.nullable(),
  recovery: recoverySchema.nullable(),
});
export type LibraryState = z.infer<typeof libraryStateSchema>;

/** What went with a subject. Files that were exported or saved elsewhere are outside of it. */
export const erasureReceiptSchema = z.object({
  atMs: timeMs,
  photos: count,
  faces: count,
  crops: count,
  looks: count,
  /** Saved states of runs, with their preview pictures. */
  snapshots: count,
  portraits: count,
  /** Portraits that were kept because the user wanted them. */
  keptPortraits: count,
  jobs: count,
  /** Files that were removed from the disk, and their bytes. */
  files: count,
  bytes: z.number(),
  /** Backups that knew the subject and were made anew without them. */
  backupsRewritten: count,
});
export type ErasureReceipt = z.infer<typeof erasureReceiptSchema>;
