// The tiny golden checkpoint, one of SDXL's topology with random weights, and a LoRA's flat vector drawn for either.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import {
  parseTextEncoderConfig, parseUnetConfig, parseVaeConfig, stableDiffusionScheduler,
} from '../../src-main/checkpoint/configs.ts';
import { type Checkpoint, openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import {
  type ParameterShapes, textEncoderParameters, unetParameters, vaeParameters,
} from '../../src-main/models/parameter-shapes.ts';
import { layoutOf } from '../../src-main/networks/flat-parameters.ts';
import { type LoraModule, loraTrainables } from '../../src-main/networks/lora-graph.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { randomTensor } from '../compiler/numbers.ts';

/** SD 1.5's block structure at width 16 to 32; 128 × 128 pictures, 16 × 16 latents. */
export async function openTinyCheckpoint(): Promise<Checkpoint> {
  const file = (name: string): string => fileURLToPath(new URL(`../golden/ckpt-sd15/${name}`, import.meta.url));
  const settings = JSON.parse(await readFile(file('config.json'), 'utf8')) as Record<string, unknown>;
  return openCheckpoint(file('model.safetensors'), { configs: {
    unet: parseUnetConfig(settings['unet'], 'unet'), vae: parseVaeConfig(settings['vae'], 'vae'),
    textEncoder: parseTextEncoderConfig(settings['text_encoder'], 'text'),
  } });
}

const tinySdxlConfigs = {
  unet: parseUnetConfig({
    sample_size: 8, block_out_channels: [8, 16, 16], norm_num_groups: 4, attention_head_dim: [1, 2, 2],
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
    transformer_layers_per_block: [1, 1, 2], cross_attention_dim: 20, use_linear_projection: true,
    addition_embed_type: 'text_time', addition_time_embed_dim: 4, projection_class_embeddings_input_dim: 30,
  }, 'unet'),
  vae: parseVaeConfig({
    block_out_channels: [4, 8], layers_per_block: 1, norm_num_groups: 4, scaling_factor: 0.13025,
  }, 'vae'),
  textEncoders: [[8, 'quick_gelu', 3], [12, 'gelu', 2]].map(([hidden_size, hidden_act, num_hidden_layers]) => (
    parseTextEncoderConfig({
      vocab_size: 40, hidden_size, intermediate_size: 16, num_hidden_layers, num_attention_heads: 2,
      projection_dim: 6, hidden_act,
    }, 'text'))),
};

/** SDXL's topology at width 8 to 16, 16 × 16 pictures, random weights in memory. The end of a text is token 39. */
export function tinySdxlCheckpoint(): Checkpoint {
  const { unet, vae, textEncoders } = tinySdxlConfigs;
  return {
    path: 'tiny-sdxl', architecture: 'sdxl', layout: 'single-file', unetConfig: unet, vaeConfig: vae,
    unet: randomWeights(unetParameters(unet), 100), vae: randomWeights(vaeParameters(vae), 200),
    textEncoders: textEncoders.map((config, index) => ({
      config, weights: randomWeights(textEncoderParameters(config, { withProjection: index === 1 }), 300 + index),
    })),
    schedulerConfig: stableDiffusionScheduler,
  };
}

function randomWeights(shapes: ParameterShapes, seed: number): WeightTable {
  return new Map([...shapes].map(([name, shape], i) => [name, randomTensor(shape, seed * 1000 + i, -0.5, 0.5)]));
}

export function randomLora(modules: readonly LoraModule[], seed: number, size = 0.3): Float32Array {
  return randomTensor([layoutOf(loraTrainables(modules)).size], seed, -size, size).data as Float32Array;
}

const half = (weights: WeightTable): WeightTable => (
  new Map([...weights].map(([name, source]) => [name, toFloatDType(source as Tensor, 'float16')])));

/** SDXL's miniature as it is published, in float16, with a VAE that may be computed in it. */
export function halfSdxlCheckpoint(): Checkpoint {
  const checkpoint = tinySdxlCheckpoint();
  return {
    ...checkpoint, unet: half(checkpoint.unet), vae: half(checkpoint.vae),
    vaeConfig: { ...checkpoint.vaeConfig, forceUpcast: false },
    textEncoders: checkpoint.textEncoders.map(({ config, weights }) => ({ config, weights: half(weights) })),
  };
}
