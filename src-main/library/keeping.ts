// What keeps a library whole, over its open database and its store: backups, checks, and removal without a trace.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { SubjectId } from '../contract/ids.ts';
import type { Backup } from '../contract/keeping.ts';
import { withBallast } from './ballast.ts';
import { type BackupFolder, backupFolder } from './backups.ts';
import { brokenLibraryError, eraseLog } from './database.ts';
import { type Erased, finishErasures } from './erasure.ts';
import type { ExportedFileQueries } from './exported-files.ts';
import type { FileStore, Swept } from './file-store.ts';
import { type LibraryFactQueries, libraryFactQueries } from './library-facts.ts';
import { type Notes, keepNotes } from './notes.ts';
import { storedFileQueries } from './stored-files.ts';
import type { SubjectQueries } from './subjects.ts';
import { type TraceQueries, traceQueries } from './traces.ts';

/** Kept files that are not as they were kept. */
export interface FileCheck {
  readonly checked: number;
  readonly missing: readonly string[];
  readonly damaged: readonly string[];
}

export interface Keeping {
  readonly facts: LibraryFactQueries;
  readonly traces: TraceQueries;
  readonly backups: Pick<BackupFolder, 'list'>;
  /** Bytes on the disk: database, kept files and backups. */
  sizeBytes(): Promise<number>;
  /** Copies the database and verifies the copy. Throws 'disk.full' and the like. */
  backUp(reason: Backup['reason'], atMs: number): Promise<Backup>;
  readonly notes: Notes;
  /** Whether SQLite finds nothing wrong with the database, all of it. */
  isDatabaseSound(): boolean;
  /** Reads every kept file again. Nothing is changed. */
  checkFiles(): Promise<FileCheck>;
  /** Moves a damaged file aside, so that its bytes can be kept anew. Inside `exclusively`. */
  putFileAside(sha256: string): Promise<void>;
  /** Does what makes room, also where the disk is full. */
  freeing<T>(change: () => Promise<T> | T): Promise<T>;
  /** Removes a subject, or all of them but their portraits, and every trace. Inside `exclusively`. */
  eraseSubject(id: SubjectId, keepPortraits: boolean, atMs: number): Promise<Erased>;
  /** Finishes what a crash cut short. Inside `exclusively`. */
  finishErasures(): Promise<Erased>;
  /** Deletes files that no row speaks of and wipes the log. Inside `exclusively`. */
  sweep(): Promise<Swept>;
}

interface Parts {
  readonly folder: string;
  readonly database: Database;
  readonly store: FileStore;
  readonly subjects: SubjectQueries;
  readonly exportedFiles: ExportedFileQueries;
}

export function keepingOver({ folder, database, store, subjects, exportedFiles }: Parts): Keeping {
  const storedFiles = storedFileQueries(database);
  const backups = backupFolder(folder);
  const facts = libraryFactQueries(database);
  const traces = traceQueries(database);
  const notes = keepNotes(database, folder);
  const sweep = async (): Promise<Swept> => {
    const kept = storedFiles.removeUnused();
    const removed = await store.sweep((sha256) => kept.has(sha256), facts.isRestored() ? folder : undefined);
    if (facts.isRestored()) facts.setRestored(false);
    eraseLog(database);
    return removed;
  };
  const removeRows = database.transaction((id: SubjectId, keepPortraits: boolean, atMs: number) => {
    exportedFiles.removePictures();
    if (keepPortraits) subjects.removeButPortraits(id, atMs);
    else subjects.remove(id);
    facts.setErasing([...facts.erasing(), id]);
  });
  const finish = () => finishErasures({ folder, database, facts, backups, notes, sweep });
  return {
    facts, backups, sweep, traces, notes,
    sizeBytes: () => sizeOf(folder, traces, backups),
    async backUp(reason, atMs) {
      // a backup of a damaged database would take the place of a good one
      if (!isDatabaseSound(database)) throw brokenLibraryError('integrity check');
      // so that the copy knows which nouns have a note
      notes.catchUp();
      return await backups.make(database, reason, atMs);
    },
    isDatabaseSound: () => isDatabaseSound(database),
    checkFiles: () => checkFiles(store, storedFiles.list().map(({ sha256 }) => sha256)),
    putFileAside: (sha256) => store.putAside(sha256, folder),
    freeing: (change) => withBallast(folder, change),
    async eraseSubject(id, keepPortraits, atMs) {
      removeRows.immediate(id, keepPortraits, atMs);
      return await finish();
    },
    finishErasures: finish,
  };
}

function isDatabaseSound(database: Database): boolean {
  return database.pragma('integrity_check(1)', { simple: true }) === 'ok';
}

async function checkFiles(store: FileStore, names: readonly string[]): Promise<FileCheck> {
  const missing: string[] = [];
  const damaged: string[] = [];
  for (const sha256 of names) {
    const found = await store.verify(sha256);
    if (found === 'missing') missing.push(sha256);
    if (found === 'damaged') damaged.push(sha256);
  }
  return { checked: names.length, missing, damaged };
}

async function sizeOf(folder: string, traces: TraceQueries, backups: BackupFolder): Promise<number> {
  const database = await stat(join(folder, 'library.db'));
  const copies = (await backups.list()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return database.size + traces.fileBytes() + copies;
}
