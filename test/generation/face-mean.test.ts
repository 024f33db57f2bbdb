// One face out of several embeddings: who is left out, where the mean points, and how long it is.

import { expect, test } from 'vitest';

import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { meanFace } from '../../src-main/generation/face-mean.ts';

const width = 64;

/** Embeddings of one person: a common part of length 1 and noise of length `spread`, times `length`. */
function photosOf(person: number, count: number, spread: number, length = 20): Float32Array[] {
  const common = unit(normalNumbers(person, 0, width));
  return Array.from({ length: count }, (_, i) => {
    const own = unit(normalNumbers(person, 1 + i, width));
    const sum = unit(common.map((value, k) => value + spread * own[k]!));
    return sum.map((value) => value * length);
  });
}

function unit(vector: Float32Array): Float32Array {
  const length = norm(vector);
  return vector.map((value) => value / length);
}

const norm = (vector: Float32Array): number => Math.hypot(...vector);
const cosine = (a: Float32Array, b: Float32Array): number => (
  a.reduce((sum, value, k) => sum + value * b[k]!, 0) / norm(a) / norm(b));

test('one embedding is itself, bit for bit', () => {
  const [only] = photosOf(1, 1, 0.5);
  expect(meanFace([only!])).toEqual({ embedding: only, used: [0] });
});

test('the mean is nearer to the person than any photo, and as long as the photos', () => {
  const photos = photosOf(1, 6, 0.8);
  const { embedding, used } = meanFace(photos);
  expect(used).toEqual([0, 1, 2, 3, 4, 5]);
  const person = unit(normalNumbers(1, 0, width));
  for (const photo of photos) expect(cosine(embedding, person)).toBeGreaterThan(cosine(photo, person));
  expect(norm(embedding)).toBeCloseTo(20, 3);
});

test('lengths are averaged, and a long embedding counts no more than a short one', () => {
  const [a, b] = photosOf(1, 2, 0.6);
  const { embedding } = meanFace([a!, b!.map((value) => value * 3)]);
  expect(norm(embedding)).toBeCloseTo(40, 3);
  expect(cosine(embedding, a!)).toBeCloseTo(cosine(embedding, b!), 5);
});

test.each([3, 4, 8])('of %i photos the one of somebody else is left out', (count) => {
  const photos = photosOf(1, count - 1, 0.8);
  const [stranger] = photosOf(2, 1, 0.8);
  const given = [photos[0]!, stranger!, ...photos.slice(1)];
  const { embedding, used } = meanFace(given);
  expect(used).toEqual(given.map((_, i) => i).filter((i) => i !== 1));
  expect(embedding).toEqual(meanFace(photos).embedding);
});

test('two strangers among six go, one after the other', () => {
  const given = [...photosOf(1, 4, 0.6), ...photosOf(2, 1, 0.6), ...photosOf(3, 1, 0.6)];
  expect(meanFace(given).used).toEqual([0, 1, 2, 3]);
});

test('photos of one person that differ stay, for many people', () => {
  for (let person = 10; person < 40; person++) {
    for (const count of [3, 5, 9]) expect(meanFace(photosOf(person, count, 0.7)).used).toHaveLength(count);
  }
});

test('two cannot outvote each other, more than half always stay, and the same photo twice is no outlier', () => {
  const [a, b] = [photosOf(1, 1, 0.5)[0]!, photosOf(2, 1, 0.5)[0]!];
  expect(meanFace([a, b]).used).toEqual([0, 1]);
  expect(meanFace([a, a, a]).used).toEqual([0, 1, 2]);
  const strangers = Array.from({ length: 7 }, (_, i) => photosOf(50 + i, 1, 0.1)[0]!);
  expect(meanFace(strangers).used.length).toBeGreaterThan(3);
  expect(() => meanFace([])).toThrow('at least one');
});
