// The verdict's words for photos that were made worse on purpose, one way at a time.

import { readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verdictSchema } from '../../src-main/contract/faces.ts';
import { type FaceAnalyzer, openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import { judgeFaceless } from '../../src-main/faces/faceless-picture.ts';
import { faceSharpness, judgeFace, measureFace } from '../../src-main/faces/quality.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import { gradientPicture } from '../photos/fixtures.ts';

const photo = readFileSync(new URL('../photos/astronaut.png', import.meta.url));
const twice = (): Sharp => sharp({ create: { width: 1024, height: 512, channels: 3, background: '#777' } })
  .composite([{ input: photo, left: 0, top: 0 }, { input: photo, left: 512, top: 0 }]);

let analyzer: FaceAnalyzer;
beforeAll(async () => { analyzer = await openFaceAnalyzer({ threads: 1 }); });
afterAll(async () => { await analyzer.release(); });

/** What was done, to what, for which resolution, and what the verdict is. */
const rows: [string, () => Sharp, number, string, string[]][] = [
  ['as it is, for 128 pixels', () => sharp(photo), 128, 'good', []],
  ['as it is, for 512 pixels', () => sharp(photo), 512, 'usable', ['small-face']],
  ['a face of 22 pixels', () => sharp(photo).resize(128), 128, 'left-out', ['small-face']],
  ['a little blurred', () => sharp(photo).blur(1.5), 128, 'usable', ['blurred']],
  ['very blurred', () => sharp(photo).blur(3), 128, 'left-out', ['blurred']],
  ['dark', () => sharp(photo).linear(0.2, 0), 128, 'usable', ['dark']],
  ['overexposed', () => sharp(photo).linear(1.6, 0), 128, 'usable', ['bright']],
  ['two faces', twice, 128, 'usable', ['several-faces']],
  ['no face', () => sharp(photo).extract({ left: 30, top: 250, width: 250, height: 250 }), 128, 'left-out',
    ['no-face']],
];

test.each(rows)('%s', async (_, change, resolutionPx, grade, codes) => {
  const picture = await decodePhoto(await change().png().toBuffer(), 'photo');
  const faces = await analyzer.analyze(picture);
  const verdict = faces[0]
    ? judgeFace(measureFace(picture, faces[0]), faces.length, { resolutionPx, isTold: false }) : judgeFaceless(picture);
  expect({ grade: verdict.grade, codes: verdict.reasonCodes }).toEqual({ grade, codes });
  expect(verdict.reason === '').toBe(grade === 'good');
  expect(verdict.hint === '').toBe(grade === 'good');
  expect(verdict.actions.includes('choose-face')).toBe(faces.length > 1);
  expect(verdict.actions.includes('use-anyway')).toBe(grade === 'left-out' && faces.length > 0);
  expect(verdictSchema.parse(verdict)).toEqual(verdict);
});

test('sharpness does not depend on how bright the photo is', async () => {
  const box = { left: 181, top: 73, width: 83, height: 102 };
  const [plain, dark] = await Promise.all([sharp(photo), sharp(photo).linear(0.5, 0)].map(async (change) =>
    faceSharpness(await decodePhoto(await change.png().toBuffer(), 'photo'), box)));
  expect(dark! / plain!).toBeGreaterThan(0.9);
  expect(dark! / plain!).toBeLessThan(1.1);
  expect(faceSharpness(gradientPicture(200, 200), { left: 0, top: 0, width: 6, height: 6 })).toBe(0);
});
