// Photos through the real engine process: many at once on threads, forty faces in one, a face that was chosen, a photo
// far larger than needed, and one that cannot be read.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AnalyzedPhoto, analyzeRequestSchema } from '../../src-main/contract/engine.ts';
import { faceLikeness } from '../../src-main/faces/likeness.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import { contactSheet, pageOfText, person, twoPeople } from '../photos/drawn-pictures.ts';
import { type EngineRun, root, runEngine } from './engine-process.ts';

const astronaut = path.join(root, 'test', 'photos', 'astronaut.png');
let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-analyze-')); });
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Analyzed extends EngineRun {
  readonly items: ReadonlyMap<string, AnalyzedPhoto>;
  readonly steps: readonly number[];
}

type Asked = readonly { readonly file: string; readonly chosenFaceBox?: AnalyzedPhoto['faceBox'] }[];

async function analyze(photos: Asked, killAfter = Infinity): Promise<Analyzed> {
  const items = new Map<string, AnalyzedPhoto>();
  const steps: number[] = [];
  const request = analyzeRequestSchema.parse({
    kind: 'analyze', photos: photos.map((photo, i) => ({ key: String(i), ...photo })), cropEdgePx: 128,
    modelResolutionPx: 128, outputFolder: folder,
  });
  const run = await runEngine(request, {
    onReport: (report, { kill }) => {
      if (report.type === 'progress' && report.progress.phase === 'finding-faces') steps.push(report.progress.step);
      if (report.type === 'item' && report.item.kind === 'photo') items.set(report.item.key, report.item);
      if (items.size >= killAfter) kill();
    },
  });
  return { ...run, items, steps };
}

async function keep(name: string, bytes: Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return file;
}

test('many photos on threads give what one gives alone, each once, with progress', async () => {
  const files = [
    astronaut, await keep('text.png', await pageOfText()),
    ...await Promise.all((await person(11, 8, 256)).map((bytes, i) => keep(`ada-${i}.png`, bytes))),
  ];
  const many = await analyze(files.map((file) => ({ file })));
  expect(many.result).toEqual({ kind: 'finished' });
  expect([...many.items.keys()].sort()).toEqual(files.map((_, i) => String(i)));
  expect(many.steps.at(-1)).toBe(files.length);
  const alone = (await analyze([{ file: astronaut }])).items.get('0')!;
  const { cropFile, ...found } = many.items.get('0')!;
  expect({ ...found, cropFile: '' }).toEqual({ ...alone, cropFile: '' });
  expect(await sharp(cropFile!).metadata()).toMatchObject({ width: 128, height: 128 });
  expect(alone).toMatchObject({
    faceCount: 1, faceIndex: 0, verdict: { grade: 'good' }, measures: { occlusions: [] },
    pictureHash: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  expect(alone.faceEmbedding).toEqual(alone.faces[0]!.faceEmbedding);
  expect(many.items.get('1')).toMatchObject({
    faceCount: 0, faceIndex: null, cropFile: null, measures: null,
    verdict: { grade: 'left-out', reasonCodes: ['no-face', 'text-page'] },
  });
});

test('one of many that cannot be read ends the request with its name, and the engine with its input', async () => {
  const broken = await keep('broken.jpg', (await sharp(astronaut).jpeg().toBuffer()).subarray(0, 20_000));
  const run = await analyze([...Array<{ file: string }>(9).fill({ file: astronaut }), { file: broken }]);
  expect(run.error).toMatchObject({ code: 'photos.damaged', parameters: { file: 'broken.jpg' } });
});

test('killed in the middle, the threads are gone with the process', async () => {
  const run = await analyze(Array<{ file: string }>(40).fill({ file: astronaut }), 2);
  expect(run.result).toBeUndefined();
  expect(run.items.size).toBeLessThan(40);
});

test('forty faces: nearly all are found, the largest 24 embedded', async () => {
  const file = await keep('forty.png', await contactSheet(8, 5, 160));
  const { items } = await analyze([{ file }]);
  const { faces, faceCount, verdict, cropFile } = items.get('0')!;
  expect(faceCount).toBe(faces.length);
  expect(faceCount).toBeGreaterThan(34);
  expect(faces.map(({ faceEmbedding }) => faceEmbedding !== null)).toEqual(faces.map((_, i) => i < 24));
  expect(verdict).toMatchObject({ reasonCodes: ['several-faces'], actions: ['choose-face', 'leave-out'] });
  expect(cropFile).not.toBeNull();
});

test('of two faces the one that is asked for is measured, embedded and cut out', async () => {
  const file = await keep('two.png', await twoPeople());
  const largest = (await analyze([{ file }])).items.get('0')!;
  expect(largest).toMatchObject({ faceCount: 2, faceIndex: 0, verdict: { reasonCodes: ['several-faces'] } });
  const crop = await decodePhoto(await sharp(largest.cropFile!).png().toBuffer(), 'crop');
  const chosen = (await analyze([{ file, chosenFaceBox: largest.faces[1]!.box }])).items.get('0')!;
  expect(chosen).toMatchObject({ faceIndex: 1, faceBox: largest.faces[1]!.box, facePoints: largest.faces[1]!.points });
  expect(chosen.verdict.reasonCodes).not.toContain('several-faces');
  expect(chosen.verdict.actions.includes('choose-face')).toBe(chosen.verdict.grade !== 'good');
  expect(chosen.measures!.facePx).toBeLessThan(largest.measures!.facePx);
  expect(faceLikeness(chosen.faceEmbedding!, largest.faceEmbedding!).distance).toBeGreaterThan(0.3);
  expect((await decodePhoto(await sharp(chosen.cropFile!).png().toBuffer(), 'crop')).data).not.toEqual(crop.data);
});

test('a photo with many more pixels than needed gives the same face and crop, at its own size', async () => {
  const [ada] = await person(11, 1, 900);
  const large = await sharp(ada!).resize(2700).jpeg({ quality: 95 }).toBuffer();
  const small = (await analyze([{ file: await keep('small.png', ada!) }])).items.get('0')!;
  const found = (await analyze([{ file: await keep('large.jpg', large) }])).items.get('0')!;
  expect(found.measures!.facePx / small.measures!.facePx).toBeCloseTo(3, 1);
  expect(Math.abs(found.measures!.sharpness - small.measures!.sharpness)).toBeLessThan(0.1);
  for (const side of ['x', 'y', 'width', 'height'] as const) {
    expect(Math.abs(found.faceBox![side] - small.faceBox![side])).toBeLessThan(0.02);
  }
  expect(faceLikeness(found.faceEmbedding!, small.faceEmbedding!).distance).toBeLessThan(0.15);
  expect(found.verdict).toEqual(small.verdict);
});
