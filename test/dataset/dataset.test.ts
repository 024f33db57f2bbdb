// Crops, captions and the background's word.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backgroundWord, colourWord } from '../../src-main/dataset/background-colour.ts';
import { caption, classCaption, measuredDetails } from '../../src-main/dataset/captions.ts';
import {
  cropVariants, faceCropRegion, headAndShoulders, keepInside, nominalFacePoints,
} from '../../src-main/dataset/framing.ts';
import { sourceOf } from '../../src-main/photos/photo-source.ts';
import { preparePhoto } from '../../src-main/dataset/prepare-photo.ts';
import { cutTrainingImage, cutTrainingImages, pixelTensor } from '../../src-main/dataset/training-image.ts';
import { type FaceAnalyzer, openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import type { FacePoints } from '../../src-main/faces/face.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';
import { gradientPicture } from '../photos/fixtures.ts';

const moved = (points: FacePoints, by: number, x: number, y: number): FacePoints =>
  points.map((point) => ({ x: point.x * by + x, y: point.y * by + y })) as unknown as FacePoints;

test('a face at its nominal place is cut exactly as the whole picture', () => {
  const region = faceCropRegion(nominalFacePoints(128));
  expect(region.left).toBeCloseTo(0);
  expect(region.top).toBeCloseTo(0);
  expect(region.width).toBeCloseTo(128);
});

test('the crop follows the face: twice as large and elsewhere, it shows the same', () => {
  const region = faceCropRegion(moved(nominalFacePoints(128), 2, 300, 70));
  expect(region.left).toBeCloseTo(300);
  expect(region.top).toBeCloseTo(70);
  expect(region.width).toBeCloseTo(256);
});

test('a turned head keeps its scale, although its eyes come nearer to each other', () => {
  const [left, right, ...rest] = nominalFacePoints(128);
  const narrow = [{ ...left, x: left.x + 5 }, { ...right, x: right.x - 5 }, ...rest] as unknown as FacePoints;
  expect(faceCropRegion(narrow).width).toBeCloseTo(128);
});

test('variants differ, are zoomed and shifted a little, and the first is plain', () => {
  const all = cropVariants(6);
  expect(all[0]).toEqual({ zoom: 1, shiftX: 0, shiftY: 0 });
  expect(new Set(all.map((variant) => JSON.stringify(variant))).size).toBe(6);
  for (const { zoom, shiftX, shiftY } of all) {
    expect(Math.abs(Math.log(zoom))).toBeLessThan(0.2);
    expect(Math.max(Math.abs(shiftX), Math.abs(shiftY))).toBeLessThan(0.05);
  }
  expect(() => cropVariants(0)).toThrow('1 to 6');
  expect(() => cropVariants(7)).toThrow('1 to 6');
});

test('a crop moves back into the photo, and comes nearer where the photo is too narrow: nothing is mirrored', () => {
  const wide = { width: 400, height: 300 };
  expect(keepInside({ left: -30, top: 250, width: 100, height: 100 }, wide))
    .toEqual({ left: 0, top: 200, width: 100, height: 100 });
  expect(keepInside({ left: 40, top: 0, width: 320, height: 320 }, wide))
    .toEqual({ left: 40, top: -10, width: 320, height: 320 });
  const tight = gradientPicture(60, 100);
  const points = moved(nominalFacePoints(100), 1, -20, 0);
  for (const variant of cropVariants(6)) {
    const { picture, region } = cutTrainingImage(tight, points, 100, variant);
    expect(region).toMatchObject({ left: 0, width: 60, height: 60 });
    // of the eyes, at their place in the square
    expect((37 - region.top) / 60).toBeCloseTo(headAndShoulders.eyesDown + variant.shiftY, 1);
    const reds = Array.from({ length: 100 }, (_, x) => picture.data[(50 * 100 + x) * 3]!);
    expect(reds.every((red, x) => x === 0 || red >= reds[x - 1]!)).toBe(true);
  }
});

test('training images become planes of -1..1 in a batch', () => {
  const white = rgbPicture(2, 1, Uint8Array.of(255, 0, 0, 0, 255, 0));
  const tensor = pixelTensor([white, white]);
  expect(tensor.shape).toEqual([2, 3, 1, 2]);
  expect([...tensor.data as Float32Array].slice(0, 6)).toEqual([1, -1, -1, 1, -1, -1]);
  expect(() => pixelTensor([white, gradientPicture(3, 3)])).toThrow('one size');
});

test('captions name trigger, class and details in the starter pack\'s words', () => {
  expect(caption({ triggerWord: 'sks', classWord: 'woman' })).toBe('photo of sks woman');
  const details = measuredDetails({ background: 'grey' });
  expect(caption({ triggerWord: 'sks', classWord: 'man', details })).toBe('photo of sks man, grey background');
  expect(measuredDetails({ background: undefined })).toEqual([]);
  expect(classCaption('person')).toBe('photo of a person');
});

test('a photo\'s own caption stands in place of the details and always names the subject', () => {
  const parts = { triggerWord: 'sks', classWord: 'man', details: ['grey background'] } as const;
  expect(caption({ ...parts, ownCaption: 'SKS on a beach' })).toBe('SKS on a beach');
  expect(caption({ ...parts, ownCaption: ' doing his tasks ' })).toBe('photo of sks man, doing his tasks');
  expect(caption({ ...parts, ownCaption: '  ' })).toBe('photo of sks man, grey background');
});

// the middle tones of each name as people call them
const colours: [string, [number, number, number]][] = [
  ['white', [238, 238, 238]], ['black', [24, 24, 28]], ['grey', [140, 142, 146]], ['grey', [205, 195, 192]],
  ['red', [190, 48, 46]], ['orange', [232, 140, 58]], ['yellow', [236, 208, 88]], ['green', [70, 146, 88]],
  ['blue', [70, 122, 196]], ['purple', [132, 84, 168]], ['pink', [236, 160, 186]],
];
test.each(colours)('%s is the word for %j', (word, colour) => {
  expect(colourWord(colour)).toBe(word);
});

test('a background of many colours has no word', () => {
  const blue = rgbPicture(40, 40, new Uint8Array(4800).map((_, i) => [70, 122, 196][i % 3]!));
  expect(backgroundWord(blue)).toBe('blue');
  expect(backgroundWord(gradientPicture(40, 40))).toBeUndefined();
});

describe('with the face networks', () => {
  let analyzer: FaceAnalyzer;
  beforeAll(async () => { analyzer = await openFaceAnalyzer({ threads: 1 }); });
  afterAll(async () => { await analyzer.release(); });
  const photo = readFileSync(new URL('../photos/astronaut.png', import.meta.url));

  test('a photo becomes crops with the face in its place, an embedding and a background', async () => {
    const picture = await decodePhoto(photo, 'astronaut.png');
    const prepared = await preparePhoto(
      analyzer, sourceOf(picture), { resolutionPx: 128, cropCount: 3, modelResolutionPx: 128 });
    expect(prepared.verdict.grade).toBe('good');
    expect(prepared).toMatchObject({ faceIndex: 0, measures: { occlusions: [] } });
    expect(prepared.faces.map(({ embedding }) => embedding?.length)).toEqual([128]);
    expect(prepared.background).toBe('grey');
    expect(prepared.trainingImages).toHaveLength(3);
    const [crop] = prepared.trainingImages;
    expect([crop!.picture.width, crop!.picture.height]).toEqual([128, 128]);
    const [found] = await analyzer.analyze(crop!.picture);
    const eyes = (found!.points[0].y + found!.points[1].y) / 2 / 128;
    expect(Math.abs(eyes - headAndShoulders.eyesDown)).toBeLessThan(0.03);
    // the face box is about 45 % of the crop, as in the starter pack's portraits
    expect(found!.box.height / 128).toBeGreaterThan(0.38);
    expect(found!.box.height / 128).toBeLessThan(0.55);
    const again = cutTrainingImages(picture, prepared.faces[0]!.face.points, 128, 3);
    expect(again.map(({ picture: { data } }) => data)).toEqual(prepared.trainingImages.map((one) => one.picture.data));
  });

  test('a picture without a face gives its reason and no crop', async () => {
    const prepared = await preparePhoto(analyzer, sourceOf(gradientPicture(200, 200)), { resolutionPx: 128 });
    expect(prepared).toMatchObject({ faces: [], trainingImages: [], faceIndex: undefined, measures: undefined });
    expect(prepared.verdict).toMatchObject({ grade: 'left-out', reasonCodes: ['no-face'], actions: [] });
  });
});
