// What a library knows of the networks beside the base models, read without opening it: nothing in it is changed, no
// job begins and no trash is emptied.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { StudioSettings } from '../contract/settings.ts';
import { type CompanionQueries, type KnownHash, companionQueries } from './companions.ts';
import { settingQueries } from './settings.ts';

export interface KnownModels {
  readonly companions: ReturnType<CompanionQueries['list']>;
  readonly hashes: readonly (KnownHash & { readonly path: string })[];
  readonly settings: Pick<StudioSettings, 'faceEngine' | 'acceptedLicenses'>;
}

/** The first version of the tables that has companions. */
const firstVersion = 4;

/**
 * Reads the library in `folder`; 'in-use' where another process holds it, undefined where there is none that says
 * anything.
 */
export function readKnownModels(folder: string): KnownModels | 'in-use' | undefined {
  const file = join(folder, 'library.db');
  if (!existsSync(file)) return undefined;
  let database: SqliteDatabase.Database | undefined;
  try {
    database = new SqliteDatabase(file, { fileMustExist: true, timeout: 500 });
    database.pragma('query_only = on');
    if (Number(database.pragma('user_version', { simple: true })) < firstVersion) return undefined;
    const companions = companionQueries(database);
    const { faceEngine, acceptedLicenses } = settingQueries(database).get();
    return { companions: companions.list(), hashes: companions.hashes(), settings: { faceEngine, acceptedLicenses } };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // a damaged one is told to whoever opens it
    return code.startsWith('SQLITE_BUSY') ? 'in-use' : undefined;
  } finally {
    database?.close();
  }
}
