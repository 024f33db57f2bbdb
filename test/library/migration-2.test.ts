// From a library of version 1 to one with three methods: every row stays, and what is new has its place.

import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AdapterId, ExportId, JobId, PackId, PreviewId, SubjectId } from '../../src-main/contract/ids.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import { migrate } from '../../src-main/library/migrate.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-migration-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const [subjectId, jobId, adapterId, drawId] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(32)) as [
  SubjectId, JobId, AdapterId, JobId];
const fileSha256 = 'e'.repeat(64);

/** What version 1 left: a subject with a look that was taught and a portrait drawn with it. */
function writeVersion1(): void {
  const database = new SqliteDatabase(join(folder, 'library.db'));
  migrate(database, 1);
  database.pragma('foreign_keys = on');
  database.exec(`
    insert into stored_file values ('${fileSha256}', 7, 'image/png');
    insert into subject values ('${subjectId}', 'Ada', 'ohwx', 'woman', 1, 1);
    insert into photo (id, subject_id, original_sha256, preview_sha256, thumbnail_sha256, file_name, width_px,
      height_px, added_at_ms) values ('${'1'.repeat(32)}', '${subjectId}', '${fileSha256}', '${fileSha256}',
      '${fileSha256}', 'a.jpg', 4, 3, 2);
    insert into job values ('${jobId}', 'teach', '${subjectId}', 'Teaching Ada',
      '{"method":"lora","settings":{"trainingSteps":9}}', 'done', 1, null, 3, 4);
    insert into job values ('${drawId}', 'create', '${subjectId}', 'Portraits', '{}', 'cancelled', 1, null, 5, 6);
    insert into job_loss values ('${jobId}', 1, 0.5), ('${jobId}', 2, 0.25);
    insert into adapter values ('${adapterId}', '${subjectId}', '${jobId}', 'Ada', 'lora', 'starter', 'Sketch', 'ohwx',
      8, 9, 5, 0.25, '{"ss_steps":"9"}', '${fileSha256}', 7);
    insert into job_item values ('${drawId}', 0, 11, '{}');
    insert into portrait values ('${'2'.repeat(32)}', '${subjectId}', '${drawId}', 0, '${adapterId}', 'starter', null,
      'a', '', 11, 8, 8, 20, 'euler', 3.0, 1.0, 0.9, 0.4, null, null, '${fileSha256}', 8, null);`);
  database.close();
}

test('every row of version 1 is there, with what is new at rest', async () => {
  writeVersion1();
  const library = await openLibrary(folder);
  expect(library.subjects.get(subjectId)).toMatchObject({ photoCount: 1, lookCount: 1, portraitCount: 1 });
  expect(library.photos.list(subjectId)).toMatchObject([{ fileName: 'a.jpg', repeats: 1 }]);
  expect(library.jobs.get(jobId)).toMatchObject({
    state: 'done', request: null, method: 'lora', trainingSteps: 9, resumeStep: null, adapterId,
  });
  expect(library.jobs.losses(jobId)).toEqual([{ step: 1, loss: 0.5 }, { step: 2, loss: 0.25 }]);
  expect(library.adapters.get(adapterId)).toMatchObject({
    method: 'lora', rank: 8, vectorCount: 0, trainingSteps: 9, bestStep: 9, settings: { rank: 8, trainingSteps: 9 },
    curve: [], metadata: { ss_steps: '9' }, likeness: 0.9,
  });
  expect(library.portraits.ofJob(drawId)).toMatchObject([{ adapterId, itemIndex: 0 }]);
  library.jobs.setState(drawId, 'paused');
  // references hold again: the subject takes all of it along
  library.subjects.remove(subjectId);
  expect([library.jobs.list(), library.adapters.get(adapterId)]).toEqual([[], undefined]);
  library.close();
});

test('a migration that loses parents is taken back', () => {
  writeVersion1();
  const database = new SqliteDatabase(join(folder, 'library.db'));
  database.pragma('foreign_keys = off');
  database.exec(`delete from subject`);
  expect(() => migrate(database)).toThrow('without their parents');
  expect(database.pragma('user_version', { simple: true })).toBe(1);
  database.close();
});

function addTeachJob(library: Library): JobId {
  library.subjects.insert({
    id: subjectId, name: 'Ada', triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1,
  });
  library.jobs.insert({ id: jobId, kind: 'teach', subjectId, title: 'Ada', parameters: '{}', createdAtMs: 1 });
  return jobId;
}

