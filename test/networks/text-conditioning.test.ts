// What each architecture makes of a prompt, in miniature and in float64: which layer, which norm, what is pooled where.

import { describe, expect, test } from 'vitest';

import type { Architecture } from '../../src-main/checkpoint/architecture.ts';
import type { TextEncoderConfig } from '../../src-main/checkpoint/configs.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import { textEncoderParameters } from '../../src-main/models/parameter-shapes.ts';
import { clipTextEncoder, type TextEncoding, textProjection } from '../../src-main/models/text-encoder.ts';
import type { Value } from '../../src-main/compiler/1-build/graph.ts';
import type { NetworkScope } from '../../src-main/models/network-scope.ts';
import {
  endOfTextIdOf, textConditioning, type TextConditioningOptions,
} from '../../src-main/networks/text-conditioning.ts';
import { int64Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, randomWeights, tinyTextEncoder } from '../models/tiny-networks.ts';

const first = encoderOf(tinyTextEncoder, 0);
const second = encoderOf(
  { ...tinyTextEncoder, hiddenSize: 12, numHiddenLayers: 4, numAttentionHeads: 3, hiddenAct: 'gelu', projectionDim: 5 },
  1);
/** The vocabulary's last id ends the text; the second encoder's prompts are padded with 0. */
const ids = [[18, 3, 4, 19, 19, 19], [18, 9, 5, 6, 7, 19]];
const paddedWith0 = ids.map((row) => row.map((id, i) => (row.indexOf(19) < i ? 0 : id)));

function encoderOf(config: TextEncoderConfig, index: number) {
  const shapes = textEncoderParameters(config, { withProjection: index === 1 });
  return { config, weights: randomWeights(new Map([...shapes])) };
}

function idsTensor(rows: readonly (readonly number[])[]): Tensor {
  return int64Tensor([rows.length, rows[0]!.length], rows.flat());
}

function conditioning(
  architecture: Architecture, rows: readonly (readonly number[])[][], options: TextConditioningOptions = {},
  newRows: readonly Tensor[] = [],
): { context: Float64Array; pooled: Float64Array | undefined; shape: readonly number[] } {
  const g = new GraphBuilder('text');
  const textEncoders = architecture === 'sdxl' ? [first, second] : [first];
  const inputs = rows.map((prompts) => g.constant(idsTensor(prompts)));
  const { context, pooled } = textConditioning(
    textEncoders.map(({ weights }) => frozenScope(g, weights)), { architecture, textEncoders }, inputs,
    { ...options, newRows: newRows.map((tensor) => g.constant(tensor)) });
  g.output('context', context);
  if (pooled) g.output('pooled', pooled);
  verify(g.graph());
  const out = evaluate(g.graph(), {});
  return { context: out['context']!.values, pooled: out['pooled']?.values, shape: context.shape };
}

/** What one encoder gives of some ids. */
function alone(
  { config, weights }: ReturnType<typeof encoderOf>, rows: readonly (readonly number[])[],
  output: (encoding: TextEncoding, scope: NetworkScope) => Value, skipLayers = 0,
): Float64Array {
  const g = new GraphBuilder('alone');
  const scope = frozenScope(g, weights);
  const inputIds = g.constant(idsTensor(rows));
  g.output('out', output(clipTextEncoder(scope, config, inputIds, { skipLayers }), scope));
  return evaluate(g.graph(), {})['out']!.values;
}

describe.each(['sd15', 'sd2'] as const)('%s', (architecture) => {
  test('reads the last state under the final norm, and pools nothing', () => {
    const { context, pooled, shape } = conditioning(architecture, [ids]);
    expect(shape).toEqual([2, 6, 8]);
    expect(pooled).toBeUndefined();
    expect(context).toEqual(alone(first, ids, (encoding) => encoding.lastHiddenState));
  });

  test('a skipped layer leaves the one before it, under the final norm', () => {
    const { context } = conditioning(architecture, [ids], { skipLayers: 1 });
    expect(context).toEqual(alone(first, ids, (encoding) => encoding.lastHiddenState, 1));
    expect(context).not.toEqual(alone(first, ids, (encoding) => encoding.hiddenState(-2)));
  });
});

describe('sdxl', () => {
  const { context, pooled, shape } = conditioning('sdxl', [ids, paddedWith0]);
  const rowsOf = (values: Float64Array, width: number, start: number, end: number): number[][] => (
    Array.from({ length: values.length / width }, (_, i) => [...values.slice(i * width + start, i * width + end)]));

  test('reads the states before the last layer of both encoders, side by side and not normed', () => {
    expect(shape).toEqual([2, 6, 8 + 12]);
    const left = alone(first, ids, (encoding) => encoding.hiddenState(-2));
    const right = alone(second, paddedWith0, (encoding) => encoding.hiddenState(-2));
    expect(rowsOf(context, 20, 0, 8)).toEqual(rowsOf(left, 8, 0, 8));
    expect(rowsOf(context, 20, 8, 20)).toEqual(rowsOf(right, 12, 0, 12));
  });

  test('pools the second encoder at the first end of text, normed and projected', () => {
    const projected = alone(second, paddedWith0, (encoding, scope) => (
      textProjection(scope, second.config, encoding.pooled(19))));
    expect(pooled!.length).toBe(2 * 5);
    expect(pooled).toEqual(projected);
  });

  test('a skipped layer changes the states and leaves the pooled text', () => {
    const skipped = conditioning('sdxl', [ids, paddedWith0], { skipLayers: 1 });
    const left = alone(first, ids, (encoding) => encoding.hiddenState(-3));
    expect(rowsOf(skipped.context, 20, 0, 8)).toEqual(rowsOf(left, 8, 0, 8));
    expect(skipped.pooled).toEqual(pooled);
  });

  test('new tokens are read by both encoders, and do not move the place where the text is pooled', () => {
    const newRows = [randomTensor([1, 8], 5), randomTensor([1, 12], 6)];
    const withNew = (prompts: readonly (readonly number[])[]) => prompts.map((row) => row.with(1, 20));
    const learned = conditioning('sdxl', [withNew(ids), withNew(paddedWith0)], {}, newRows);
    const differs = (start: number, end: number): boolean => (
      rowsOf(learned.context, 20, start, end)[1]!.join() !== rowsOf(context, 20, start, end)[1]!.join());
    expect([differs(0, 8), differs(8, 20)]).toEqual([true, true]);
    expect(rowsOf(learned.context, 20, 0, 20)[0]).toEqual(rowsOf(context, 20, 0, 20)[0]);
    // pooled where the text ends: what comes before it moves the pooled text, what comes after does not
    expect(learned.pooled).not.toEqual(pooled);
    const beyond = paddedWith0.map((row) => row.with(5, row[5] === 19 ? 19 : 20));
    const padded = conditioning('sdxl', [ids, beyond], {}, newRows);
    expect(padded.pooled).toEqual(pooled);
  });
});

test('the end of text is the last id of the vocabulary, or CLIP\'s own where tokens were added behind it', () => {
  expect(endOfTextIdOf(tinyTextEncoder)).toBe(19);
  expect(endOfTextIdOf({ ...tinyTextEncoder, vocabSize: 49408 })).toBe(49407);
  expect(endOfTextIdOf({ ...tinyTextEncoder, vocabSize: 49412 })).toBe(49407);
});
