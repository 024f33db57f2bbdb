// What is told of a photo beside its size and sharpness: pose, what covers a face, what a picture without one looks
// like, and how findings become a verdict.

import { readFileSync } from 'node:fs';
import sharp, { type OverlayOptions } from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verdictSchema } from '../../src-main/contract/faces.ts';
import type { Face, FacePoints, Point } from '../../src-main/faces/face.ts';
import { type FaceAnalyzer, openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import { judgeFaceless } from '../../src-main/faces/faceless-picture.ts';
import { headPose } from '../../src-main/faces/head-pose.ts';
import { occlusionsOf } from '../../src-main/faces/occlusion.ts';
import { intoView, outOfView } from '../../src-main/faces/placed-face.ts';
import { faceFindings, measureFace } from '../../src-main/faces/quality.ts';
import { changeVerdict, verdictOf } from '../../src-main/faces/verdict.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import type { RgbPicture } from '../../src-main/photos/pixels.ts';
import { cat, contactSheet, drawing, landscape, pageOfText, person } from '../photos/drawn-pictures.ts';
import { gradientPicture } from '../photos/fixtures.ts';

const photo = readFileSync(new URL('../photos/astronaut.png', import.meta.url));
let analyzer: FaceAnalyzer;
let astronaut: Face;
beforeAll(async () => {
  analyzer = await openFaceAnalyzer({ threads: 1 });
  astronaut = (await analyzer.analyze(await decodePhoto(photo, 'photo')))[0]!;
});
afterAll(async () => { await analyzer.release(); });

// eyes, nose and mouth of an adult in millimetres: right, down, towards the camera
const head = [[-31, 0, 0], [31, 0, 0], [0, 40, 38], [-25, 68, 17], [25, 68, 17]] as const;

/** The five points of a head that is turned, then looks down, then leans, as seen from afar. */
function seen(yaw: number, pitch: number, roll: number): FacePoints {
  const [y, p, r] = [yaw, pitch, roll].map((degrees) => (degrees * Math.PI) / 180) as [number, number, number];
  return head.map(([x, down, near]): Point => {
    const across = x * Math.cos(y) + near * Math.sin(y);
    const depth = near * Math.cos(y) - x * Math.sin(y);
    const below = down * Math.cos(p) + depth * Math.sin(p);
    return { x: 500 + across * Math.cos(r) - below * Math.sin(r), y: 400 + across * Math.sin(r) + below * Math.cos(r) };
  }) as unknown as FacePoints;
}

test.each([[0, 0, 0], [25, 0, 0], [-25, 0, 10], [0, 20, 0], [0, -20, -15], [15, 15, 5]])(
  'a head turned by %i, looking down by %i and leaning by %i degrees', (yaw, pitch, roll) => {
    const pose = headPose({ points: seen(yaw, pitch, roll), landmarks: [] });
    expect(Math.abs(pose.yawDegrees - yaw)).toBeLessThan(8);
    expect(Math.abs(pose.pitchDegrees - pitch)).toBeLessThan(8);
    expect(Math.abs(pose.rollDegrees - roll)).toBeLessThan(8);
  });

async function over(svg: string): Promise<string[]> {
  const drawn = await drawing(async () => {
    const input = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512">${svg}</svg>`);
    const layers: OverlayOptions[] = [{ input }];
    return await sharp(photo).composite(layers).png().toBuffer();
  });
  const picture = await decodePhoto(drawn, 'photo');
  const [face] = await analyzer.analyze(picture);
  return occlusionsOf(picture, face!);
}

test('dark glasses and a mask are noticed, and nothing on the same face without them', async () => {
  const [left, right, nose, , corner] = astronaut.points;
  const lens = ({ x, y }: Point): string => `<ellipse cx="${x}" cy="${y + 1}" rx="17" ry="12" fill="#15151a"/>`;
  expect(await over('')).toEqual([]);
  expect(await over(lens(left) + lens(right))).toEqual(['eyes']);
  for (const colour of ['#9cc4dd', '#f4f4f4', '#202024']) {
    expect(await over(`<path d="M${nose.x} ${nose.y - 12} L${right.x + 12} ${nose.y} L${right.x + 8} ${corner.y + 18} `
      + `L${nose.x} ${corner.y + 32} L${left.x - 8} ${corner.y + 18} L${left.x - 12} ${nose.y} Z" fill="${colour}"/>`))
      .toEqual(['mouth']);
  }
});

test('clear glasses, beards and any hair of procedural people are not taken for covers', async () => {
  for (const seed of [11, 12, 13]) {
    for (const picture of await person(seed, 3)) {
      const decoded = await decodePhoto(picture, 'person');
      const [face] = await analyzer.analyze(decoded);
      expect(occlusionsOf(decoded, face!)).toEqual([]);
    }
  }
});

test('a face that the picture cuts off is said to be', async () => {
  const { left } = astronaut.box;
  const cut = sharp(photo).extract({ left: Math.round(left + 12), top: 0, width: 300, height: 400 });
  const picture = await decodePhoto(await cut.png().toBuffer(), 'photo');
  const [face] = await analyzer.analyze(picture);
  const measures = measureFace(picture, face!);
  expect(measures.occlusions).toEqual(['edge']);
  expect(faceFindings(measures, 128).map(({ code }) => code)).toContain('cut-off');
});

test('light: shares of nearly black and nearly white pixels, and a face half in glare', async () => {
  const plain = await decodePhoto(photo, 'photo');
  expect(measureFace(plain, astronaut).brightShare).toBeLessThan(0.02);
  const burnt = { ...plain, data: plain.data.slice() };
  const { left, top, width, height } = astronaut.box;
  for (let y = Math.floor(top); y < top + height; y++) {
    const start = y * 512 + Math.floor(left);
    burnt.data.fill(255, start * 3, (start + Math.floor(width / 2)) * 3);
  }
  const measures = measureFace(burnt, astronaut);
  expect(measures.brightShare).toBeGreaterThan(0.4);
  expect(faceFindings(measures, 128).map(({ code, reason }) => [code, reason]))
    .toEqual([['harsh-light', 'a part of the face is overexposed']]);
});

test('a face keeps its place through another view of the picture', () => {
  const place = { scaleX: 0.25, scaleY: 0.2, left: 40, top: 30 };
  const there = intoView(astronaut, place);
  expect(there.box.left).toBeCloseTo((astronaut.box.left - 40) * 0.25);
  const back = outOfView(there, place);
  expect(back.points[2].x).toBeCloseTo(astronaut.points[2].x);
  expect(back.landmarks![30]!.y).toBeCloseTo(astronaut.landmarks![30]!.y);
});

async function lookAt(bytes: Buffer): Promise<{ picture: RgbPicture; faces: Face[] }> {
  const picture = await decodePhoto(bytes, 'picture');
  return { picture, faces: await analyzer.analyze(picture) };
}

const faceless: [string, () => Promise<Buffer>, string][] = [
  ['a page of text', pageOfText, 'no face was found; it looks like a page of text'],
  ['a cat', cat, 'no face was found'],
  ['a landscape', landscape, 'no face was found'],
  ['a black picture', () => sharp({ create: { width: 300, height: 200, channels: 3, background: '#070707' } }).png()
    .toBuffer(), 'no face was found; it is almost black'],
  ['a grey picture', () => sharp({ create: { width: 300, height: 200, channels: 3, background: '#999' } }).png()
    .toBuffer(), 'no face was found; it is all of one colour'],
];
test.each(faceless)('%s is refused with its reason', async (_, draw, reason) => {
  const { picture, faces } = await lookAt(await draw());
  expect(faces).toEqual([]);
  const verdict = judgeFaceless(picture);
  expect(verdict).toMatchObject({ grade: 'left-out', reason, actions: [] });
  expect(verdict.reasonCodes[0]).toBe('no-face');
  expect(verdict.hint).not.toBe('');
});

test('nothing but text looks like a page of text', async () => {
  for (const draw of [cat, landscape, () => contactSheet(4, 3, 128)]) {
    expect(judgeFaceless(await decodePhoto(await draw(), 'picture')).reasonCodes).toEqual(['no-face']);
  }
  expect(judgeFaceless(gradientPicture(300, 300)).reasonCodes).toEqual(['no-face']);
});

test('findings make a verdict: the gravest gives hint and actions, and can be taken out again', () => {
  const choices = { hasFace: true, hasChoice: true };
  const turned = { code: 'turned', reason: 'the face is turned', isSevere: false } as const;
  const blurred = { code: 'blurred', reason: 'the face is blurred', isSevere: true } as const;
  const verdict = verdictOf([turned, blurred], choices);
  expect(verdict).toEqual({
    grade: 'left-out', reasonCodes: ['turned', 'blurred'], reason: 'the face is turned; the face is blurred',
    hint: 'Use a photo that is in focus.', actions: ['choose-face', 'use-anyway'],
  });
  expect(verdictSchema.parse(verdict)).toEqual(verdict);
  expect(changeVerdict(verdict, { without: [], more: [] }, choices)).toEqual(verdict);
  expect(changeVerdict(verdict, { without: ['blurred'], more: [] }, { hasFace: true, hasChoice: false })).toEqual({
    grade: 'usable', reasonCodes: ['turned'], reason: 'the face is turned', hint: 'Add photos from the front too.',
    actions: ['leave-out'],
  });
  expect(verdictOf([], choices)).toEqual({ grade: 'good', reasonCodes: [], reason: '', hint: '', actions: [] });
});
