// Noise turned towards another seed's: against the formula with the engine's own trigonometry, and its ends.

import { expect, test } from 'vitest';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { slerp, turnedNoise } from '../../src-main/diffusion/turned-noise.ts';

const count = 4096;
const [a, b] = [normalNumbers(1, 0, count), normalNumbers(2, 0, count)];

/** The formula, with Math's functions in float64. */
function reference(from: Float32Array, to: Float32Array, share: number): number[] {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  const angle = Math.acos(dot(from, to) / Math.sqrt(dot(from, from) * dot(to, to)));
  return Array.from(from, (value, i) => (
    (Math.sin((1 - share) * angle) * value + Math.sin(share * angle) * to[i]!) / Math.sin(angle)));
}

const varianceOf = (noise: Float32Array): number => noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length;

test.each([0.05, 0.3, 0.5, 0.9])('a turn of %s is that of the formula and keeps the variance', (share) => {
  const turned = slerp(a, b, share);
  reference(a, b, share).forEach((value, i) => expect(turned[i]).toBeCloseTo(value, 6));
  expect(varianceOf(turned)).toBeCloseTo(1, 1);
  // a straight mean of two would have about half of it in the middle
  expect(varianceOf(turned)).toBeGreaterThan(0.93);
  slerp(b, a, 1 - share).forEach((value, i) => expect(value).toBeCloseTo(turned[i]!, 6));
});

test('no turn is the seed\'s own noise to the bit, a whole one that of the other seed', () => {
  expect(turnedNoise(1, 0, count, [])).toEqual(a);
  expect(turnedNoise(1, 0, count, [{ seed: 2, strength: 0 }])).toEqual(a);
  expect(turnedNoise(1, 0, count, [{ seed: 2, strength: 1 }])).toEqual(b);
  // towards itself there is nowhere to turn
  turnedNoise(1, 0, count, [{ seed: 1, strength: 0.4 }]).forEach((value, i) => expect(value).toBeCloseTo(a[i]!, 6));
});

test('turns come one after the other, and a small one stays nearer than a large one', () => {
  const [first, second] = [{ seed: 2, strength: 0.3 }, { seed: 3, strength: 0.2 }];
  expect(turnedNoise(1, 0, count, [first, second])).toEqual(
    slerp(turnedNoise(1, 0, count, [first]), normalNumbers(3, 0, count), 0.2));
  const distances = [0.1, 0.2, 0.4, 0.8].map((strength) => (
    turnedNoise(1, 0, count, [{ seed: 2, strength }]).reduce((sum, value, i) => sum + (value - a[i]!) ** 2, 0)));
  expect(distances).toEqual([...distances].sort((x, y) => x - y));
});

test('the first numbers of a turn are the same on every machine', () => {
  expect([...turnedNoise(7, 0, 4, [{ seed: 8, strength: 0.25 }])]).toEqual(
    [-0.16317254304885864, -1.0057417154312134, 1.2802969217300415, 1.3379790782928467]);
});
