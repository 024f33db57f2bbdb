// What the command line says of photos: a row each with reason and hint below, counts at the end, and all as data.

import { expect, test } from 'vitest';
import type { PhotoId } from '../../src-main/contract/ids.ts';
import { type Photo, photoSchema } from '../../src-main/contract/nouns.ts';
import { photoDocument, photoTable } from '../../src-main/host/photo-report.ts';

const measures = {
  facePx: 240.4, sharpness: 0.31, brightness: 121.6, darkShare: 0, brightShare: 0, yawDegrees: -12.2, pitchDegrees: 1,
  rollDegrees: 0, occlusions: ['eyes' as const],
};

function photo(digit: string, change: object): Photo {
  return photoSchema.parse({
    id: digit.repeat(32), subjectId: 'f'.repeat(32), fileName: `${digit}.jpg`, widthPx: 800, heightPx: 600,
    addedAtMs: 1,
    faceBox: { x: 0.1, y: 0.1, width: 0.2, height: 0.2 }, faceCount: 1, measures, verdict: verdict('good'),
    userChoice: null, isUsed: true, caption: '', repeats: 1, likeness: 0.9512, ...change,
  });
}

function verdict(grade: string, code?: string, reason = '', hint = '') {
  return { grade, reasonCodes: code ? [code] : [], reason, hint };
}

const photos = [
  photo('1', {}),
  photo('2', {
    isUsed: false, sameAsPhotoId: '1'.repeat(32) as PhotoId,
    verdict: verdict('left-out', 'near-duplicate', 'nearly the same picture as 1.jpg', 'Keep this one instead.'),
  }),
  photo('3', { isUsed: false, verdict: verdict('left-out', 'another-person', 'another person', 'Use it anyway.') }),
  photo('4', { faceBox: null, faceCount: 0, measures: null, likeness: null, isUsed: false,
    verdict: verdict('left-out', 'no-face', 'no face was found', '') }),
  photo('5', { verdict: verdict('usable', 'blurred', 'the face is blurred', '') }),
  photo('6', { userChoice: 'leave-out', isUsed: false }),
];
const error = { code: 'photos.damaged', what: '7.jpg is damaged.', safe: '', todo: 'Copy it.', parameters: {} };
const refused = [{ file: '7.jpg', error }];

test('a table for a reader', () => {
  expect(photoTable({ photos, refused }).split('\n')).toEqual([
    'verdict   photo  faces  face px  sharp  light  turned  likeness',
    'good      1.jpg      1      240   0.31    122    -12°     0.951',
    'left out  2.jpg      1      240   0.31    122    -12°     0.951',
    '          nearly the same picture as 1.jpg',
    '          Keep this one instead.',
    'left out  3.jpg      1      240   0.31    122    -12°     0.951',
    '          another person',
    '          Use it anyway.',
    'left out  4.jpg      0                                         ',
    '          no face was found',
    'usable    5.jpg      1      240   0.31    122    -12°     0.951',
    '          the face is blurred',
    'left out  6.jpg      1      240   0.31    122    -12°     0.951',
    'refused   7.jpg',
    '          7.jpg is damaged. Copy it.',
    '1 good, 1 usable, 3 left out, 1 left out by choice, 1 refused',
  ]);
});

test('everything as data, photos named by their files', () => {
  const [first, second, third] = photoDocument(photos) as Record<string, unknown>[];
  expect(first).toMatchObject({
    file: '1.jpg', faceCount: 1, measures, isUsed: true, likeness: 0.9512, sameAs: null, isAnotherPerson: false,
  });
  expect(second).toMatchObject({ sameAs: '1.jpg', verdict: { hint: 'Keep this one instead.' } });
  expect(third).toMatchObject({ isAnotherPerson: true });
  expect(JSON.stringify(first)).not.toContain('1'.repeat(32));
});
