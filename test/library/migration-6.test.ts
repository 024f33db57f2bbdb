// From a library of version 5 to the one with ratings, an order of jobs and notes: every row stays, a backup is made
// before, and a process that ends at any statement leaves the old version whole.

import { copyFile, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AdapterId, JobId, PhotoId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import { connectDatabase, openDatabase } from '../../src-main/library/database.ts';
import { openLibrary } from '../../src-main/library/library.ts';
import { migrate, newestVersion, versionOf } from '../../src-main/library/migrate.ts';
import { sql as migration6 } from '../../src-main/library/migrations/0006-gallery-and-keeping.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-migration-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const [ada, bo] = ['a', 'b'].map((letter) => letter.repeat(32)) as [SubjectId, SubjectId];
const [teachId, drawId, waitingId] = ['c', 'd', 'e'].map((letter) => letter.repeat(32)) as [JobId, JobId, JobId];
const [photoId, adapterId, portraitId] = ['1', '2', '3'].map((letter) => letter.repeat(32)) as [
  PhotoId, AdapterId, PortraitId];
const file = 'f'.repeat(64);

function writeVersion5(): void {
  const database = new SqliteDatabase(join(folder, 'library.db'));
  database.pragma('journal_mode = wal');
  migrate(database, 5);
  database.pragma('foreign_keys = on');
  database.exec(`
    insert into stored_file values ('${file}', 7, 'image/png');
    insert into subject values ('${ada}', 'Ada', 'ohwx', 'woman', 1, 41), ('${bo}', 'Bo', 'ohwx', 'man', 0, 42);
    insert into photo (id, subject_id, original_sha256, preview_sha256, thumbnail_sha256, file_name, width_px,
      height_px, added_at_ms, caption)
      values ('${photoId}', '${ada}', '${file}', '${file}', '${file}', 'a.jpg', 8, 8, 2, 'own words');
    insert into job (id, kind, subject_id, title, parameters, state, attempts, created_at_ms, ended_at_ms) values
      ('${waitingId}', 'create', '${ada}', 'Later', '{}', 'waiting', 0, 9, null),
      ('${teachId}', 'teach', '${ada}', 'Teaching Ada', '{"method":"lora"}', 'done', 1, 3, 4),
      ('${drawId}', 'create', '${ada}', 'Portraits', '{}', 'paused', 1, 5, null);
    insert into snapshot values ('${teachId}', 2, 0.5, null, 0.8, 1, 1, 4);
    insert into adapter values ('${adapterId}', '${ada}', '${teachId}', 'Ada', 'lora', 'starter', 'Sketch', 'ohwx', 4,
      0, 3, 2, '{}', 1, 0.5, '{}', '${file}', 4);
    insert into job_item values ('${drawId}', 0, 11, '{}'), ('${drawId}', 1, 12, '{}');
    insert into portrait (id, subject_id, job_id, item_index, adapter_id, pack_id, prompt, negative_prompt, seed,
      width_px, height_px, sampling_steps, sampler, guidance_scale, adapter_strength, likeness_cosine,
      file_sha256, created_at_ms)
      values ('${portraitId}', '${ada}', '${drawId}', 0, '${adapterId}', 'starter', 'a', '', 11, 8, 8, 20, 'euler', 3.0,
      1.0, 0.9, '${file}', 8);
    insert into exported_file values ('${'4'.repeat(32)}', '${adapterId}', 'kohya', 'float16', 'ada.safetensors', '{}',
      '${file}');`);
  database.close();
}

test('every row of version 5 is there, with what is new at rest', async () => {
  writeVersion5();
  const library = await openLibrary(folder);
  expect(library.subjects.list()).toMatchObject([
    { id: ada, name: 'Ada', hasConsent: true, consentNote: '', consentAtMs: 41, photoCount: 1, portraitCount: 1 },
    { id: bo, hasConsent: false, consentAtMs: null },
  ]);
  expect(library.photos.get(photoId)).toMatchObject({ caption: 'own words' });
  expect(library.portraits.get(portraitId)).toMatchObject({
    adapterId, rating: 0, flag: 'none', nearestPhotoId: null, variation: null, origin: null, tileSha256: null,
  });
  expect(library.adapters.get(adapterId)).toMatchObject({ curve: [{ step: 2, likeness: 0.8 }], likeness: 0.9 });
  // in the order they came, with what is done counted
  expect(library.jobs.list().map(({ id }) => id)).toEqual([waitingId, drawId, teachId]);
  expect(library.jobs.get(drawId)).toMatchObject({ state: 'paused', items: 2, itemsDone: 1, outcome: null });
  expect(library.jobs.itemsToDo(drawId).map(({ seed }) => seed)).toEqual([12]);
  expect(library.jobs.get(teachId)!.position).toBeLessThan(library.jobs.get(waitingId)!.position);
  // references hold after the tables were made anew
  expect(library.subjects.remove(ada)).toBe(true);
  expect([library.portraits.get(portraitId), library.jobs.get(teachId)]).toEqual([undefined, undefined]);
  library.close();
});

test('the state before is backed up, sound and of its own version; what was there gets its notes', async () => {
  writeVersion5();
  const library = await openLibrary(folder);
  const [backup] = await library.backups.list();
  expect(backup).toMatchObject({ reason: 'migration' });
  library.close();
  const copy = new SqliteDatabase(join(folder, 'backups', `${backup!.id}.db`), { readonly: true });
  expect(versionOf(copy)).toBe(5);
  expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(copy.prepare('select count(*) from portrait').pluck().get()).toBe(1);
  copy.close();
  const notes = await readdir(join(folder, 'notes', ada));
  expect(notes.sort()).toEqual([
    `job-${teachId}.json`, `job-${drawId}.json`, `job-${waitingId}.json`, `look-${adapterId}.json`,
    `photo-${photoId}.json`, `portrait-${portraitId}.json`, 'subject.json',
  ].sort());
  // that backup comes back as a library of now
  await rm(join(folder, 'library.db'));
  const restored = await openLibrary(folder);
  expect(restored.jobs.get(drawId)).toMatchObject({ items: 2, itemsDone: 1 });
  expect(restored.portraits.get(portraitId)).toMatchObject({ adapterId });
  restored.close();
});

test('a process that ends at any statement leaves version 5, which the next start migrates', async () => {
  writeVersion5();
  const statements = migration6.split(/;\n+(?!\s|end)/).filter((statement) => statement.trim() !== '');
  expect(statements.length).toBeGreaterThan(25);
  const database = connectDatabase(join(folder, 'library.db'));
  // so small a cache writes unfinished pages into the log, as a large migration does
  database.pragma('cache_size = 1');
  database.pragma('foreign_keys = off');
  database.exec('begin immediate');
  for (const [index, statement] of statements.entries()) {
    database.exec(statement);
    const copy = await killedCopy(`killed-${index}.db`);
    const found = new SqliteDatabase(copy);
    expect(countsOf(found), statement).toEqual({ version: 5, subjects: 2, portraits: 1, jobs: 3, items: 2 });
    found.close();
    if (index % 9 !== 4) continue;
    const again = openDatabase(copy);
    expect(countsOf(again)).toEqual({ version: newestVersion, subjects: 2, portraits: 1, jobs: 3, items: 2 });
    again.close();
  }
  database.exec('rollback');
  database.close();
});

/** What a killed process leaves on the disk: the file and its log, whatever is in them. */
async function killedCopy(name: string): Promise<string> {
  const copy = join(folder, name);
  for (const suffix of ['', '-wal']) {
    const from = join(folder, `library.db${suffix}`);
    if (existsSync(from)) await copyFile(from, copy + suffix);
  }
  return copy;
}

function countsOf(database: Database): object {
  const count = (table: string): unknown => database.prepare(`select count(*) from ${table}`).pluck().get();
  return {
    version: versionOf(database), subjects: count('subject'), portraits: count('portrait'), jobs: count('job'),
    items: count('job_item'),
  };
}

test('a migration that fails leaves the library as it was', async () => {
  writeVersion5();
  const broken = new SqliteDatabase(join(folder, 'library.db'));
  broken.exec('create table dataset (in_the_way text)');
  broken.pragma('wal_checkpoint(truncate)');
  broken.close();
  const before = await readFile(join(folder, 'library.db'));
  await expect(openLibrary(folder)).rejects.toThrow('dataset');
  const after = new SqliteDatabase(join(folder, 'library.db'), { readonly: true });
  expect(versionOf(after)).toBe(5);
  after.close();
  expect(await readFile(join(folder, 'library.db'))).toEqual(before);
});
