// Instant portraits from request to file, once through a real engine process: a face from photos, drawn again, made
// larger, two people, and what is refused. The networks are the tiny pack's with random numbers.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Checkpoint, openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { type CreateRequest, createRequestSchema, type DrawnPortrait } from '../../src-main/contract/engine-create.ts';
import { engineReportSchema, type NewEngineReport } from '../../src-main/contract/engine.ts';
import type { InstantFace, InstantIdPlaces } from '../../src-main/contract/engine-faces.ts';
import type { GenerationSettings } from '../../src-main/contract/settings.ts';
import { nominalFacePoints } from '../../src-main/dataset/framing.ts';
import { readParameters } from '../../src-main/generation/portrait-file.ts';
import { generationDefaultsFor } from '../../src-main/packs/default-settings.ts';
import { encodePng } from '../../src-main/photos/decode.ts';
import { openPhoto } from '../../src-main/photos/import-photo.ts';
import { create } from '../../src-main/compute/create.ts';
import { openProviderChooser } from '../../src-main/compute/provider-choice.ts';
import { reporterFor } from '../../src-main/compute/reporter.ts';
import { errorOf } from '../adapter/tiny-adapters.ts';
import { writeMiniature } from '../networks/tiny-miniature.ts';
import { gradientPicture } from '../photos/fixtures.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { root, runEngine } from './engine-process.ts';

