// A library whose database is lost comes back: from the notes beside the files alone, and from a backup with what the
// notes know that is younger. Nothing that was kept is lost, and nothing that was removed comes back.

import { mkdtemp, open, readFile, readdir, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import { rebuildLibrary } from '../../src-main/library/restore.ts';
import { type Filled, everythingOf, fill } from './filled-library.ts';

let folder: string;
let database: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-restore-'));
  database = join(folder, 'library.db');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Damages pages in the middle of the database, as a failing disk does. */
async function damage(file: string): Promise<void> {
  const { size } = await stat(file);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(size - 8192, 0xa5), 0, size - 8192, 4096);
  await handle.close();
}

async function filledLibrary(): Promise<{ library: Library; ada: Filled }> {
  const library = await openLibrary(folder);
  const ada = await fill(library, 'Ada');
  library.settings.set({ language: 'zh-Hans', faceEngine: 'built-in', acceptedLicenses: ['inswapper'] });
  library.checkpoints.add('/models/base.safetensors', 1);
  return { library, ada };
}

/** As it is after a start, which empties the trash. */
async function reopened(library: Library): Promise<Library> {
  library.close();
  return await openLibrary(folder);
}

test('the notes alone give back everything: rows, embeddings, marks, jobs, settings', async () => {
  const { library, ada } = await filledLibrary();
  const before = await reopened(library);
  const [expected, settings] = [everythingOf(before, ada), before.settings.get()];
  before.close();
  await unlink(database);

  const after = await openLibrary(folder);
  expect(everythingOf(after, ada)).toEqual(expected);
  expect(after.settings.get()).toEqual(settings);
  expect(after.checkpoints.list()).toEqual(['/models/base.safetensors']);
  expect(after.facts.recovery()).toMatchObject({
    from: 'files', backupAtMs: null, subjects: 1, photos: 2, portraits: 2, looks: 1,
  });
  expect((await after.checkFiles()).missing).toEqual([]);
  // and it is a library like any other: told once, swept, its notes complete
  const again = await reopened(after);
  expect(again.facts.recovery()).toBeNull();
  expect(everythingOf(again, ada)).toEqual(expected);
  again.close();
});

test.each([
  ['damaged pages', () => damage(database)],
  ['a file that is no database', () => writeFile(database, 'x'.repeat(8192))],
  ['a file that lost its content', () => truncate(database, 0)],
])('%s: the backup comes back with what the notes know since, and the broken file is put aside', async (_, breakIt) => {
  const { library, ada } = await filledLibrary();
  await library.backUp('daily', Date.UTC(2026, 10, 26, 8));
  library.gallery.mark([ada.portraitIds[0]!], { rating: 5 });
  library.photos.setCaption(ada.photoIds[0]!, 'a caption of later');
  const bo = await fill(library, 'Bo');
  library.adapters.remove(ada.adapterId);
  const before = await reopened(library);
  const expected = [everythingOf(before, ada), everythingOf(before, bo)];
  before.close();
  await breakIt();
  const broken = await readFile(database);

  const after = await openLibrary(folder);
  expect([everythingOf(after, ada), everythingOf(after, bo)]).toEqual(expected);
  expect(after.portraits.get(ada.portraitIds[0]!)?.rating).toBe(5);
  expect(after.adapters.get(ada.adapterId)).toBeUndefined();
  expect(after.facts.recovery()).toMatchObject({ from: 'backup', backupAtMs: Date.UTC(2026, 10, 26, 8), subjects: 2 });
  after.close();
  const [aside] = await readdir(join(folder, 'put-aside'));
  expect(await readFile(join(folder, 'put-aside', aside!, 'library.db'))).toEqual(broken);
});

test('a damaged backup is passed over for an older one', async () => {
  const { library, ada } = await filledLibrary();
  await library.backUp('daily', Date.UTC(2026, 10, 25));
  const { id } = await library.backUp('daily', Date.UTC(2026, 10, 26));
  const before = await reopened(library);
  const expected = everythingOf(before, ada);
  before.close();
  await damage(join(folder, 'backups', `${id}.db`));
  await damage(database);
  const after = await openLibrary(folder);
  expect(everythingOf(after, ada)).toEqual(expected);
  expect(after.facts.recovery()?.backupAtMs).toBe(Date.UTC(2026, 10, 25));
  after.close();
});

