// The networks of the starter pack, as the config.json files that it ships and as the descriptions parsed from them.
// SD 1.5's own block structure at a small width; the number of norm groups follows from the few channels.

import {
  parseSchedulerConfig, parseTextEncoderConfig, parseUnetConfig, parseVaeConfig,
  type SchedulerConfig, type TextEncoderConfig, type UnetConfig, type VaeConfig,
} from '../checkpoint/configs.ts';
import type { StarterRecipe } from './recipe.ts';

type ConfigJson = Readonly<Record<string, unknown>>;

/** CLIP's vocabulary: 49,406 byte pairs and words, begin and end. */
export const clipVocabSize = 49_408;
export const promptTokens = 77;

export function unetConfigJson({ unet, vae, textEncoder, resolutionPx }: StarterRecipe): ConfigJson {
  return {
    _class_name: 'UNet2DConditionModel', act_fn: 'silu', attention_head_dim: unet.heads,
    block_out_channels: unet.blockOutChannels, center_input_sample: false,
    cross_attention_dim: textEncoder.width,
    down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
    downsample_padding: 1, flip_sin_to_cos: true, freq_shift: 0, in_channels: vae.latentChannels,
    layers_per_block: unet.layersPerBlock, mid_block_scale_factor: 1, norm_eps: 1e-5, norm_num_groups: unet.normGroups,
    out_channels: vae.latentChannels, sample_size: resolutionPx / 8,
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  };
}

export function vaeConfigJson({ vae, resolutionPx }: StarterRecipe, scalingFactor = 1): ConfigJson {
  const blocks = vae.blockOutChannels.length;
  return {
    _class_name: 'AutoencoderKL', act_fn: 'silu', block_out_channels: vae.blockOutChannels,
    down_block_types: Array.from({ length: blocks }, () => 'DownEncoderBlock2D'), force_upcast: true, in_channels: 3,
    latent_channels: vae.latentChannels, layers_per_block: vae.layersPerBlock, norm_num_groups: vae.normGroups,
    out_channels: 3, sample_size: resolutionPx, scaling_factor: scalingFactor,
    up_block_types: Array.from({ length: blocks }, () => 'UpDecoderBlock2D'),
  };
}

export function textEncoderConfigJson({ textEncoder }: StarterRecipe, vocabSize = clipVocabSize): ConfigJson {
  return {
    architectures: ['CLIPTextModel'], model_type: 'clip_text_model', attention_dropout: 0,
    // start and end of text are the last of every vocabulary of this kind
    bos_token_id: vocabSize - 2, eos_token_id: vocabSize - 1, pad_token_id: vocabSize - 1,
    hidden_act: 'quick_gelu', hidden_size: textEncoder.width,
    initializer_factor: 1, intermediate_size: textEncoder.width * 4, layer_norm_eps: 1e-5,
    max_position_embeddings: promptTokens, num_attention_heads: textEncoder.heads,
    num_hidden_layers: textEncoder.layers, projection_dim: textEncoder.width, vocab_size: vocabSize,
  };
}

/** Stable Diffusion's betas; v-prediction, which decides layout and colour much better at high noise than epsilon. */
export function schedulerConfigJson(): ConfigJson {
  return {
    _class_name: 'DDIMScheduler', beta_end: 0.012, beta_schedule: 'scaled_linear', beta_start: 0.00085,
      clip_sample: false,
    num_train_timesteps: 1000, prediction_type: 'v_prediction', set_alpha_to_one: false, steps_offset: 1,
    timestep_spacing: 'leading',
  };
}

export interface StarterNetworks {
  readonly unet: UnetConfig;
  readonly vae: VaeConfig;
  readonly textEncoder: TextEncoderConfig;
  readonly scheduler: SchedulerConfig;
}

/** `vocabSize` is the number of token rows: those that are trained, or those of a pack. */
export function starterNetworks(recipe: StarterRecipe, vocabSize = clipVocabSize): StarterNetworks {
  return {
    unet: parseUnetConfig(unetConfigJson(recipe), 'the starter recipe'),
    vae: parseVaeConfig(vaeConfigJson(recipe), 'the starter recipe'),
    textEncoder: parseTextEncoderConfig(textEncoderConfigJson(recipe, vocabSize), 'the starter recipe'),
    scheduler: parseSchedulerConfig(schedulerConfigJson(), 'the starter recipe'),
  };
}
