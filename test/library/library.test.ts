// The library: pragmas that survive power cuts, files that survive crashes, rows that belong together.

import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FacePointsInPicture } from '../../src-main/contract/faces.ts';
import type { AdapterId, JobId, PackId, PhotoId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import { openDatabase } from '../../src-main/library/database.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import { newestVersion } from '../../src-main/library/migrate.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-library-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const nominalPoints = [0.4, 0.6, 0.5, 0.42, 0.58].map((x, i) => ({ x, y: 0.4 + 0.05 * i })) as unknown as
  FacePointsInPicture;

async function addSubject(library: Library): Promise<SubjectId> {
  const id = newId<SubjectId>();
  library.subjects.insert({
    id, name: 'Ada', triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1,
  });
  return id;
}

async function addPhoto(library: Library, subjectId: SubjectId, content: string): Promise<PhotoId> {
  const sha256 = await library.keepFile(Buffer.from(content), 'image/jpeg');
  const id = newId<PhotoId>();
  library.photos.insert({
    id, subjectId, originalSha256: sha256, previewSha256: sha256, thumbnailSha256: sha256, fileName: 'ada.jpg',
    widthPx: 640, heightPx: 480, addedAtMs: 2,
  });
  return id;
}

function addCreateJob(library: Library, subjectId: SubjectId, seeds: readonly number[]): JobId {
  const id = newId<JobId>();
  library.jobs.insert(
    { id, kind: 'create', subjectId, title: 'Portraits', parameters: '{}', createdAtMs: 3 },
    seeds.map((seed, itemIndex) => ({ itemIndex, seed, parameters: '{}' })));
  return id;
}

async function addPortrait(library: Library, subjectId: SubjectId, jobId: JobId, itemIndex: number) {
  const fileSha256 = await library.keepFile(Buffer.from(`portrait ${itemIndex}`), 'image/png');
  const id = newId<PortraitId>();
  library.portraits.insert({
    id, subjectId, jobId, itemIndex, adapterId: null, packId: 'starter' as PackId, styleId: null, prompt: 'a',
    negativePrompt: '', seed: itemIndex, widthPx: 128, heightPx: 128, samplingSteps: 20, sampler: 'euler',
    guidanceScale: 3, adapterStrength: 0, likeness: { cosine: 0.5, distance: 1, latentDistance: null },
    instantly: null, second: null, facePoints: null, isFaceRedrawn: false, beforeSha256: null, settings: {},
    createdAtMs: 4, fileSha256,
  });
  return id;
}

test('every connection syncs each commit, checks references and overwrites what it deletes', () => {
  const database = openDatabase(join(folder, 'library.db'));
  const read = (name: string): unknown => database.pragma(name, { simple: true });
  expect(read('journal_mode')).toBe('wal');
  expect(read('synchronous')).toBe(2);
  expect(read('foreign_keys')).toBe(1);
  expect(read('secure_delete')).toBe(1);
  expect(read('trusted_schema')).toBe(0);
  expect(read('user_version')).toBe(newestVersion);
  database.close();
  // on the second opening the file is in WAL already, which is where better-sqlite3 falls to NORMAL
  const again = openDatabase(join(folder, 'library.db'));
  expect(again.pragma('synchronous', { simple: true })).toBe(2);
  again.close();
});

test('every table is strict', () => {
  const database = openDatabase(join(folder, 'library.db'));
  const tables = database.pragma('table_list') as { schema: string; name: string; type: string; strict: number }[];
  const own = tables.filter((table) => table.type === 'table' && !table.name.startsWith('sqlite_'));
  expect(own.length).toBeGreaterThan(8);
  expect(own.filter((table) => table.strict !== 1)).toEqual([]);
  database.close();
});

test('migration 1 makes the tables from an empty file', () => {
  new SqliteDatabase(join(folder, 'library.db')).close();
  const database = openDatabase(join(folder, 'library.db'));
  const names = database.prepare<[], { name: string }>("select name from sqlite_schema where type = 'table'").all();
  expect(names.map((row) => row.name)).toEqual(expect.arrayContaining(
    ['subject', 'photo', 'face_embedding', 'adapter', 'portrait', 'job', 'job_item', 'job_loss', 'stored_file']));
  database.close();
});

test('a library of a newer Likeness is refused and not touched', async () => {
  const raw = new SqliteDatabase(join(folder, 'library.db'));
  raw.pragma('user_version = 999');
  raw.close();
  const before = await readFile(join(folder, 'library.db'));
  await expect(openLibrary(folder)).rejects.toMatchObject({ code: 'library.newer' });
  expect(await readFile(join(folder, 'library.db'))).toEqual(before);
});

test('a library that is open elsewhere is refused', async () => {
  const library = await openLibrary(folder);
  await expect(openLibrary(folder)).rejects.toMatchObject({ code: 'library.in-use' });
  library.close();
  (await openLibrary(folder)).close();
});

test('a file that is no database is refused with what is safe', async () => {
  await writeFile(join(folder, 'library.db'), 'x'.repeat(8192));
  await expect(openLibrary(folder)).rejects.toMatchObject({ code: 'library.broken' });
});

test('a folder that cannot be written to is told', async () => {
  await writeFile(join(folder, 'a-file'), '');
  await expect(openLibrary(join(folder, 'a-file'))).rejects.toMatchObject({ code: 'library.not-writable' });
  await mkdir(join(folder, 'library.db'));
  await expect(openLibrary(folder)).rejects.toMatchObject({ code: 'library.not-writable' });
});

test('what a crash left behind is swept at the next opening, and what rows speak of stays', async () => {
  const library = await openLibrary(folder);
  const subjectId = await addSubject(library);
  await addPhoto(library, subjectId, 'kept');
  const orphan = await library.keepFile(Buffer.from('its row was never written'), 'image/png');
  await writeFile(join(folder, 'files', orphan.slice(0, 2), '.part-0123456789abcdef'), 'half a file');
  library.close();

  const again = await openLibrary(folder);
  expect(await again.readFile(orphan)).toBeUndefined();
  expect(await readdir(join(folder, 'files', orphan.slice(0, 2)))).toEqual([]);
  const [photo] = again.photos.list(subjectId);
  expect((await again.readFile(photo!.originalSha256))?.bytes.toString()).toBe('kept');
  again.close();
});

test('the same bytes are kept once', async () => {
  const library = await openLibrary(folder);
  const first = await library.keepFile(Buffer.from('same'), 'image/png');
  expect(await library.keepFile(Buffer.from('same'), 'image/png')).toBe(first);
  expect(await readdir(join(folder, 'files', first.slice(0, 2)))).toEqual([first]);
  library.close();
});

test('a link in place of a stored file is not followed', async () => {
  const library = await openLibrary(folder);
  const sha256 = await library.keepFile(Buffer.from('real'), 'image/png');
  const secret = join(folder, 'secret.txt');
  await writeFile(secret, 'secret');
  await rm(library.pathOf(sha256));
  await symlink(secret, library.pathOf(sha256));
  expect(await library.readFile(sha256)).toBeUndefined();
  library.close();
});

test('removing a subject removes its rows and files, and its embeddings leave no trace on disk', async () => {
  const library = await openLibrary(folder);
  const subjectId = await addSubject(library);
  const photoId = await addPhoto(library, subjectId, 'private');
  const faceEmbedding = new Float32Array(new Uint8Array(Buffer.from('EMBEDDING-MARKER'.repeat(8))).buffer);
  library.photos.setAnalysis(photoId, {
    cropSha256: null, faceBox: { x: 0, y: 0, width: 1, height: 1 }, faceCount: 1,
    verdict: { grade: 'good', reasonCodes: [], reason: '', hint: '', actions: [] }, details: [], faceEmbedding,
    faces: [{ box: { x: 0, y: 0, width: 1, height: 1 }, score: 1, points: nominalPoints, embedding: faceEmbedding }],
    faceIndex: 0, isFaceChosen: false, facePoints: nominalPoints, measures: null, pictureHash: '0'.repeat(16),
    analyzedBy: 'built-in',
  });
  expect(library.photos.get(photoId)?.faces[0]?.embedding).toEqual(faceEmbedding);
  expect(library.photos.get(photoId)?.faceEmbedding).toEqual(faceEmbedding);
  const sha256 = library.photos.get(photoId)!.originalSha256;

  expect(library.subjects.remove(subjectId)).toBe(true);
  await library.sweep();
  expect(library.photos.get(photoId)).toBeUndefined();
  expect(await library.readFile(sha256)).toBeUndefined();
  library.close();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    expect((await readFile(join(entry.parentPath, entry.name))).includes('EMBEDDING-MARKER')).toBe(false);
  }
});

