// Batches through the whole studio on a tiny model: every combination exactly once, also after a pause; what is drawn
// again from portraits; what a plan says beforehand.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdapterId, StyleId, SubjectId } from '../../src-main/contract/ids.ts';
import type { CommandRequest } from '../../src-main/contract/studio.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { createItemSchema } from '../../src-main/jobs/job-parameters.ts';
import { readParameters } from '../../src-main/generation/portrait-file.ts';
import type { PortraitRecord } from '../../src-main/library/portraits.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import { openPhoto } from '../../src-main/photos/import-photo.ts';
import { timesOf } from '../../src-main/studio/drawing-pace.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { writeTinyPack } from './tiny-pack.ts';
import { addLook } from './two-looks.ts';

const casual = 'casual' as StyleId;

let folder: string;
let studio: Studio;
let pack: ShelvedPack;
let ada: SubjectId;
let [first, second] = ['', ''] as unknown as [AdapterId, AdapterId];

type Request = CommandRequest<'portraits.create'>;
const requestOf = (rest: Partial<Request>): Request => ({
  subjectId: ada, packId: pack.id, adapterId: null, prompts: ['a hat'], count: 1, seed: 5,
  settings: { widthPx: 64, heightPx: 64, samplingSteps: 2, guidanceScale: 2 }, ...rest,
});

async function done(job: Job): Promise<PortraitRecord[]> {
  const settled = await studio.settled(job.id);
  expect(settled).toMatchObject({ state: 'done', error: null });
  return studio.library.portraits.ofJob(job.id);
}

const draw = async (rest: Partial<Request>) => await done(await studio.run('portraits.create', requestOf(rest)));
const again = async (request: CommandRequest<'portraits.again'>) =>
  (await Promise.all((await studio.run('portraits.again', request)).map(done))).flat();

