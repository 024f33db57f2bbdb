// A base model as a diffusers folder: unet, vae, text_encoder and for SDXL text_encoder_2, each with its config.json.

import { stat } from 'node:fs/promises';
import path from 'node:path';

import type { Architecture } from './architecture.ts';
import type { Checkpoint, CheckpointTextEncoder } from './checkpoint.ts';
import {
  parseSchedulerConfig, parseTextEncoderConfig, parseUnetConfig, parseVaeConfig, stableDiffusionScheduler,
} from './configs.ts';
import { openNetworkFolder, readJson } from './diffusers-folder.ts';
import { incompleteCheckpoint, notACheckpointFolder, unsupportedKind } from './refusals.ts';
import { projectedTextEncoderWeights, textEncoderWeights } from './text-encoder-names.ts';
import { unetWeights } from './unet-names.ts';
import { vaeWeights } from './vae-names.ts';

/** Opens a diffusers folder by its config files and the headers of its weights. */
export async function openCheckpointFolder(folder: string): Promise<Checkpoint> {
  const isThere = (name: string): Promise<boolean> => stat(path.join(folder, name)).then(() => true, () => false);
  if (!(await isThere('unet/config.json'))) throw notACheckpointFolder(folder);
  const hasSecond = await isThere('text_encoder_2');
  if (hasSecond && !(await isThere('text_encoder'))) throw unsupportedKind(folder, 'sdxl-refiner');
  const [unet, vae] = await Promise.all(
    ['unet', 'vae'].map((name) => openNetworkFolder(path.join(folder, name))));
  const unetConfig = parseUnetConfig(unet!.config, 'unet/config.json');
  if (unetConfig.textTime && !hasSecond) throw incompleteCheckpoint(folder, 'text_encoder_2');
  const textEncoders = [await openTextEncoder(folder, 'text_encoder')];
  if (hasSecond) textEncoders.push(await openTextEncoder(folder, 'text_encoder_2'));
  const isOpenClip = textEncoders[0]!.config.hiddenAct === 'gelu';
  const architecture: Architecture = unetConfig.textTime ? 'sdxl' : isOpenClip ? 'sd2' : 'sd15';
  const schedulerFile = 'scheduler/scheduler_config.json';
  const schedulerConfig = (await isThere(schedulerFile))
    ? parseSchedulerConfig(await readJson(path.join(folder, schedulerFile)), schedulerFile)
    : stableDiffusionScheduler;
  const [tokenizerFolder, tokenizer2Folder] = [await tokenizerIn(folder), await tokenizerIn(folder, 'tokenizer_2')];
  return {
    path: folder, architecture, layout: 'diffusers-folder',
    unet: unetWeights(unet!.tensors), vae: vaeWeights(vae!.tensors), textEncoders,
    unetConfig, vaeConfig: parseVaeConfig(vae!.config, 'vae/config.json'), schedulerConfig,
    ...(tokenizerFolder === undefined ? {} : { tokenizerFolder }),
    ...(tokenizer2Folder === undefined ? {} : { tokenizer2Folder }),
  };
}

/** The folder of a checkpoint's own tokenizer; undefined where it brings none, and for single files. */
export async function tokenizerIn(
  checkpointPath: string, name: 'tokenizer' | 'tokenizer_2' = 'tokenizer',
): Promise<string | undefined> {
  const folder = path.join(checkpointPath, name);
  return await stat(path.join(folder, 'merges.txt')).then(() => folder, () => undefined);
}

async function openTextEncoder(folder: string, name: string): Promise<CheckpointTextEncoder> {
  const { config, tensors } = await openNetworkFolder(path.join(folder, name));
  const isSecond = name === 'text_encoder_2';
  const weights = isSecond ? await projectedTextEncoderWeights(tensors) : textEncoderWeights(tensors);
  if (isSecond && !weights.has('text_projection.weight')) throw incompleteCheckpoint(folder, 'text_projection.weight');
  return { weights, config: parseTextEncoderConfig(config, `${name}/config.json`) };
}
