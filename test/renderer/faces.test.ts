// What the page makes of faces: what can be done about a photo, what was measured in words, what the photos cover, and
// likeness in words.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verdictReasonCodes } from '../../src-main/contract/faces.ts';
import { levelOf, levelOfCosine } from '../../src-renderer/state/likeness.ts';
import { coverageOf, measureWords } from '../../src-renderer/state/measures.ts';
import { actsOf, chooseFace, keepPhoto, mendPhoto } from '../../src-renderer/state/photo-edits.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { en } from '../../src-renderer/strings/en.ts';
import { likenessCaption, likenessMeaning, likenessRangeText, verdictHint } from '../../src-renderer/strings/words.ts';
import { zhHans } from '../../src-renderer/strings/zh-hans.ts';
import { measures, photo, photoId, subject, verdict } from './nouns.ts';
import { settle, testStudio } from './test-client.ts';

const twoFaces = [0.1, 0.6].map((x) => ({ box: { x, y: 0.2, width: 0.2, height: 0.3 }, score: 1 }));

test('a photo offers its verdict’s acts, then what undoes the user’s own choice', () => {
  const severalFaces = verdict('usable', 'several-faces', ['choose-face', 'leave-out']);
  const several = photo(1, { faces: twoFaces, verdict: severalFaces });
  expect(actsOf(several)).toEqual(['choose-face', 'leave-out']);
  expect(actsOf({ ...several, userChoice: 'leave-out', isUsed: false })).toEqual(['choose-face', 'take-back']);
  expect(actsOf(photo(2))).toEqual(['leave-out']);
  const faceless = { isUsed: false, faceBox: null, faces: [] };
  expect(actsOf(photo(3, { ...faceless, verdict: verdict('waiting') }))).toEqual(['leave-out']);
  expect(actsOf(photo(4, { ...faceless, verdict: verdict('left-out', 'no-face') }))).toEqual([]);
});

async function opened(changes = {}) {
  const studio = testStudio({
    'photos.list': () => [photo(1, { faces: twoFaces }), photo(2, { sameAsPhotoId: photoId(1) })],
    'photos.choose': ({ photoId: id, userChoice }) => photo(id === photoId(1) ? 1 : 2, {
      userChoice, isUsed: userChoice !== 'leave-out', sameAsPhotoId: id === photoId(2) ? photoId(1) : null,
    }),
    ...changes,
  });
  const workspace = new Workspace(studio.client);
  workspace.start();
  await settle();
  const asked = (command: string) =>
    studio.calls.filter((call) => call.command === command).map(({ request }) => request);
  return { workspace, asked };
}

test('choosing a face opens the faces, is asked for, and is undone to the studio’s own choice', async () => {
  const { workspace, asked } = await opened();
  await mendPhoto(workspace, workspace.photos.find(photoId(1))!, 'choose-face');
  expect([workspace.view.dialog, workspace.view.photoId]).toEqual(['choose-face', photoId(1)]);
  await chooseFace(workspace, photoId(1), 1);
  expect(workspace.photos.find(photoId(1))).toMatchObject({ faceIndex: 1, isFaceChosen: true });
  await workspace.undo();
  expect(asked('photos.chooseFace')).toMatchObject([{ faceIndex: 1 }, { faceIndex: null }]);
});

test('of two photos that are nearly the same one is kept and the other left out, and both come back', async () => {
  const { workspace, asked } = await opened();
  await keepPhoto(workspace, photoId(2));
  expect(asked('photos.choose')).toEqual([
    { photoId: photoId(2), userChoice: 'use' }, { photoId: photoId(1), userChoice: 'leave-out' },
  ]);
  await workspace.undo();
  expect(asked('photos.choose').slice(2)).toEqual([
    { photoId: photoId(2), userChoice: null }, { photoId: photoId(1), userChoice: null },
  ]);
});

