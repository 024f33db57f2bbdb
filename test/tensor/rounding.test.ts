// Whole numbers as NumPy and OpenCV make them.

import { expect, test } from 'vitest';

import { roundHalfToEven } from '../../src-main/tensor/rounding.ts';

test('halves go to the even number, everything else to the nearest', () => {
  expect([0.5, 1.5, 2.5, 937.5, 812.5, 3.2, 3.7].map(roundHalfToEven)).toEqual([0, 2, 2, 938, 812, 3, 4]);
  expect([-1.5, -2.5, -0.4].map((value) => roundHalfToEven(value) + 0)).toEqual([-2, -2, 0]);
});
