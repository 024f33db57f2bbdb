// The published config.json files of SD 1.5 and SDXL, as far as they differ from diffusers' defaults, and what
// parameters follow from them.

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../src-main/checkpoint/configs.ts';
import {
  type ParameterShapes, textEncoderParameters, unetParameters, vaeParameters,
} from '../../src-main/models/parameter-shapes.ts';

export type RealModel = 'sd15' | 'sdxl';

export interface NetworkFiles {
  /** Folder in a diffusers checkpoint, and its weights file without `.safetensors`. */
  readonly folder: string;
  readonly stem: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly shapes: () => ParameterShapes;
}

export interface ModelFiles {
  readonly title: string;
  /** diffusers' name for the whole. */
  readonly pipeline: string;
  readonly networks: readonly NetworkFiles[];
}

export function unetFiles(config: Readonly<Record<string, unknown>>): NetworkFiles {
  const full = { in_channels: 4, out_channels: 4, layers_per_block: 2, norm_num_groups: 32, ...config };
  return {
    folder: 'unet', stem: 'diffusion_pytorch_model', config: full,
    shapes: () => unetParameters(parseUnetConfig(full, 'bench')),
  };
}

/** Channels a block of the published models, or others. */
export function vaeFiles(widths: readonly number[], scalingFactor: number): NetworkFiles {
  const config = {
    block_out_channels: widths, layers_per_block: 2, latent_channels: 4, norm_num_groups: 32,
    scaling_factor: scalingFactor,
  };
  return {
    folder: 'vae', stem: 'diffusion_pytorch_model', config,
    shapes: () => vaeParameters(parseVaeConfig(config, 'bench')),
  };
}

const publishedVae = [128, 256, 512, 512];

function textEncoder(folder: string, config: Readonly<Record<string, unknown>>): NetworkFiles {
  const full = { vocab_size: 49408, max_position_embeddings: 77, layer_norm_eps: 1e-5, ...config };
  const withProjection = folder === 'text_encoder_2';
  return {
    folder, stem: 'model', config: full,
    shapes: () => textEncoderParameters(parseTextEncoderConfig(full, 'bench'), { withProjection }),
  };
}

const clipL = {
  hidden_size: 768, intermediate_size: 3072, projection_dim: 768, num_hidden_layers: 12, num_attention_heads: 12,
  hidden_act: 'quick_gelu',
};
const openClipBigG = {
  hidden_size: 1280, intermediate_size: 5120, projection_dim: 1280, num_hidden_layers: 32, num_attention_heads: 20,
  hidden_act: 'gelu',
};

/** Text encoders of one thin layer and few words, for a checkpoint whose own are not run; widths as the UNet reads. */
export function thinTextEncoders([first, second]: readonly [number, number], pooledWidth: number): NetworkFiles[] {
  const thin = { vocab_size: 64, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 1 };
  return [
    textEncoder('text_encoder', { ...thin, hidden_size: first, projection_dim: first, hidden_act: 'quick_gelu' }),
    textEncoder('text_encoder_2', { ...thin, hidden_size: second, projection_dim: pooledWidth, hidden_act: 'gelu' }),
  ];
}

export const realModels: Readonly<Record<RealModel, ModelFiles>> = {
  sd15: {
    title: 'SD 1.5',
    pipeline: 'StableDiffusionPipeline',
    networks: [
      unetFiles({
        sample_size: 64, block_out_channels: [320, 640, 1280, 1280], cross_attention_dim: 768, attention_head_dim: 8,
        down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
        up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
      }),
      vaeFiles(publishedVae, 0.18215),
      textEncoder('text_encoder', clipL),
    ],
  },
  sdxl: {
    title: 'SDXL',
    pipeline: 'StableDiffusionXLPipeline',
    networks: [
      unetFiles({
        sample_size: 128, block_out_channels: [320, 640, 1280], cross_attention_dim: 2048,
        attention_head_dim: [5, 10, 20], transformer_layers_per_block: [1, 2, 10], use_linear_projection: true,
        down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
        up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
        addition_embed_type: 'text_time', addition_time_embed_dim: 256, projection_class_embeddings_input_dim: 2816,
      }),
      vaeFiles(publishedVae, 0.13025),
      textEncoder('text_encoder', clipL),
      textEncoder('text_encoder_2', openClipBigG),
    ],
  },
};
