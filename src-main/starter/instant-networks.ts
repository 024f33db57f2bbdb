// The networks of the starter pack's InstantID: their sizes beside a base pack, their parameters in one flat vector,
// and how these begin.

import type { ControlNetConfig, UnetConfig } from '../checkpoint/configs.ts';
import type { ResamplerConfig } from '../checkpoint/resampler-config.ts';
import { controlNetParameters, imageAttentionParameters, resamplerParameters } from '../models/parameter-shapes.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { BasePack } from './base-pack.ts';
import { flatLayout, initialParameters } from './flat-parameters.ts';
import type { StarterRecipe } from './recipe.ts';
import { seededRandom } from './seeded-random.ts';

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

/**
 * Where training begins: IdentityNet a copy of the UNet's way down with closing convolutions of zeros (Zhang et al.
 * 2023, section 3.2), image attention like the text's (Ye et al. 2023), the Resampler random.
 */
export function initialInstant(layout: ParameterLayout, networks: InstantNetworks, base: BasePack, seed: number) {
  const values = initialParameters(layout, seed);
  for (const { name, offset, size } of layout.entries) {
    const target = values.subarray(offset, offset + size);
    const known = knownStart(name, base.unet);
    if (known) target.set(known);
    else if (/^identity_net\.(controlnet_(down|mid)_block|controlnet_cond_embedding\.conv_out)/.test(name)) {
      target.fill(0);
    } else if (/^resampler\.layers\.\d+\.1\.0\./.test(name)) target.fill(name.endsWith('.weight') ? 1 : 0);
    else if (name === 'resampler.latents') {
      const random = seededRandom(seed, 37);
      const deviation = 1 / Math.sqrt(networks.resampler.dim);
      for (let i = 0; i < size; i++) target[i] = deviation * random.normal();
    }
  }
  return values;
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
