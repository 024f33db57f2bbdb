// A VAE that stands in a file of its own, for checkpoints that come without one or whose own is not liked: in the
// original code's names with or without their prefix, or in diffusers'.

import path from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { type Architecture, detectFileKind } from './architecture.ts';
import { type VaeConfig, parseVaeConfig } from './configs.ts';
import { readJson } from './diffusers-folder.ts';
import { quote } from './file-errors.ts';
import { checkFloatTypes } from './float-types.ts';
import { inferVaeConfig } from './infer-configs.ts';
import { titleOf } from './refusals.ts';
import { openTensorFile } from './tensor-file.ts';
import { vaeWeights } from './vae-names.ts';

export interface OpenedVae {
  readonly vae: Map<string, WeightSource>;
  readonly vaeConfig: VaeConfig;
}

const prefixes = ['first_stage_model.', 'vae.', ''] as const;

/** Opens a VAE by its header, for a model of this family. Throws checkpoint.not-a-vae and what its readers throw. */
export async function openVaeFile(file: string, architecture: Architecture): Promise<OpenedVae> {
  const opened = await openTensorFile(file);
  const prefix = prefixes.find((each) => opened.tensors.has(`${each}decoder.conv_in.weight`));
  if (prefix === undefined || !opened.tensors.has(`${prefix}encoder.conv_in.weight`)) {
    throw notAVae(file, titleOf(detectFileKind(opened.tensors)));
  }
  const vae = vaeWeights(await opened.part(prefix));
  checkFloatTypes(file, vae);
  return { vae, vaeConfig: await configOf(vae, file, architecture) };
}

/** By the weights; those of sizes that no Stable Diffusion has are described by a config.json beside them. */
async function configOf(vae: OpenedVae['vae'], file: string, architecture: Architecture): Promise<VaeConfig> {
  try {
    return inferVaeConfig(vae, file, architecture);
  } catch (error) {
    const beside = path.join(path.dirname(file), 'config.json');
    const config = await readJson(beside).then((json) => parseVaeConfig(json, 'config.json'), () => undefined);
    const isOfIt = config?.blockOutChannels.at(-1) === vae.get('decoder.conv_in.weight')?.shape[0];
    if (!config || !isOfIt) throw error;
    return config;
  }
}

function notAVae(file: string, title: string): UserError {
  return new UserError('checkpoint.not-a-vae', {
    what: `${quote(file)} is ${title}, not a whole VAE.`,
    safe: 'The file was only read and nothing was changed.',
    todo: 'Choose a VAE file that has both an encoder and a decoder.',
  }, { file: quote(file).slice(1, -1) });
}

/** A checkpoint without a VAE, where none was chosen. */
export function lacksVae(file: string): UserError {
  return new UserError('checkpoint.no-vae', {
    what: `${quote(file)} comes without a VAE, which turns what the model draws into a picture.`,
    safe: 'The file was only read and nothing was changed.',
    todo: 'Name a VAE file for its family (--vae FILE), or add a folder that has one to your models.',
  }, { file: quote(file).slice(1, -1) });
}
