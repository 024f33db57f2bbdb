// ss_*: what kohya's trainer says of a LoRA, and other programs show. The plain numbers of the training alone: nothing
// of the pictures, captions, folders, people or days.

import { publishedArchitecture } from '../checkpoint/model-spec.ts';
import type { ModelDescription } from '../checkpoint/model-spec.ts';
import type { LoraLayer } from './lora-layers.ts';

/** The numbers of a training that other programs show; all may be left out. */
export interface TrainingNumbers {
  readonly trainingSteps?: number;
  readonly learningRate?: number;
  readonly textEncoderLearningRate?: number;
  readonly learningRateSchedule?: string;
  readonly warmupSteps?: number;
  readonly optimizer?: string;
  readonly batchSize?: number;
  readonly gradientAccumulationSteps?: number;
  readonly maxGradientNorm?: number;
  readonly minSnrGamma?: number;
  readonly noiseOffset?: number;
  readonly captionDropout?: number;
  readonly captionTagDropout?: number;
  readonly priorLossWeight?: number;
  readonly clipSkip?: number;
  readonly seed?: number;
  readonly trainingImageCount?: number;
}

const numberKeys: readonly (readonly [keyof TrainingNumbers, string])[] = [
  ['trainingSteps', 'ss_steps'],
  ['learningRate', 'ss_learning_rate'],
  ['learningRate', 'ss_unet_lr'],
  ['textEncoderLearningRate', 'ss_text_encoder_lr'],
  ['learningRateSchedule', 'ss_lr_scheduler'],
  ['warmupSteps', 'ss_lr_warmup_steps'],
  ['optimizer', 'ss_optimizer'],
  ['batchSize', 'ss_total_batch_size'],
  ['gradientAccumulationSteps', 'ss_gradient_accumulation_steps'],
  ['maxGradientNorm', 'ss_max_grad_norm'],
  ['minSnrGamma', 'ss_min_snr_gamma'],
  ['noiseOffset', 'ss_noise_offset'],
  ['captionDropout', 'ss_caption_dropout_rate'],
  ['captionTagDropout', 'ss_caption_tag_dropout_rate'],
  ['priorLossWeight', 'ss_prior_loss_weight'],
  ['clipSkip', 'ss_clip_skip'],
  ['seed', 'ss_seed'],
  ['trainingImageCount', 'ss_num_train_images'],
];

/** The ss_* keys that every reader of kohya files looks for, and the numbers of the training that are told. */
export function trainingMetadata(
  layers: readonly LoraLayer[], description: ModelDescription & TrainingNumbers,
): Map<string, string> {
  const plain = layers.filter((layer) => !isWide(layer));
  const shown = plain.length > 0 ? plain : layers;
  const metadata = new Map([
    ['ss_v2', publishedArchitecture(description.unetConfig) === 'sd2' ? 'True' : 'False'],
    ['ss_base_model_version', baseModelVersion(description)],
    ['ss_network_module', 'networks.lora'],
    ['ss_network_dim', oneOrDynamic(shown.map(({ rank }) => String(rank)))],
    ['ss_network_alpha', oneOrDynamic(shown.map(({ loraAlpha }) => decimal(loraAlpha)))],
    ['ss_network_args', networkArguments(layers)],
    ['ss_resolution', `(${description.resolutionPx}, ${description.resolutionPx})`],
  ]);
  for (const [field, key] of numberKeys) {
    const value = description[field];
    if (value !== undefined) metadata.set(key, String(value));
  }
  return metadata;
}

function baseModelVersion({ unetConfig, schedulerConfig }: ModelDescription): string {
  switch (publishedArchitecture(unetConfig)) {
    case 'sd15': return 'sd_v1';
    case 'sd2': return schedulerConfig.predictionType === 'epsilon' ? 'sd_v2' : 'sd_v2_v';
    case 'sdxl': return 'sdxl_base_v1-0';
    case undefined: return 'likeness_miniature_v1';
  }
}

/** sd-scripts writes 'Dynamic' where layers differ. */
function oneOrDynamic(values: readonly string[]): string {
  const first = values[0];
  if (first === undefined) throw new Error('A LoRA without layers cannot be exported.');
  return values.every((value) => value === first) ? first : 'Dynamic';
}

function networkArguments(layers: readonly LoraLayer[]): string {
  const conv = layers.find(isWide);
  return conv ? JSON.stringify({ conv_dim: String(conv.rank), conv_alpha: decimal(conv.loraAlpha) }) : '{}';
}

function isWide({ down }: LoraLayer): boolean {
  return down.shape.length === 4 && down.shape[2]! > 1;
}

/** Python writes the float 4 as '4.0', and so do the files that tools compare with. */
function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
