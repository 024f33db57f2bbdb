// From a library of version 4 to one with instant portraits: every portrait stays, and what is new comes back whole.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FacePointsInPicture } from '../../src-main/contract/faces.ts';
import type { AdapterId, JobId, PackId, PhotoId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import { migrate } from '../../src-main/library/migrate.ts';
import type { NewPortrait } from '../../src-main/library/portraits.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-migration-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const [ada, bo, drawId, portraitId] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(32)) as [
  SubjectId, SubjectId, JobId, PortraitId];
const fileSha256 = 'e'.repeat(64);
const points = [0.4, 0.6, 0.5, 0.42, 0.58].map((x, i) => ({ x, y: 0.4 + i / 100 })) as FacePointsInPicture;

/** What version 4 left: a subject with a portrait. */
function writeVersion4(): void {
  const database = new SqliteDatabase(join(folder, 'library.db'));
  migrate(database, 4);
  database.pragma('foreign_keys = on');
  database.exec(`
    insert into stored_file values ('${fileSha256}', 7, 'image/png');
    insert into subject values ('${ada}', 'Ada', 'ohwx', 'woman', 1, 1);
    insert into job (id, kind, subject_id, title, parameters, state, created_at_ms)
      values ('${drawId}', 'create', '${ada}', 'Portraits', '{}', 'done', 5);
    insert into job_item values ('${drawId}', 0, 11, '{}');
    insert into portrait values ('${portraitId}', '${ada}', '${drawId}', 0, null, 'starter', null,
      'a', '', 11, 8, 8, 20, 'euler', 3.0, 1.0, 0.9, 0.4, null, null, '${fileSha256}', 8, null);`);
  database.close();
}

test('a portrait of version 4 is there, with what is new at rest', async () => {
  writeVersion4();
  const library = await openLibrary(folder);
  expect(library.portraits.get(portraitId)).toMatchObject({
    id: portraitId, likeness: { cosine: 0.9, distance: 0.4, level: null }, instantly: null, second: null,
    facePoints: null, isFaceRedrawn: false, hasBefore: false, beforeSha256: null, settings: {},
  });
  expect(library.portraits.get(portraitId)!.likeness).not.toHaveProperty('engine');
  // references hold: the subject takes it along
  library.subjects.remove(ada);
  expect(library.portraits.get(portraitId)).toBeUndefined();
  library.close();
});

function addSubject(library: Library, id: SubjectId, name: string): void {
  library.subjects.insert({ id, name, triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1 });
}

function addDrawing(library: Library, subjectId: SubjectId, second: SubjectId | null): JobId {
  const id = newId<JobId>();
  const parameters = JSON.stringify({ second: second && { subjectId: second } });
  library.jobs.insert({ id, kind: 'create', subjectId, title: 'Portraits', parameters, createdAtMs: 1 }, [
    { itemIndex: 0, seed: 1, parameters: '{}' }, { itemIndex: 1, seed: 2, parameters: '{}' }]);
  return id;
}

async function addPortrait(library: Library, rest: Partial<NewPortrait> & Pick<NewPortrait, 'jobId'>) {
  const id = newId<PortraitId>();
  const portrait: NewPortrait = {
    id, subjectId: ada, itemIndex: 0, adapterId: null, packId: 'starter' as PackId, styleId: null, prompt: 'a',
    negativePrompt: '', seed: 1, widthPx: 8, heightPx: 8, samplingSteps: 2, sampler: 'euler', guidanceScale: 3,
    adapterStrength: 0, likeness: { cosine: 0.5, distance: 1, latentDistance: null }, instantly: null, second: null,
    facePoints: null, isFaceRedrawn: false, beforeSha256: null, settings: {}, createdAtMs: 4,
    fileSha256: await library.keepFile(Buffer.from(`portrait ${id}`), 'image/png'), ...rest,
  };
  library.portraits.insert(portrait);
  return portrait;
}

