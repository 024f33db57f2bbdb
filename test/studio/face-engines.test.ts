// Face engines through the studio with every real part: antelopev2 is refused until its files are there and its licence
// is accepted; then photos are looked at anew by it, and portraits measured; taken back, the built-in ones look again.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import type { PackId, SubjectId } from '../../src-main/contract/ids.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import { encodePng } from '../../src-main/photos/decode.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { spottedPicture } from '../faces/tiny-antelope.ts';
import { tinyCatalogue, writeAntelopeFolder } from '../packs/companion-files.ts';
import { writeTinyResources } from './tiny-pack.ts';

const root = join(import.meta.dirname, '..', '..');
const licenseId = 'insightface-models';
let folder: string;
let studio: Studio;
let subjectId: SubjectId;
const events: StudioEvent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-face-engines-'));
  studio = await openRealStudio(join(folder, 'library'), {
    resourcesFolder: await writeTinyResources(join(folder, 'resources')), companionCatalogue: await tinyCatalogue(),
  });
  studio.subscribe((event) => events.push(event));
  await studio.run('settings.set', { provider: 'cpu' });
  subjectId = (await studio.run('subjects.create', { name: 'Ada', hasConsent: true })).id;
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function settled(): Promise<void> {
  for (const { id } of await studio.run('jobs.list', {})) {
    expect(await studio.settled(id)).toMatchObject({ state: 'done', error: null });
  }
}

async function engineOf(id: string) {
  const { faceEngines } = await studio.run('studio.state', {});
  return faceEngines.find((engine) => engine.id === id)!;
}

async function refusal(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(() => { throw new Error('nothing was refused'); }, (thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw error;
  return error;
}

const records = () => studio.library.photos.list(subjectId);

test('antelopev2 is refused without its files and without its licence, and the setting stays', async () => {
  const choose = () => studio.run('settings.set', { faceEngine: 'antelopev2', theme: 'light' });
  expect(await refusal(choose())).toMatchObject({ code: 'companions.engine-not-ready' });
  expect(await engineOf('antelopev2')).toMatchObject({ isInstalled: false, licenseId, isCommercialUseAllowed: false });
  const place = join(folder, 'models');
  await writeAntelopeFolder(place);
  await studio.companions.add(place);
  expect((await refusal(choose())).text.what).toContain('licence has not been accepted');
  const { settings } = await studio.run('studio.state', {});
  expect(settings).toMatchObject({ faceEngine: 'built-in', theme: 'dark', acceptedLicenses: [] });
  expect(await refusal(studio.run('licenses.accept', { licenseId: 'nothing' }))).toMatchObject({
    code: 'companions.unknown-license',
  });
});

test('the page is told what there is, and no path', async () => {
  const companions = await studio.run('companions.list', {});
  expect(companions.map(({ state }) => state)).toEqual(['ready', 'ready', 'missing', 'missing', 'missing']);
  expect(JSON.stringify(companions)).not.toContain(folder);
  expect(companions[0]).toMatchObject({ fileName: 'scrfd_10g_bnkps.onnx', licenseId, isLicenseAccepted: false });
});

test('with another engine photos are looked at anew, and taken back they are again', async () => {
  const astronaut = await readFile(join(root, 'test', 'photos', 'astronaut.png'));
  const spots = await encodePng(spottedPicture(640, 640, [{ colour: 'blue', x: 320, y: 320 }]));
  for (const [fileName, bytes] of [['face.png', astronaut], ['spots.png', spots]] as const) {
    await studio.run('photos.import', { subjectId, fileName, bytes: new Uint8Array(bytes) });
  }
  await settled();
  expect(records().map(({ analyzedBy, faceCount }) => [analyzedBy, faceCount])).toEqual([
    ['built-in', 1], ['built-in', 0],
  ]);
  await studio.run('licenses.accept', { licenseId });
  expect(await engineOf('antelopev2')).toMatchObject({ isInstalled: true, reason: '' });
  expect((await studio.run('settings.set', { faceEngine: 'antelopev2' })).faceEngine).toBe('antelopev2');
  await settled();
  // these networks see spots, and no face of a person
  expect(records().map(({ analyzedBy, faceCount }) => [analyzedBy, faceCount])).toEqual([
    ['antelopev2', 0], ['antelopev2', 1],
  ]);
  const [, seen] = records();
  expect(seen).toMatchObject({ embeddingEngine: 'antelopev2' });
  expect(seen!.faceEmbedding).toHaveLength(512);
  expect((await studio.run('licenses.accept', { licenseId, isAccepted: false })).acceptedLicenses).toEqual([]);
  await settled();
  expect(records().map(({ analyzedBy, faceCount }) => [analyzedBy, faceCount])).toEqual([
    ['built-in', 1], ['built-in', 0],
  ]);
  expect(records()[0]).toMatchObject({ embeddingEngine: 'built-in' });
}, 120_000);

test('portraits are measured by the engine that is chosen, a pack\'s own InstantID by either', async () => {
  await studio.run('licenses.accept', { licenseId });
  await settled();
  const drawn = async (instantly: object | null) => {
    const job = await studio.run('portraits.create', {
      subjectId, adapterId: null, packId: 'tiny' as PackId, prompts: ['a hat'], count: 1, seed: 3, instantly,
      referencePhotoIds: records().filter(({ cropSha256 }) => cropSha256 !== null).map(({ id }) => id),
    });
    expect(await studio.settled(job.id)).toMatchObject({ state: 'done', error: null });
    return studio.library.portraits.ofJob(job.id)[0]!;
  };
  // noise shows no face: it is measured where a portrait has one
  expect((await drawn(null)).likeness).toMatchObject({ engine: 'antelopev2', cosine: null, level: null });
  expect((await drawn(null)).likeness.placeCosine).not.toBeNull();
  await studio.run('settings.set', { faceEngine: 'built-in' });
  await settled();
  expect((await drawn({})).likeness).toMatchObject({ engine: 'built-in', placeCosine: expect.any(Number) });
}, 120_000);

test('a subject says how alike its used photos are, and is told of again when that changes', async () => {
  const range = async () => (await studio.run('subjects.list', {}))[0]!.likenessRange;
  expect(await range()).toBeNull();
  const astronaut = await readFile(join(root, 'test', 'photos', 'astronaut.png'));
  const sharp = (await import('sharp')).default;
  const other = await sharp(astronaut).flop().modulate({ brightness: 0.7 }).png().toBuffer();
  events.length = 0;
  const { photo } = await studio.run('photos.import', {
    subjectId, fileName: 'other.png', bytes: new Uint8Array(other),
  });
  await settled();
  const { low, median, high, isOneMoment } = (await range())!;
  expect([low, high]).toEqual([median, median]);
  expect(median).toBeGreaterThan(0.9);
  const told = events.filter((event) => event.type === 'subject-changed');
  expect(told.at(-1)!.subject.likenessRange).toEqual({ low, median, high, isOneMoment });
  // the same photo turned about is no other moment
  expect(isOneMoment).toBe(true);
  await studio.run('photos.choose', { photoId: photo.id, userChoice: 'leave-out' });
  expect(await range()).toBeNull();
}, 60_000);