test('what was measured is told in words, left and right as seen in the picture', () => {
  expect(measureWords(measures())).toMatchObject({
    facePx: 240, sharpness: 'sharp', light: 'even', turned: null, looks: null, tilted: null,
  });
  const said = measureWords(measures({
    sharpness: 0.01, brightness: 60, yawDegrees: 41, pitchDegrees: -14, rollDegrees: -12, occlusions: ['eyes'],
  }));
  expect(said).toMatchObject({
    sharpness: 'soft', light: 'dim', turned: { side: 'right', degree: 'far' },
    looks: { side: 'up', degree: 'slightly' }, tilted: { side: 'left', degree: 'slightly' }, covered: ['eyes'],
  });
  expect(measureWords(measures({ darkShare: 0.3, brightShare: 0.2 })).light).toBe('harsh');
});

test('coverage counts the photos that are used', () => {
  const near = { x: 0.3, y: 0.1, width: 0.4, height: 0.5 };
  expect(coverageOf([
    photo(1, { measures: measures({ yawDegrees: -25 }), faceBox: near }),
    photo(2, { measures: measures({ brightness: 70 }), faceBox: { ...near, height: 0.15 } }),
    photo(3, { measures: measures({ yawDegrees: 30 }), isUsed: false }), photo(4),
  ])).toEqual({ left: 1, front: 1, right: 0, bright: 1, dark: 1, close: 1, 'half-body': 1 });
});

test('likeness is told by the studio’s word; a bare number only where it is within the range', () => {
  const range = { low: 0.9, median: 0.94, high: 0.97, isOneMoment: false };
  const likeness = { cosine: 0.87, distance: 0.5, latentDistance: null };
  expect(levelOf({ ...likeness, level: 'nearly' }, range)).toBe('nearly');
  expect(levelOf(likeness, range)).toBeNull();
  expect(levelOfCosine(0.91, range)).toBe('as-two-photos');
  expect([levelOfCosine(0.99, null), levelOfCosine(null, range)]).toEqual([null, null]);
});

test('likeness is worded for the person', () => {
  const ada = { ...subject(), classWord: 'woman' as const };
  const likeness = { cosine: 0.93, distance: 0.4, latentDistance: null };
  expect(likenessMeaning(0.93, ada, en)).toBe('as alike as two photos of her');
  expect(likenessCaption({ ...likeness, level: 'nearly' }, ada, en)).toBe('nearly 0.93');
  expect(likenessCaption({ ...likeness, cosine: 0.2 }, ada, en)).toBe('likeness 0.20');
  expect(likenessCaption({ ...likeness, cosine: null }, ada, en)).toBe('no face found');
  expect(likenessRangeText(ada, en)).toBe('Photos of Ada are alike by 0.90 to 0.97, in the middle 0.94.');
  expect(likenessMeaning(0.93, ada, zhHans)).toContain('她');
  const cropped = { ...ada, likenessRange: { low: 0.99, median: 0.99, high: 1, isOneMoment: true } };
  expect(likenessCaption({ ...likeness, level: null }, cropped, en)).toBe('likeness 0.93');
  expect(likenessRangeText(cropped, en)).toBe('Photos of Ada are alike by 0.99 to 1.00, as photos of one moment are. '
    + 'With photos of other days more could be said of what this means.');
  expect(likenessRangeText(cropped, zhHans)).toContain('同一时刻');
});

test('every reason and every hint of the studio is told in Chinese', () => {
  for (const code of verdictReasonCodes) expect(zhHans.verdict.reasons[code], code).toMatch(/[\u4e00-\u9fff]/);
  const text = readFileSync(join(import.meta.dirname, '../../src-main/faces/verdict.ts'), 'utf8');
  const hints = [...text.matchAll(/'((?:Add|Use|Choose|If|Leave|Keep) [^']+\.)'/g)].map(([, hint]) => hint!);
  expect(hints.length).toBeGreaterThan(10);
  for (const hint of hints) {
    expect(verdictHint({ ...verdict('usable'), hint }, zhHans), hint).toMatch(/[\u4e00-\u9fff].*。$/);
  }
});
