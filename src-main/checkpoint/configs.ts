// What the networks of a checkpoint look like: diffusers' and Transformers' config.json, parsed and put in one form.
// Per-block numbers are always lists here, one entry a down block, whether the file has a number or a list.
// Field names are the files' own in camel case, but for `attentionHeads`: the files say `attention_head_dim` and mean
// the NUMBER of heads (a historical misnomer in diffusers that every published UNet config keeps).

import * as z from 'zod';
import { UserError } from '../contract/errors.ts';

const positive = z.int().min(1).max(1_000_000);
const positiveList = z.array(positive).min(1).max(16);

/** A feature that none of our networks has: the field must be absent, null or false. */
const absent = z.union([z.null(), z.literal(false)]).optional();

/** What UNets and ControlNets have in common: the way down and the middle. */
const trunkFields = {
  in_channels: positive.default(4),
  down_block_types: z.array(z.enum(['CrossAttnDownBlock2D', 'DownBlock2D'])).min(1).max(16),
  mid_block_type: z.literal('UNetMidBlock2DCrossAttn').default('UNetMidBlock2DCrossAttn'),
  block_out_channels: positiveList,
  layers_per_block: positive.default(2),
  downsample_padding: z.literal(1).default(1),
  mid_block_scale_factor: z.literal(1).default(1),
  act_fn: z.literal('silu').default('silu'),
  norm_num_groups: positive.default(32),
  norm_eps: z.number().positive().default(1e-5),
  cross_attention_dim: positive,
  transformer_layers_per_block: z.union([positive, positiveList]).default(1),
  attention_head_dim: z.union([positive, positiveList]).default(8),
  num_attention_heads: z.union([positive, positiveList]).nullish(),
  use_linear_projection: z.boolean().default(false),
  upcast_attention: z.boolean().nullish(),
  flip_sin_to_cos: z.literal(true).default(true),
  freq_shift: z.literal(0).default(0),
  addition_embed_type: z.literal('text_time').nullish(),
  addition_time_embed_dim: positive.nullish(),
  projection_class_embeddings_input_dim: positive.nullish(),
  resnet_time_scale_shift: z.literal('default').default('default'),
  only_cross_attention: absent,
  class_embed_type: absent,
  num_class_embeds: absent,
  encoder_hid_dim: absent,
  encoder_hid_dim_type: absent,
};

const unetFile = z.object({
  ...trunkFields,
  sample_size: positive.nullish(),
  out_channels: positive.default(4),
  up_block_types: z.array(z.enum(['CrossAttnUpBlock2D', 'UpBlock2D'])).min(1).max(16),
  center_input_sample: absent,
  dual_cross_attention: absent,
  time_cond_proj_dim: absent,
  reverse_transformer_layers_per_block: absent,
});

const controlNetFile = z.object({
  ...trunkFields,
  conditioning_channels: z.literal(3).default(3),
  conditioning_embedding_out_channels: positiveList.default([16, 32, 96, 256]),
  controlnet_conditioning_channel_order: z.literal('rgb').default('rgb'),
  global_pool_conditions: absent,
});

/** The way down and the middle of a UNet, which a ControlNet has too. */
export interface UnetTrunkConfig {
  readonly inChannels: number;
  readonly downBlockTypes: readonly ('CrossAttnDownBlock2D' | 'DownBlock2D')[];
  readonly blockOutChannels: readonly number[];
  /** ResNets of a down block; an up block has one more. */
  readonly layersPerBlock: number;
  readonly normNumGroups: number;
  /** Of ResNets and the output norm; GroupNorm of the transformers is 1e-6 and LayerNorm 1e-5 always. */
  readonly normEps: number;
  readonly crossAttentionDim: number;
  /** Transformer blocks of each attention, one entry a down block. */
  readonly transformerLayersPerBlock: readonly number[];
  /** Number of heads, one entry a down block; the width of a head is channels / heads. */
  readonly attentionHeads: readonly number[];
  /** proj_in and proj_out are Linear (SD 2, SDXL), not 1x1 convolutions (SD 1). */
  readonly useLinearProjection: boolean;
  readonly upcastAttention: boolean;
  /** SDXL's pooled text and time ids; undefined for SD 1 and 2. */
  readonly textTime?: { readonly timeEmbedDim: number; readonly projectionInputDim: number };
}

/** A UNet2DConditionModel of the Stable Diffusion family. */
export interface UnetConfig extends UnetTrunkConfig {
  /** Latent height and width it was trained at, in latent pixels. */
  readonly sampleSize: number;
  readonly outChannels: number;
  readonly upBlockTypes: readonly ('CrossAttnUpBlock2D' | 'UpBlock2D')[];
}

