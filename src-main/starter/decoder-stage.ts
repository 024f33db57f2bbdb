// Stage 3 of the starter pack: the decoder alone, with the encoder frozen. The latents stay what they are, so it can go
// on while the denoiser learns; crops are taken where the face is, where blur is seen first.

import type { VaeConfig } from '../checkpoint/configs.ts';
import { vaeDecoder, vaeEncoder } from '../models/vae.ts';
import { layoutOf, type ParameterLayout } from '../networks/flat-parameters.ts';
import { trainingStepGraph, type TrainingStepGraph } from '../training/optimizer-graph.ts';
import { prefixedScope, tensorsOf } from './flat-parameters.ts';
import { reconstructionLoss } from './losses.ts';
import type { StarterRecipe } from './recipe.ts';
import { optimizerOf } from './stage-trainer.ts';
import { starterNetworks } from './starter-networks.ts';
import { vaeLayout } from './vae-stage.ts';

const isDecoder = (name: string) => /^vae\.(decoder|post_quant_conv)\./.test(name);

export interface DecoderLayout extends ParameterLayout {
  /** The decoder's part of the whole autoencoder's flat vector. */
  pick(whole: Float32Array): Float32Array;
}

export function decoderLayout(config: VaeConfig): DecoderLayout {
  const whole = vaeLayout(config).entries.filter(({ name }) => isDecoder(name));
  const own = layoutOf(whole);
  return {
    ...own,
    pick: (vector) => {
      const part = new Float32Array(own.size);
      whole.forEach(({ offset, size }, i) => part.set(vector.subarray(offset, offset + size), own.entries[i]!.offset));
      return part;
    },
  };
}

/** The whole autoencoder's vector with another decoder in it. */
export function withDecoder(config: VaeConfig, whole: Float32Array, decoder: Float32Array): Float32Array {
  const merged = whole.slice();
  const places = new Map(vaeLayout(config).entries.map((entry) => [entry.name, entry]));
  for (const { name, offset, size } of decoderLayout(config).entries) {
    merged.set(decoder.subarray(offset, offset + size), places.get(name)!.offset);
  }
  return merged;
}

/** One step: image [B, 3, crop, crop] through the frozen encoder's mean, then the decoder that learns. */
export function decoderStepGraph(recipe: StarterRecipe, vae: Float32Array): TrainingStepGraph {
  const config = starterNetworks(recipe).vae;
  const { batchSize, cropPx, edgeWeight } = recipe.decoder;
  const frozen = tensorsOf(vaeLayout(config), vae, 'vae');
  return trainingStepGraph({
    name: 'starter_decoder', parameters: decoderLayout(config).entries, optimizer: optimizerOf(recipe.decoder),
    build: (g, parameter) => {
      const image = g.input('image', 'float32', [batchSize, 3, cropPx, cropPx]);
      const encoder = { g, parameter: (name: string) => g.weight(`frozen.${name}`, frozen.get(name)!) };
      const [means] = g.split(vaeEncoder(encoder, config, image), 1, [config.latentChannels, config.latentChannels]);
      const decoded = vaeDecoder(prefixedScope(g, 'vae', parameter), config, means!);
      return { loss: reconstructionLoss(g, g.sub(decoded, image), edgeWeight) };
    },
  });
}
