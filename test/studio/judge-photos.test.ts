// Photos judged together, from embeddings that are made up: whose face the set is about, who is somebody else, which
// pictures are nearly the same, and what is said when too little is known.

import { expect, test } from 'vitest';
import type { FaceEngineId, FacePointsInPicture, PhotoMeasures, Verdict } from '../../src-main/contract/faces.ts';
import type { PhotoId } from '../../src-main/contract/ids.ts';
import type { FoundFace } from '../../src-main/library/photos.ts';
import { type JudgedPhoto, type SetJudgement, judgePhotos } from '../../src-main/studio/judge-photos.ts';

const length = 128;
const good: Verdict = { grade: 'good', reasonCodes: [], reason: '', hint: '', actions: [] };

/** A person's face as the built-in network might see it: persons are 0.85 apart, their photos about 0.35. */
function faceOf(person: number, photo: number): Float32Array {
  const embedding = new Float32Array(length).fill(0.1);
  embedding[person]! += 0.6;
  embedding[40 + (photo * 7 + person * 3) % 80]! += 0.25;
  return embedding;
}

/** antelopev2's are of length 1 and of nothing in common. */
function otherFaceOf(person: number, photo: number): Float32Array {
  const embedding = new Float32Array(512);
  embedding[person] = 0.85;
  embedding[100 + photo] = 0.5;
  return embedding;
}

function pointsAt(x: number): FacePointsInPicture {
  return [{ x, y: 0.4 }, { x: x + 0.2, y: 0.4 }, { x: x + 0.1, y: 0.5 }, { x, y: 0.6 }, { x: x + 0.2, y: 0.6 }];
}

const measures: PhotoMeasures = {
  facePx: 300, sharpness: 0.3, brightness: 120, darkShare: 0, brightShare: 0, yawDegrees: 0, pitchDegrees: 0,
  rollDegrees: 0, occlusions: [],
};

function photo(
  index: number, embeddings: readonly (Float32Array | null)[], change: Partial<JudgedPhoto> = {},
): JudgedPhoto {
  const faces = embeddings.map((embedding, i): FoundFace =>
    ({ box: { x: 0.1 * i, y: 0.1, width: 0.2, height: 0.2 }, score: 1, points: pointsAt(0.1 * i), embedding }));
  const faceIndex = change.faceIndex ?? (faces.length > 0 ? 0 : null);
  return {
    id: String(index).padStart(32, '0') as PhotoId, fileName: `${index}.jpg`, widthPx: 1000, heightPx: 1000,
    faceCount: faces.length, faces, faceIndex, isFaceChosen: false, facePoints: pointsAt(0.3),
    faceEmbedding: faceIndex === null ? null : embeddings[faceIndex]!, measures,
    // far from every other photo's
    pictureHash: (BigInt(index + 1) * 0x9e37_79b9_7f4a_7c15n % (1n << 64n)).toString(16).padStart(16, '0'),
    verdict: good, ownVerdict: good, analyzedBy: 'built-in', userChoice: null, details: [], ...change,
  };
}

function judge(photos: readonly JudgedPhoto[], engine: FaceEngineId = 'built-in'): SetJudgement[] {
  return judgePhotos(photos, engine);
}

const codes = (judgements: readonly SetJudgement[]): string[][] => judgements.map(({ verdict }) => verdict.reasonCodes);
const [ada, bo, cy] = [0, 1, 2] as const;

test('photos of one person have nothing to say', () => {
  const judgements = judge([0, 1, 2, 3, 4].map((i) => photo(i, [faceOf(ada, i)])));
  expect(judgements.every(({ verdict, otherFaceIndex, sameAsPhotoId }) =>
    verdict.grade === 'good' && otherFaceIndex === null && sameAsPhotoId === null)).toBe(true);
});

test('of several faces the one of the other photos is taken, though it is not the largest', () => {
  const alone = [0, 1, 2].map((i) => photo(i, [faceOf(ada, i)]));
  const judgements = judge([...alone, photo(3, [faceOf(bo, 3), faceOf(ada, 3)])]);
  expect(judgements[3]).toMatchObject({
    otherFaceIndex: 1,
    verdict: {
      grade: 'usable', reasonCodes: ['face-by-agreement'], actions: ['choose-face', 'leave-out'],
      reason: '2 faces: the one that is in the other photos is taken',
    },
  });
  const looked = judge([...alone, photo(3, [faceOf(bo, 3), faceOf(ada, 3)], { faceIndex: 1 })]);
  expect(looked[3]).toMatchObject({ otherFaceIndex: null, verdict: { reasonCodes: ['face-by-agreement'] } });
});

test('one other photo is enough where it is clear', () => {
  const three = photo(1, [faceOf(bo, 1), faceOf(cy, 1), faceOf(ada, 1)]);
  const judgements = judge([photo(0, [faceOf(ada, 0)]), three]);
  expect(judgements[1]!.otherFaceIndex).toBe(2);
});

