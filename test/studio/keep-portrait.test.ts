// What is kept of a drawn portrait on a real library: its nearest photo, where it came from, also when these went away
// while it was drawn.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawnPortraitSchema } from '../../src-main/contract/engine-create.ts';
import type { JobId, PackId, PhotoId, PortraitId } from '../../src-main/contract/ids.ts';
import { type CreateItem, createItemSchema, createParametersSchema } from '../../src-main/jobs/job-parameters.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import { generationDefaultsFor } from '../../src-main/packs/default-settings.ts';
import { fastDefaults } from '../../src-main/generation/fast-mode.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { groupsOf } from '../../src-main/studio/create-groups.ts';
import { createRequest, referencePhotos } from '../../src-main/studio/create-request.ts';
import { keepPortrait, portraitOf } from '../../src-main/studio/keep-portrait.ts';
import { type Filled, fill } from '../library/filled-library.ts';

let folder: string;
let library: Library;
let ada: Filled;
let context: StudioContext;
const pack = {
  id: 'starter', name: 'Sketch', checkpointPath: '/sketch', generationDefaults: generationDefaultsFor(64),
  instantDefaults: {}, lookDefaults: {}, fastDefaults, describingPhrases: [],
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-keep-'));
  library = await openLibrary(folder);
  ada = await fill(library, 'Ada');
  context = {
    library, emit: () => undefined, packs: { get: () => pack }, version: '1',
    companions: { faceNetworks: () => ({ kind: 'built-in' }) },
  } as unknown as StudioContext;
});
afterAll(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

/** Keeps one portrait of a job of its own and returns its row. */
async function kept(own: Partial<CreateItem>, nearestPhotoId: PhotoId | null) {
  const item = createItemSchema.parse({
    prompt: 'a', negativePrompt: '', styleId: null, usesAdapter: true, adapterId: ada.adapterId, ...own,
  });
  const jobId = newId<JobId>();
  library.jobs.insert({
    id: jobId, kind: 'create', subjectId: ada.subjectId, title: 'One', parameters: '{}', createdAtMs: 1,
  }, [{ itemIndex: 0, seed: 5, parameters: JSON.stringify(item) }]);
  const parameters = createParametersSchema.parse({
    packId: 'starter' as PackId, adapterId: null, settings: { samplingSteps: 9 }, referencePhotoIds: null,
  });
  const wanted = { ...item, itemIndex: 0, seed: 5 };
  const [group] = groupsOf(parameters, [wanted]);
  const drawn = drawnPortraitSchema.parse({
    kind: 'portrait', key: '0', file: '/x.png', widthPx: 64, heightPx: 64, samplingSteps: 9, sampler: 'euler',
    guidanceScale: 7, likeness: { cosine: 0.9, distance: 0.1, latentDistance: null },
  });
  const described = portraitOf({ context, job: library.jobs.get(jobId)!, parameters, group: group!, wanted }, drawn);
  await keepPortrait(context, { ...described, nearestPhotoId }, { picture: Buffer.from(jobId), before: null });
  return library.portraits.get(described.id)!;
}

test('references lie in the request in the order in which the nearest one is told', () => {
  const parameters = createParametersSchema.parse({
    packId: 'starter', adapterId: null, settings: {}, referencePhotoIds: null,
  });
  const item = createItemSchema.parse({ prompt: 'a', negativePrompt: '', styleId: null, usesAdapter: false });
  const [group] = groupsOf(parameters, [{ ...item, itemIndex: 0, seed: 1 }]);
  const { references } = createRequest(context, {
    subjectId: ada.subjectId, parameters, pack: pack as never, group: group!, outputFolder: folder,
  });
  const photos = referencePhotos(library.photos.list(ada.subjectId), null);
  expect(photos).toHaveLength(2);
  expect(references.map(({ file }) => file)).toEqual(photos.map(({ cropSha256 }) => library.pathOf(cropSha256!)));
});

test('the nearest photo, the look and the settings of its own are kept with a portrait', async () => {
  expect(await kept({ settings: { widthPx: 128 } }, ada.photoIds[1]!)).toMatchObject({
    nearestPhotoId: ada.photoIds[1], adapterId: ada.adapterId, adapterStrength: 1, origin: null, variation: null,
    settings: { widthPx: 128, heightPx: 64, samplingSteps: 9 },
  });
});

test('what went away while it was drawn is not named, and the portrait is kept all the same', async () => {
  const gone = { portraitId: newId<PortraitId>(), how: 'varied' as const };
  const variation = { seed: 3, strength: 0.2, earlier: [{ seed: 4, strength: 0.1 }] };
  expect(await kept({ origin: gone, variation }, newId<PhotoId>())).toMatchObject({
    nearestPhotoId: null, origin: null, variation,
  });
});

test('one that was enlarged twice says how far in all, at most as far as settings can', async () => {
  // the library's own portraits were drawn with an upscale of 2
  const origin = { portraitId: ada.portraitIds[0]!, how: 'upscaled' as const };
  expect((await kept({ origin, settings: { upscale: 1.5 } }, null)).settings.upscale).toBe(3);
  expect((await kept({ origin, settings: { upscale: 4 } }, null)).settings.upscale).toBe(4);
});