test('snapshots: one a step, at most one the best, their previews in order', async () => {
  const library = await openLibrary(folder);
  const id = addTeachJob(library);
  const put = async (step: number, isBest: boolean, pictures: readonly string[]) => {
    const previews = [];
    for (const text of pictures) {
      previews.push({ id: newId<PreviewId>(), fileSha256: await library.keepFile(Buffer.from(text), 'image/png') });
    }
    library.snapshots.put({
      jobId: id, step, loss: 1 / step, validationLoss: null, likeness: step / 10, facesFound: 1, isBest, previews,
      createdAtMs: step,
    });
    return previews.map((preview) => preview.id);
  };
  const first = await put(2, true, ['p', 'q', 'r']);
  await put(4, true, []);
  expect(library.snapshots.list(id)).toMatchObject([
    { step: 2, isBest: false, previewIds: first, likeness: 0.2 }, { step: 4, isBest: true, previewIds: [] }]);
  expect(library.jobs.get(id)?.resumeStep).toBe(4);
  library.snapshots.setBest(id, 2, true);
  expect(library.snapshots.list(id).map(({ isBest }) => isBest)).toEqual([true, false]);
  const again = await put(2, true, ['p']);
  expect(library.snapshots.get(id, 2)?.previewIds).toEqual(again);
  expect(library.snapshots.previewFile(first[0]!)).toBeUndefined();
  await library.sweep();
  expect(await library.hasFile(library.snapshots.previewFile(again[0]!)!)).toBe(true);
  library.snapshots.clear(id);
  expect(library.snapshots.list(id)).toEqual([]);
  library.close();
});

test('a large file is moved into the store, and prepared exports last until the next start', async () => {
  const library = await openLibrary(folder);
  const id = addTeachJob(library);
  await writeFile(join(folder, 'made'), 'x'.repeat(3_000_000));
  const sha256 = await library.keepFileFrom(join(folder, 'made'), 'application/octet-stream');
  expect(await readdir(folder)).not.toContain('made');
  expect((await readFile(library.pathOf(sha256))).byteLength).toBe(3_000_000);
  library.adapters.insert({
    id: adapterId, subjectId, jobId: id, name: 'Ada', method: 'dreambooth', packId: 'starter' as PackId,
    packName: 'Sketch', triggerWord: 'ohwx', rank: 0, vectorCount: 0, trainingSteps: 3, bestStep: 2, settings: {},
    photoCount: 1, finalLoss: 1, metadata: {}, fileSha256: sha256, createdAtMs: 1,
  });
  const other = await library.keepFile(Buffer.from('another form'), 'application/octet-stream');
  const exportId = newId<ExportId>();
  library.exportedFiles.insertLook({
    id: exportId, adapterId, format: 'checkpoint', precision: 'float32', fileName: 'ada.safetensors', metadata: {},
    fileSha256: other,
  });
  expect(library.exportedFiles.findLook(adapterId, 'checkpoint', 'float32'))
    .toMatchObject({ id: exportId, sizeBytes: 12 });
  library.close();
  const again = await openLibrary(folder);
  expect(again.exportedFiles.get(exportId)).toBeUndefined();
  expect([await again.hasFile(other), await again.hasFile(sha256)]).toEqual([false, true]);
  again.close();
});

test('pictures of a class belong to a model and its weights, a class and a size', async () => {
  const library = await openLibrary(folder);
  const key = { packId: 'starter' as PackId, weightsMark: 'a', classWord: 'woman', edgePx: 64 } as const;
  const sha256 = await library.keepFile(Buffer.from('a woman'), 'image/png');
  library.classImages.insert(key, 2, sha256);
  library.classImages.insert(key, 1, sha256);
  expect(library.classImages.list(key).map(({ seed }) => seed)).toEqual([1, 2]);
  expect(library.classImages.list({ ...key, classWord: 'man' })).toEqual([]);
  expect(library.classImages.list({ ...key, edgePx: 128 })).toEqual([]);
  expect(library.classImages.list({ ...key, weightsMark: 'b' })).toEqual([]);
  await library.sweep();
  expect(await library.hasFile(sha256)).toBe(true);
  // of one model only, and whatever their class and size
  library.classImages.insert({ ...key, packId: 'other' as PackId }, 1, sha256);
  library.classImages.insert({ ...key, weightsMark: 'b', classWord: 'man' }, 1, sha256);
  expect(library.classImages.removeOthers({ ...key, weightsMark: 'b' })).toBe(2);
  expect(library.classImages.list(key)).toEqual([]);
  expect(library.classImages.list({ ...key, packId: 'other' as PackId })).toHaveLength(1);
  expect(library.classImages.list({ ...key, weightsMark: 'b', classWord: 'man' })).toHaveLength(1);
  library.close();
});