test('two people who are always together: nobody can tell, so the user is asked', () => {
  const both = [0, 1, 2].map((i) => photo(i, [faceOf(ada, i), faceOf(bo, i)]));
  for (const { verdict, otherFaceIndex } of judge(both)) {
    expect(otherFaceIndex).toBeNull();
    expect(verdict).toMatchObject({
      reasonCodes: ['several-faces'], reason: '2 faces: the largest is taken',
      hint: 'Choose the face that is to be learned.', actions: ['choose-face', 'leave-out'],
    });
  }
});

test('one choice of the user settles it for all photos', () => {
  const both = [0, 1, 2].map((i) => photo(i, [faceOf(ada, i), faceOf(bo, i)]));
  const judgements = judge([{ ...both[0]!, isFaceChosen: true, faceIndex: 1 }, ...both.slice(1)]);
  expect(judgements.map(({ otherFaceIndex }) => otherFaceIndex)).toEqual([null, 1, 1]);
  expect(codes(judgements)).toEqual([[], ['face-by-agreement'], ['face-by-agreement']]);
});

test('a single photo with two faces is asked about; where nothing speaks for another, the largest is taken', () => {
  const [judgement] = judge([photo(0, [faceOf(ada, 0), faceOf(bo, 0)], { faceIndex: 1 })]);
  expect(judgement).toMatchObject({ otherFaceIndex: 0, verdict: { reasonCodes: ['several-faces'] } });
});

test('another person is left out, with what can be done', () => {
  const judgements = judge([...[0, 1, 2, 3].map((i) => photo(i, [faceOf(ada, i)])), photo(4, [faceOf(bo, 4)])]);
  expect(codes(judgements)).toEqual([[], [], [], [], ['another-person']]);
  expect(judgements[4]!.verdict).toMatchObject({
    grade: 'left-out', reason: 'another person than in the other photos',
    hint: 'If it is the same person, use it anyway.', actions: ['use-anyway'],
  });
  const strangers = photo(4, [faceOf(bo, 4), faceOf(cy, 4)]);
  const group = judge([...[0, 1, 2, 3].map((i) => photo(i, [faceOf(ada, i)])), strangers]);
  expect(group[4]!.verdict.reason).toBe('none of the 2 faces is the person in the other photos');
});

test('with few photos, or as many of one as of the other, it is said as a question', () => {
  const two = judge([photo(0, [faceOf(ada, 0)]), photo(1, [faceOf(bo, 1)])]);
  expect(two.every(({ verdict }) => verdict.grade === 'usable' || verdict.grade === 'good')).toBe(true);
  expect(codes(two).flat()).toContain('perhaps-another-person');
  const half = judge([0, 1, 2, 3, 4, 5].map((i) => photo(i, [faceOf(i % 2 === 0 ? ada : bo, i)])));
  expect(codes(half).flat()).toEqual(Array(3).fill('perhaps-another-person'));
});

test('whoever the user has left out has no say, and whom the user wants is the person', () => {
  const photos = [
    photo(0, [faceOf(ada, 0)]),
    ...[1, 2, 3].map((i) => photo(i, [faceOf(bo, i)], { userChoice: 'leave-out' })),
    photo(4, [faceOf(bo, 4), faceOf(ada, 4)]),
  ];
  expect(judge(photos)[4]!.otherFaceIndex).toBe(1);
  const stranger = photo(4, [faceOf(bo, 4)], { userChoice: 'use' });
  const wanted = judge([...[0, 1, 2, 3].map((i) => photo(i, [faceOf(ada, i)])), stranger]);
  expect(codes(wanted)[4]).toEqual([]);
});

test('of nearly the same pictures the sharpest stays, and the user can keep another', () => {
  const hash = '00ff00ff00ff00ff';
  const one = photo(0, [faceOf(ada, 0)], { pictureHash: hash });
  const sharper = photo(
    1, [faceOf(ada, 0)], { pictureHash: '00ff00ff00ff00fc', measures: { ...measures, sharpness: 0.5 } });
  const [first, second] = judge([one, sharper]);
  expect(second).toMatchObject({ sameAsPhotoId: null, verdict: { grade: 'good' } });
  expect(first).toMatchObject({
    sameAsPhotoId: sharper.id,
    verdict: {
      grade: 'left-out', reasonCodes: ['near-duplicate'], actions: ['keep-this-one'],
      reason: 'nearly the same picture as 1.jpg, which is as sharp or sharper',
    },
  });
  const kept = judge([{ ...one, userChoice: 'use' }, sharper]);
  expect(kept.map(({ sameAsPhotoId }) => sameAsPhotoId)).toEqual([null, one.id]);
  const both = judge([{ ...one, userChoice: 'use' }, { ...sharper, userChoice: 'use' }]);
  expect(both.map(({ sameAsPhotoId }) => sameAsPhotoId)).toEqual([null, null]);
  const free = judge([one, { ...sharper, userChoice: 'leave-out' }]);
  expect(free[0]).toMatchObject({ sameAsPhotoId: null, verdict: { grade: 'good' } });
});

