// Gives a library its database back: from the newest good backup and the notes that are younger, or from the notes
// alone. The new file is whole before it takes the place of the old one, which is put aside; a crash at any moment
// leaves either the old one, or none, and then all of this happens again at the next start.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { syncFolder } from '../checkpoint/atomic-file.ts';
import { UserError } from '../contract/errors.ts';
import type { SubjectId } from '../contract/ids.ts';
import type { Backup, Recovery } from '../contract/keeping.ts';
import { applyNotes } from './apply-notes.ts';
import { timeStamp } from './backup-names.ts';
import { backupFolder, isSound, syncFile } from './backups.ts';
import { connectDatabase } from './database.ts';
import { eraseFromBackups } from './erasure.ts';
import { asideFolderName } from './file-store.ts';
import { libraryFactQueries } from './library-facts.ts';
import { migrate, newestVersion, versionOf } from './migrate.ts';
import { NoteFiles } from './note-files.ts';
import { setCompleteMark } from './notes.ts';
import { traceQueries } from './traces.ts';

const fileName = 'library.db';
const newFileName = 'library.db.new';
const companionsOfFile = ['', '-wal', '-shm', '-journal'];

/** Opens the database of the library in `folder`, restored where it has to be, and migrated after a backup of it. */
export async function openOrRestore(folder: string): Promise<Database> {
  await removeFiles(join(folder, newFileName));
  await backupFolder(folder).sweep();
  const found = openSound(folder);
  if (found instanceof UserError && !(await restoreNewest(folder))) throw found;
  const database = found instanceof UserError ? connectDatabase(join(folder, fileName)) : found;
  try {
    const version = versionOf(database);
    if (version > 0 && version < newestVersion) await backupFolder(folder).make(database, 'migration', Date.now());
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The open database, or why it has to be restored. A file that lost its tables counts as damaged, not as a new one. */
function openSound(folder: string): Database | UserError {
  const file = join(folder, fileName);
  const isEmpty = !existsSync(file) || statSync(file).size === 0;
  if (isEmpty && hasEarlierState(folder)) return lostDatabase();
  try {
    const database = connectDatabase(file);
    if (versionOf(database) > 0 || !hasEarlierState(folder)) return database;
    database.close();
    return lostDatabase();
  } catch (error) {
    if (error instanceof UserError && error.code === 'library.broken') return error;
    throw error;
  }
}

/** Files without a database are no new library, in which they would be swept. */
function hasEarlierState(folder: string): boolean {
  const files = join(folder, 'files');
  const hasFiles = existsSync(files) && readdirSync(files).some((name) => readdirSync(join(files, name)).length > 0);
  return hasFiles || backupFolder(folder).hasAny() || new NoteFiles(folder).hasAny();
}

function lostDatabase(): UserError {
  return new UserError('library.broken', {
    what: "The library's database is gone.",
    safe: 'Its pictures still lie in the folder "files", and your own photos are untouched.',
    todo: 'Put back a copy of library.db, or move the folder aside and start a new library.',
  });
}

/**
 * Takes a closed library back to one of its backups. What is there now is backed up first, and files that the backup
 * does not know are put aside at the next start, so this can be taken back. Throws 'library.no-backup'.
 */
export async function restoreBackup(folder: string, id: string): Promise<void> {
  const backups = backupFolder(folder);
  const backup = (await backups.list()).find((one) => one.id === id);
  if (!backup || !isSound(backups.pathOf(id))) throw noBackup(id);
  const database = await openOrRestore(folder);
  try {
    await backups.make(database, 'asked', Date.now());
  } finally {
    database.close();
  }
  await removeFiles(join(folder, newFileName));
  await copyFile(backups.pathOf(id), join(folder, newFileName));
  await putInPlace(folder, fill(folder, backup, false));
}

function noBackup(id: string): UserError {
  return new UserError('library.no-backup', {
    what: `There is no sound backup "${id}".`,
    safe: 'Nothing was changed.',
    todo: 'Choose one of `likeness library state`.',
  }, { backup: id });
}

/** From the newest backup that is good, else from the notes alone; false where there is neither. */
async function restoreNewest(folder: string): Promise<boolean> {
  for (const backup of await backupFolder(folder).list()) if (await restoreFrom(folder, backup)) return true;
  return await rebuildLibrary(folder);
}

/** Makes the database anew from the notes beside the files alone; false where there are none. The library is closed. */
export async function rebuildLibrary(folder: string): Promise<boolean> {
  if (!new NoteFiles(folder).hasAny()) return false;
  await removeFiles(join(folder, newFileName));
  await putInPlace(folder, fill(folder, null, true));
  return true;
}

async function restoreFrom(folder: string, backup: Backup): Promise<boolean> {
  const copy = join(folder, newFileName);
  await removeFiles(copy);
  await copyFile(backupFolder(folder).pathOf(backup.id), copy);
  if (!isSound(copy) || isNewer(copy)) return false;
  await putInPlace(folder, fill(folder, backup, true));
  return true;
}

function isNewer(file: string): boolean {
  const database = new SqliteDatabase(file, { readonly: true });
  try {
    return versionOf(database) > newestVersion;
  } finally {
    database.close();
  }
}

/** Brings the new file up to date; returns the subjects that must not come back from any backup. */
function fill(folder: string, backup: Backup | null, withNotes: boolean): SubjectId[] {
  const database = new SqliteDatabase(join(folder, newFileName));
  try {
    database.pragma('secure_delete = on');
    migrate(database);
    const gone = withNotes ? applyNotes(database, new NoteFiles(folder)) : [];
    // the notes are of another state then, and are written anew
    if (!withNotes) setCompleteMark(database, null);
    const facts = libraryFactQueries(database);
    facts.setRestored(true);
    facts.setRecovery(recoveryOf(database, backup));
    const hidden = database.prepare<[], SubjectId>('select id from subject where removed_at_ms is not null').pluck();
    return [...gone, ...hidden.all()];
  } finally {
    database.close();
  }
}

function recoveryOf(database: Database, backup: Backup | null): Recovery {
  return {
    from: backup ? 'backup' : 'files', atMs: Date.now(), backupAtMs: backup?.atMs ?? null,
    ...traceQueries(database).all(),
  };
}

async function putInPlace(folder: string, erased: readonly SubjectId[]): Promise<void> {
  await syncFile(join(folder, newFileName));
  if (erased.length > 0) await eraseFromBackups(backupFolder(folder), erased);
  await putDatabaseAside(folder);
  await rename(join(folder, newFileName), join(folder, fileName));
  await syncFolder(folder);
}

/** Moves the database with what SQLite keeps beside it out of the way; nothing is removed. */
async function putDatabaseAside(folder: string): Promise<void> {
  const aside = join(folder, asideFolderName, timeStamp(Date.now()));
  await mkdir(aside, { recursive: true, mode: 0o700 });
  for (const suffix of companionsOfFile) {
    const file = join(folder, fileName + suffix);
    if (existsSync(file)) await rename(file, join(aside, fileName + suffix));
  }
  await syncFolder(folder);
}

async function removeFiles(file: string): Promise<void> {
  for (const suffix of companionsOfFile) await rm(file + suffix, { force: true });
}
