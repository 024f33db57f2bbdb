// Removes a subject so that no trace stays in the library's folder: rows, files, SQLite's log, the backups, the notes
// beside the files, and databases that were put aside. Who is being erased is written down with the removal of the
// rows, so that a crash in between is made up for at the next start.

import { randomBytes } from 'node:crypto';
import { copyFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { syncFolder } from '../checkpoint/atomic-file.ts';
import type { SubjectId } from '../contract/ids.ts';
import type { ErasureReceipt } from '../contract/keeping.ts';
import { type BackupFolder, isSound, syncFile } from './backups.ts';
import { eraseLog } from './database.ts';
import { type Swept, asideFolderName } from './file-store.ts';
import type { LibraryFactQueries } from './library-facts.ts';
import type { Notes } from './notes.ts';
import { removeUnusedSql } from './stored-files.ts';

export type Erased = Pick<ErasureReceipt, 'files' | 'bytes' | 'backupsRewritten'>;

interface Places {
  readonly folder: string;
  readonly database: Database;
  readonly facts: LibraryFactQueries;
  readonly backups: BackupFolder;
  readonly notes: Pick<Notes, 'removeSubject' | 'writeAll'>;
  /** Removes files without a row. */
  sweep(): Promise<Swept>;
}

/** Finishes every erasure that was begun; the receipt's part that is about files. */
export async function finishErasures({ folder, database, facts, backups, notes, sweep }: Places): Promise<Erased> {
  const ids = facts.erasing();
  if (ids.length === 0) return { files: 0, bytes: 0, backupsRewritten: 0 };
  // their notes first: without them, and with the rows gone, nothing brings them back
  for (const id of ids) notes.removeSubject(id);
  notes.writeAll();
  const swept = await sweep();
  const backupsRewritten = await eraseFromBackups(backups, ids);
  const aside = await removeFolder(join(folder, asideFolderName));
  facts.setErasing([]);
  eraseLog(database);
  return { files: swept.files + aside.files, bytes: swept.bytes + aside.bytes, backupsRewritten };
}

/** Makes those backups anew that know one of the subjects; returns how many. */
export async function eraseFromBackups(backups: BackupFolder, ids: readonly SubjectId[]): Promise<number> {
  let rewritten = 0;
  for (const { id } of await backups.list()) if (await eraseFromBackup(backups.pathOf(id), ids)) rewritten++;
  return rewritten;
}

/**
 * Makes a backup anew without some subjects; false where it does not know them. One that cannot be read, or for which
 * there is no room, is removed: it must not keep what was promised to be gone.
 */
async function eraseFromBackup(file: string, ids: readonly SubjectId[]): Promise<boolean> {
  const temporary = join(dirname(file), `.part-${randomBytes(8).toString('hex')}`);
  try {
    if (!knows(file, ids)) return false;
    await copyFile(file, temporary);
    removeSubjects(temporary, ids);
    if (!isSound(temporary)) throw new Error('The backup is not sound.');
    await syncFile(temporary);
    await rename(temporary, file);
  } catch {
    await rm(temporary, { force: true });
    await rm(file, { force: true });
  }
  await syncFolder(dirname(file));
  return true;
}

function knows(file: string, ids: readonly SubjectId[]): boolean {
  const database = new SqliteDatabase(file, { readonly: true, fileMustExist: true });
  try {
    const find = database.prepare('select 1 from subject where id = ?');
    return ids.some((id) => find.get(id) !== undefined);
  } finally {
    database.close();
  }
}

/** Works on tables of every version: what belongs to a subject goes by their references. */
function removeSubjects(file: string, ids: readonly SubjectId[]): void {
  const database = new SqliteDatabase(file, { fileMustExist: true });
  try {
    // no journal and no temporary file of what is removed stays on the disk
    for (const setting of ['journal_mode = memory', 'temp_store = memory', 'secure_delete = on', 'foreign_keys = on']) {
      database.pragma(setting);
    }
    const shared = database.prepare(
      "delete from job where kind = 'create' and parameters ->> '$.second.subjectId' = ?");
    const remove = database.prepare('delete from subject where id = ?');
    for (const id of ids) {
      shared.run(id);
      remove.run(id);
    }
    const hasNotes = database.prepare("select 1 from sqlite_master where name = 'note_due'").get() !== undefined;
    if (hasNotes) for (const id of ids) database.prepare('delete from note_due where subject_id = ?').run(id);
    database.prepare(removeUnusedSql(database)).run();
    database.exec('vacuum');
  } finally {
    database.close();
  }
}

/** Removes a folder with all that is in it; says how much that was. */
export async function removeFolder(folder: string): Promise<Swept> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  await rm(folder, { recursive: true, force: true });
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
