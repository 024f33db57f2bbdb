// Image tokens beside the text: the Resampler against a plain computation of its own, and the laws of attention that
// has keys and values for both.

import { expect, test } from 'vitest';

import type { ResamplerConfig } from '../../src-main/checkpoint/resampler-config.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import {
  imageAttentionParameters, resamplerParameters, unetParameters,
} from '../../src-main/models/parameter-shapes.ts';
import { resampler } from '../../src-main/models/resampler.ts';
import { unet } from '../../src-main/models/unet.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { evaluateNetwork, type Network, randomTensor, randomWeights, tinyUnet } from './tiny-networks.ts';

const config: ResamplerConfig = {
  dim: 6, depth: 2, dimHead: 4, heads: 2, numQueries: 3, embeddingDim: 5, outputDim: 7, ffMult: 2,
};
const resamplerWeights = randomWeights(resamplerParameters(config));

type Matrix = number[][];

const matrixOf = (weights: WeightTable, name: string): Matrix => {
  const { shape, data } = weights.get(name) as Tensor;
  const width = shape.at(-1)!;
  const row = (i: number) => Array.from(data.slice(i * width, (i + 1) * width), Number);
  return Array.from({ length: data.length / width }, (_, i) => row(i));
};
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const sum = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((value, k) => value + b[i]![k]!));

/** x·Wᵀ + b, row by row. */
function linear(x: Matrix, path: string, hasBias = false): Matrix {
  const weight = matrixOf(resamplerWeights, `${path}.weight`);
  const bias = hasBias ? matrixOf(resamplerWeights, `${path}.bias`)[0]! : weight.map(() => 0);
  return x.map((row) => weight.map((line, i) => dot(row, line) + bias[i]!));
}

function norm(x: Matrix, path: string): Matrix {
  const [scale, shift] = ['weight', 'bias'].map((name) => matrixOf(resamplerWeights, `${path}.${name}`)[0]!);
  return x.map((row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    return row.map((value, i) => (value - mean) / Math.sqrt(variance + 1e-5) * scale![i]! + shift![i]!);
  });
}

/** Abramowitz & Stegun 7.1.6, a series that is exact enough for small numbers. */
function erf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** One face embedding to its tokens, as the paper and its code say, in plain loops. */
function plainResampler(embedding: readonly number[]): Matrix {
  const seen = linear([[...embedding]], 'proj_in', true);
  let latents = matrixOf(resamplerWeights, 'latents');
  for (let layer = 0; layer < config.depth; layer++) {
    const path = `layers.${layer}`;
    const [x, own] = [norm(seen, `${path}.0.norm1`), norm(latents, `${path}.0.norm2`)];
    const q = linear(own, `${path}.0.to_q`);
    const both = linear([...x, ...own], `${path}.0.to_kv`);
    const mixed = q.map((row) => row.map((_, column) => {
      const head = Math.floor(column / config.dimHead) * config.dimHead;
      const part = (line: readonly number[], from: number) => line.slice(from + head, from + head + config.dimHead);
      const scores = both.map((line) => Math.exp(dot(part(row, 0), part(line, 0)) / Math.sqrt(config.dimHead)));
      const total = scores.reduce((a, b) => a + b, 0);
      return scores.reduce((value, score, i) => value + (score / total) * both[i]![8 + column]!, 0);
    }));
    latents = sum(linear(mixed, `${path}.0.to_out`), latents);
    const hidden = linear(norm(latents, `${path}.1.0`), `${path}.1.1`)
      .map((row) => row.map((value) => (value / 2) * (1 + erf(value / Math.SQRT2))));
    latents = sum(linear(hidden, `${path}.1.3`), latents);
  }
  return norm(linear(latents, 'proj_out', true), 'norm_out');
}

function imageTokens(embeddings: Tensor): Float64Array {
  return evaluateNetwork({
    weights: resamplerWeights, feeds: { face: embeddings },
    describe: (scope, inputs) => ({ tokens: resampler(scope, config, inputs['face']!) }),
  })['tokens']!;
}

