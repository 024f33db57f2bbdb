// From a library of version 2 to one that knows every face of a photo: what was known stays, and the photo is looked at
// again for what was not.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FacePointsInPicture, PhotoMeasures, Verdict } from '../../src-main/contract/faces.ts';
import type { PhotoId, SubjectId } from '../../src-main/contract/ids.ts';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import { migrate } from '../../src-main/library/migrate.ts';
import type { FoundFace, PhotoAnalysis } from '../../src-main/library/photos.ts';

const subjectId = 'a'.repeat(32) as SubjectId;
const [first, second] = ['1', '2'].map((digit) => digit.repeat(32)) as [PhotoId, PhotoId];
const fileSha256 = 'e'.repeat(64);
const oldEmbedding = Float32Array.of(0.5, -0.25, 1);

let folder: string;
let library: Library;

/** What version 2 left: two photos of a subject, one of them analyzed. */
function writeVersion2(): void {
  const database = new SqliteDatabase(join(folder, 'library.db'));
  migrate(database, 2);
  database.exec(`
    insert into stored_file values ('${fileSha256}', 7, 'image/png'), ('${'f'.repeat(64)}', 7, 'image/png');
    insert into subject values ('${subjectId}', 'Ada', 'ohwx', 'woman', 1, 1);`);
  const insert = database.prepare(`
    insert into photo (id, subject_id, original_sha256, preview_sha256, thumbnail_sha256, crop_sha256, file_name,
      width_px, height_px, added_at_ms, face_box, face_count, grade, reason_codes, reason, user_choice, repeats)
    values (?, '${subjectId}', ?, '${fileSha256}', '${fileSha256}', ?, ?, 4, 3, ?, ?, ?, ?, ?, ?, ?, 3)`);
  insert.run(first, fileSha256, fileSha256, 'a.jpg', 1, '{"x":0.1,"y":0.2,"width":0.3,"height":0.4}', 2, 'usable',
    '["several-faces"]', '2 faces: the largest is taken', 'use');
  insert.run(second, 'f'.repeat(64), null, 'b.jpg', 2, null, 0, 'waiting', '[]', '', null);
  database.prepare('insert into face_embedding values (?, ?)').run(first, Buffer.from(oldEmbedding.buffer));
  database.close();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-migration-'));
  writeVersion2();
  library = await openLibrary(folder);
});
afterEach(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

test('what version 2 knew of a photo stays, and no analysis of now is claimed', () => {
  const [analyzed, waiting] = library.photos.list(subjectId);
  expect(analyzed).toMatchObject({
    id: first, faceBox: { x: 0.1, width: 0.3 }, faceCount: 2, faces: [], faceIndex: null, isFaceChosen: false,
    facePoints: null, measures: null, pictureHash: '', sameAsPhotoId: null, analyzedBy: null, userChoice: 'use',
    repeats: 3, faceEmbedding: oldEmbedding, embeddingEngine: 'built-in',
    verdict: { grade: 'usable', reasonCodes: ['several-faces'], hint: '', actions: [] },
  });
  expect(analyzed!.ownVerdict).toEqual(analyzed!.verdict);
  expect(waiting).toMatchObject({ id: second, verdict: { grade: 'waiting' }, embeddingEngine: null, analyzedBy: null });
});

const points = (shift: number) => Array.from({ length: 5 }, (_, i) => ({ x: 0.1 * i + shift, y: 0.1 })) as unknown as
  FacePointsInPicture;
const face = (shift: number, embedding: Float32Array | null): FoundFace =>
  ({ box: { x: shift, y: 0, width: 0.2, height: 0.2 }, score: 0.75, points: points(shift), embedding });
const verdict: Verdict = {
  grade: 'usable', reasonCodes: ['turned'], reason: 'turned', hint: 'Look here.', actions: ['choose-face', 'leave-out'],
};
const measures: PhotoMeasures = {
  facePx: 90, sharpness: 0.2, brightness: 100, darkShare: 0, brightShare: 0.1, yawDegrees: 50, pitchDegrees: -3,
  rollDegrees: 2, occlusions: ['eyes', 'edge'],
};
const analysis: PhotoAnalysis = {
  cropSha256: fileSha256, faceBox: face(0.5, null).box, faceCount: 2, faceIndex: 1, isFaceChosen: false,
  faces: [face(0.1, Float32Array.of(1, 2)), face(0.5, null)], facePoints: points(0.5), measures,
  pictureHash: '0123456789abcdef', verdict, details: ['grey background'], faceEmbedding: Float32Array.of(3, 4),
  analyzedBy: 'antelopev2',
};

test('an analysis is kept whole, and replaced whole', () => {
  library.photos.setAnalysis(first, analysis);
  const { analyzedBy, ...kept } = analysis;
  expect(library.photos.get(first)).toMatchObject({
    ...kept, analyzedBy, embeddingEngine: 'antelopev2', ownVerdict: verdict, repeats: 3, userChoice: 'use',
  });
  library.photos.setAnalysis(first, {
    ...analysis, faces: [face(0.2, null)], faceIndex: null, faceEmbedding: null, analyzedBy: 'built-in',
  });
  expect(library.photos.list(subjectId)[0]).toMatchObject({
    faces: [face(0.2, null)], faceIndex: null, faceEmbedding: null, embeddingEngine: null,
  });
});

test('what all photos say of one stands beside what it says alone', () => {
  library.photos.setAnalysis(first, analysis);
  const together: Verdict = { ...verdict, grade: 'left-out', reasonCodes: ['near-duplicate'] };
  library.photos.setJudgement(first, { verdict: together, sameAsPhotoId: second });
  expect(library.photos.get(first)).toMatchObject({ verdict: together, ownVerdict: verdict, sameAsPhotoId: second });
  library.photos.setAnalysis(first, analysis);
  expect(library.photos.get(first)).toMatchObject({ verdict, sameAsPhotoId: null });
});

test('a photo whose face is chosen waits with that face and without the crop of another', () => {
  library.photos.setAnalysis(first, analysis);
  library.photos.chooseFace(first, 0);
  expect(library.photos.get(first)).toMatchObject({
    faceIndex: 0, isFaceChosen: true, faceBox: { x: 0.1 }, facePoints: points(0.1), cropSha256: null, measures: null,
    faceEmbedding: null, verdict: { grade: 'waiting', reasonCodes: [], actions: [] }, userChoice: 'use',
  });
  library.photos.chooseFace(first, null);
  expect(library.photos.get(first)).toMatchObject({ faceIndex: null, isFaceChosen: false, faceBox: null });
});
