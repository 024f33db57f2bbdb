// The gallery's commands over a real library: what they answer, what they tell the page, what they refuse.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobId, PackId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { galleryCommands } from '../../src-main/studio/gallery.ts';
import { portraitFilterSchema } from '../../src-main/contract/gallery.ts';

let folder: string;
let library: Library;
let commands: ReturnType<typeof galleryCommands>;
let events: StudioEvent[] = [];
const subjectId = newId<SubjectId>();
const portraitIds: PortraitId[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-gallery-commands-'));
  library = await openLibrary(folder);
  library.subjects.insert({
    id: subjectId, name: 'Ada', triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1,
  });
  const jobId = newId<JobId>();
  library.jobs.insert({ id: jobId, kind: 'create', subjectId, title: '', parameters: '{}', createdAtMs: 1 },
    [0, 1, 2].map((itemIndex) => ({ itemIndex, seed: itemIndex, parameters: '{}' })));
  const fileSha256 = await library.keepFile(Buffer.from('picture'), 'image/png');
  for (const itemIndex of [0, 1, 2]) {
    const id = newId<PortraitId>();
    portraitIds.push(id);
    library.portraits.insert({
      id, subjectId, jobId, itemIndex, adapterId: null, packId: 'starter' as PackId, styleId: null, prompt: 'portrait',
      negativePrompt: '', seed: itemIndex, widthPx: 128, heightPx: 128, samplingSteps: 20, sampler: 'euler',
      guidanceScale: 3, adapterStrength: 1, likeness: { cosine: 0.5, distance: 1, latentDistance: null },
      instantly: null, second: null, facePoints: null, isFaceRedrawn: false, beforeSha256: null, settings: {},
      createdAtMs: itemIndex, fileSha256,
    });
  }
  // the commands need the library, a way to tell, and who measures likeness
  const companions = { faceNetworks: () => ({ kind: 'built-in' }) } as unknown as StudioContext['companions'];
  const emit = (event: StudioEvent): void => void events.push(event);
  commands = galleryCommands({ library, emit, companions } as unknown as StudioContext);
});

afterAll(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

const filter = portraitFilterSchema.parse({ subjectId });
const ids = (portraits: readonly { id: PortraitId }[]): PortraitId[] => portraits.map(({ id }) => id);

test('page, layout and ids speak of the same portraits in the same order', async () => {
  const [a, b, c] = portraitIds as [PortraitId, PortraitId, PortraitId];
  const page = await commands['portraits.page']({ filter, sort: 'newest', offset: 1, limit: 5 });
  expect(ids(page.portraits)).toEqual([b, a]);
  expect(page.total).toBe(3);
  expect(await commands['portraits.layout']({ filter, sort: 'newest' }))
    .toEqual({ runs: [{ count: 3, aspect: 1 }], total: 3 });
  expect(await commands['portraits.ids']({ filter, sort: 'oldest', offset: 0, limit: 2 }))
    .toEqual({ portraitIds: [a, b], total: 3 });
  expect(ids(await commands['portraits.get']({ portraitIds: [c, newId<PortraitId>()] }))).toEqual([c]);
});

test('marking tells what each portrait is now; one that is gone refuses all', async () => {
  events = [];
  await commands['portraits.mark']({ portraitIds: portraitIds.slice(0, 2), rating: 4, flag: 'pick' });
  expect(events).toMatchObject(portraitIds.slice(0, 2).map((id) => (
    { type: 'portrait-changed', portrait: { id, rating: 4, flag: 'pick' } })));
  const gone = async (): Promise<unknown> =>
    commands['portraits.mark']({ portraitIds: [portraitIds[2]!, newId<PortraitId>()], rating: 1 });
  await expect(gone()).rejects.toMatchObject({ code: 'portraits.unknown' });
  expect(library.portraits.get(portraitIds[2]!)?.rating).toBe(0);
});

test('what is moved to the trash and back is told, with how many are left', async () => {
  events = [];
  await commands['portraits.remove']({ portraitIds: [portraitIds[0]!], restore: false });
  expect(events).toMatchObject([
    { type: 'portrait-removed', portraitId: portraitIds[0] },
    { type: 'subject-changed', subject: { portraitCount: 2 } },
  ]);
  events = [];
  await commands['portraits.remove']({ portraitIds: [portraitIds[0]!], restore: true });
  expect(events).toMatchObject([
    { type: 'portrait-added', portrait: { id: portraitIds[0], rating: 4 } },
    { type: 'subject-changed', subject: { portraitCount: 3 } },
  ]);
});