test('everything of an instant portrait of two comes back, and the picture from before goes with it', async () => {
  const library = await openLibrary(folder);
  addSubject(library, ada, 'Ada');
  addSubject(library, bo, 'Bo');
  const jobId = addDrawing(library, ada, bo);
  const beforeSha256 = await library.keepFile(Buffer.from('before'), 'image/png');
  const kept = await addPortrait(library, {
    jobId, beforeSha256, facePoints: points, isFaceRedrawn: true, settings: { upscale: 2, facePass: 'auto' },
    likeness: {
      cosine: 0.9, distance: 0.3, latentDistance: 1, placeCosine: null, engine: 'antelopev2', level: 'as-two-photos',
    },
    instantly: { pose: { kind: 'points', points }, facePhotoIds: ['f'.repeat(32) as PhotoId] },
    second: {
      subjectId: bo, adapterId: null, likeness: { cosine: 0.8, distance: 1, latentDistance: null, level: 'some' },
    },
  });
  expect(library.portraits.get(kept.id)).toMatchObject({ ...kept, hasBefore: true });
  await library.sweep();
  expect(await library.hasFile(beforeSha256)).toBe(true);
  library.portraits.setRemoved(kept.id, 9);
  library.portraits.emptyTrash();
  await library.sweep();
  expect(await library.hasFile(beforeSha256)).toBe(false);
  library.close();
});

test('the second person has the portrait too, and takes it and its batch along', async () => {
  const library = await openLibrary(folder);
  addSubject(library, ada, 'Ada');
  addSubject(library, bo, 'Bo');
  const [shared, alone] = [addDrawing(library, ada, bo), addDrawing(library, ada, null)];
  const likeness = { cosine: null, distance: null, latentDistance: null };
  const both = await addPortrait(library, { jobId: shared, second: { subjectId: bo, adapterId: null, likeness } });
  const twin = await addPortrait(library, { jobId: shared, itemIndex: 1, createdAtMs: 3 });
  const own = await addPortrait(library, { jobId: alone, createdAtMs: 2 });
  const idsOf = (subjectId: SubjectId) => library.portraits.list(subjectId).map(({ id }) => id);
  expect(idsOf(bo)).toEqual([both.id]);
  expect(idsOf(ada)).toEqual([both.id, twin.id, own.id]);
  expect(library.subjects.get(bo)?.portraitCount).toBe(1);
  expect(library.jobs.withSecond(bo).map(({ id }) => id)).toEqual([shared]);
  expect(library.subjects.remove(bo)).toBe(true);
  expect(idsOf(ada)).toEqual([own.id]);
  expect(library.jobs.get(shared)).toBeUndefined();
  await library.sweep();
  expect(await Promise.all([both, twin, own].map(({ fileSha256: file }) => library.hasFile(file))))
    .toEqual([false, false, true]);
  library.close();
});

test('a look counts by what it does without a face that is given', async () => {
  const library = await openLibrary(folder);
  addSubject(library, ada, 'Ada');
  const jobId = addDrawing(library, ada, null);
  const adapterId = newId<AdapterId>();
  library.adapters.insert({
    id: adapterId, subjectId: ada, jobId, name: 'Ada', method: 'lora', packId: 'starter' as PackId, packName: 'Sketch',
    triggerWord: 'ohwx', rank: 4, vectorCount: 0, trainingSteps: 3, bestStep: 2, settings: {}, photoCount: 1,
    finalLoss: 1, metadata: {}, fileSha256: await library.keepFile(Buffer.from('look'), 'application/octet-stream'),
    createdAtMs: 1,
  });
  const given = { jobId, adapterId, adapterStrength: 1 };
  await addPortrait(library, { ...given, likeness: { cosine: 0.4, distance: 1, latentDistance: null } });
  await addPortrait(library, {
    ...given, itemIndex: 1, likeness: { cosine: 0.9, distance: 1, latentDistance: null },
    instantly: { pose: { kind: 'none' } },
  });
  expect(library.adapters.get(adapterId)?.likeness).toBe(0.4);
  library.close();
});
