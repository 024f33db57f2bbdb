// Portraits without teaching and portraits of two people, with every real part on a tiny model that has an InstantID.

import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pose } from '../../src-main/contract/faces.ts';
import type { AdapterId, PackId, PhotoId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { type CommandRequest, type StudioEvent, eventSchema } from '../../src-main/contract/studio.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { writeTinyPack, writeTinyResources } from './tiny-pack.ts';

const root = join(import.meta.dirname, '..', '..');
const astronaut = await readFile(join(root, 'test', 'photos', 'astronaut.png'));
const packId = 'tiny' as PackId;

let folder: string;
let studio: Studio;
let events: StudioEvent[];
let [ada, bo] = ['', ''] as SubjectId[] as [SubjectId, SubjectId];

async function open(): Promise<void> {
  events = [];
  studio = await openRealStudio(join(folder, 'library'), { resourcesFolder: join(folder, 'resources') });
  studio.subscribe((event) => events.push(event));
}

async function person(name: string, ...photos: Uint8Array[]): Promise<SubjectId> {
  const { id } = await studio.run('subjects.create', { name, hasConsent: true });
  for (const [index, bytes] of photos.entries()) {
    await studio.run('photos.import', {
      subjectId: id, fileName: `${name}-${index}.png`, bytes: new Uint8Array(bytes),
    });
  }
  for (const job of await studio.run('jobs.list', {})) await studio.settled(job.id);
  return id;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-instantly-'));
  await writeTinyResources(join(folder, 'resources'));
  await open();
  await studio.run('settings.set', { provider: 'cpu' });
  const face = sharp(astronaut).extract({ left: 100, top: 0, width: 260, height: 260 });
  ada = await person('Ada', astronaut);
  bo = await person('Bo', await face.clone().flop().png().toBuffer(), await face.clone().png().toBuffer());
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

type Request = Partial<CommandRequest<'portraits.create'>>;

function create(rest: Request): Promise<Job> {
  return studio.run('portraits.create', {
    subjectId: ada, adapterId: null, packId, prompts: ['a hat'], count: 1, seed: 5, instantly: {}, ...rest,
  });
}

/** Draws and returns the portraits in the order of the job's items. */
async function draw(rest: Request): Promise<Portrait[]> {
  const job = await studio.settled((await create(rest)).id);
  expect(job.error).toBeNull();
  return studio.library.portraits.ofJob(job.id);
}

async function pixels(portrait: Portrait | undefined): Promise<string> {
  return studio.library.portraits.get(portrait!.id)!.fileSha256;
}

const points = (x: number, y: number): Pose => ({
  kind: 'points', points: [
    { x: x - 0.1, y: y - 0.1 }, { x: x + 0.1, y: y - 0.1 }, { x, y }, { x: x - 0.08, y: y + 0.1 },
    { x: x + 0.08, y: y + 0.1 }],
});

test('a face is given, and its twin on the same seed is drawn without it', async () => {
  const [photo] = await studio.run('photos.list', { subjectId: ada });
  const portraits = await draw({ count: 2, compareWithout: true, styleIds: ['casual' as never] });
  expect(portraits).toHaveLength(8);
  const withFace = portraits.filter(({ instantly }) => instantly);
  expect(withFace.map(({ seed }) => seed)).toEqual([5, 5, 6, 6]);
  expect(withFace.map(({ prompt }) => prompt)).toEqual(expect.arrayContaining([
    'photo of a person, a hat', 'photo of a person, wearing a grey hoodie, green background']));
  for (const portrait of withFace) {
    expect(portrait.instantly).toEqual({ pose: { kind: 'reference' }, facePhotoIds: [photo!.id] });
    const { seed, prompt } = portrait;
    const twin = portraits.find((one) => !one.instantly && one.seed === seed && one.prompt === prompt);
    expect(await pixels(twin)).not.toBe(await pixels(portrait));
    expect(portrait.likeness.latentDistance).toBeGreaterThan(0);
    expect(portrait.settings).toMatchObject({ guidanceScale: 2, imageStrength: 0.8, facePass: 'off' });
  }
  // the pack's settings for instant portraits hold for the twins too: nothing else may differ
  expect(new Set(portraits.map(({ guidanceScale }) => guidanceScale))).toEqual(new Set([2]));
});

test('the same asked again is the same picture; pose and strengths change it', async () => {
  const one = async (rest: Request) => await pixels((await draw(rest))[0]);
  const first = await one({});
  expect(await one({})).toBe(first);
  const others = [
    await one({ instantly: { pose: { kind: 'none' } } }), await one({ instantly: { pose: points(0.5, 0.5) } }),
    await one({ settings: { imageStrength: 0 } }), await one({ settings: { identityNetEnd: 0.4 } }),
  ];
  expect(new Set([first, ...others]).size).toBe(5);
});

test('a pose of another photo', async () => {
  const [photo] = await studio.run('photos.list', { subjectId: bo });
  const pose: Pose = { kind: 'photo', photoId: photo!.id };
  const [posed] = await draw({ instantly: { pose } });
  expect(posed!.instantly?.pose).toEqual(pose);
  const [own] = await draw({});
  expect(await pixels(posed)).not.toBe(await pixels(own));
});

test('what cannot be drawn is refused before anything waits', async () => {
  const [adas] = await studio.run('photos.list', { subjectId: ada });
  const stranger = await studio.run('subjects.create', { name: 'Cy', hasConsent: false });
  const other = await studio.packs.add(await writeTinyPack(join(folder, 'other')));
  const jobs = await studio.run('jobs.list', {});
  const refused: [Request, string][] = [
    [{ subjectId: stranger.id }, 'subjects.no-consent'],
    [{ packId: other.id }, 'portraits.not-instant'],
    [{ subjectId: bo, instantly: { facePhotoIds: [adas!.id] } }, 'portraits.other-face'],
    [{ instantly: { pose: points(2.5, 0.5) } }, 'instant-id.points-outside'],
    [{ instantly: { pose: { kind: 'photo', photoId: 'f'.repeat(32) as PhotoId } } }, 'photos.unknown'],
    [{ settings: { fast: true } }, 'generation.no-fast-adapter'],
    [{ second: { subjectId: ada } }, 'portraits.same-person'],
    [{ second: { subjectId: stranger.id } }, 'subjects.no-consent'],
    [{ instantly: null, second: { subjectId: bo } }, 'portraits.no-look'],
    [{ prompts: ['{subject} and {subject2}'] }, 'portraits.no-second'],
  ];
  for (const [request, code] of refused) {
    await expect(create(request), code).rejects.toMatchObject({ code });
  }
  await studio.run('subjects.change', { subjectId: stranger.id, hasConsent: true });
  await expect(create({ subjectId: stranger.id })).rejects.toMatchObject({ code: 'photos.no-face' });
  await expect(create({ second: { subjectId: stranger.id } })).rejects.toMatchObject({ code: 'photos.no-face' });
  await studio.run('subjects.remove', { subjectId: stranger.id });
  expect(await studio.run('jobs.list', {})).toHaveLength(jobs.length);
});

async function teach(subjectId: SubjectId): Promise<AdapterId> {
  const { id } = await studio.run('looks.teach', {
    subjectId, packId,
    settings: { trainingSteps: 2, batchSize: 1, rank: 2, resolutionPx: 64, warmupSteps: 0, previewCount: 0 },
  });
  return (await studio.settled(id)).adapterId!;
}

test('a look stands beside the face, and is called by its word', async () => {
  const adapterId = await teach(ada);
  const [both] = await draw({ adapterId, settings: { adapterStrength: 2 } });
  expect(both).toMatchObject({ adapterId, adapterStrength: 2, prompt: 'photo of ohwx person, a hat' });
  expect(both!.instantly).not.toBeNull();
  await expect(create({ second: { subjectId: bo, adapterId } })).rejects.toMatchObject({ code: 'looks.unknown' });
});

test('two people by their looks alone', async () => {
  const [[adas], bos] = [await studio.run('looks.list', { subjectId: ada }), await teach(bo)];
  const [both] = await draw({
    adapterId: adas!.id, instantly: null, second: { subjectId: bo, adapterId: bos }, settings: { adapterStrength: 1 },
  });
  expect(both).toMatchObject({
    adapterId: adas!.id, second: { subjectId: bo, adapterId: bos }, instantly: null,
    prompt: 'photo of ohwx person and ohwx person, a hat',
  });
  await studio.run('looks.remove', { adapterId: bos });
  expect(studio.library.portraits.get(both!.id)!.second).toMatchObject({ subjectId: bo, adapterId: null });
  await studio.run('portraits.remove', { portraitIds: [both!.id] });
});

test('enlarged: the portrait from before can be shown, and goes with it', async () => {
  const [large] = await draw({ settings: { upscale: 2, upscaleStrength: 0.5 } });
  expect(large).toMatchObject({ widthPx: 128, heightPx: 128, hasBefore: true });
  const before = await studio.openMedia('before', large!.id);
  expect(await sharp(before!.bytes).metadata()).toMatchObject({ width: 64, height: 64 });
  const [small] = await draw({});
  expect(small!.hasBefore).toBe(false);
  expect(await studio.openMedia('before', small!.id)).toBeUndefined();
});

test('two people: each with their face, their own likeness, and the portrait in both galleries', async () => {
  const [both, alone] = await draw({
    prompts: ['{subject} beside {subject2}'], compareWithout: true, second: { subjectId: bo },
  });
  expect(both).toMatchObject({ prompt: 'a person beside a person', second: { subjectId: bo, adapterId: null } });
  expect(both!.second!.likeness).toHaveProperty('cosine');
  expect(alone).toMatchObject({ instantly: null, second: null });
  await expect(create({ start: { source: { portraitId: both!.id }, strength: 0.5 } }))
    .rejects.toMatchObject({ code: 'portraits.other-start' });
  const inBo = await studio.run('portraits.list', { subjectId: bo });
  expect(inBo.map(({ id }) => id)).toEqual([both!.id]);
  const job = await studio.run('jobs.list', {});
  expect(job[0]!.title).toBe('2 portraits of Ada and Bo');
  expect((await studio.openMedia('sheet', job[0]!.id))?.contentType).toBe('image/png');
  const [left] = await draw({
    prompts: ['{subject} beside {subject2}'],
    second: { subjectId: bo, mask: { columns: 2, rows: 1, values: [1, 0] } },
  });
  expect(await pixels(left)).not.toBe(await pixels(both));
});

test('a batch that is cut short goes on with the same faces, every portrait and every twin once', async () => {
  const job = await create({ count: 3, compareWithout: true, second: { subjectId: bo } });
  await new Promise<void>((resolve) => {
    const end = studio.subscribe((event) => {
      if (event.type === 'portrait-added' && event.portrait.jobId === job.id) resolve(end() as never);
    });
  });
  await studio.close();
  await open();
  expect(await studio.settled(job.id)).toMatchObject({ state: 'done', items: 6, itemsDone: 6 });
  const portraits = studio.library.portraits.ofJob(job.id);
  expect(portraits.map(({ seed, instantly }) => [seed, instantly !== null])).toEqual(
    [5, 6, 7].flatMap((seed) => [[seed, true], [seed, false]]));
  expect(new Set(portraits.map(({ second }) => second?.subjectId ?? null))).toEqual(new Set([bo, null]));
});

test('whoever is removed is in no portrait of others any more', async () => {
  const before = await studio.run('portraits.list', { subjectId: ada });
  const shared = before.filter(({ second }) => second !== null).map(({ id }) => id);
  expect(shared.length).toBeGreaterThan(3);
  await studio.run('subjects.remove', { subjectId: bo });
  const after = await studio.run('portraits.list', { subjectId: ada });
  expect(after.some(({ second }) => second !== null)).toBe(false);
  // what was drawn of Ada alone stays
  expect(after.length).toBeGreaterThan(8);
  const gone = events.flatMap((event) => (event.type === 'portrait-removed' ? [event.portraitId] : []));
  expect(gone).toEqual(expect.arrayContaining(shared));
  for (const id of shared) expect(await studio.openMedia('portrait', id)).toBeUndefined();
  const jobs = await studio.run('jobs.list', {});
  expect(jobs.some(({ title }) => title.includes('Bo'))).toBe(false);
  for (const event of events) expect(eventSchema.safeParse(event).success, event.type).toBe(true);
});

test('removing the last subject leaves no file', async () => {
  await studio.run('subjects.remove', { subjectId: ada });
  const left = await readdir(join(folder, 'library', 'files'), { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toEqual([]);
});
