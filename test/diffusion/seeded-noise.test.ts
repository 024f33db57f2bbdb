// Known answers of Philox4x32-10 are those of the authors' Random123 library (examples/kat_vectors).

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { philox4x32, type PhiloxCounter, type PhiloxKey } from '../../src-main/diffusion/philox.ts';
import { portableCosSin, portableLog } from '../../src-main/diffusion/portable-functions.ts';
import { normalNoise, normalNumbers, uniformNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { tensorBytes } from '../../src-main/tensor/tensor.ts';

const ones = 0xffffffff;
const knownAnswers: { counter: PhiloxCounter; key: PhiloxKey; words: number[] }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  { counter: [ones, ones, ones, ones], key: [ones, ones], words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd] },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

test.each(knownAnswers)('Philox gives its authors\' words for counter $counter', ({ counter, key, words }) => {
  const out = new Uint32Array(4);
  philox4x32(counter, key, out);
  expect([...out]).toEqual(words);
});

test('portable logarithm, sine and cosine agree with the engine\'s to the last digits', () => {
  for (let i = 0; i < 20_000; i++) {
    const u = (i + 0.5) / 20_000;
    expect(Math.abs(portableLog(u) / Math.log(u) - 1)).toBeLessThan(5e-16);
    const { cos, sin } = portableCosSin(u);
    expect(Math.abs(cos - Math.cos(2 * Math.PI * u))).toBeLessThan(2e-15);
    expect(Math.abs(sin - Math.sin(2 * Math.PI * u))).toBeLessThan(2e-15);
  }
  expect(portableLog(2 ** -33)).toBeCloseTo(-33 * Math.LN2, 13);
});

// These bytes are a promise: if they change, every seed that anybody noted draws another picture.
test('a seed gives the same bytes for ever', () => {
  const hash = createHash('sha256').update(tensorBytes(normalNoise(1234, 0, [1, 4, 64, 64]))).digest('hex');
  expect(hash).toBe('5de146888e1239062f098f2a53bf4c0d823091e7b269c5e04d46ac61040c751b');
});

test('noise is normal', () => {
  const count = 200_000;
  const noise = normalNumbers(7, 0, count);
  const moment = (power: number) => noise.reduce((sum, value) => sum + value ** power, 0) / count;
  // standard errors at 200,000 draws: 0.0022, 0.0032, 0.0055, 0.022; five of each
  expect(Math.abs(moment(1))).toBeLessThan(0.011);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.016);
  expect(Math.abs(moment(3))).toBeLessThan(0.044);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.11);
});

test('uniform numbers fill 0 to 1 evenly', () => {
  const bins = new Array<number>(10).fill(0);
  for (const u of uniformNumbers(3, 9, 100_000)) bins[Math.floor(u * 10)]!++;
  // standard deviation of a bin is 95
  for (const bin of bins) expect(Math.abs(bin - 10_000)).toBeLessThan(500);
});

test('seeds and streams differ from each other, and neighbours are uncorrelated', () => {
  const count = 50_000;
  const correlation = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, k) => sum + value * b[k]!, 0) / count;
  const noise = normalNumbers(1, 0, count + 1);
  for (const other of [normalNumbers(2, 0, count), normalNumbers(1, 1, count), normalNumbers(2 ** 32 + 1, 0, count),
    normalNumbers(1, 2 ** 32, count), noise.subarray(1)]) {
    // standard error 0.0045
    expect(Math.abs(correlation(noise.subarray(0, count), other))).toBeLessThan(0.025);
  }
});

test('an element does not depend on how many are asked for', () => {
  const noise = normalNumbers(5, 2, 103);
  for (const count of [1, 2, 3, 4, 50]) expect(normalNumbers(5, 2, count)).toEqual(noise.slice(0, count));
  expect(normalNoise(5, 2, [2, 3]).shape).toEqual([2, 3]);
});

test('seeds that are not whole numbers are refused', () => {
  expect(() => normalNumbers(-1, 0, 4)).toThrow('A seed is a whole number');
  expect(() => normalNumbers(1, 0.5, 4)).toThrow('A stream is a whole number');
});
