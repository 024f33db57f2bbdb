// The resampler: exact on linear pictures, true to areas when reducing, and what lies beyond the edge.

import { expect, test } from 'vitest';
import { reflectIndex, resampleRegion, rgbPicture, toPicture } from '../../src-main/photos/pixels.ts';
import { gradientPicture } from './fixtures.ts';

test('the whole picture at its own size comes back unchanged', () => {
  const picture = gradientPicture(17, 11);
  const whole = { left: 0, top: 0, width: 17, height: 11 };
  expect(toPicture(17, 11, resampleRegion(picture, whole, 17, 11)).data).toEqual(picture.data);
});

test('enlarging interpolates linearly between pixel centres', () => {
  const picture = rgbPicture(2, 1, Uint8Array.of(0, 0, 0, 100, 200, 40));
  const wide = resampleRegion(picture, { left: 0.5, top: 0, width: 1, height: 1 }, 4, 1);
  const red = [...wide].filter((_, i) => i % 3 === 0);
  expect(red.map((value) => Math.round(value * 1e3) / 1e3)).toEqual([12.5, 37.5, 62.5, 87.5]);
});

test('reducing averages: fine stripes become grey instead of one of their colours', () => {
  const stripes = rgbPicture(64, 64, new Uint8Array(64 * 64 * 3).map((_, i) => (Math.floor(i / 3) % 2) * 255));
  const small = resampleRegion(stripes, { left: 0, top: 0, width: 64, height: 64 }, 7, 7, 'reflect');
  for (const value of small) expect(Math.abs(value - 127.5)).toBeLessThan(4);
});

test('beyond the edge lies black, or the mirrored picture', () => {
  const picture = gradientPicture(8, 8);
  const region = { left: -4, top: 0, width: 8, height: 8 };
  const black = resampleRegion(picture, region, 8, 8);
  const mirrored = resampleRegion(picture, region, 8, 8, 'reflect');
  expect([...black.slice(0, 3)]).toEqual([0, 0, 0]);
  expect([...mirrored.slice(0, 3)]).toEqual([...picture.data.slice(12, 15)].map((value) => expect.closeTo(value, 3)));
});

test('mirroring repeats no edge pixel and goes on for ever', () => {
  expect([-3, -2, -1, 0, 1, 2, 3, 4, 5, 6].map((i) => reflectIndex(i, 3))).toEqual([1, 2, 1, 0, 1, 2, 1, 0, 1, 2]);
  expect(reflectIndex(-5, 1)).toBe(0);
});

test('a picture whose bytes do not fit its size is refused', () => {
  expect(() => rgbPicture(2, 2, new Uint8Array(11))).toThrow('does not take 11 bytes');
});
