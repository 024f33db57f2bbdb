// Brings a library's tables to the newest version, one numbered migration at a time, each in its own transaction.
// The number in SQLite's user_version is that of the last migration that was applied.

import type { Database } from 'better-sqlite3';
import { UserError } from '../contract/errors.ts';
import { sql as firstTables } from './migrations/0001-first-tables.ts';
import { sql as methodsAndSnapshots } from './migrations/0002-methods-and-snapshots.ts';
import { sql as photoMeasures } from './migrations/0003-photo-measures.ts';
import { sql as companions } from './migrations/0004-companions.ts';
import { sql as instantPortraits } from './migrations/0005-instant-portraits.ts';
import { sql as galleryAndKeeping } from './migrations/0006-gallery-and-keeping.ts';
import { sql as modelsFromElsewhere } from './migrations/0007-models-from-elsewhere.ts';
import { sql as classPicturesByWeights } from './migrations/0008-class-pictures-by-weights.ts';

/** In order; the migration at index i takes the database from version i to i + 1. */
const migrations: readonly string[] = [
  firstTables, methodsAndSnapshots, photoMeasures, companions, instantPortraits, galleryAndKeeping,
  modelsFromElsewhere, classPicturesByWeights,
];

export const newestVersion = migrations.length;

/** Refuses the library of a newer Likeness with 'library.newer'; call before anything is written. */
export function refuseNewer(database: Database): void {
  const current = versionOf(database);
  if (current > newestVersion) {
    throw new UserError('library.newer', {
      what: `This library was made by a newer Likeness (version ${current}, this one knows ${newestVersion}).`,
      safe: 'Nothing in it was touched.',
      todo: 'Open it with the newer Likeness, or choose another library folder.',
    }, { found: current, known: newestVersion });
  }
}

/**
 * Applies the migrations that are missing, up to `version`. A table that is made anew would take its children with it,
 * so references are off meanwhile and are all checked before each migration is committed (SQLite, "Making other kinds
 * of table schema changes").
 */
export function migrate(database: Database, version = newestVersion): void {
  const current = versionOf(database);
  if (current >= version) return;
  const references: unknown = database.pragma('foreign_keys', { simple: true });
  database.pragma('foreign_keys = off');
  try {
    for (let next = current; next < version; next++) applyMigration(database, next);
  } finally {
    database.pragma(`foreign_keys = ${String(references)}`);
  }
}

function applyMigration(database: Database, index: number): void {
  database.transaction(() => {
    database.exec(migrations[index]!);
    const broken = database.pragma('foreign_key_check') as unknown[];
    if (broken.length > 0) throw new Error(`Migration ${index + 1} left ${broken.length} rows without their parents.`);
    database.pragma(`user_version = ${index + 1}`);
  }).immediate();
}

/** 0 for a file without tables. */
export function versionOf(database: Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}
