// Who is removed leaves nothing: bytes of their files, floats of their faces, their name, their ids and the hashes of
// their files are looked for in every file of the library's folder, the open database and its log included.

import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backupFolder } from '../../src-main/library/backups.ts';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import { type Filled, embeddingOf, everythingOf, fill } from './filled-library.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-erasure-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What would be found of somebody, in every form that the library has for it. */
async function canariesOf(library: Library, name: string, filled: Filled): Promise<Buffer[]> {
  const floats = Buffer.from(embeddingOf(`${name} 0`).buffer);
  const files = await hashesOf(library.folder, name);
  expect(files.length).toBeGreaterThan(10);
  // base64 of the whole and of its shifts: the notes have floats in that form
  const inBase64 = [0, 1, 2].map((skip) => floats.subarray(skip, skip + 48).toString('base64').slice(4, 56));
  const ids = [filled.subjectId, ...filled.photoIds, filled.adapterId, filled.teachId];
  return [...[name, ...inBase64, ...ids, ...files].map((word) => Buffer.from(word)), floats.subarray(0, 24)];
}

/** Hashes of the kept files that have the name in them. */
async function hashesOf(libraryFolder: string, name: string): Promise<string[]> {
  const contents = await Promise.all((await filesIn(join(libraryFolder, 'files'))).map((file) => readFile(file)));
  return contents.filter((bytes) => bytes.includes(name))
    .map((bytes) => createHash('sha256').update(bytes).digest('hex'));
}