/** A ControlNetModel: shown an RGB picture of 0…1. */
export interface ControlNetConfig extends UnetTrunkConfig {
  /** Channels at full size and after each halving of the picture, down to the size of the latents. */
  readonly conditioningEmbeddingOutChannels: readonly number[];
}

const vaeFile = z.object({
  in_channels: z.literal(3).default(3),
  out_channels: z.literal(3).default(3),
  block_out_channels: positiveList,
  layers_per_block: positive.default(2),
  latent_channels: positive.default(4),
  norm_num_groups: positive.default(32),
  sample_size: positive.nullish(),
  scaling_factor: z.number().positive().default(0.18215),
  force_upcast: z.boolean().default(true),
  act_fn: z.literal('silu').default('silu'),
  shift_factor: absent,
  latents_mean: absent,
  latents_std: absent,
});

/** An AutoencoderKL. */
export interface VaeConfig {
  readonly blockOutChannels: readonly number[];
  /** ResNets of an encoder block; a decoder block has one more. */
  readonly layersPerBlock: number;
  readonly latentChannels: number;
  readonly normNumGroups: number;
  /** latent = encoder's latent x scalingFactor. */
  readonly scalingFactor: number;
  readonly forceUpcast: boolean;
}

const textEncoderFile = z.object({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  projection_dim: positive.nullish(),
  num_hidden_layers: positive,
  num_attention_heads: positive,
  max_position_embeddings: positive.default(77),
  hidden_act: z.enum(['quick_gelu', 'gelu']),
  layer_norm_eps: z.number().positive().default(1e-5),
  eos_token_id: z.int().nullish(),
});

/** CLIP's end of text. A checkpoint whose table was extended keeps it; smaller tables have it at their end. */
export const clipEndOfTextId = 49_407;

/** A CLIPTextModel. */
export interface TextEncoderConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly projectionDim?: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly maxPositionEmbeddings: number;
  readonly hiddenAct: 'quick_gelu' | 'gelu';
  readonly layerNormEps: number;
  /** The token at which the text is pooled, where the config names another than CLIP's. */
  readonly endOfTextId?: number;
}

const schedulerFile = z.object({
  num_train_timesteps: positive.default(1000),
  beta_start: z.number().positive().default(0.00085),
  beta_end: z.number().positive().default(0.012),
  beta_schedule: z.enum(['scaled_linear', 'linear']).default('scaled_linear'),
  prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
  steps_offset: z.int().min(0).default(1),
  set_alpha_to_one: z.boolean().default(false),
  timestep_spacing: z.enum(['leading', 'trailing', 'linspace']).default('leading'),
  rescale_betas_zero_snr: z.boolean().default(false),
});

/** The noise schedule a UNet was trained with. */
export interface SchedulerConfig {
  readonly numTrainTimesteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly betaSchedule: 'scaled_linear' | 'linear';
  readonly predictionType: 'epsilon' | 'v_prediction';
  readonly stepsOffset: number;
  readonly setAlphaToOne: boolean;
  readonly timestepSpacing: 'leading' | 'trailing' | 'linspace';
  readonly rescaleBetasZeroSnr: boolean;
}

/** Stable Diffusion's own noise schedule, for files that carry none. */
export const stableDiffusionScheduler: SchedulerConfig = parseSchedulerConfig({}, 'the built-in schedule');

/** Parses a diffusers UNet config.json. `source` names the file in the error. */
export function parseUnetConfig(json: unknown, source: string): UnetConfig {
  const file = parseConfig(unetFile, json, source);
  const blocks = file.block_out_channels.length;
  if (file.up_block_types.length !== blocks) refuse(source, blockTypesDisagree(blocks));
  return {
    ...trunkConfig(file, source), sampleSize: file.sample_size ?? 64, outChannels: file.out_channels,
    upBlockTypes: file.up_block_types,
  };
}

/** Parses a diffusers ControlNetModel config.json. */
export function parseControlNetConfig(json: unknown, source: string): ControlNetConfig {
  const file = parseConfig(controlNetFile, json, source);
  return {
    ...trunkConfig(file, source), conditioningEmbeddingOutChannels: file.conditioning_embedding_out_channels,
  };
}

