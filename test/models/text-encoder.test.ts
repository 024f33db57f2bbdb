// What the text encoder promises beyond the golden numbers: causality, clip skip and where it pools.

import { expect, test } from 'vitest';

import { textEncoderParameters } from '../../src-main/models/parameter-shapes.ts';
import { clipTextEncoder, type TextEncoderOptions, type TextEncoding } from '../../src-main/models/text-encoder.ts';
import type { Value } from '../../src-main/compiler/1-build/graph.ts';
import { int64Tensor } from '../../src-main/tensor/tensor.ts';
import { evaluateNetwork, randomWeights, tinyTextEncoder } from './tiny-networks.ts';

const weights = randomWeights(textEncoderParameters(tinyTextEncoder));
const width = tinyTextEncoder.hiddenSize;

function encode(
  rows: readonly (readonly number[])[], output: (encoding: TextEncoding) => Value, options: TextEncoderOptions = {},
): Float64Array {
  const ids = int64Tensor([rows.length, rows[0]!.length], rows.flat());
  return evaluateNetwork({
    weights, feeds: { ids },
    describe: (scope, inputs) => ({ out: output(clipTextEncoder(scope, tinyTextEncoder, inputs['ids']!, options)) }),
  })['out']!;
}

function row(states: Float64Array, index: number): number[] {
  return [...states.slice(index * width, (index + 1) * width)];
}

test('a token changes its own row and later ones only', () => {
  const base = encode([[18, 3, 4, 5, 6, 19]], (encoding) => encoding.lastHiddenState);
  const changed = encode([[18, 3, 4, 9, 6, 19]], (encoding) => encoding.lastHiddenState);
  for (const index of [0, 1, 2]) expect(row(changed, index)).toEqual(row(base, index));
  for (const index of [3, 4, 5]) expect(row(changed, index)).not.toEqual(row(base, index));
});

test('skipping a layer gives the state before it, under the final norm', () => {
  const ids = [[18, 3, 4, 5, 6, 19]];
  const penultimate = encode(ids, (encoding) => encoding.hiddenState(-2));
  expect(encode(ids, (encoding) => encoding.hiddenState(-1), { skipLayers: 1 })).toEqual(penultimate);
  const normed = encode(ids, (encoding) => encoding.lastHiddenState, { skipLayers: 1 });
  expect(normed).not.toEqual(penultimate);
  expect(normed).not.toEqual(encode(ids, (encoding) => encoding.lastHiddenState));
});

test('pools at the first end-of-text token, also when it pads the prompt and higher ids were added', () => {
  const ids = [[18, 3, 17, 17, 17, 17], [18, 19, 4, 5, 17, 0]];
  const states = encode(ids, (encoding) => encoding.lastHiddenState);
  const pooled = encode(ids, (encoding) => encoding.pooled(17));
  expect(row(pooled, 0)).toEqual(row(states, 2));
  expect(row(pooled, 1)).toEqual(row(states, 6 + 4));
});

test('leaving all layers out, or more tokens than positions, is refused', () => {
  expect(() => encode([[1]], (encoding) => encoding.lastHiddenState, { skipLayers: 3 })).toThrow('leave all of them');
  const tooLong = [Array.from({ length: 10 }, () => 1)];
  expect(() => encode(tooLong, (encoding) => encoding.lastHiddenState)).toThrow('at most 9 tokens');
});
