// The meter: by whose networks, against embeddings that came with the photos or are made anew, and in which words.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLikenessMeter } from '../../src-main/compute/likeness-meter.ts';
import { openProviderChooser } from '../../src-main/compute/provider-choice.ts';
import type { AntelopeNetworks } from '../../src-main/contract/engine-faces.ts';
import { openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import { openFaceEngine } from '../../src-main/faces/face-engine.ts';
import { faceWeightsFolder } from '../../src-main/faces/face-weights.ts';
import { faceLikeness, likenessRange } from '../../src-main/faces/likeness.ts';
import type { DrawnPicture } from '../../src-main/generation/text-to-portrait.ts';
import { encodePng } from '../../src-main/photos/decode.ts';
import { openPhoto } from '../../src-main/photos/import-photo.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { spottedPicture, writeAntelope } from '../faces/tiny-antelope.ts';

const root = path.join(import.meta.dirname, '..', '..');
const parts = { resourcesFolder: path.join(root, 'resources'), chooser: openProviderChooser() };
const settings = { widthPx: 64, heightPx: 64 };
const file = path.join(root, 'test', 'photos', 'astronaut.png');
let folder: string;
let astronaut: RgbPicture;
let networks: AntelopeNetworks;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-meter-'));
  astronaut = await openPhoto(file);
  networks = await writeAntelope(folder);
});
afterAll(async () => { await rm(folder, { recursive: true, force: true }); });

const drawn = (picture: RgbPicture): DrawnPicture => (
  { seed: 1, picture, latents: float32Tensor([1], new Float32Array(1)) });

/** The same face, darker in steps: photos of one person that are not equal. */
function darker(by: number): RgbPicture {
  return rgbPicture(astronaut.width, astronaut.height, astronaut.data.map((level) => level * by));
}

test('built-in networks, against embeddings that came along, in words of the range that came along', async () => {
  const analyzer = await openFaceAnalyzer({ threads: 1 });
  const embeddingOf = async (picture: RgbPicture): Promise<number[]> => (
    [...await analyzer.embed(picture, (await analyzer.analyze(picture))[0]!)]);
  const [own, other] = [await embeddingOf(astronaut), await embeddingOf(darker(0.4))];
  await analyzer.release();
  // the first has none of these networks', and is passed over
  const references = [null, other, own].map((faceEmbedding) => ({ file, faceEmbedding }));
  const range = { low: 0.9, median: 0.95, high: 0.97, isOneMoment: false };
  const meter = await openLikenessMeter({ references, settings, likenessRange: range }, undefined, parts);
  const measured = await meter.measure(drawn(astronaut));
  expect(measured).toMatchObject({
    engine: 'built-in', level: 'as-two-photos', placeCosine: null, latentDistance: null, nearestReference: 2,
  });
  expect((await meter.measure(drawn(darker(0.4)))).nearestReference).toBe(1);
  expect(measured.cosine).toBeCloseTo((1 + faceLikeness(own, other).cosine) / 2, 5);
  expect(await meter.find(astronaut)).toHaveLength(1);
  const blank = await meter.measure(drawn(spottedPicture(64, 64, [])));
  expect(blank).toMatchObject({
    cosine: null, distance: null, engine: 'built-in', level: null, nearestReference: null,
  });
  expect(blank.placeCosine).toBeLessThan(0.9);
  await meter.release();
});

test('photos without an embedding of these networks are looked at anew, and give the range, too', async () => {
  const places = await Promise.all([1, 0.6, 0.35].map(async (by, i) => {
    const place = path.join(folder, `photo-${i}.png`);
    await writeFile(place, await encodePng(darker(by)));
    return place;
  }));
  const references = places.map((place) => ({ file: place, faceEmbedding: null }));
  const meter = await openLikenessMeter({ references, settings }, undefined, parts);
  const measured = await meter.measure(drawn(astronaut));
  expect(measured.nearestReference).toBe(0);
  expect((await meter.measure(drawn(darker(0.35)))).nearestReference).toBe(2);
  expect(measured.cosine).toBeGreaterThan(0.95);
  expect(measured.level).toBe('as-two-photos');
  await meter.release();
  const alone = await openLikenessMeter({ references: references.slice(0, 1), settings }, undefined, parts);
  // one photo alone says nothing of how alike photos of this person are
  expect(await alone.measure(drawn(astronaut))).toMatchObject({ cosine: expect.closeTo(1, 5), level: null });
  await alone.release();
  // the others tell it, without being measured against
  const others = await openLikenessMeter(
    { references: references.slice(0, 1), settings, rangeFiles: places.slice(1) }, undefined, parts);
  expect(await others.measure(drawn(astronaut))).toMatchObject(
    { cosine: expect.closeTo(1, 5), level: 'as-two-photos' });
  await others.release();
});

test('photos that are all of one moment give a soft portrait its number and no word', async () => {
  const references = await Promise.all([1, 0.95, 0.9].map(async (by, i) => {
    const place = path.join(folder, `moment-${i}.png`);
    await writeFile(place, await encodePng(darker(by)));
    return { file: place, faceEmbedding: null };
  }));
  const { data, width, height } = await sharp(file).removeAlpha().blur(3).raw()
    .toBuffer({ resolveWithObject: true }).then((soft) => ({ ...soft.info, data: soft.data }));
  const meter = await openLikenessMeter({ references, settings }, undefined, parts);
  const { cosine, level } = await meter.measure(drawn(rgbPicture(width, height, Uint8Array.from(data))));
  await meter.release();
  expect(cosine).toBeGreaterThan(0.9);
  expect(cosine).toBeLessThan(0.97);
  expect(level).toBeNull();
});

test('antelopev2 measures where the request names it, and its embeddings are compared with its own alone', async () => {
  const spots = spottedPicture(640, 640, [{ colour: 'blue', x: 320, y: 320 }]);
  const place = path.join(folder, 'spots.png');
  await writeFile(place, await encodePng(spots));
  const engine = await openFaceEngine(networks, { weightsFolder: faceWeightsFolder, threads: 1 });
  const [face] = await engine.analyze(spots);
  const embedding = [...await engine.embed(spots, face!)];
  await engine.release();
  const likenessRangeOfTwo = likenessRange([embedding, embedding.map((value, i) => value + (i % 5) / 4)]);
  for (const faceEmbedding of [embedding, null]) {
    const meter = await openLikenessMeter({
      references: [{ file: place, faceEmbedding }], settings, likenessNetworks: networks,
      likenessRange: likenessRangeOfTwo,
    }, undefined, parts);
    expect(await meter.measure(drawn(spots))).toMatchObject({
      cosine: expect.closeTo(1, 5), engine: 'antelopev2', level: 'as-two-photos',
    });
    expect((await meter.measure(drawn(spots), null)).cosine).toBeNull();
    await meter.release();
  }
});

test('without photos there is nothing to measure, and faces are found still', async () => {
  const meter = await openLikenessMeter({ references: [], settings }, undefined, parts);
  expect(await meter.measure(drawn(astronaut))).toEqual({
    cosine: null, distance: null, latentDistance: null, nearestReference: null,
  });
  expect(await meter.find(astronaut)).toHaveLength(1);
  await meter.release();
});