test('equal copies: the earlier stays; a reduced one goes though its few pixels are crisp', () => {
  const hash = '00ff00ff00ff00ff';
  const copies = [0, 1].map((i) => photo(i, [faceOf(ada, 0)], { pictureHash: hash }));
  expect(judge(copies).map(({ sameAsPhotoId }) => sameAsPhotoId)).toEqual([null, copies[0]!.id]);
  const crisp = { ...measures, facePx: 40, sharpness: 0.6 };
  const reduced = photo(0, [faceOf(ada, 0)], { pictureHash: hash, measures: crisp });
  expect(judge([reduced, copies[1]!]).map(({ sameAsPhotoId }) => sameAsPhotoId)).toEqual([copies[1]!.id, null]);
});

test('like pictures of different people, or of a face elsewhere, are no duplicates', () => {
  const hash = '00ff00ff00ff00ff';
  const one = photo(0, [faceOf(ada, 0)], { pictureHash: hash });
  const sameAs = (other: JudgedPhoto) => judge([one, other])[1]!.sameAsPhotoId;
  expect(sameAs(photo(1, [faceOf(bo, 0)], { pictureHash: hash }))).toBeNull();
  expect(sameAs(photo(1, [faceOf(ada, 0)], { pictureHash: hash, facePoints: pointsAt(0.6) }))).toBeNull();
  expect(sameAs(photo(1, [faceOf(ada, 0)]))).toBeNull();
  // a burst: face and camera have moved a little
  const next = { pictureHash: '00ff00ff00ff01f0', facePoints: pointsAt(0.32) };
  expect(sameAs(photo(1, [faceOf(ada, 0)], next))).toBe(one.id);
  // before a wall of one colour a hash says little; before walls of two colours it is not the same moment
  const wall = (word: string) => ({ details: [`${word} background`] });
  const sameBefore = (embedding: Float32Array, word: string) =>
    judge([{ ...one, ...wall('grey') }, photo(1, [embedding], { ...next, ...wall(word) })])[1]!.sameAsPhotoId;
  expect(sameBefore(faceOf(ada, 0), 'grey')).toBe(one.id);
  expect(sameBefore(faceOf(ada, 5), 'grey')).toBeNull();
  expect(sameBefore(faceOf(ada, 0), 'red')).toBeNull();
});

test('what a photo says of itself stays in front, and what the set said before is taken back', () => {
  const blurred: Verdict = {
    grade: 'usable', reasonCodes: ['blurred', 'several-faces'],
    reason: 'the face is blurred; 2 faces: the largest is taken',
    hint: 'Use a photo that is in focus.', actions: ['choose-face', 'leave-out'],
  };
  const said: Verdict = { ...good, grade: 'left-out', reasonCodes: ['another-person'], reason: 'another person' };
  const two = photo(3, [faceOf(ada, 3), faceOf(bo, 3)], { ownVerdict: blurred, verdict: said });
  const judgements = judge([...[0, 1, 2].map((i) => photo(i, [faceOf(ada, i)])), two]);
  expect(judgements[3]!.verdict).toMatchObject({
    grade: 'usable', reasonCodes: ['blurred', 'face-by-agreement'], hint: 'Use a photo that is in focus.',
    reason: 'the face is blurred; 2 faces: the one that is in the other photos is taken',
  });
  const out: Verdict = {
    ...good, grade: 'left-out', reasonCodes: ['dark'], reason: 'the face is dark',
    hint: 'Use a photo with more light on the face.', actions: ['use-anyway'],
  };
  expect(judge([photo(0, [faceOf(ada, 0)], { ownVerdict: out })])[0]!.verdict).toEqual(out);
});

test('photos that wait, or that other networks have looked at, are not judged', () => {
  const waiting = photo(0, [faceOf(ada, 0)], { verdict: { ...good, grade: 'waiting' } });
  const other = photo(1, [otherFaceOf(ada, 1)], { analyzedBy: 'antelopev2' });
  expect(judge([waiting, other])).toEqual([]);
  const antelope = [0, 1, 2, 3].map((i) =>
    photo(i, [otherFaceOf(i === 3 ? bo : ada, i)], { analyzedBy: 'antelopev2' }));
  expect(codes(judge(antelope, 'antelopev2'))).toEqual([[], [], [], ['another-person']]);
});

test('a crowd of which not all are embedded, and no face at all', () => {
  const crowd = [...Array.from({ length: 24 }, (_, i) => faceOf(3 + i, i)), ...Array<null>(16).fill(null)];
  const [judgement, none] = judge([photo(0, crowd), photo(1, [])]);
  expect(judgement!.verdict.reason).toBe(
    '40 faces: the largest is taken, and the 24 largest were compared with the other photos');
  expect(none).toMatchObject({ otherFaceIndex: null, verdict: good });
});