function trunkConfig(file: z.output<z.ZodObject<typeof trunkFields>>, source: string): UnetTrunkConfig {
  const blocks = file.block_out_channels.length;
  const perBlock = (value: number | number[], field: string): readonly number[] => {
    const list = typeof value === 'number' ? Array.from({ length: blocks }, () => value) : value;
    return list.length === blocks ? list : refuse(source, `${field} has ${list.length} entries for ${blocks} blocks`);
  };
  if (file.down_block_types.length !== blocks) refuse(source, blockTypesDisagree(blocks));
  const { addition_time_embed_dim: timeEmbedDim, projection_class_embeddings_input_dim: projectionInputDim } = file;
  const hasTextTime = file.addition_embed_type === 'text_time';
  if (hasTextTime && (!timeEmbedDim || !projectionInputDim)) refuse(source, 'text_time lacks its sizes');
  return {
    inChannels: file.in_channels,
    downBlockTypes: file.down_block_types,
    blockOutChannels: file.block_out_channels,
    layersPerBlock: file.layers_per_block,
    normNumGroups: file.norm_num_groups,
    normEps: file.norm_eps,
    crossAttentionDim: file.cross_attention_dim,
    transformerLayersPerBlock: perBlock(file.transformer_layers_per_block, 'transformer_layers_per_block'),
    attentionHeads: perBlock(file.num_attention_heads ?? file.attention_head_dim, 'attention_head_dim'),
    useLinearProjection: file.use_linear_projection,
    upcastAttention: file.upcast_attention ?? false,
    ...(hasTextTime ? { textTime: { timeEmbedDim: timeEmbedDim!, projectionInputDim: projectionInputDim! } } : {}),
  };
}

function blockTypesDisagree(blocks: number): string {
  return `the block types do not match the ${blocks} entries of block_out_channels`;
}

/** Parses a diffusers AutoencoderKL config.json. */
export function parseVaeConfig(json: unknown, source: string): VaeConfig {
  const file = parseConfig(vaeFile, json, source);
  return {
    blockOutChannels: file.block_out_channels,
    layersPerBlock: file.layers_per_block,
    latentChannels: file.latent_channels,
    normNumGroups: file.norm_num_groups,
    scalingFactor: file.scaling_factor,
    forceUpcast: file.force_upcast,
  };
}

/** Parses a Transformers CLIPTextModel config.json. */
export function parseTextEncoderConfig(json: unknown, source: string): TextEncoderConfig {
  const file = parseConfig(textEncoderFile, json, source);
  return {
    vocabSize: file.vocab_size,
    hiddenSize: file.hidden_size,
    intermediateSize: file.intermediate_size,
    ...(file.projection_dim ? { projectionDim: file.projection_dim } : {}),
    numHiddenLayers: file.num_hidden_layers,
    numAttentionHeads: file.num_attention_heads,
    maxPositionEmbeddings: file.max_position_embeddings,
    hiddenAct: file.hidden_act,
    layerNormEps: file.layer_norm_eps,
    ...(isEndOfText(file.eos_token_id ?? 0, file.vocab_size) ? { endOfTextId: file.eos_token_id! } : {}),
  };
}

/** Transformers' files said 2 of every CLIP before 2023, meaning the largest id of a prompt. */
const isEndOfText = (id: number, vocabSize: number): boolean => id > 2 && id < vocabSize && id !== clipEndOfTextId;

/** Parses a diffusers scheduler_config.json; only what describes training matters, not the class it names. */
export function parseSchedulerConfig(json: unknown, source: string): SchedulerConfig {
  const file = parseConfig(schedulerFile, json, source);
  return {
    numTrainTimesteps: file.num_train_timesteps,
    betaStart: file.beta_start,
    betaEnd: file.beta_end,
    betaSchedule: file.beta_schedule,
    predictionType: file.prediction_type,
    stepsOffset: file.steps_offset,
    setAlphaToOne: file.set_alpha_to_one,
    timestepSpacing: file.timestep_spacing,
    rescaleBetasZeroSnr: file.rescale_betas_zero_snr,
  };
}

/** Parses a network's config by its schema; refuses with a UserError that names `source` and the field. */
export function parseConfig<S extends z.ZodType>(schema: S, json: unknown, source: string): z.output<S> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  return refuse(source, `${issue.path.join('.') || 'the file'}: ${issue.message}`);
}

function refuse(source: string, reason: string): never {
  throw new UserError('checkpoint.config-unsupported', {
    what: `${source} does not describe a network that Likeness can build (${reason}).`,
    safe: 'Nothing was changed.',
    todo: 'Choose another checkpoint, or get a fresh copy of this one.',
  }, { source, reason });
}