test('an item of a job gets one portrait and no second', async () => {
  const library = await openLibrary(folder);
  const subjectId = await addSubject(library);
  const jobId = addCreateJob(library, subjectId, [7, 8, 9]);
  await addPortrait(library, subjectId, jobId, 1);
  expect(library.jobs.itemsToDo(jobId).map((item) => item.seed)).toEqual([7, 9]);
  await expect(addPortrait(library, subjectId, jobId, 1)).rejects.toThrow(/UNIQUE/);
  expect(library.jobs.get(jobId)).toMatchObject({ items: 3, itemsDone: 1 });
  library.close();
});

test('a removed portrait comes back with undo and is gone after the next start', async () => {
  const library = await openLibrary(folder);
  const subjectId = await addSubject(library);
  const jobId = addCreateJob(library, subjectId, [1, 2]);
  const first = await addPortrait(library, subjectId, jobId, 0);
  const second = await addPortrait(library, subjectId, jobId, 1);
  library.portraits.setRemoved(first, 10);
  library.portraits.setRemoved(second, 10);
  library.portraits.setRemoved(first, null);
  expect(library.portraits.list(subjectId).map((portrait) => portrait.id)).toEqual([first]);
  library.close();
  const again = await openLibrary(folder);
  expect(again.portraits.get(second)).toBeUndefined();
  expect(again.portraits.get(first)?.likeness).toMatchObject({ cosine: 0.5, distance: 1, latentDistance: null });
  // it says nothing of attention guidance, so there was none, whatever its model draws with now
  expect(again.portraits.get(first)?.settings).toEqual({ attentionGuidanceScale: 0 });
  again.close();
});

