// The library: one folder with library.db and files/, and the queries of every noun over them.
// Only one process holds it. Opening it finishes what a crash cut short: files without a row go, trash is emptied.

import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { type AdapterQueries, adapterQueries } from './adapters.ts';
import { type ClassImageQueries, classImageQueries } from './class-images.ts';
import { type CheckpointQueries, checkpointQueries } from './checkpoints.ts';
import { type CompanionQueries, companionQueries } from './companions.ts';
import { notWritable } from './database.ts';
import { type DatasetQueries, datasetQueries } from './datasets.ts';
import { type ExportedFileQueries, exportedFileQueries } from './exported-files.ts';
import { type FileStore, openFileStore } from './file-store.ts';
import { type GalleryQueries, galleryQueries } from './gallery.ts';
import { type JobQueries, jobQueries } from './jobs.ts';
import { type Keeping, keepingOver } from './keeping.ts';
import { type ModelFolderQueries, modelFolderQueries } from './model-folders.ts';
import { type ModelSettingQueries, modelSettingQueries } from './model-settings.ts';
import { type PhotoQueries, photoQueries } from './photos.ts';
import { type PortraitQueries, portraitQueries } from './portraits.ts';
import { type ProviderTrialQueries, providerTrialQueries } from './provider-trials.ts';
import { openOrRestore } from './restore.ts';
import { type SettingQueries, settingQueries } from './settings.ts';
import { type SnapshotQueries, snapshotQueries } from './snapshots.ts';
import { type StoredFileQueries, storedFileQueries } from './stored-files.ts';
import { type SubjectQueries, subjectQueries } from './subjects.ts';

export interface Library extends Keeping {
  readonly folder: string;
  readonly subjects: SubjectQueries;
  readonly photos: PhotoQueries;
  readonly adapters: AdapterQueries;
  readonly portraits: PortraitQueries;
  readonly gallery: GalleryQueries;
  readonly jobs: JobQueries;
  readonly snapshots: SnapshotQueries;
  readonly datasets: DatasetQueries;
  readonly classImages: ClassImageQueries;
  readonly exportedFiles: ExportedFileQueries;
  readonly settings: SettingQueries;
  readonly checkpoints: CheckpointQueries;
  readonly companions: CompanionQueries;
  readonly providerTrials: ProviderTrialQueries;
  readonly modelFolders: ModelFolderQueries;
  readonly modelSettings: ModelSettingQueries;
  /** Runs changes to files and their rows one after the other, so that a sweep never meets a file without its row. */
  exclusively<T>(change: () => Promise<T>): Promise<T>;
  /** Writes a file durably and then its row; the answer is what other rows refer to. Inside `exclusively`. */
  keepFile(bytes: Uint8Array, mediaType: string): Promise<string>;
  /** The same for a file of any size that lies on the library's disk; it is moved. Inside `exclusively`. */
  keepFileFrom(file: string, mediaType: string): Promise<string>;
  /** Whether a kept file is there. */
  hasFile(sha256: string): Promise<boolean>;
  /** Bytes and type of a kept file; undefined when there is none. */
  readFile(sha256: string): Promise<{ bytes: Uint8Array; mediaType: string } | undefined>;
  /** Absolute path of a kept file, for the engine. */
  pathOf(sha256: string): string;
  /** All of `change` or none of it. */
  transaction<T>(change: () => T): T;
  close(): void;
}

/**
 * Opens the library in `folder`, making it when it is new. A damaged database is put aside and given back from backup
 * and notes. Throws library.in-use, library.newer, and library.broken where there is neither.
 */
export async function openLibrary(folder: string): Promise<Library> {
  await makeFolder(folder);
  const database = await openOrRestore(folder);
  try {
    const library = assemble(folder, database, await openFileStore(join(folder, 'files')));
    const isRestored = library.facts.isRestored();
    await library.freeing(() => tidy(library, isRestored));
    return library;
  } catch (error) {
    database.close();
    throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code) ? notWritable(code) : error;
  }
}

/** What a start finishes or forgets. */
async function tidy(library: Library, isRestored: boolean): Promise<void> {
  if (!isRestored) library.facts.setRecovery(null);
  library.portraits.emptyTrash();
  library.exportedFiles.removeAll();
  await library.sweep();
  await library.finishErasures();
}

/** A fresh opaque id: 128 random bits as 32 hex digits. */
export function newId<Id extends string>(): Id {
  return randomBytes(16).toString('hex') as Id;
}

type Queries = Pick<Library, 'subjects' | 'photos' | 'adapters' | 'portraits' | 'gallery' | 'jobs' | 'snapshots'
  | 'datasets' | 'classImages' | 'exportedFiles' | 'settings' | 'checkpoints' | 'companions' | 'providerTrials'
  | 'modelFolders' | 'modelSettings'>;

function queriesOver(database: Database): Queries {
  return {
    subjects: subjectQueries(database),
    photos: photoQueries(database),
    adapters: adapterQueries(database),
    portraits: portraitQueries(database),
    gallery: galleryQueries(database),
    jobs: jobQueries(database),
    snapshots: snapshotQueries(database),
    datasets: datasetQueries(database),
    classImages: classImageQueries(database),
    exportedFiles: exportedFileQueries(database),
    settings: settingQueries(database),
    checkpoints: checkpointQueries(database),
    companions: companionQueries(database),
    providerTrials: providerTrialQueries(database),
    modelFolders: modelFolderQueries(database),
    modelSettings: modelSettingQueries(database),
  };
}

function assemble(folder: string, database: Database, store: FileStore): Library {
  const storedFiles: StoredFileQueries = storedFileQueries(database);
  const queries = queriesOver(database);
  const keeping = keepingOver({ folder, database, store, ...queries });
  let last: Promise<unknown> = Promise.resolve();
  return {
    folder,
    ...queries,
    ...keeping,
    exclusively(change) {
      const next = last.then(change, change);
      last = next;
      return next;
    },
    async keepFile(bytes, mediaType) {
      const { sha256, sizeBytes } = await store.put(bytes);
      storedFiles.insert(sha256, sizeBytes, mediaType);
      return sha256;
    },
    async keepFileFrom(file, mediaType) {
      const { sha256, sizeBytes } = await store.take(file);
      storedFiles.insert(sha256, sizeBytes, mediaType);
      return sha256;
    },
    hasFile: (sha256) => store.has(sha256),
    async readFile(sha256) {
      const mediaType = storedFiles.mediaTypeOf(sha256);
      const bytes = mediaType === undefined ? undefined : await store.read(sha256);
      return bytes && mediaType !== undefined ? { bytes, mediaType } : undefined;
    },
    pathOf: (sha256) => store.pathOf(sha256),
    transaction: (change) => database.transaction(change).immediate(),
    close() {
      keeping.notes.close();
      database.close();
    },
  };
}
