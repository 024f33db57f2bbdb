// Emphasis in what the text encoders say, against the sums written out in float64.

import { expect, test } from 'vitest';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { weighStates } from '../../src-main/generation/weighted-text.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';

const tokens = 77;
const weights = Array.from({ length: tokens }, (_, i) => (i === 3 ? 1.3 : i === 4 ? 1 / 1.1 : i === 9 ? -0.5 : 1));

/** With a mean of its own, as a text encoder's states have. */
function statesOf(widths: readonly number[]) {
  const width = widths.reduce((sum, each) => sum + each, 0);
  const data = normalNumbers(4, 0, tokens * width).map((value, i) => value + (i % width < widths[0]! ? 0.3 : -0.8));
  return { context: float32Tensor([1, tokens, width], data), pooled: float32Tensor([1, 2], [5, 6]) };
}

/** z' = z w, then z'' = z' mean(z) / mean(z'), for one encoder's columns. */
function reference(data: Float32Array, width: number, from: number, to: number): Map<number, number> {
  const places = Array.from(data.keys()).filter((i) => i % width >= from && i % width < to);
  const mean = (value: (i: number) => number): number => places.reduce((sum, i) => sum + value(i), 0) / places.length;
  const weighted = (i: number): number => data[i]! * weights[Math.floor(i / width)]!;
  const scale = mean((i) => data[i]!) / mean(weighted);
  return new Map(places.map((i) => [i, weighted(i) * scale]));
}

test.each([[[12]], [[8, 5]]])('encoders of widths %j are weighed each by itself', (widths) => {
  const states = statesOf(widths);
  const before = Float32Array.from(states.context.data as Float32Array);
  const { context, pooled } = weighStates(states, weights, widths);
  const width = widths.reduce((sum, each) => sum + each, 0);
  let from = 0;
  for (const own of widths) {
    for (const [i, value] of reference(before, width, from, from + own)) {
      expect((context.data as Float32Array)[i]).toBeCloseTo(value, 5);
    }
    from += own;
  }
  // the pooled text is as it was, and so are the states that came in
  expect(pooled).toBe(states.pooled);
  expect(states.context.data).toEqual(before);
});

test('without weights nothing is touched; all weights alike change nothing', () => {
  const states = statesOf([12]);
  expect(weighStates(states, undefined, [12])).toBe(states);
  const same = weighStates(states, new Array<number>(tokens).fill(1.5), [12]).context.data as Float32Array;
  same.forEach((value, i) => expect(value).toBeCloseTo((states.context.data as Float32Array)[i]!, 5));
});

test('a mean that would turn over is not restored', () => {
  const context = float32Tensor([1, 2, 1], [1, -0.9]);
  expect([...weighStates({ context }, [1, 2], [1]).context.data as Float32Array]).toEqual(
    [1, expect.closeTo(-1.8, 6)]);
});

test('weights of another prompt are a mistake of ours', () => {
  expect(() => weighStates(statesOf([12]), [1, 2], [12])).toThrow('do not fit');
  expect(() => weighStates(statesOf([12]), weights, [8])).toThrow('do not fit');
});
