// Backups of the database: whole copies beside it, each verified before it counts as one. Files of the store are not
// in them: those are named by their content, so a backup that names them finds them or says that they are gone.

import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { syncFolder } from '../checkpoint/atomic-file.ts';
import type { Backup } from '../contract/keeping.ts';
import { backupsToKeep, parseBackupName, backupName } from './backup-names.ts';

const temporaryPrefix = '.part-';

export interface BackupFolder {
  /** The newest first. */
  list(): Promise<Backup[]>;
  /** Copies, verifies and keeps; then removes what is too old to keep. Throws 'disk.full' and what SQLite throws. */
  make(database: Database, reason: Backup['reason'], atMs: number): Promise<Backup>;
  hasAny(): boolean;
  pathOf(id: string): string;
  remove(id: string): Promise<void>;
  /** Removes what a crash left half written. */
  sweep(): Promise<void>;
}

/** The backups of the library in `libraryFolder`. */
export function backupFolder(libraryFolder: string): BackupFolder {
  const folder = join(libraryFolder, 'backups');
  const pathOf = (id: string): string => join(folder, `${id}.db`);
  const list = () => listBackups(folder);
  const remove = (id: string) => rm(pathOf(id), { force: true });
  return {
    list, pathOf, remove,
    hasAny: () => existsSync(folder) && readdirSync(folder).some((name) => parseBackupName(name) !== undefined),
    async make(database, reason, atMs) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const id = freeName(reason, atMs, pathOf);
      await copyDatabase(database, pathOf(id));
      const all = await list();
      const kept = backupsToKeep(all);
      // the one just made stays, also where a clock that was put back makes it look old
      for (const old of all) if (!kept.has(old.id) && old.id !== id) await remove(old.id);
      return all.find((backup) => backup.id === id)!;
    },
    async sweep() {
      for (const name of await readdir(folder).catch(() => [])) {
        if (name.startsWith(temporaryPrefix)) await rm(join(folder, name), { force: true });
      }
    },
  };
}

/** Names have whole seconds: the second backup of one second is named after the next, and takes no other's place. */
function freeName(reason: Backup['reason'], atMs: number, pathOf: (id: string) => string): string {
  const id = backupName(reason, atMs);
  return existsSync(pathOf(id)) ? freeName(reason, atMs + 1000, pathOf) : id;
}

async function listBackups(folder: string): Promise<Backup[]> {
  const names = await readdir(folder).catch(() => []);
  const backups = await Promise.all(names.map(async (name): Promise<Backup | undefined> => {
    const parsed = parseBackupName(name);
    const found = parsed && await stat(join(folder, name)).catch(() => undefined);
    return parsed && found?.isFile() ? { ...parsed, sizeBytes: found.size } : undefined;
  }));
  return backups.filter((backup) => backup !== undefined)
    .sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1));
}

/** Writes a whole, compact copy of an open database to `file`, which shows only once it is verified and on the disk. */
export async function copyDatabase(database: Database, file: string): Promise<void> {
  const folder = join(file, '..');
  const temporary = join(folder, `${temporaryPrefix}${randomBytes(8).toString('hex')}`);
  try {
    database.prepare('vacuum into ?').run(temporary);
    verifyCopy(temporary, database);
    await chmod(temporary, 0o600);
    await syncFile(temporary);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Whether SQLite finds nothing wrong with the database file, all of it. */
export function isSound(file: string): boolean {
  try {
    const database = new SqliteDatabase(file, { readonly: true, fileMustExist: true });
    try {
      return database.pragma('integrity_check(1)', { simple: true }) === 'ok';
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
}

function verifyCopy(file: string, original: Database): void {
  if (!isSound(file)) throw new Error('The copy of the database is not sound.');
  const copy = new SqliteDatabase(file, { readonly: true, fileMustExist: true });
  try {
    const [wanted, found] = [rowCounts(original), rowCounts(copy)];
    if (wanted !== found) throw new Error(`The copy of the database lacks rows: ${found} where ${wanted} are.`);
  } finally {
    copy.close();
  }
}

/** Version and rows of every table, as one line. */
function rowCounts(database: Database): string {
  const tables = database.prepare<[], { name: string }>(
    "select name from sqlite_master where type = 'table' order by name").all();
  const counts = tables.map(({ name }) =>
    `${name} ${String(database.prepare(`select count(*) from "${name}"`).pluck().get())}`);
  return [`version ${String(database.pragma('user_version', { simple: true }))}`, ...counts].join(', ');
}

export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