/** The pixels of a kept picture, as text that can be compared. */
async function pixels(sha256: string | null): Promise<string> {
  const { data, width, height } = await openPhoto(studio.library.pathOf(sha256!));
  return `${width}x${height} ${Buffer.from(data).toString('base64')}`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-batch-'));
  await writeTinyPack(join(folder, 'pack'));
  studio = await openRealStudio(join(folder, 'library'));
  pack = await studio.packs.add(join(folder, 'pack'));
  await studio.run('settings.set', { provider: 'cpu' });
  ada = (await studio.run('subjects.create', { name: 'Ada', hasConsent: true, classWord: 'woman' })).id;
  first = await addLook(studio.library, studio.library.folder, pack, { subjectId: ada, name: 'Ada', seed: 1 });
  second = await addLook(studio.library, studio.library.folder, pack, {
    subjectId: ada, name: 'Ada 2', seed: 2, triggerWord: 'zwx(b)',
  });
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

const whole = (): Partial<Request> => ({
  prompts: ['{subject}, a {red|blue} hat'], styleIds: [casual, casual], adapterIds: [first, second, first],
  sizes: [{ widthPx: 64, heightPx: 64 }, { widthPx: 64, heightPx: 128 }], seeds: [9, 9],
  everyChoice: true, compareWithout: true, adapterId: null,
});

test('a plan counts what will be drawn, says why not, and how long once it knows', async () => {
  const planned = await studio.run('portraits.plan', requestOf(whole()));
  // (2 choices + 1 style) x (2 looks + the model alone) x 2 sizes, on one seed
  expect(planned).toMatchObject({ items: 18, etaSeconds: null, cutOff: [] });
  expect(planned.prompts).toEqual(expect.arrayContaining([
    'ohwx woman, a red hat', 'ohwx woman, a blue hat', 'zwx\\(b\\) woman, a red hat']));
  const long = `${'very '.repeat(80)}{small|large}`;
  const { cutOff } = await studio.run('portraits.plan', requestOf({
    prompts: [long], negativePrompt: 'x '.repeat(80),
  }));
  expect(cutOff).toEqual([expect.stringMatching(/^(very )+(small|large)$/), 'x x x x x']);
  // the same refusals as when it is asked for
  const wrong: [Partial<Request>, string][] = [
    [{ prompts: [] }, 'portraits.no-prompt'], [{ prompts: ['{subject2}'] }, 'portraits.no-second'],
    [{ prompts: ['{a|b}'.repeat(30)], everyChoice: true }, 'portraits.too-many'],
    [{ sizes: [{ widthPx: 72, heightPx: 64 }] }, 'generation.size'], [{ settings: { widthPx: 72 } }, 'generation.size'],
    [{ adapterIds: ['f'.repeat(32) as AdapterId] }, 'looks.unknown'],
  ];
  for (const [rest, code] of wrong) {
    await expect(studio.run('portraits.plan', requestOf(rest))).rejects.toMatchObject({ code });
    await expect(studio.run('portraits.create', requestOf(rest))).rejects.toMatchObject({ code });
  }
  expect(await studio.run('jobs.list', {})).toHaveLength(2);
});

test('styles, choices, looks, sizes and seeds are each drawn once, also when it is paused on the way', async () => {
  const job = await studio.run('portraits.create', requestOf(whole()));
  expect(job).toMatchObject({ items: 18, title: '18 portraits of Ada' });
  let kept = 0;
  const end = studio.subscribe((event) => {
    if (event.type !== 'portrait-added' || ++kept !== 5) return;
    void studio.run('jobs.pause', { jobId: job.id });
  });
  expect(await studio.settled(job.id)).toMatchObject({ state: 'paused' });
  end();
  await studio.run('jobs.resume', { jobId: job.id });
  const portraits = await done(job);
  const kinds = portraits.map(({ adapterId, prompt, styleId, widthPx, heightPx, seed }) => (
    [adapterId, prompt, styleId, `${widthPx}x${heightPx}`, seed].join(' ')));
  expect(new Set(kinds).size).toBe(18);
  for (const adapterId of [first, second, null]) {
    const own = portraits.filter((one) => one.adapterId === adapterId);
    expect(own).toHaveLength(6);
    expect(own.every(({ adapterStrength }) => (adapterStrength > 0) === (adapterId !== null))).toBe(true);
  }
  expect(portraits.filter(({ styleId }) => styleId === casual)).toHaveLength(6);
  expect(portraits.every(({ settings, widthPx, heightPx }) => (
    settings.widthPx === widthPx && settings.heightPx === heightPx))).toBe(true);
  // each look draws by itself: the same seed and place in three ways
  const one = (adapterId: AdapterId | null) => portraits.find((portrait) => portrait.adapterId === adapterId
    && portrait.styleId === casual && portrait.heightPx === 128)!;
  const three = await Promise.all([first, second, null].map((id) => pixels(one(id).fileSha256)));
  expect(new Set(three).size).toBe(3);
  // and as it would in a batch of its own
  const [alone] = await draw({
    prompts: [], styleIds: [casual], adapterId: second, seed: 9, sizes: [{ widthPx: 64, heightPx: 128 }],
  });
  expect(await pixels(alone!.fileSha256)).toBe(three[1]);
});

/** What a job will draw, as it stands in the library; it waits, and is cancelled again. */
async function itemsOf(queue: () => Promise<Job | Job[]>) {
  await studio.run('queue.pause', { isPaused: true });
  const jobs = [await queue()].flat();
  const items = jobs.map(({ id }) => studio.library.jobs.itemsToDo(id)
    .map(({ seed, parameters }) => ({ seed, ...createItemSchema.parse(JSON.parse(parameters)) })));
  for (const { id } of jobs) await studio.run('jobs.cancel', { jobId: id });
  await studio.run('queue.pause', { isPaused: false });
  return items;
}

test('without every choice the seed takes one, the same for each look', async () => {
  const [items] = await itemsOf(() => studio.run('portraits.create', requestOf({
    prompts: ['a {red|blue|green|black} hat'], adapterIds: [first, null], count: 12,
  })));
  expect(items).toHaveLength(24);
  const colourOf = (prompt: string) => /red|blue|green|black/.exec(prompt)![0];
  expect(new Set(items!.map(({ prompt }) => colourOf(prompt))).size).toBe(4);
  for (const { seed, prompt } of items!) {
    const own = items!.filter((one) => one.seed === seed);
    expect(own.map(({ adapterId }) => adapterId)).toEqual([first, undefined]);
    expect(own.every((one) => colourOf(one.prompt) === colourOf(prompt))).toBe(true);
  }
});

let portrait: PortraitRecord;

test('emphasis changes the picture, and what it is read as is what was asked', async () => {
  const drawn = await draw({
    prompts: ['{subject}, a hat', '{subject}, (a hat:1.6)', '{subject}, \\{a hat\\}'], adapterId: first,
  });
  const [plain, strong, escaped] = drawn as [PortraitRecord, PortraitRecord, PortraitRecord];
  portrait = plain;
  expect(await pixels(strong.fileSha256)).not.toBe(await pixels(plain.fileSha256));
  expect(strong.prompt).toBe('ohwx woman, (a hat:1.6)');
  const text = async ({ fileSha256 }: PortraitRecord) => (await readParameters(studio.library.pathOf(fileSha256)))!;
  expect((await text(strong)).prompt).toContain('ohwx woman, (a hat:1.6) <lora:look:1>');
  // other programs know no escaped braces
  expect(escaped.prompt).toBe('ohwx woman, \\{a hat\\}');
  expect((await text(escaped)).prompt).toContain('ohwx woman, {a hat} <lora');
});

test('near a portrait: at 0 it is itself, at 1 the other seed\'s, between neither; and near such a one', async () => {
  const portraitIds = [portrait.id];
  const [same] = await again({ portraitIds, how: 'vary', count: 1, strength: 0 });
  expect(await pixels(same!.fileSha256)).toBe(await pixels(portrait.fileSha256));
  const [near, other] = await again({ portraitIds, how: 'vary', count: 2, strength: 0.4 });
  expect(near).toMatchObject({
    seed: 5, adapterId: first, prompt: portrait.prompt, settings: portrait.settings,
    origin: { portraitId: portrait.id, how: 'varied' }, variation: { strength: 0.4 },
  });
  const pictures = await Promise.all([portrait, near, other].map((one) => pixels(one!.fileSha256)));
  expect(new Set(pictures).size).toBe(3);
  const { settings } = (await readParameters(studio.library.pathOf(near!.fileSha256)))!;
  expect(settings.get('Seed')).toBe('5');
  expect(settings.get('Variation seed')).toBe(String(near!.variation!.seed));
  expect(settings.get('Variation seed strength')).toBe('0.4');
  const [far] = await again({ portraitIds, how: 'vary', count: 1, strength: 1 });
  const [itself] = await draw({ prompts: ['{subject}, a hat'], adapterId: first, seed: far!.variation!.seed });
  expect(await pixels(far!.fileSha256)).toBe(await pixels(itself!.fileSha256));
  const [nearer] = (await itemsOf(() => studio.run('portraits.again', {
    portraitIds: [near!.id], how: 'vary', count: 1, strength: 0.2,
  }))).flat();
  expect(nearer!.variation).toMatchObject({
    strength: 0.2, earlier: [{ seed: near!.variation!.seed, strength: 0.4 }],
  });
});

test('on new seeds, one job for each batch that the portraits are from', async () => {
  const [job] = await studio.run('portraits.page', { sort: 'oldest', limit: 2 }).then(({ portraits }) => portraits);
  const jobs = await itemsOf(() => studio.run('portraits.again', {
    portraitIds: [portrait.id, job!.id], how: 'new-seeds', count: 2,
  }));
  expect(jobs.map((items) => items.length)).toEqual([2, 2]);
  const items = jobs.flat();
  expect(new Set(items.map(({ seed }) => seed)).size).toBe(4);
  expect(items.map(({ origin }) => origin!.portraitId)).toEqual([portrait.id, portrait.id, job!.id, job!.id]);
  expect(items.every(({ origin, variation }) => origin!.how === 'repeated' && variation === null)).toBe(true);
  expect(items[0]).toMatchObject({ prompt: portrait.prompt, adapterId: first, settings: portrait.settings });
});

test('how long a batch takes is known from those before', async () => {
  const eta = async (count: number) => (
    (await studio.run('portraits.plan', requestOf({ adapterId: first, count }))).etaSeconds!);
  const ten = await eta(10);
  expect(ten).toBeGreaterThan(0);
  expect(await eta(100)).toBeCloseTo(10 * ten, 3);
});

test('attention guidance is drawn with, said in the picture, and counted as a third call', async () => {
  const [plain] = await draw({ seed: 40 });
  const settings = { ...requestOf({}).settings, attentionGuidanceScale: 2 };
  const [guided] = await draw({ seed: 40, settings });
  expect(await pixels(guided!.fileSha256)).not.toBe(await pixels(plain!.fileSha256));
  expect(guided!.settings.attentionGuidanceScale).toBe(2);
  const { settings: said } = (await readParameters(studio.library.pathOf(guided!.fileSha256)))!;
  expect(said.get('PAG scale')).toBe('2');
  const [repeated] = await again({ portraitIds: [plain!.id], how: 'new-seeds', count: 1 });
  expect(repeated!.settings.attentionGuidanceScale).toBe(0);
  const works = timesOf([guided!, plain!, plain!].map((one) => ({ ...one, jobId: plain!.jobId })));
  expect(works.map(({ work }) => work / works[1]!.work)).toEqual([1.5, 1]);
});

test('a portrait is enlarged as it is, and once more', async () => {
  const [large] = await again({ portraitIds: [portrait.id], how: 'upscale', upscale: 2 });
  expect(large).toMatchObject({
    widthPx: 128, heightPx: 128, hasBefore: true, seed: 5, origin: { portraitId: portrait.id, how: 'upscaled' },
    settings: { ...portrait.settings, upscale: 2 },
  });
  expect(await pixels(large!.beforeSha256)).toBe(await pixels(portrait.fileSha256));
  const [larger] = await again({ portraitIds: [large!.id], how: 'upscale', upscale: 1.5 });
  expect(larger).toMatchObject({ widthPx: 192, heightPx: 192, settings: { widthPx: 64, upscale: 3 } });
  expect(await pixels(larger!.beforeSha256)).toBe(await pixels(large!.fileSha256));
  const { settings } = (await readParameters(studio.library.pathOf(larger!.fileSha256)))!;
  expect(settings.get('Size')).toBe('64x64');
  expect(settings.get('Hires upscale')).toBe('3');
});

test('nothing is drawn again without the look or without consent', async () => {
  const request = { portraitIds: [portrait.id], how: 'vary' as const };
  await studio.run('subjects.change', { subjectId: ada, hasConsent: false });
  await expect(studio.run('portraits.again', request)).rejects.toMatchObject({ code: 'subjects.no-consent' });
  await expect(studio.run('portraits.create', requestOf({}))).rejects.toMatchObject({ code: 'subjects.no-consent' });
  await studio.run('subjects.change', { subjectId: ada, hasConsent: true });
  await studio.run('looks.remove', { adapterId: first });
  await expect(studio.run('portraits.again', request)).rejects.toMatchObject({ code: 'portraits.look-gone' });
});