const astronaut = join(root, 'test', 'photos', 'astronaut.png');
const points = nominalFacePoints(1) as unknown as InstantFace['pictures'][number]['facePoints'];
let folder: string;
let packFolder: string;
let places: InstantIdPlaces;
let facelessFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-instant-'));
  packFolder = await writeTinyPack(join(folder, 'pack'));
  const checkpoint: Checkpoint = await openCheckpoint(packFolder);
  places = await writeMiniature(join(folder, 'pack', 'instant_id'), checkpoint);
  facelessFile = join(folder, 'faceless.png');
  await writeFile(facelessFile, await encodePng(gradientPicture(96, 64)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function requestOf(
  name: string, settings: GenerationSettings, change: Partial<CreateRequest> = {},
): Promise<CreateRequest> {
  const outputFolder = join(folder, name);
  await mkdir(outputFolder);
  return createRequestSchema.parse({
    kind: 'create', checkpointPath: packFolder, provider: 'cpu', modelName: 'Tiny', version: '0.0.0', adapter: null,
    items: [{ key: 'a', prompt: 'photo of a woman', negativePrompt: '', seed: 3, adapterStrength: 0 }],
    settings: { ...generationDefaultsFor(64), samplingSteps: 2, guidanceScale: 1, ...settings },
    start: null, references: [], outputFolder, ...change,
  });
}

/** Drawn in this process, which is quicker than an engine of its own; what the engine adds is tested once. */
async function drawnHere(request: CreateRequest): Promise<DrawnPortrait> {
  const reports: NewEngineReport[] = [];
  const chooser = openProviderChooser();
  const resourcesFolder = join(root, 'resources');
  await create(request, reporterFor(1, (report) => reports.push(report)), { resourcesFolder, chooser });
  const [portrait] = reports.flatMap((report) => {
    const item = engineReportSchema.parse(report);
    return item.type === 'item' && item.item.kind === 'portrait' ? [item.item] : [];
  });
  return portrait!;
}

async function pixelsOf({ file }: Pick<DrawnPortrait, 'file'>): Promise<Buffer> {
  return Buffer.from((await openPhoto(file)).data);
}

const faceOf = (pose: InstantFace['pose'], pictures = [{ file: astronaut, facePoints: null }]): InstantFace => (
  { pictures, pose });
const asInPhoto: InstantFace['pose'] = {
  kind: 'picture', picture: { file: astronaut, facePoints: null }, asFraming: true,
};

test('a face from photos, key points from one, drawn again and made larger, through an engine', async () => {
  const pictures = [{ file: facelessFile, facePoints: null }, { file: astronaut, facePoints: null }];
  const request = await requestOf('larger', {
    facePass: 'always', facePassStrength: 0.5, upscale: 1.5, upscaleStrength: 0.5, identityNetEnd: 0.5,
    guidanceScale: 2,
  }, { instantId: places, face: faceOf(asInPhoto, pictures) });
  const phases: string[] = [];
  let portrait: DrawnPortrait | undefined;
  const { notes } = await runEngine(request, {
    onReport: (report) => {
      if (report.type === 'item' && report.item.kind === 'portrait') portrait = report.item;
      if (report.type === 'progress' && phases.at(-1) !== report.progress.phase) phases.push(report.progress.phase);
    },
  });
  expect(phases).toEqual(['starting', 'finding-faces', 'drawing', 'redrawing-faces', 'upscaling']);
  expect(notes).toEqual(['1 photo without a face had no part in the portraits.']);
  expect(portrait).toMatchObject({ widthPx: 96, heightPx: 96, isFaceRedrawn: true, secondLikeness: null });
  const [larger, before] = [await openPhoto(portrait!.file), await openPhoto(portrait!.beforeFile!)];
  expect([larger.width, before.width]).toEqual([96, 64]);
  const { settings } = (await readParameters(portrait!.file))!;
  expect(Object.fromEntries(settings)).toMatchObject({
    'Size': '64x64', 'InstantID strength': '0.8', 'InstantID key points strength': '0.8',
    'InstantID key points steps': '0-0.5', 'Face pass denoising strength': '0.5', 'Hires upscale': '1.5',
    'Denoising strength': '0.5',
  });
  expect([...(await readParameters(portrait!.beforeFile!))!.settings.keys()].join()).not.toMatch(/Hires|Face pass/);
  expect((await readFile(portrait!.file)).includes(folder)).toBe(false);
});

test('the face and its place decide what is drawn, and the same request draws the same', async () => {
  const pixels = async (name: string, face: InstantFace | null): Promise<string> => {
    const request = await requestOf(name, {}, face ? { instantId: places, face } : {});
    return (await pixelsOf(await drawnHere(request))).toString('hex');
  };
  const placed = faceOf({ kind: 'points', points: points! });
  const [none, free, there, again] = [
    await pixels('none', null), await pixels('free', faceOf({ kind: 'none' })), await pixels('placed', placed),
    await pixels('placed-again', placed),
  ];
  expect(again).toBe(there);
  expect(new Set([none, free, there]).size).toBe(3);
});

test('two people: each with a face of their own, each measured; a region for nobody is the first alone', async () => {
  const secondOf = (values: number[]): CreateRequest['second'] => ({
    adapter: null, adapterStrength: 0, face: faceOf(asInPhoto), references: [], likenessRange: null,
    rangeFiles: [], mask: { columns: 2, rows: 1, values },
  });
  const first = faceOf({ kind: 'points', points: points! });
  const one = await drawnHere(await requestOf('one', {}, { instantId: places, face: first }));
  const two = await drawnHere(await requestOf('two', {}, { instantId: places, face: first, second: secondOf([0, 1]) }));
  const nobody = await drawnHere(await requestOf('nobody', {}, {
    instantId: places, face: first, second: secondOf([0, 0]),
  }));
  expect(one.secondLikeness).toBeNull();
  expect(two.secondLikeness).toMatchObject({ cosine: null });
  expect((await pixelsOf(two)).equals(await pixelsOf(one))).toBe(false);
  expect((await pixelsOf(nobody)).equals(await pixelsOf(one))).toBe(true);
  expect((await readParameters(two.file))!.settings.get('People')).toBe('2');
});

const faceless = { file: 'faceless.png', facePoints: null };
test.each<[string, Partial<CreateRequest>, string]>([
  ['no face in any picture', { face: faceOf({ kind: 'none' }, [faceless]) }, 'instant-id.no-face'],
  ['no face in the pose\'s picture', { face: faceOf({ kind: 'picture', picture: faceless, asFraming: false }) },
    'instant-id.pose-no-face'],
  ['points far outside', { face: faceOf({
    kind: 'points', points: points!.map(({ x, y }) => ({ x: x + 2, y })) as never,
  }) }, 'instant-id.points-outside'],
  ['a picture that is gone', { face: faceOf({ kind: 'none' }, [{ file: '/nowhere.png', facePoints: null }]) },
    'photos.cannot-read'],
  ['fast mode without its LoRA', { settings: { ...generationDefaultsFor(64), fast: true } },
    'generation.no-fast-adapter'],
])('%s is refused', async (name, change, code) => {
  const request = await requestOf(`refused ${name}`, {}, { instantId: places, ...change });
  // the file is known only when the tests run
  const json = JSON.stringify(request).replaceAll('"faceless.png"', JSON.stringify(facelessFile));
  const error = await errorOf(drawnHere(JSON.parse(json) as CreateRequest));
  expect(error.code).toBe(code);
});

test('an adapter of something else is refused as its reader says', async () => {
  const imageAdapter = join(packFolder, 'unet', 'diffusion_pytorch_model.safetensors');
  const request = await requestOf('other', {}, {
    face: faceOf({ kind: 'none' }), instantId: { ...places, imageAdapter },
  });
  expect((await errorOf(drawnHere(request))).code).toBe('instant-id.wrong-file');
});
