// The networks of the starter pack's InstantID: their sizes beside a base pack, their parameters in one flat vector,
// and how these begin.

import type { ControlNetConfig, UnetConfig } from '../checkpoint/configs.ts';
import type { ResamplerConfig } from '../checkpoint/resampler-config.ts';
import { controlNetParameters, imageAttentionParameters, resamplerParameters } from '../models/parameter-shapes.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { elementCount, type Shape, type Tensor } from '../tensor/tensor.ts';
import type { BasePack } from './base-pack.ts';
import { flatLayout, initialParameters } from './flat-parameters.ts';
import type { StarterRecipe } from './recipe.ts';
import { type Random, seededRandom } from './seeded-random.ts';

export interface InstantNetworks {
  readonly unet: UnetConfig;
  readonly resampler: ResamplerConfig;
  readonly identityNet: ControlNetConfig;
}

export function instantNetworks(recipe: StarterRecipe, { unetConfig }: Pick<BasePack, 'unetConfig'>): InstantNetworks {
  const { upBlockTypes: _up, outChannels: _out, sampleSize: _size, ...trunk } = unetConfig;
  return {
    unet: unetConfig,
    resampler: {
      ...recipe.instant.resampler, embeddingDim: recipe.face.embeddingLength, outputDim: unetConfig.crossAttentionDim,
    },
    identityNet: { ...trunk, conditioningEmbeddingOutChannels: recipe.instant.conditioningChannels },
  };
}

/** Resampler, image attention (under the UNet's paths) and IdentityNet, one behind the other. */
export function instantLayout(networks: InstantNetworks): ParameterLayout {
  return flatLayout({
    resampler: resamplerParameters(networks.resampler), image_attention: imageAttentionParameters(networks.unet),
    identity_net: controlNetParameters(networks.identityNet),
  });
}

/** Values of the image attention begin at this share of the text's, so that training begins near the UNet as it was. */
const valueShare = 0.25;

/** Keeps the variance of what goes through a convolution and SiLU: 1 / E[silu(x)^2] for x of variance 1. */
const siluGain = 2.82;

/**
 * Where training begins: IdentityNet a copy of the UNet's way down with closing convolutions of zeros (Zhang et al.
 * 2023, section 3.2), image attention like the text's (Ye et al. 2023), the Resampler random. The key points' own
 * convolutions begin so that what is drawn gets through all eight of them (He et al. 2015, eq. 10): with torch's
 * values not a thousandth would, and IdentityNet learned nothing in 2,000 steps.
 */
export function initialInstant(layout: ParameterLayout, networks: InstantNetworks, base: BasePack, seed: number) {
  const values = initialParameters(layout, seed);
  for (const { name, shape, offset, size } of layout.entries) {
    const target = values.subarray(offset, offset + size);
    const known = knownStart(name, base.unet);
    if (known) target.set(known);
    else if (/^identity_net\.controlnet_(down|mid)_block/.test(name)) target.fill(0);
    else if (name.startsWith('identity_net.controlnet_cond_embedding.')) {
      fillVariancePreserving(target, shape, seededRandom(seed, 42 + offset));
    } else if (/^resampler\.layers\.\d+\.1\.0\./.test(name)) target.fill(name.endsWith('.weight') ? 1 : 0);
    else if (name === 'resampler.latents') {
      const random = seededRandom(seed, 37);
      const deviation = 1 / Math.sqrt(networks.resampler.dim);
      for (let i = 0; i < size; i++) target[i] = deviation * random.normal();
    }
  }
  return values;
}

/** A convolution [out, in, k, k] uniform of variance siluGain / (in k k); a bias [out] of zeros. */
function fillVariancePreserving(target: Float32Array, shape: Shape, random: Random): void {
  if (shape.length === 1) return void target.fill(0);
  const limit = Math.sqrt(3 * siluGain / elementCount(shape.slice(1)));
  for (let i = 0; i < target.length; i++) target[i] = random.between(-limit, limit);
}

/** What a parameter takes over from the UNet; undefined for those that it has nothing like. */
function knownStart(name: string, unet: ReadonlyMap<string, Tensor>): Float32Array | undefined {
  const dot = name.indexOf('.');
  const [network, rest] = [name.slice(0, dot), name.slice(dot + 1)];
  if (network === 'identity_net') return unet.get(rest)?.data as Float32Array | undefined;
  if (network !== 'image_attention') return undefined;
  const text = unet.get(rest.replace(/to_([kv])_ip\.weight$/, 'to_$1.weight'))!.data as Float32Array;
  return rest.endsWith('to_v_ip.weight') ? text.map((value) => value * valueShare) : text;
}
