// What a portrait was asked for comes out of the job that drew it: whose part was whose, the pose, the picture it
// started from; nothing where the job says it otherwise, and nobody beside a portrait drawn alone for comparison.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import { commands } from '../../src-main/contract/studio.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { recipeCommands } from '../../src-main/studio/recipe.ts';
import { type Filled, fill } from '../library/filled-library.ts';

let folder: string;
let library: Library;
let ada: Filled;
let bo: Filled;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-recipe-'));
  library = await openLibrary(path.join(folder, 'library'));
  bo = await fill(library, 'Bo');
  ada = await fill(library, 'Ada', bo.subjectId);
});

afterAll(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

/** The answer as it leaves the studio. */
function recipeOf(portraitId: PortraitId) {
  const { 'portraits.recipe': answer } = recipeCommands({ library } as StudioContext);
  return commands['portraits.recipe'].response.parse(answer({ portraitId }));
}

/** A portrait like one that there is, of a job with these parameters. */
function drawnBy(parameters: object, second: SubjectId | null): PortraitId {
  const [jobId, id] = [newId<JobId>(), newId<PortraitId>()];
  library.jobs.insert({
    id: jobId, kind: 'create', subjectId: ada.subjectId, title: 'Portraits', createdAtMs: 7,
    parameters: JSON.stringify({
      packId: 'starter', adapterId: null, settings: {}, referencePhotoIds: null, ...parameters,
    }),
  }, [{ itemIndex: 0, seed: 1, parameters: '{}' }]);
  const like = library.portraits.get(ada.portraitIds[0]!)!;
  library.portraits.insert({
    ...like, id, jobId, itemIndex: 0, second: second && { subjectId: second, adapterId: null, likeness: like.likeness },
  });
  return id;
}

test('mask and pose of the second person and the start picture come back, without the photos of their face', () => {
  const mask = { columns: 2, rows: 1, values: [0, 1] };
  const pose = { kind: 'none' };
  const start = { source: { photoId: ada.photoIds[0]! }, strength: 0.4 };
  const second = { subjectId: bo.subjectId, adapterId: bo.adapterId, mask, pose };
  const parameters = { start, second: { ...second, facePhotoIds: bo.photoIds, referencePhotoIds: bo.photoIds } };
  expect(recipeOf(drawnBy(parameters, bo.subjectId))).toEqual({ start, second });
  // its twin without them was drawn alone
  expect(recipeOf(drawnBy(parameters, null))).toEqual({ start, second: null });
});

test('a job that says it otherwise gives nothing, and a portrait that there is not is refused', () => {
  expect(recipeOf(ada.portraitIds[0]!)).toEqual({ start: null, second: null });
  expect(() => recipeOf(newId<PortraitId>())).toThrow(expect.objectContaining({ code: 'portraits.unknown' }));
});
