// What a library looks like after a kill, read with SQLite and the file system alone, before the studio mends anything.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';

/** What the studio said before it was killed: events that a page would have shown. */
export interface Promises {
  readonly photoIds: Set<string>;
  /** By id, with their jobs. */
  readonly portraits: Map<string, string>;
  readonly doneJobs: Set<string>;
  /** Kept files that were read already. */
  readonly seenFiles: Set<string>;
}

const noneFound = {
  lostPhotos: 0, lostPortraits: 0, itemsChecked: 0, wrongItems: 0, outcomesChecked: 0, wrongOutcomes: 0,
  filesChecked: 0, corruptFiles: 0, rowsChecked: 0, rowsWithoutFile: 0, databasesChecked: 0, brokenDatabases: 0,
  orphanFiles: 0,
};
export type Findings = Readonly<typeof noneFound>;
export const noFindings: Findings = noneFound;

/**
 * The findings with those of this library added. With `expected`, the outcomes of an import, all jobs have ended and
 * nothing may be left over.
 */
export async function inspectLibrary(
  folder: string, promises: Promises, before: Findings, expected?: readonly string[],
): Promise<Findings> {
  if (!existsSync(join(folder, 'library.db'))) return before;
  const database = new SqliteDatabase(join(folder, 'library.db'));
  try {
    // killed before its first tables were there
    if (database.pragma('user_version', { simple: true }) === 0) return before;
    const found = [
      soundness(database), rowFindings(database, promises), await fileFindings(folder, database, promises),
      ...(expected ? [await endFindings(folder, database, expected)] : []),
    ];
    return found.reduce(sum, before);
  } finally {
    database.close();
  }
}

function sum(a: Findings, b: Partial<Findings>): Findings {
  const names = Object.keys(a) as (keyof Findings)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + (b[name] ?? 0)])) as Findings;
}

function soundness(database: Database): Partial<Findings> {
  const isSound = database.pragma('integrity_check', { simple: true }) === 'ok'
    && (database.pragma('foreign_key_check') as unknown[]).length === 0;
  return { databasesChecked: 1, brokenDatabases: Number(!isSound) };
}

function rowFindings(database: Database, { photoIds, portraits, doneJobs }: Promises): Partial<Findings> {
  const ids = (sql: string): Set<string> =>
    new Set(database.prepare<[], { id: string }>(sql).all().map(({ id }) => id));
  const missing = (promised: Iterable<string>, there: ReadonlySet<string>): number =>
    [...promised].filter((id) => !there.has(id)).length;
  const count = (sql: string): number => database.prepare<[], { n: number }>(sql).get()!.n;
  // an item has its outcome exactly when it has its portrait, and its job counts it
  const unlike = count(`
    select count(*) as n from job_item item join job on job.id = item.job_id
    where job.kind = 'create' and (item.outcome is not null) <> exists
      (select 1 from portrait where portrait.job_id = job.id and portrait.item_index = item.item_index)`);
  const miscounted = count(`
    select count(*) as n from job where (state = 'done' and items_done <> items)
      or items_done <> (select count(item.outcome) from job_item item where item.job_id = job.id)`);
  // every file that an import calls added has its photo, and no photo is without
  const halves = count(`
    select count(*) as n from job where kind = 'import' and
      (select count(*) from photo where photo.subject_id = job.subject_id) <>
      (select count(*) from job_item item where item.job_id = job.id and item.outcome ->> '$.kind' = 'added')`);
  return {
    lostPhotos: missing(photoIds, ids('select id from photo')),
    lostPortraits: missing(portraits.keys(), ids('select id from portrait')),
    itemsChecked: count("select count(*) as n from job_item join job on job.id = job_id where kind = 'create'"),
    wrongItems: unlike + miscounted + missing(doneJobs, ids("select id from job where state = 'done'")),
    wrongOutcomes: halves,
  };
}

async function fileFindings(folder: string, database: Database, { seenFiles }: Promises): Promise<Partial<Findings>> {
  const rows = database.prepare<[], { sha256: string; size_bytes: number }>('select * from stored_file').all();
  const placeOf = (sha256: string): string => join(folder, 'files', sha256.slice(0, 2), sha256);
  let [rowsWithoutFile, corruptFiles, filesChecked] = [0, 0, 0];
  for (const row of rows) {
    const entry = await stat(placeOf(row.sha256)).catch(() => undefined);
    if (entry?.size !== row.size_bytes) rowsWithoutFile++;
  }
  for (const name of await keptFiles(folder)) {
    if (seenFiles.has(name) || name.startsWith('.')) continue;
    seenFiles.add(name);
    filesChecked++;
    const bytes = await readFile(placeOf(name));
    if (createHash('sha256').update(bytes).digest('hex') !== name) corruptFiles++;
  }
  return { rowsChecked: rows.length, rowsWithoutFile, filesChecked, corruptFiles };
}

async function keptFiles(folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, 'files'), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** After the last studio has ended by itself: all is done, nothing is left lying about, every file has its verdict. */
async function endFindings(
  folder: string, database: Database, expected: readonly string[],
): Promise<Partial<Findings>> {
  const kept = new Set(database.prepare<[], { sha256: string }>('select sha256 from stored_file').all()
    .map(({ sha256 }) => sha256));
  const orphanFiles = (await keptFiles(folder)).filter((name) => !kept.has(name)).length;
  const jobs = database.prepare<[], { id: string }>("select id from job where kind = 'import'").all();
  const outcomes = database.prepare<[string], { outcome: string | null }>(
    "select coalesce(outcome ->> '$.error.code', outcome ->> '$.kind') as outcome from job_item where job_id = ? "
    + 'order by item_index');
  const unfinished = database.prepare<[], { n: number }>(
    "select count(*) as n from job where state <> 'done' and kind <> 'analyze'").get()!.n;
  let wrongOutcomes = 0;
  for (const { id } of jobs) {
    const found = outcomes.all(id);
    wrongOutcomes += expected.filter((word, index) => found[index]?.outcome !== word).length;
  }
  return { orphanFiles, wrongItems: unfinished, outcomesChecked: jobs.length * expected.length, wrongOutcomes };
}
