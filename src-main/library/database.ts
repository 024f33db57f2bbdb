// Opens the library's SQLite file so that a commit survives a power cut and a deleted face leaves no trace.
// better-sqlite3 13 falls to synchronous=NORMAL in WAL, so every setting is read back and asserted.

import SqliteDatabase, { type Database } from 'better-sqlite3';
import { UserError } from '../contract/errors.ts';
import { migrate, refuseNewer } from './migrate.ts';

/** Name, what is set, what must be read back. Order matters: synchronous after journal_mode. */
const settings: readonly (readonly [name: string, value: string, expected: unknown])[] = [
  ['locking_mode', 'exclusive', 'exclusive'],
  ['journal_mode', 'wal', 'wal'],
  ['synchronous', 'full', 2],
  ['foreign_keys', 'on', 1],
  ['secure_delete', 'on', 1],
  ['trusted_schema', 'off', 0],
  ['cell_size_check', 'on', 1],
  ['mmap_size', '0', undefined],
  // what is sorted or compacted shows in no temporary file
  ['temp_store', 'memory', 2],
];

/** Opens (or makes) the database file as `connectDatabase` does, and migrates it. */
export function openDatabase(file: string): Database {
  const database = connectDatabase(file);
  try {
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw explainOpening(error);
  }
}

/**
 * Opens (or makes) the database file. It is held exclusively: a second process is refused with 'library.in-use'.
 * Throws 'library.broken' when the file is not a healthy database, 'library.newer' for that of a newer Likeness.
 */
export function connectDatabase(file: string): Database {
  let database: Database | undefined;
  try {
    database = new SqliteDatabase(file, { timeout: 500 });
    refuseNewer(database);
    applySettings(database);
    const health = database.pragma('quick_check(1)', { simple: true });
    if (health !== 'ok') throw brokenLibraryError(String(health));
    return database;
  } catch (error) {
    database?.close();
    throw explainOpening(error);
  }
}

function applySettings(database: Database): void {
  for (const [name, value, expected] of settings) {
    database.pragma(`${name} = ${value}`);
    const found: unknown = database.pragma(name, { simple: true });
    if (expected !== undefined && found !== expected) {
      throw new Error(`SQLite kept ${name} = ${String(found)} where ${String(expected)} is needed.`);
    }
  }
}

/** Removes what secure_delete left in the write-ahead log. Call after deleting something private. */
export function eraseLog(database: Database): void {
  database.pragma('wal_checkpoint(truncate)');
}

function explainOpening(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('SQLITE_BUSY')) {
    return new UserError('library.in-use', {
      what: 'This library is open in another Likeness.',
      safe: 'Nothing was changed.',
      todo: 'Close the other one, or choose another folder with --library.',
    });
  }
  if (code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY')) return notWritable(code);
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return brokenLibraryError(code);
  return error;
}

/** A folder that does not let itself be written to; `reason` is the system's word for it. */
export function notWritable(reason: string): UserError {
  return new UserError('library.not-writable', {
    what: `The library's folder cannot be written to (${reason}).`,
    safe: 'Nothing was changed.',
    todo: 'See to your rights on that folder, or choose another library folder.',
  }, { reason });
}

export function brokenLibraryError(detail: string): UserError {
  return new UserError('library.broken', {
    what: `The library's database is damaged (${detail}).`,
    safe: 'Its pictures still lie in the folder "files", and your own photos are untouched.',
    todo: 'Put back a copy of library.db, or move the folder aside and start a new library.',
  });
}
