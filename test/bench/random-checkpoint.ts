// A checkpoint of SD 1.5's real size with random weights, as a diffusers folder: for measuring, not for looking at.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../src-main/checkpoint/configs.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import {
  type ParameterShapes, textEncoderParameters, unetParameters, vaeParameters,
} from '../../src-main/models/parameter-shapes.ts';
import { type Tensor, elementCount } from '../../src-main/tensor/tensor.ts';

/** The published config.json files, as far as they differ from diffusers' defaults. */
const configs = {
  unet: {
    sample_size: 64, in_channels: 4, out_channels: 4, block_out_channels: [320, 640, 1280, 1280], layers_per_block: 2,
    down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
    cross_attention_dim: 768, attention_head_dim: 8, norm_num_groups: 32,
  },
  vae: {
    block_out_channels: [128, 256, 512, 512], layers_per_block: 2, latent_channels: 4, norm_num_groups: 32,
    scaling_factor: 0.18215,
  },
  text_encoder: {
    vocab_size: 49408, hidden_size: 768, intermediate_size: 3072, projection_dim: 768, num_hidden_layers: 12,
    num_attention_heads: 12, max_position_embeddings: 77, hidden_act: 'quick_gelu', layer_norm_eps: 1e-5,
  },
} as const;

/** Writes 4.3 GB of float32 below `folder` and returns the checkpoint's folder. */
export async function writeRandomSd15(folder: string): Promise<string> {
  const networks: Record<keyof typeof configs, ParameterShapes> = {
    unet: unetParameters(parseUnetConfig(configs.unet, 'bench')),
    vae: vaeParameters(parseVaeConfig(configs.vae, 'bench')),
    text_encoder: textEncoderParameters(parseTextEncoderConfig(configs.text_encoder, 'bench')),
  };
  for (const [name, shapes] of Object.entries(networks) as [keyof typeof configs, ParameterShapes][]) {
    await mkdir(path.join(folder, name), { recursive: true });
    await writeFile(path.join(folder, name, 'config.json'), JSON.stringify(configs[name]));
    const stem = name === 'text_encoder' ? 'model' : 'diffusion_pytorch_model';
    await writeSafetensors(path.join(folder, name, `${stem}.safetensors`), randomTensors(shapes));
  }
  await mkdir(path.join(folder, 'scheduler'), { recursive: true });
  const scheduler = JSON.stringify({ prediction_type: 'epsilon' });
  await writeFile(path.join(folder, 'scheduler', 'scheduler_config.json'), scheduler);
  await writeFile(path.join(folder, 'model_index.json'), JSON.stringify({ _class_name: 'StableDiffusionPipeline' }));
  return folder;
}

/** All tensors are views of one block of numbers within ±1, scaled by a copy only where a size is new. */
function randomTensors(shapes: ParameterShapes): Map<string, Tensor> {
  const largest = Math.max(...[...shapes.values()].map((shape) => elementCount(shape)));
  // a linear congruential generator is random enough for timing (Numerical Recipes, section 7.1.4)
  const random = new Float32Array(largest);
  let state = 1;
  for (let i = 0; i < largest; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    random[i] = (state / 2 ** 31 - 1) * 0.03;
  }
  const ones = new Float32Array(1 << 16).fill(1);
  return new Map([...shapes].map(([name, shape]) => {
    const data = /norm\w*\.weight$/.test(name) ? ones : random;
    return [name, { dtype: 'float32', shape, data: data.subarray(0, elementCount(shape)) }];
  }));
}
