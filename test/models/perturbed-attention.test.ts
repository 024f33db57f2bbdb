// Self-attention that some pictures of a batch go without: the layer in plain steps, and which layers of a UNet it is.

import { expect, test } from 'vitest';

import type { UnetConfig } from '../../src-main/checkpoint/configs.ts';
import { convolution, groupNorm, layerNorm, linear } from '../../src-main/models/layers.ts';
import { unetParameters } from '../../src-main/models/parameter-shapes.ts';
import { pictureFromTokens, tokensFromPicture, tokensFromSequence } from '../../src-main/models/tokens.ts';
import { spatialTransformer } from '../../src-main/models/transformer-block.ts';
import { unet } from '../../src-main/models/unet.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { evaluateNetwork, randomTensor, randomWeights, tinyUnet } from './tiny-networks.ts';

const zeroed = (weights: ReadonlyMap<string, Tensor>, pattern: RegExp) => new Map([...weights].map(([name, tensor]) => (
  [name, pattern.test(name) ? float32Tensor(tensor.shape, new Float32Array(tensor.data.length)) : tensor])));

const weights = randomWeights(unetParameters(tinyUnet)) as ReadonlyMap<string, Tensor>;
const path = 'mid_block.attentions.0';
const channels = tinyUnet.blockOutChannels[1]!;

test('without self-attention every token takes its own value', () => {
  const layer = 'transformer_blocks.0';
  // what follows self-attention in the layer adds nothing
  const alone = zeroed(weights, /(attn2\.to_out\.0|ff\.net\.2)\./);
  const x = randomTensor([2, channels, 2, 3], 5);
  const out = evaluateNetwork({
    weights: alone,
    feeds: { x, context: randomTensor([2, 4, 6], 6), share: float32Tensor([2, 1, 1], [0, 1]) },
    describe: (scope, inputs) => {
      const { g } = scope;
      const made = spatialTransformer(scope, path, inputs['x']!, {
        heads: 3, layers: 1, groups: 4, useLinearProjection: false, context: tokensFromSequence(g, inputs['context']!),
        selfAttentionShare: inputs['share']!,
      });
      const normed = groupNorm(scope, `${path}.norm`, inputs['x']!, 4, 1e-6);
      const tokens = tokensFromPicture(g, convolution(scope, `${path}.proj_in`, normed, channels, { kernel: 1 }));
      const values = linear(scope, `${path}.${layer}.attn1.to_v`,
        layerNorm(scope, `${path}.${layer}.norm1`, tokens, 1e-5), channels, { bias: false });
      const attended = g.add(linear(scope, `${path}.${layer}.attn1.to_out.0`, values, channels), tokens);
      const plain = convolution(
        scope, `${path}.proj_out`, pictureFromTokens(g, attended, 2, 2, 3), channels, { kernel: 1 });
      return { made, plain: g.add(plain, inputs['x']!) };
    },
  });
  const one = channels * 6;
  const far = (i: number) => Math.abs(out['made']![i]! - out['plain']![i]!);
  const farthest = (from: number) => Math.max(...Array.from({ length: one }, (_, i) => far(from + i)));
  expect(farthest(0)).toBeLessThan(1e-6);
  // the second picture keeps its self-attention
  expect(farthest(one)).toBeGreaterThan(1e-3);
});

function predicted(config: UnetConfig, table: ReadonlyMap<string, Tensor>, share?: readonly number[]): Float64Array {
  const row = (shape: readonly number[], seed: number) => {
    const { data } = randomTensor(shape, seed);
    return float32Tensor([2, ...shape], [...data as Float32Array, ...data as Float32Array]);
  };
  return evaluateNetwork({
    weights: table,
    feeds: {
      sample: row([16, 4, 6], 1), context: row([5, 6], 2), timestep: float32Tensor([2], [300, 300]),
      ...(share ? { share: float32Tensor([2, 1, 1], share) } : {}),
    },
    describe: (scope, inputs) => ({
      noise: unet(scope, config, {
        sample: inputs['sample']!, timestep: inputs['timestep']!, encoderHiddenStates: inputs['context']!,
        ...(inputs['share'] ? { selfAttentionShare: inputs['share'] } : {}),
      }),
    }),
  })['noise']!;
}

/** Largest difference of the first or of the second picture. */
function change(config: UnetConfig, table: ReadonlyMap<string, Tensor>, share: readonly number[], item: 0 | 1): number {
  const [plain, other] = [predicted(config, table), predicted(config, table, share)];
  const half = plain.length / 2;
  return Math.max(...Array.from({ length: half }, (_, i) => (
    Math.abs(plain[item * half + i]! - other[item * half + i]!))));
}

test('each picture of a batch keeps or loses its own', () => {
  expect(change(tinyUnet, weights, [1, 0], 0)).toBeLessThan(1e-9);
  expect(change(tinyUnet, weights, [1, 0], 1)).toBeGreaterThan(1e-4);
});

test.each([
  { sampleSize: 8, what: 'the middle alone, where it sees 16 places', others: false },
  { sampleSize: 4, what: 'every layer, where the middle sees 4', others: true },
])('it is put out in $what', ({ sampleSize, others }) => {
  const config = { ...tinyUnet, sampleSize };
  const withoutMiddle = zeroed(weights, /^mid_block.*attn1\.to_out\.0\./);
  const withoutOthers = zeroed(weights, /^(down|up)_blocks.*attn1\.to_out\.0\./);
  expect(change(config, withoutOthers, [0, 0], 0)).toBeGreaterThan(1e-4);
  const changed = change(config, withoutMiddle, [0, 0], 0);
  if (others) expect(changed).toBeGreaterThan(1e-4);
  else expect(changed).toBeLessThan(1e-9);
});
