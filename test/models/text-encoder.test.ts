// What the text encoder promises beyond the golden numbers: causality, clip skip and where it pools.

import { describe, expect, test } from 'vitest';

import { textEncoderParameters } from '../../src-main/models/parameter-shapes.ts';
import { clipTextEncoder, type TextEncoderOptions, type TextEncoding } from '../../src-main/models/text-encoder.ts';
import type { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Value } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { float32Tensor, int64Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { evaluateNetwork, randomTensor, randomWeights, tinyTextEncoder } from './tiny-networks.ts';

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

const dataOf = (tensor: Tensor): Float32Array => tensor.data as Float32Array;

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

describe('with new tokens', () => {
  const table = 'text_model.embeddings.token_embedding.weight';
  const newRows = randomTensor([2, width], 77);
  const ids = [[18, 20, 4, 21, 20, 19], [18, 3, 4, 5, 19, 0]];

  /** The encoder, told of the new rows. */
  const withNewRows = (output: (encoding: TextEncoding, rows: Value, g: GraphBuilder) => Value, rows = newRows) => (
    evaluateNetwork({
      weights, feeds: { ids: int64Tensor([2, 6], ids.flat()), rows },
      describe: (scope, inputs) => {
        const encoding = clipTextEncoder(scope, tinyTextEncoder, inputs['ids']!, { newRows: inputs['rows']! });
        return { out: output(encoding, inputs['rows']!, scope.g) };
      },
    })['out']!);

  test('the states are those of an encoder whose table has the rows at its end', () => {
    const longer = float32Tensor([22, width], [...dataOf(weights.get(table) as Tensor), ...dataOf(newRows)]);
    const states = evaluateNetwork({
      weights: new Map([...weights, [table, longer]]), feeds: { ids: int64Tensor([2, 6], ids.flat()) },
      describe: (scope, inputs) => ({
        out: clipTextEncoder(scope, { ...tinyTextEncoder, vocabSize: 22 }, inputs['ids']!).lastHiddenState,
      }),
    })['out']!;
    expect(withNewRows((encoding) => encoding.lastHiddenState)).toEqual(states);
  });

  test('the gradient of the rows is the slope that differences show', () => {
    const target = (encoding: TextEncoding, _: Value, g: GraphBuilder): Value => (
      g.reduceSum(g.sin(encoding.lastHiddenState), [0, 1, 2], false));
    const gradient = withNewRows((encoding, rows, g) => differentiate(g, target(encoding, rows, g), [rows])[0]!);
    expect(gradient.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    for (const index of [0, width + 3]) {
      const at = (shift: number): number => {
        const data = dataOf(newRows).map((value, i) => value + (i === index ? shift : 0));
        return withNewRows(target, float32Tensor([2, width], data))[0]!;
      };
      expect((at(1 / 256) - at(-1 / 256)) * 128).toBeCloseTo(gradient[index]!, 3);
    }
  });
});

test('leaving all layers out, or more tokens than positions, is refused', () => {
  expect(() => encode([[1]], (encoding) => encoding.lastHiddenState, { skipLayers: 3 })).toThrow('leave all of them');
  const tooLong = [Array.from({ length: 10 }, () => 1)];
  expect(() => encode(tooLong, (encoding) => encoding.lastHiddenState)).toThrow('at most 9 tokens');
});
