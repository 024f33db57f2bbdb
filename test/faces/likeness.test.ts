// How alike faces are: cosines and distances, the range of a person's own photos, and the words for a cosine.

import { expect, test } from 'vitest';
import type { LikenessLevel } from '../../src-main/contract/faces.ts';
import { faceLikeness, likenessLevel, likenessRange, meanLikeness } from '../../src-main/faces/likeness.ts';

/** A direction in the plane, of any length. */
const at = (degrees: number, length = 1): number[] => (
  [Math.cos((degrees * Math.PI) / 180) * length, Math.sin((degrees * Math.PI) / 180) * length]);
const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);

test('cosine heeds the angle alone, distance the lengths too', () => {
  expect(faceLikeness(at(10), at(70, 3)).cosine).toBeCloseTo(0.5, 12);
  expect(faceLikeness(at(0, 4), at(90, 3)).distance).toBeCloseTo(5, 12);
  expect(() => faceLikeness([1, 2], [1, 2, 3])).toThrow(/cannot be compared/);
  expect(meanLikeness(at(0), [at(0), at(60)])!.cosine).toBeCloseTo(0.75, 12);
  expect(meanLikeness(at(0), [])).toBeUndefined();
});

test('the range is the tenth percentile, the median and the ninetieth of all pairs', () => {
  // angles 0, 1, 3, 7: pairs 1, 3, 7, 2, 6, 4
  const range = likenessRange([0, 1, 3, 7].map((degrees, i) => at(degrees, i + 1)))!;
  expect(range.median).toBeCloseTo((cosine(3) + cosine(4)) / 2, 12);
  expect(range.low).toBeCloseTo(cosine(7) + 0.5 * (cosine(6) - cosine(7)), 12);
  expect(range.high).toBeCloseTo(cosine(2) + 0.5 * (cosine(1) - cosine(2)), 12);
});

test('two photos have one cosine, fewer none; thousands are sampled', () => {
  expect(likenessRange([])).toBeNull();
  expect(likenessRange([at(0)])).toBeNull();
  const two = likenessRange([at(0), at(60)])!;
  for (const value of [two.low, two.median, two.high]) expect(value).toBeCloseTo(0.5, 12);
  const many = likenessRange(Array.from({ length: 5000 }, (_, i) => at(i % 9)))!;
  expect(many.low).toBeLessThan(many.median);
  expect(many.high).toBeCloseTo(1, 6);
});

type Rows = readonly (readonly [number, LikenessLevel])[];
const range = (low: number) => ({ low, median: (low + 1) / 2, high: 1, isOneMoment: false });
const oneMoment = { low: 0.9986, median: 0.9993, high: 0.9996, isOneMoment: true };

test('built-in: words stand between strangers and the person\'s own photos', () => {
  // low 0.92: strangers get 1 - 2.3 × 0.08 = 0.816, so 0.82; half of the way is 0.87, three quarters 0.895
  const rows: Rows = [
    [0.95, 'as-two-photos'], [0.9201, 'as-two-photos'], [0.919, 'nearly'], [0.896, 'nearly'], [0.894, 'some'],
    [0.871, 'some'], [0.869, 'none'], [0.5, 'none'],
  ];
  for (const [value, level] of rows) expect([value, likenessLevel(value, range(0.92))]).toEqual([value, level]);
});

test('built-in: in pictures of one style strangers are more alike, and the words move with it', () => {
  // low 0.97: strangers get 1 - 2.3 × 0.03 = 0.931; half of the way is 0.9505, three quarters 0.96025
  const rows: Rows = [[0.971, 'as-two-photos'], [0.961, 'nearly'], [0.96, 'some'], [0.951, 'some'], [0.95, 'none']];
  for (const [value, level] of rows) expect([value, likenessLevel(value, range(0.97))]).toEqual([value, level]);
});

test('photos of two people do not ask for less than a person gives', () => {
  expect(likenessLevel(0.88, range(0.8))).toBe('nearly');
  expect(likenessLevel(0.8, range(0.8))).toBe('none');
  expect(likenessLevel(0.901, range(0.8))).toBe('as-two-photos');
});

test('of photos of one moment is said only what would hold with others too', () => {
  // by photos 0.91 is one person, by drawings of one style it is a stranger
  const rows: readonly (readonly [number, LikenessLevel | null])[] = [
    [0.981, 'as-two-photos'], [0.979, null], [0.938, null], [0.91, null], [0.875, null], [0.859, 'none'],
  ];
  for (const [value, level] of rows) expect([value, likenessLevel(value, oneMoment)]).toEqual([value, level]);
  // half of the way from 0.03 to 0.35 is 0.19
  const byAntelope = [[0.76, 'as-two-photos'], [0.7, null], [0.4, null], [0.2, null], [0.18, 'none']] as const;
  for (const [value, level] of byAntelope) {
    expect([value, likenessLevel(value, oneMoment, 'antelopev2')]).toEqual([value, level]);
  }
});

test('photos are of one moment where nine of ten pairs are as alike as that, by the networks that compare', () => {
  const crops = Array.from({ length: 8 }, (_, i) => at(i / 2));
  expect(likenessRange(crops)!.isOneMoment).toBe(true);
  // a quarter of the pairs are of two moments
  const withAnother = [...crops.slice(1), at(40)];
  expect(likenessRange(withAnother)!.isOneMoment).toBe(false);
  expect(likenessRange(withAnother, 'antelopev2')!.isOneMoment).toBe(true);
  expect(likenessRange([at(0), at(12)])!.isOneMoment).toBe(false);
});

test('antelopev2 has a scale of its own', () => {
  // low 0.55: half of the way from 0.03 is 0.29, three quarters 0.42
  const rows: Rows = [
    [0.6, 'as-two-photos'], [0.54, 'nearly'], [0.43, 'nearly'], [0.41, 'some'], [0.3, 'some'], [0.28, 'none'],
    [0, 'none'],
  ];
  for (const [value, level] of rows) {
    expect([value, likenessLevel(value, range(0.55), 'antelopev2')]).toEqual([value, level]);
  }
});
