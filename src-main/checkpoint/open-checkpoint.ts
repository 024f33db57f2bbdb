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

export type { Checkpoint, CheckpointConfigs, CheckpointTextEncoder } from './checkpoint.ts';

/**
 * Opens a checkpoint of SD 1.x, SD 2.x or SDXL by its headers and config files, and a few small tensors.
 * Refuses with a UserError whatever is not a sound base model: web pages, truncated files, torch files that name
 * anything but weights, adapters, refiners, inpainting and other families' models, parts of a model.
 */
export async function openCheckpoint(
  location: string, options: { readonly configs?: CheckpointConfigs } = {},
): Promise<Checkpoint> {
  const absolute = path.resolve(location);
  const info = await stat(absolute).catch((cause: unknown) => { throw unreadableFile(absolute, cause); });
  const checkpoint = info.isDirectory()
    ? await openCheckpointFolder(absolute)
    : await openSingleFile(absolute, options.configs ?? {});
  const { unet, vae, textEncoders } = checkpoint;
  for (const weights of [unet, vae, ...textEncoders.map((encoder) => encoder.weights)]) {
    checkFloatTypes(checkpoint.path, weights);
  }
  checkAgreement(checkpoint);
  return checkpoint;
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
