// What embeds a face for InstantID: antelopev2's raw numbers, or a pack's own encoder where the built-in networks find
// the face; of the largest face, of one at given points, or of none.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FacePoints } from '../../src-main/faces/face.ts';
import { openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import { openFaceEngine } from '../../src-main/faces/face-engine.ts';
import { faceWeightsFolder } from '../../src-main/faces/face-weights.ts';
import { openInstantFaceEncoder } from '../../src-main/faces/instant-face-encoder.ts';
import { openPackFaceEncoder } from '../../src-main/faces/pack-face-encoder.ts';
import { openPhoto } from '../../src-main/photos/import-photo.ts';
import { openTinyCheckpoint } from '../networks/tiny-checkpoint.ts';
import { miniatureEncoder, writeMiniature } from '../networks/tiny-miniature.ts';
import { spottedPicture, writeAntelope } from './tiny-antelope.ts';

const options = { weightsFolder: faceWeightsFolder, threads: 1 };
const astronaut = fileURLToPath(new URL('../photos/astronaut.png', import.meta.url));
let folder: string;

beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-instant-encoder-')); });
afterAll(async () => { await rm(folder, { recursive: true, force: true }); });

test('antelopev2: the largest face, the face at given points, or none', async () => {
  const networks = await writeAntelope(folder);
  const encoder = await openInstantFaceEncoder(networks, options);
  const engine = await openFaceEngine(networks, options);
  expect(encoder.length).toBe(512);
  const picture = spottedPicture(640, 640, [
    { colour: 'red', x: 80, y: 160 }, { colour: 'blue', x: 480, y: 64 }, { colour: 'green', x: 320, y: 320 },
  ]);
  const [largest, , smallest] = await engine.analyze(picture);
  const found = await encoder.embed(picture);
  expect(found!.points).toEqual(largest!.points);
  expect(found!.embedding).toEqual(await engine.embed(picture, largest!));
  // as the recogniser gives it: InstantID was taught with lengths that are not one
  expect(Math.hypot(...found!.embedding)).toBeGreaterThan(2);
  const named = await encoder.embed(picture, smallest!.points);
  expect(named).toEqual({ points: smallest!.points, embedding: await engine.embed(picture, smallest!) });
  expect(named!.embedding).not.toEqual(found!.embedding);
  expect(await encoder.embed(spottedPicture(640, 480, []))).toBeUndefined();
  await Promise.all([encoder.release(), engine.release()]);
});

test('a pack\'s own encoder looks where the built-in networks find the face', async () => {
  const { encoder: place } = await writeMiniature(folder, await openTinyCheckpoint());
  const encoder = await openInstantFaceEncoder(place, options);
  expect(encoder.length).toBe(miniatureEncoder.embeddingLength);
  const picture = await openPhoto(astronaut);
  const analyzer = await openFaceAnalyzer(options);
  const own = await openPackFaceEncoder(place.kind === 'pack' ? place.folder : '', { threads: 1 });
  const [face] = await analyzer.analyze(picture);
  const found = await encoder.embed(picture);
  expect(found).toEqual({ points: face!.points, embedding: await own.embedPoints(picture, face!.points) });
  const beside = face!.points.map(({ x, y }) => ({ x: x + 40, y })) as unknown as FacePoints;
  expect((await encoder.embed(picture, beside))!.embedding).toEqual(await own.embedPoints(picture, beside));
  expect(await encoder.embed(spottedPicture(64, 64, []))).toBeUndefined();
  await Promise.all([encoder.release(), analyzer.release(), own.release()]);
});
