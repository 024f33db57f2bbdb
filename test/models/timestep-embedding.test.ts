// The sinusoid of the timestep, made without sin and cos: it must be as good as theirs on every provider.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { sinusoid } from '../../src-main/models/timestep-embedding.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';

// Whole numbers below 4096 are exact; a product with a fraction is rounded once, to half a unit of its last place.
const numbers = [0, 0.25, 1, 7, 500, 999, 1024, 4095];
const width = 64;

test('cosines come first, then sines, each good to float32', async () => {
  const g = new GraphBuilder('sinusoid');
  g.output('embedding', sinusoid(g, g.input('x', 'float32', [numbers.length]), width));
  const session = await openSession(g.graph(), { provider: 'cpu', threads: 1 });
  const { embedding } = await session.run({ x: float32Tensor([numbers.length], numbers) });
  await session.release();
  const half = width / 2;
  numbers.forEach((number, row) => {
    for (let i = 0; i < half; i++) {
      const angle = number * 10_000 ** (-i / half);
      const actual = embedding!.data as Float32Array;
      expect(Math.abs(actual[row * width + i]! - Math.cos(angle))).toBeLessThan(2e-7);
      expect(Math.abs(actual[row * width + half + i]! - Math.sin(angle))).toBeLessThan(2e-7);
    }
  });
});

test('an odd width is refused', () => {
  const g = new GraphBuilder('sinusoid');
  expect(() => sinusoid(g, g.input('x', 'float32', [1]), 5)).toThrow('even width');
});