test('a look knows its size, its likeness and its best portrait', async () => {
  const library = await openLibrary(folder);
  const subjectId = await addSubject(library);
  const jobId = newId<JobId>();
  library.jobs.insert({ id: jobId, kind: 'teach', subjectId, title: 'Ada', parameters: '{}', createdAtMs: 1 });
  const id = newId<AdapterId>();
  const fileSha256 = await library.keepFile(Buffer.from('twelve bytes'), 'application/octet-stream');
  library.adapters.insert({
    id, subjectId, jobId, name: 'Ada', method: 'lora', packId: 'starter' as PackId, packName: 'Sketch',
    triggerWord: 'ohwx', rank: 8, vectorCount: 0, trainingSteps: 100, bestStep: 80, settings: { rank: 8 },
    photoCount: 5, finalLoss: 0.1, metadata: { a: 'b' },
    fileSha256, createdAtMs: 5,
  });
  expect(library.adapters.ofJob(jobId)).toMatchObject({ id, sizeBytes: 12, likeness: null, metadata: { a: 'b' } });
  expect(library.jobs.get(jobId)?.adapterId).toBe(id);
  expect(library.subjects.get(subjectId)?.lookCount).toBe(1);
  library.close();
});

test('settings keep what was set and fall back when a value no longer fits', async () => {
  const library = await openLibrary(folder);
  expect(library.settings.set({ theme: 'light' })).toMatchObject({ theme: 'light', language: 'en' });
  library.close();
  const raw = new SqliteDatabase(join(folder, 'library.db'));
  raw.prepare("update setting set value = 'plaid'").run();
  raw.close();
  const again = await openLibrary(folder);
  expect(again.settings.get().theme).toBe('dark');
  again.close();
});

test('a folder that is not there yet is made', async () => {
  const deep = join(folder, 'a', 'b');
  (await openLibrary(deep)).close();
  expect(await readdir(deep)).toContain('library.db');
});
