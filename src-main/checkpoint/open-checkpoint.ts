// Opens a base model: a single safetensors file or a diffusers folder becomes three tables of weights under diffusers'
// and Transformers' names, with the networks' configs. No weight is read or copied: tables refer into the files.

import { stat } from 'node:fs/promises';
import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import type { TensorReference, WeightTable } from '../tensor/weights.ts';
import { type Architecture, detectFileKind, unsupportedKind } from './architecture.ts';
import {
  parseSchedulerConfig, parseTextEncoderConfig, parseUnetConfig, parseVaeConfig,
  type SchedulerConfig, stableDiffusionScheduler, type TextEncoderConfig, type UnetConfig, type VaeConfig,
} from './configs.ts';
import { openNetworkFolder, readJson } from './diffusers-folder.ts';
import { quote, unreadableFile } from './file-errors.ts';
import {
  incompleteCheckpoint, inferSchedulerConfig, inferTextEncoderConfig, inferUnetConfig, inferVaeConfig,
} from './infer-configs.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import { textEncoderWeights } from './text-encoder-names.ts';
import { unetWeights } from './unet-names.ts';
import { vaeWeights } from './vae-names.ts';

export interface Checkpoint {
  /** Absolute path of the file or folder. */
  readonly path: string;
  readonly architecture: Architecture;
  readonly layout: 'single-file' | 'diffusers-folder';
  readonly unet: WeightTable;
  readonly vae: WeightTable;
  readonly unetConfig: UnetConfig;
  readonly vaeConfig: VaeConfig;
  /** One for SD 1 and 2; CLIP ViT-L, then OpenCLIP bigG for SDXL. */
  readonly textEncoders: readonly CheckpointTextEncoder[];
  readonly schedulerConfig: SchedulerConfig;
  /** Folder with vocab.json and merges.txt, where the checkpoint brings its own. */
  readonly tokenizerFolder?: string;
}

export interface CheckpointTextEncoder {
  readonly weights: WeightTable;
  readonly config: TextEncoderConfig;
}

/** Configs for single files whose shapes do not tell all; what is left out is inferred. */
export interface CheckpointConfigs {
  readonly unet?: UnetConfig;
  readonly vae?: VaeConfig;
  readonly textEncoder?: TextEncoderConfig;
  readonly scheduler?: SchedulerConfig;
}

/**
 * Opens a checkpoint by its headers and config files alone.
 * Refuses with a UserError: anything that is not a sound SD 1.x base model (web pages, truncated files, LoRAs, SDXL,
 * SD 2, SD 3, Flux, inpainting models, parts of a model).
 */
export async function openCheckpoint(
  location: string, options: { readonly configs?: CheckpointConfigs } = {},
): Promise<Checkpoint> {
  const absolute = path.resolve(location);
  const info = await stat(absolute).catch((cause: unknown) => { throw unreadableFile(absolute, cause); });
  const checkpoint = info.isDirectory() ? await openFolder(absolute) : await openFile(absolute, options.configs ?? {});
  checkAgreement(checkpoint);
  return checkpoint;
}

async function openFile(file: string, configs: CheckpointConfigs): Promise<Checkpoint> {
  const { tensors, metadata } = await readSafetensorsHeader(file);
  const kind = detectFileKind(tensors);
  if (kind !== 'sd15') throw unsupportedKind(file, kind);
  const part = (prefix: string): Map<string, TensorReference> => {
    const found = withoutPrefix(tensors, prefix);
    if (found.size === 0) throw incompleteCheckpoint(file, `${prefix}*`);
    return found;
  };
  const unet = unetWeights(part('model.diffusion_model.'));
  const vae = vaeWeights(part('first_stage_model.'));
  const textEncoder = textEncoderWeights(part('cond_stage_model.transformer.'));
  return {
    path: file, architecture: 'sd15', layout: 'single-file', unet, vae,
    unetConfig: configs.unet ?? inferUnetConfig(unet, file),
    vaeConfig: configs.vae ?? inferVaeConfig(vae, file),
    textEncoders: [{
      weights: textEncoder, config: configs.textEncoder ?? inferTextEncoderConfig(textEncoder, file),
    }],
    schedulerConfig: configs.scheduler ?? inferSchedulerConfig(metadata),
  };
}

async function openFolder(folder: string): Promise<Checkpoint> {
  const isThere = (name: string): Promise<boolean> => stat(path.join(folder, name)).then(() => true, () => false);
  if (!(await isThere('unet/config.json'))) throw notACheckpointFolder(folder);
  if (await isThere('text_encoder_2')) throw unsupportedKind(folder, 'sdxl');
  const [unet, vae, text] = await Promise.all(
    ['unet', 'vae', 'text_encoder'].map((name) => openNetworkFolder(path.join(folder, name))));
  const unetConfig = parseUnetConfig(unet!.config, 'unet/config.json');
  const textEncoderConfig = parseTextEncoderConfig(text!.config, 'text_encoder/config.json');
  if (unetConfig.textTime) throw unsupportedKind(folder, 'sdxl');
  if (textEncoderConfig.hiddenAct === 'gelu') throw unsupportedKind(folder, 'sd2');
  const schedulerFile = 'scheduler/scheduler_config.json';
  const schedulerConfig = (await isThere(schedulerFile))
    ? parseSchedulerConfig(await readJson(path.join(folder, schedulerFile)), schedulerFile)
    : stableDiffusionScheduler;
  return {
    path: folder, architecture: 'sd15', layout: 'diffusers-folder',
    unet: unetWeights(unet!.tensors), vae: vaeWeights(vae!.tensors),
    textEncoders: [{ weights: textEncoderWeights(text!.tensors), config: textEncoderConfig }],
    unetConfig, vaeConfig: parseVaeConfig(vae!.config, 'vae/config.json'), schedulerConfig,
    ...((await isThere('tokenizer/merges.txt')) ? { tokenizerFolder: path.join(folder, 'tokenizer') } : {}),
  };
}

/** Networks that do not fit together are an inpainting model or files of several models. */
function checkAgreement({ path: location, unetConfig, vaeConfig, textEncoders }: Checkpoint): void {
  const { inChannels, outChannels, crossAttentionDim } = unetConfig;
  const { latentChannels } = vaeConfig;
  const hiddenSize = textEncoders.reduce((sum, { config }) => sum + config.hiddenSize, 0);
  if (inChannels === 2 * latentChannels + 1) throw unsupportedKind(location, 'inpainting');
  const fits = inChannels === latentChannels && outChannels === inChannels && crossAttentionDim === hiddenSize;
  if (fits) return;
  throw new UserError('checkpoint.parts-disagree', {
    what: `The networks in ${quote(location)} do not belong together.`,
    safe: 'The files were only read and nothing was changed.',
    todo: 'Choose a checkpoint whose UNet, VAE and text encoder come from one model.',
  }, { inChannels, latentChannels, crossAttentionDim, hiddenSize });
}

function withoutPrefix(tensors: ReadonlyMap<string, TensorReference>, prefix: string): Map<string, TensorReference> {
  const found = new Map<string, TensorReference>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(prefix)) found.set(name.slice(prefix.length), tensor);
  }
  return found;
}

function notACheckpointFolder(folder: string): UserError {
  return new UserError('checkpoint.not-a-folder', {
    what: `The folder ${quote(folder)} is no diffusers checkpoint: it has no unet/config.json.`,
    safe: 'Nothing was changed.',
    todo: 'Choose the folder that holds unet, vae, text_encoder and model_index.json, or a .safetensors file.',
  }, { folder: path.basename(folder) });
}
