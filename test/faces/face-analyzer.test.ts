// Faces found in a real photo at many sizes, turned, cut tight, twice, far away and not at all; and that embeddings
// tell the same person from drawings. Bounds are a little wider than what was measured, see each row.

import { readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nominalFacePoints } from '../../src-main/dataset/framing.ts';
import { cutTrainingImages } from '../../src-main/dataset/training-image.ts';
import { type FaceAnalyzer, openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import { type Face, toFractions } from '../../src-main/faces/face.ts';
import { faceLikeness, meanLikeness, samePersonDistance } from '../../src-main/faces/likeness.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import type { RgbPicture } from '../../src-main/photos/pixels.ts';
import { gradientPicture } from '../photos/fixtures.ts';

const photo = readFileSync(new URL('../photos/astronaut.png', import.meta.url));
const golden = JSON.parse(readFileSync(new URL('face-api-golden.json', import.meta.url), 'utf8')) as {
  faces: { score: number; box: [number, number, number, number]; landmarks: [number, number][] }[];
};
const picture = async (change: Sharp): Promise<RgbPicture> =>
  await decodePhoto(await change.png().toBuffer(), 'changed');

let analyzer: FaceAnalyzer;
let whole: RgbPicture;
let face: Face;
let faceEmbedding: Float32Array;

beforeAll(async () => {
  analyzer = await openFaceAnalyzer({ threads: 1 });
  whole = await decodePhoto(photo, 'astronaut.png', 'stored');
  face = (await analyzer.analyze(whole))[0]!;
  faceEmbedding = await analyzer.embed(whole, face);
});
afterAll(async () => { await analyzer.release(); });

test('one face, where face-api finds it', async () => {
  expect(await analyzer.analyze(whole)).toHaveLength(1);
  const [wanted] = golden.faces;
  expect(face.score).toBeCloseTo(wanted!.score, 4);
  const { left, top, width, height } = face.box;
  [left, top, width, height].forEach((value, i) => expect(value).toBeCloseTo(wanted!.box[i]!, 1));
  // face-api resamples the face without care for aliasing, so points differ by up to two pixels of 512
  face.landmarks!.forEach(({ x, y }, i) => {
    const [wantedX, wantedY] = wanted!.landmarks[i]!;
    expect(Math.hypot(x - wantedX, y - wantedY)).toBeLessThan(2.5);
  });
});

test('the five points are eyes, nose and mouth, left first as seen', () => {
  // read off the photo by eye
  const seen = [[203, 100], [243, 102], [223, 128], [203, 141], [243, 142]];
  face.points.forEach(({ x, y }, i) => expect(Math.hypot(x - seen[i]![0]!, y - seen[i]![1]!)).toBeLessThan(5));
  expect(Math.abs(face.pose.yawDegrees)).toBeLessThan(10);
  const { x, width } = toFractions(face.box, whole);
  expect(x + width / 2).toBeCloseTo(0.435, 2);
});

// measured distances: 0.16, 0.41, 0.02, 0.19, 0.14, 0.15, 0.21
const changed: { name: string; change: () => Sharp; distance: number }[] = [
  { name: 'a portrait of 128 pixels',
    change: () => sharp(photo).extract({ left: 120, top: 10, width: 208, height: 208 }).resize(128), distance: 0.3 },
  { name: 'the whole photo at 128 pixels, a face of 22', change: () => sharp(photo).resize(128), distance: 0.55 },
  { name: 'a photo of 3000 pixels', change: () => sharp(photo).resize(3000), distance: 0.1 },
  { name: 'mirrored', change: () => sharp(photo).flop(), distance: 0.3 },
  { name: 'leaning by 45 degrees', change: () => sharp(photo).rotate(45, { background: '#888' }), distance: 0.3 },
  { name: 'a face that fills the picture',
    change: () => sharp(photo).extract({ left: 182, top: 75, width: 82, height: 100 }), distance: 0.25 },
  { name: 'in grey', change: () => sharp(photo).greyscale(), distance: 0.35 },
];

test.each(changed)('she is found and known: $name', async ({ change, distance }) => {
  const other = await picture(change());
  const faces = await analyzer.analyze(other);
  expect(faces).toHaveLength(1);
  const likeness = faceLikeness(faceEmbedding, await analyzer.embed(other, faces[0]!));
  expect(likeness.distance).toBeLessThan(distance);
  expect(likeness.cosine).toBeGreaterThan(0.93);
});

test('a small face far away in a large photo is found by looking again in parts', async () => {
  const far = await picture(sharp({ create: { width: 4000, height: 2600, channels: 3, background: '#777' } })
    .composite([{ input: await sharp(photo).resize(360).png().toBuffer(), left: 3000, top: 1700 }]));
  const [found] = await analyzer.analyze(far);
  expect(found).toBeDefined();
  expect(found!.box.left + found!.box.width / 2).toBeCloseTo(3000 + (222.7 * 360) / 512, -1);
  expect(found!.box.top + found!.box.height / 2).toBeCloseTo(1700 + (123.7 * 360) / 512, -1);
  expect(faceLikeness(faceEmbedding, await analyzer.embed(far, found!)).distance).toBeLessThan(0.35);
});

test('of two faces the larger comes first', async () => {
  const smaller = { input: await sharp(photo).resize(400).toBuffer(), left: 0, top: 0 };
  const two = await picture(sharp({ create: { width: 1024, height: 512, channels: 3, background: '#777' } })
    .composite([smaller, { input: photo, left: 500, top: 0 }]));
  const faces = await analyzer.analyze(two);
  expect(faces).toHaveLength(2);
  expect(faces[0]!.box.left).toBeGreaterThan(500);
});

test('no face is found where there is none', async () => {
  expect(await analyzer.analyze(gradientPicture(300, 200))).toEqual([]);
  const suit = await picture(sharp(photo).extract({ left: 30, top: 250, width: 250, height: 250 }));
  expect(await analyzer.analyze(suit)).toEqual([]);
});

test('crops of one photo are nearer to each other than to another face', async () => {
  const embeddings: Float32Array[] = [];
  for (const { picture: crop } of cutTrainingImages(whole, face.points, 128, 3)) {
    const [found] = await analyzer.analyze(crop);
    embeddings.push(await analyzer.embed(crop, found!));
  }
  const own = meanLikeness(embeddings[0]!, embeddings.slice(1))!;
  // a face that is certainly another: eyes and mouth of hers drawn apart
  const drawn = drawnFace(128);
  const [other] = await analyzer.analyze(drawn, { minimumScore: 0.2 });
  const points = other?.points ?? nominalFacePoints(128);
  const stranger = meanLikeness(await analyzer.embedRegion(drawn, points), embeddings)!;
  expect(own.distance).toBeLessThan(0.3);
  expect(stranger.distance).toBeGreaterThan(samePersonDistance);
  expect(own.cosine - stranger.cosine).toBeGreaterThan(0.05);
});

test('a portrait without a findable face is embedded at its nominal place', async () => {
  const [crop] = cutTrainingImages(whole, face.points, 128, 1);
  const nominal = await analyzer.embedRegion(crop!.picture, nominalFacePoints(128));
  expect(nominal).toHaveLength(128);
  // her own face stands at that place, so it is still hers
  expect(faceLikeness(faceEmbedding, nominal).distance).toBeLessThan(0.45);
});

test('comparing embeddings of different lengths is refused, and an empty list has no mean', () => {
  expect(() => faceLikeness([1, 2], [1, 2, 3])).toThrow('cannot be compared');
  expect(meanLikeness([1, 2], [])).toBeUndefined();
  expect(faceLikeness([3, 4], [3, 4])).toEqual({ cosine: 1, distance: 0 });
});

/** A plain face of ellipses. */
function drawnFace(edge: number): RgbPicture {
  const data = new Uint8Array(edge * edge * 3).fill(90);
  const fill = (cx: number, cy: number, rx: number, ry: number, colour: readonly number[]): void => {
    for (let y = 0; y < edge; y++) {
      for (let x = 0; x < edge; x++) {
        const [u, v] = [(x / edge - cx) / rx, (y / edge - cy) / ry];
        if (u * u + v * v <= 1) data.set(colour, (y * edge + x) * 3);
      }
    }
  };
  fill(0.5, 0.45, 0.22, 0.3, [120, 80, 60]);
  for (const x of [0.41, 0.59]) {
    fill(x, 0.38, 0.05, 0.025, [240, 240, 240]);
    fill(x, 0.38, 0.02, 0.02, [20, 20, 20]);
    fill(x, 0.32, 0.06, 0.012, [20, 10, 10]);
  }
  fill(0.5, 0.5, 0.03, 0.05, [100, 60, 45]);
  fill(0.5, 0.6, 0.08, 0.025, [150, 40, 50]);
  return { width: edge, height: edge, data };
}