test('a file whose row was lost is put aside at the restoring start, not removed', async () => {
  const { library } = await filledLibrary();
  library.notes.writeAll();
  const sha256 = await library.keepFile(Buffer.from('its note was never written'), 'image/png');
  library.close();
  await damage(database);
  (await openLibrary(folder)).close();
  const aside = await readFile(join(folder, 'put-aside', 'files', sha256), 'utf8');
  expect(aside).toBe('its note was never written');
});

test('whoever was removed after the backup does not come back, and leaves the backups', async () => {
  const { library, ada } = await filledLibrary();
  await library.backUp('daily', Date.UTC(2026, 10, 26));
  library.notes.writeAll();
  // the process ends before the backups are rewritten
  library.subjects.remove(ada.subjectId);
  library.notes.writeAll();
  library.close();
  await damage(database);
  const after = await openLibrary(folder);
  expect(after.subjects.list()).toEqual([]);
  expect(after.photos.get(ada.photoIds[0]!)).toBeUndefined();
  after.close();
  const [name] = await readdir(join(folder, 'backups'));
  const backup = new SqliteDatabase(join(folder, 'backups', name!), { readonly: true });
  expect(backup.prepare('select count(*) from subject').pluck().get()).toBe(0);
  backup.close();
});

test('where the notes are not all there, nothing that the backup has is taken for removed', async () => {
  const { library, ada } = await filledLibrary();
  library.notes.writeAll();
  await library.backUp('daily', Date.UTC(2026, 10, 26));
  library.close();
  await rm(join(folder, 'notes'), { recursive: true });
  await damage(database);
  const after = await openLibrary(folder);
  expect(after.photos.list(ada.subjectId)).toHaveLength(2);
  expect(after.adapters.list(ada.subjectId)).toHaveLength(1);
  after.close();
});

test('a note that cannot be read costs its noun at most: children of lost parents stay', async () => {
  const { library, ada } = await filledLibrary();
  library.close();
  const notes = join(folder, 'notes', ada.subjectId);
  await writeFile(join(notes, 'subject.json'), '{"kind":"subject"');
  await writeFile(join(notes, `job-${ada.createId}.json`), '');
  await writeFile(join(notes, `photo-${ada.photoIds[1]!}.json`), 'null');
  await writeFile(join(notes, '.part-0123456789abcdef'), '{');
  await unlink(database);
  const after = await openLibrary(folder);
  expect(after.subjects.list()).toMatchObject([{ id: ada.subjectId, name: '?', hasConsent: false }]);
  expect(after.photos.list(ada.subjectId).map(({ id }) => id)).toEqual([ada.photoIds[0]]);
  expect(after.portraits.list(ada.subjectId).map(({ id }) => id).sort()).toEqual(ada.portraitIds.slice(0, 2).sort());
  expect(after.adapters.list(ada.subjectId)).toHaveLength(1);
  after.close();
});

test('a crash in the middle of restoring: the next start restores', async () => {
  const { library, ada } = await filledLibrary();
  await library.backUp('daily', Date.UTC(2026, 10, 26));
  library.close();
  // the broken file was put aside already, and the new one was half copied
  await writeFile(`${database}.new`, 'half');
  await unlink(database);
  const after = await openLibrary(folder);
  expect(after.photos.list(ada.subjectId)).toHaveLength(2);
  expect(await readdir(folder)).not.toContain('library.db.new');
  after.close();
});

test('without backup and notes a broken database is refused and nothing is touched', async () => {
  const { library } = await filledLibrary();
  library.close();
  await rm(join(folder, 'notes'), { recursive: true });
  await damage(database);
  const before = await readFile(database);
  await expect(openLibrary(folder)).rejects.toMatchObject({ code: 'library.broken' });
  expect(await readFile(database)).toEqual(before);
  await rm(database);
  // a folder with files alone is no new library either
  await expect(openLibrary(folder)).rejects.toMatchObject({ code: 'library.broken' });
});

test('rebuilding a closed library from its files gives the same library', async () => {
  const { library, ada } = await filledLibrary();
  const before = await reopened(library);
  const expected = everythingOf(before, ada);
  before.close();
  expect(await rebuildLibrary(folder)).toBe(true);
  const after = await openLibrary(folder);
  expect(everythingOf(after, ada)).toEqual(expected);
  after.close();
});
