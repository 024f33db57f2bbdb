// Opens a base model: a single file or a diffusers folder becomes tables of weights under diffusers' and Transformers'
// names, with the networks' configs. Tables refer into the files; only what lies in another order there is read.

import { stat } from 'node:fs/promises';
import path from 'node:path';

import type { Checkpoint, CheckpointConfigs } from './checkpoint.ts';
import { openCheckpointFolder } from './checkpoint-folder.ts';
import { unreadableFile } from './file-errors.ts';
import { checkFloatTypes } from './float-types.ts';
import { partsDisagree, unsupportedKind } from './refusals.ts';
import { openSingleFile } from './single-file.ts';
import { openVaeFile } from './vae-file.ts';

export type { Checkpoint, CheckpointConfigs, CheckpointTextEncoder } from './checkpoint.ts';

export interface OpenOptions {
  readonly configs?: CheckpointConfigs;
  /** A VAE that stands in the place of the checkpoint's own. */
  readonly vaeFile?: string | undefined;
}

/**
 * Opens a checkpoint of SD 1.x, SD 2.x or SDXL by its headers and config files, and a few small tensors.
 * Refuses with a UserError whatever is not a sound base model: web pages, truncated files, torch files that name
 * anything but weights, adapters, refiners, inpainting and other families' models, parts of a model.
 */
export async function openCheckpoint(
  location: string, options: OpenOptions = {},
): Promise<Checkpoint> {
  const absolute = path.resolve(location);
  const info = await stat(absolute).catch((cause: unknown) => { throw unreadableFile(absolute, cause); });
  const checkpoint = info.isDirectory()
    ? await withVae(await openCheckpointFolder(absolute), options.vaeFile)
    : await openSingleFile(absolute, options.configs ?? {}, options.vaeFile);
  const { unet, vae, textEncoders } = checkpoint;
  for (const weights of [unet, vae, ...textEncoders.map((encoder) => encoder.weights)]) {
    checkFloatTypes(checkpoint.path, weights);
  }
  checkAgreement(checkpoint);
  return checkpoint;
}

async function withVae(checkpoint: Checkpoint, vaeFile: string | undefined): Promise<Checkpoint> {
  if (vaeFile === undefined) return checkpoint;
  return { ...checkpoint, ...await openVaeFile(vaeFile, checkpoint.architecture) };
}

/** Networks that do not fit together are an inpainting model or files of several models. */
function checkAgreement({ path: location, unetConfig, vaeConfig, textEncoders }: Checkpoint): void {
  const { inChannels, outChannels, crossAttentionDim, textTime } = unetConfig;
  const { latentChannels } = vaeConfig;
  const hiddenSize = textEncoders.reduce((sum, { config }) => sum + config.hiddenSize, 0);
  if (inChannels === 2 * latentChannels + 1) throw unsupportedKind(location, 'inpainting');
  const pooledWidth = textEncoders[1]?.config.projectionDim ?? 0;
  const fits = inChannels === latentChannels && outChannels === inChannels && crossAttentionDim === hiddenSize
    && (!textTime || textTime.projectionInputDim === pooledWidth + 6 * textTime.timeEmbedDim);
  if (!fits) throw partsDisagree(location, { inChannels, latentChannels, crossAttentionDim, hiddenSize, pooledWidth });
}