test('the Resampler computes what its formulas say, each face on its own', () => {
  const faces = randomTensor([3, 1, 5], 4, 3);
  // the third is no face: zeros are an input like any other
  const data = faces.data as Float32Array;
  data.fill(0, 10);
  const tokens = imageTokens(faces);
  const expected = [0, 1, 2].flatMap((i) => plainResampler([...data.slice(i * 5, (i + 1) * 5)]).flat());
  expect(tokens.length).toBe(expected.length);
  tokens.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 9));
});

test('an embedding of another width is refused', () => {
  expect(() => imageTokens(randomTensor([1, 1, 6], 1))).toThrow('of 5 numbers, not 6');
});

const weights = randomWeights(unetParameters(tinyUnet));
const imageWeights = new Map([...randomWeights(imageAttentionParameters(tinyUnet))].map(([name, source], i) => (
  [name, randomTensor(source.shape, 500 + i, 0.7)] as const)));
const text = randomTensor([2, 5, 6], 2);
const feeds = {
  sample: randomTensor([2, 16, 4, 6], 1), timestep: float32Tensor([2], [7, 940]), context: text,
  tokens: randomTensor([2, 3, 6], 8), strength: float32Tensor([1], [0.75]),
};

function network(options: Partial<Network> & { readonly imageWeights?: WeightTable } = {}): Network {
  return {
    weights, feeds,
    describe: (scope, inputs) => ({
      noise: unet(scope, tinyUnet, {
        sample: inputs['sample']!, timestep: inputs['timestep']!, encoderHiddenStates: inputs['context']!,
        imagePrompt: {
          scope: frozenScope(scope.g, options.imageWeights ?? imageWeights), tokens: inputs['tokens']!,
          strength: inputs['strength']!,
        },
      }),
    }),
    ...options,
  };
}

function withoutImage(table: WeightTable): Float64Array {
  const { sample, timestep, context } = feeds;
  return evaluateNetwork({
    weights: table, feeds: { sample, timestep, context },
    describe: (scope, inputs) => ({
      noise: unet(scope, tinyUnet, {
        sample: inputs['sample']!, timestep: inputs['timestep']!, encoderHiddenStates: inputs['context']!,
      }),
    }),
  })['noise']!;
}

function expectClose(actual: Float64Array, expected: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 10));
}

test('image attention has keys and values for each cross-attention and for nothing else', () => {
  const crossAttentions = [...unetParameters(tinyUnet)].filter(([name]) => name.endsWith('.attn2.to_k.weight'));
  const expected = crossAttentions.flatMap(([name, shape]) => (
    ['to_k_ip', 'to_v_ip'].map((own) => [name.replace('to_k', own), shape])));
  expect(crossAttentions.length).toBeGreaterThan(2);
  expect([...imageAttentionParameters(tinyUnet)].sort()).toEqual(expected.sort());
});

test('strength 0 is the UNet without a picture, and the tokens reach the output', () => {
  const silent = evaluateNetwork(network({ feeds: { ...feeds, strength: float32Tensor([1], [0]) } }))['noise']!;
  expectClose(silent, withoutImage(weights));
  const heard = evaluateNetwork(network())['noise']!;
  expect(Math.max(...heard.map((value, i) => Math.abs(value - silent[i]!)))).toBeGreaterThan(1e-3);
});

test('the text\'s own tokens, keys and values a second time make each cross-attention 1 + strength as strong', () => {
  const copies = new Map([...imageWeights.keys()].map((name) => (
    [name, weights.get(name.replace('_ip', ''))!] as const)));
  const twice = evaluateNetwork(network({ imageWeights: copies, feeds: { ...feeds, tokens: text } }))['noise']!;
  const stronger = new Map([...weights].map(([name, source]) => {
    if (!name.endsWith('.attn2.to_out.0.weight')) return [name, source] as const;
    const { shape, data } = source as Tensor;
    return [name, float32Tensor(shape, (data as Float32Array).map((value) => value * 1.75))] as const;
  }));
  const expected = withoutImage(stronger);
  twice.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
});
