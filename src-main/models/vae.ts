// The autoencoder between pictures and latents (Kingma & Welling 2014; Rombach et al. 2022, section 3.1), after
// diffusers' AutoencoderKL. Encoder and decoder are two graphs: training needs only the first, generation the second.

import type { Value } from '../compiler/1-build/graph.ts';
import type { VaeConfig } from '../checkpoint/configs.ts';
import { convolution, groupNorm, linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';
import { downsample, resnetBlock, upsample } from './resnet-block.ts';
import { headedAttention, pictureFromTokens, tokensFromPicture } from './tokens.ts';

/** diffusers' AutoencoderKL: every GroupNorm of the VAE. */
const normEpsilon = 1e-6;
const colourChannels = 3;

/**
 * Mean and log-variance of the latent: `image` [B, 3, H, W] in −1…1 → [B, 2·latentChannels, H/f, W/f],
 * f = 2^(blocks − 1). The log-variance is as the network gives it (the sampler of latents clamps it to −30…20).
 */
export function vaeEncoder(scope: NetworkScope, config: VaeConfig, image: Value): Value {
  const blocks = config.blockOutChannels.length;
  checkPicture(image, colourChannels, 2 ** (blocks - 1));
  let x = convolution(scope, 'encoder.conv_in', image, config.blockOutChannels[0]!);
  config.blockOutChannels.forEach((channels, level) => {
    const path = `encoder.down_blocks.${level}`;
    for (let layer = 0; layer < config.layersPerBlock; layer++) {
      x = resnet(scope, config, `${path}.resnets.${layer}`, x, channels);
    }
    if (level < blocks - 1) x = downsample(scope, `${path}.downsamplers.0`, x, 'bottom-right');
  });
  x = midBlock(scope, config, 'encoder.mid_block', x);
  x = normAndConvolution(scope, config, 'encoder', x, config.latentChannels * 2);
  return convolution(scope, 'quant_conv', x, config.latentChannels * 2, { kernel: 1 });
}

/** The picture of a latent that has been divided by scalingFactor: [B, latentChannels, H, W] → [B, 3, f·H, f·W]. */
export function vaeDecoder(scope: NetworkScope, config: VaeConfig, latent: Value): Value {
  checkPicture(latent, config.latentChannels, 1);
  const widths = config.blockOutChannels.toReversed();
  let x = convolution(scope, 'post_quant_conv', latent, config.latentChannels, { kernel: 1 });
  x = convolution(scope, 'decoder.conv_in', x, widths[0]!);
  x = midBlock(scope, config, 'decoder.mid_block', x);
  widths.forEach((channels, index) => {
    const path = `decoder.up_blocks.${index}`;
    for (let layer = 0; layer <= config.layersPerBlock; layer++) {
      x = resnet(scope, config, `${path}.resnets.${layer}`, x, channels);
    }
    if (index < widths.length - 1) x = upsample(scope, `${path}.upsamplers.0`, x);
  });
  return normAndConvolution(scope, config, 'decoder', x, colourChannels);
}

function midBlock(scope: NetworkScope, config: VaeConfig, path: string, x: Value): Value {
  const channels = x.shape[1]!;
  x = resnet(scope, config, `${path}.resnets.0`, x, channels);
  const input = x;
  const attentionPath = `${path}.attentions.0`;
  x = scope.g.scope(attentionPath, () => attention(scope, config, attentionPath, input));
  return resnet(scope, config, `${path}.resnets.1`, x, channels);
}

/** Self-attention of all pixels with a single head as wide as the picture has channels. */
function attention(scope: NetworkScope, config: VaeConfig, path: string, x: Value): Value {
  const { g } = scope;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const normed = groupNorm(scope, `${path}.group_norm`, x, config.normNumGroups, normEpsilon);
  const tokens = tokensFromPicture(g, normed);
  const [q, k, v] = ['to_q', 'to_k', 'to_v'].map((name) => linear(scope, `${path}.${name}`, tokens, channels));
  const mixed = headedAttention(g, q!, k!, v!, { batch, heads: 1 });
  const h = linear(scope, `${path}.to_out.0`, mixed, channels);
  return g.add(pictureFromTokens(g, h, batch, height, width), x);
}

function resnet(scope: NetworkScope, config: VaeConfig, path: string, x: Value, outChannels: number): Value {
  return resnetBlock(scope, path, x, { outChannels, groups: config.normNumGroups, epsilon: normEpsilon });
}

function normAndConvolution(scope: NetworkScope, config: VaeConfig, path: string, x: Value, channels: number): Value {
  const normed = groupNorm(scope, `${path}.conv_norm_out`, x, config.normNumGroups, normEpsilon);
  return convolution(scope, `${path}.conv_out`, scope.g.silu(normed), channels);
}

function checkPicture(x: Value, channels: number, factor: number): void {
  const [, actual, height, width] = x.shape as [number, number, number, number];
  if (actual !== channels || height % factor !== 0 || width % factor !== 0) {
    const shape = `[${x.shape.join(', ')}]`;
    throw new Error(`The VAE takes ${channels} channels and sizes divisible by ${factor}, not ${shape}.`);
  }
}
