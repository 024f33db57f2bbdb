// What a run learns from is written down when it begins, and holds when it goes on.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { datasetOf } from '../../src-main/studio/teach-dataset.ts';
import type { TeachSources } from '../../src-main/studio/teach-request.ts';
import { type Filled, fill } from '../library/filled-library.ts';

let folder: string;
let library: Library;
let ada: Filled;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-dataset-'));
  library = await openLibrary(folder);
  ada = await fill(library, 'Ada');
});
afterEach(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

/** As the run would be planned now: the first photo is learned, the second one held out. */
function planned(): TeachSources {
  const [learned, heldOut] = ada.photoIds.map((id) => library.photos.get(id)!);
  return { photos: [learned!], heldOut: [heldOut!] } as unknown as TeachSources;
}

function begin(goesOn: boolean): Promise<TeachSources> {
  return datasetOf({ library } as StudioContext, library.jobs.get(ada.teachId)!, planned(), goesOn);
}

test('a run that goes on learns the same photos in the same words, whatever was changed', async () => {
  const first = await begin(false);
  expect(first).toEqual(planned());
  expect(library.datasets.get(ada.teachId)?.photos).toMatchObject([
    { photoId: ada.photoIds[0], caption: 'photo of Ada', repeats: 2, isHeldOut: false, details: ['grey background'] },
    { photoId: ada.photoIds[1], repeats: 3, isHeldOut: true },
  ]);
  library.photos.setCaption(ada.photoIds[0]!, 'another caption');
  library.photos.setRepeats(ada.photoIds[0]!, 9);
  const goingOn = await begin(true);
  expect(goingOn.photos).toMatchObject([{ caption: 'photo of Ada', repeats: 2 }]);
  expect(goingOn).toEqual(first);
  // a run that begins anew takes what is there now
  expect((await begin(false)).photos).toMatchObject([{ caption: 'another caption', repeats: 9 }]);
  expect(library.datasets.get(ada.teachId)?.photos[0]).toMatchObject({ caption: 'another caption', repeats: 9 });
});

test('the dataset outlives the database, and a job from before there were any begins one', async () => {
  await begin(false);
  const kept = library.datasets.get(ada.teachId);
  library.close();
  await rm(join(folder, 'library.db'));
  library = await openLibrary(folder);
  expect(library.datasets.get(ada.teachId)).toEqual(kept);
  expect(library.datasets.get(ada.createId)).toBeUndefined();
  expect(await begin(true)).toEqual(planned());
});