async function filesIn(inside: string): Promise<string[]> {
  const entries = await readdir(inside, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Files that have any of the canaries in their bytes or their path. */
async function hits(canaries: readonly Buffer[], without: readonly string[] = []): Promise<string[]> {
  const found: string[] = [];
  for (const file of await filesIn(folder)) {
    if (without.some((part) => file.includes(part))) continue;
    const bytes = Buffer.concat([Buffer.from(file.slice(folder.length)), await readFile(file)]);
    const canary = canaries.find((one) => bytes.includes(one));
    if (canary) found.push(`${file.slice(folder.length)}: ${canary.toString('latin1')}`);
  }
  return found;
}

const day = (number: number): number => Date.UTC(2026, 10, number);

/** Three people, one of them also as the second in portraits of another; backups, and a database put aside. */
async function crowded(): Promise<{ library: Library; ada: Filled; bo: Filled }> {
  const library = await openLibrary(folder);
  const ada = await fill(library, 'ADALOVELACE');
  await library.backUp('daily', day(1));
  const bo = await fill(library, 'Bo');
  await fill(library, 'Cy', ada.subjectId);
  await library.backUp('asked', day(2));
  await mkdir(join(folder, 'put-aside', 'then'), { recursive: true });
  await copyFile(backupFolder(folder).pathOf('20261101-000000'), join(folder, 'put-aside', 'then', 'library.db'));
  await writeFile(join(folder, 'backups', '20261103-000000.db'), 'cannot be read, and may know ADALOVELACE');
  library.notes.writeAll();
  return { library, ada, bo };
}

test('nothing of a removed person is found in any file, and everything of others is', async () => {
  const { library, ada, bo } = await crowded();
  const canaries = await canariesOf(library, 'ADALOVELACE', ada);
  expect((await hits(canaries)).length).toBeGreaterThan(20);
  const kept = everythingOf(library, bo);
  const before = library.traces.ofSubject(ada.subjectId);
  expect(before).toMatchObject({ photos: 2, faces: 2, crops: 2, looks: 1, snapshots: 1, portraits: 6, jobs: 3 });

  const erased = await library.exclusively(() => library.eraseSubject(ada.subjectId, false, 9));
  expect(await hits(canaries)).toEqual([]);
  expect(erased.backupsRewritten).toBe(3);
  expect(erased.files).toBeGreaterThan(10);
  expect(erased.bytes).toBeGreaterThan(1000);
  expect(everythingOf(library, bo)).toEqual(kept);
  expect(library.facts.erasing()).toEqual([]);
  library.close();
  expect(await hits(canaries)).toEqual([]);
  // the backups are good ones, of the others
  expect((await backupFolder(folder).list()).map(({ id }) => id)).toEqual(['20261102-000000-asked', '20261101-000000']);
  const backup = new SqliteDatabase(backupFolder(folder).pathOf('20261102-000000-asked'), { readonly: true });
  expect(backup.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(backup.prepare('select name from subject order by name').pluck().all()).toEqual(['Bo', 'Cy']);
  backup.close();
});

test('a process that ends in the middle of it is made up for at the next start', async () => {
  const { library, ada } = await crowded();
  const canaries = await canariesOf(library, 'ADALOVELACE', ada);
  library.transaction(() => {
    library.subjects.remove(ada.subjectId);
    library.facts.setErasing([ada.subjectId]);
  });
  library.close();
  expect((await hits(canaries)).length).toBeGreaterThan(2);
  const again = await openLibrary(folder);
  expect(await hits(canaries)).toEqual([]);
  again.close();
});

test('portraits that are kept are all that stays, without a name', async () => {
  const { library, ada } = await crowded();
  const portraits = library.portraits.list(ada.subjectId);
  const canaries = await canariesOf(library, 'ADALOVELACE', ada);
  const keptFiles = portraits.flatMap(({ fileSha256, beforeSha256, tileSha256 }) =>
    [fileSha256, beforeSha256!, tileSha256!]);
  // settings that they were drawn with name the look by an id of nothing
  const keptWords = [ada.subjectId, ada.adapterId, ...keptFiles].map((word) => Buffer.from(word));
  const isKept = (canary: Buffer): boolean => keptWords.some((word) => canary.equals(word));
  await library.exclusively(() => library.eraseSubject(ada.subjectId, true, 9));
  expect(library.subjects.get(ada.subjectId)).toBeUndefined();
  expect(library.subjects.list().map(({ name }) => name).sort()).toEqual(['Bo', 'Cy']);
  // the pictures themselves have their bytes, and their rows the id of nobody
  expect(await hits(canaries.filter((canary) => !isKept(canary)), keptFiles)).toEqual([]);
  expect(library.portraits.list(ada.subjectId).map(({ id }) => id)).toEqual(portraits.map(({ id }) => id));
  for (const file of keptFiles) expect(await library.hasFile(file)).toBe(true);
  expect(library.jobs.list().filter(({ subjectId }) => subjectId === ada.subjectId)).toEqual([]);
  expect(library.traces.ofSubject(ada.subjectId)).toMatchObject({ photos: 0, faces: 0, looks: 0, snapshots: 0 });
  library.close();
});

test('what the disk has no room for is removed rather than kept: a backup that cannot be made anew', async () => {
  const library = await openLibrary(folder);
  const ada = await fill(library, 'ADALOVELACE');
  await library.backUp('daily', day(1));
  const canaries = await canariesOf(library, 'ADALOVELACE', ada);
  // a folder in the way of the copy's name cannot be had, so the backup is made unreadable half-way instead
  const backup = new SqliteDatabase(backupFolder(folder).pathOf('20261101-000000'));
  backup.exec('create trigger no_removal before delete on subject begin select raise(abort, \'no\'); end');
  backup.close();
  expect(await library.exclusively(() => library.eraseSubject(ada.subjectId, false, 9)))
    .toMatchObject({ backupsRewritten: 1 });
  expect(await backupFolder(folder).list()).toEqual([]);
  expect(await hits(canaries)).toEqual([]);
  library.close();
});

test('in libraries of many shapes: whoever goes, goes without a trace', async () => {
  for (let shape = 0; shape < 4; shape++) {
    await rm(folder, { recursive: true, force: true });
    const library = await openLibrary(folder);
    const people: Filled[] = [];
    const nameOf = (index: number): string => `PERSON${shape}X${index}Q`;
    for (let index = 0; index <= 1 + shape % 3; index++) {
      const second = index > 0 && shape % 2 === 1 ? people[index - 1]!.subjectId : null;
      people.push(await fill(library, nameOf(index), second));
      if ((shape + index) % 2 === 0) await library.backUp('asked', day(1 + index));
    }
    const leaving = shape % people.length;
    const canaries = await canariesOf(library, nameOf(leaving), people[leaving]!);
    await library.exclusively(() => library.eraseSubject(people[leaving]!.subjectId, false, 9));
    expect(await hits(canaries), `shape ${shape}`).toEqual([]);
    expect(library.subjects.list()).toHaveLength(people.length - 1);
    library.close();
  }
});
