// Opens InstantID's two files in place: the adapter (Resampler and image attention in one torch or safetensors file)
// and IdentityNet, a ControlNet as a diffusers folder or a file alone. Whether they have every weight of networks that
// fit a checkpoint is checked where the networks are known.

import { stat } from 'node:fs/promises';
import path from 'node:path';

import type { WeightTable } from '../tensor/weights.ts';
import { detectFileKind } from './architecture.ts';
import { type ControlNetConfig, parseControlNetConfig } from './configs.ts';
import { openNetworkFolder } from './diffusers-folder.ts';
import { unreadableFile } from './file-errors.ts';
import { checkFloatTypes } from './float-types.ts';
import { inferControlNetConfig } from './infer-configs.ts';
import { notInstantId } from './instant-id-refusals.ts';
import { inferResamplerConfig, type ResamplerConfig } from './resampler-config.ts';
import { openTensorFile } from './tensor-file.ts';

export interface IdentityNetFiles {
  /** Absolute path of the folder or file. */
  readonly path: string;
  readonly config: ControlNetConfig;
  /** Under diffusers' names. */
  readonly weights: WeightTable;
}

export interface ImageAdapterFile {
  /** Absolute path. */
  readonly path: string;
  readonly resampler: { readonly config: ResamplerConfig; readonly weights: WeightTable };
  /** Keys and values for the UNet's cross-attentions, by number: '1.to_k_ip.weight'. */
  readonly imageAttention: WeightTable;
  /** Names of tensors that belong to neither. */
  readonly otherNames: readonly string[];
}

/** Width of SDXL's pooled text, which a ControlNet's weights do not tell apart from the sizes behind it. */
const sdxlPooledWidth = 1280;

/**
 * Opens IdentityNet by its headers: a folder with config.json, or a file alone, whose sizes are then inferred unless
 * `config` says them. Refuses with a UserError what is no ControlNet in diffusers' naming.
 */
export async function openIdentityNet(location: string, config?: ControlNetConfig): Promise<IdentityNetFiles> {
  const absolute = path.resolve(location);
  const info = await stat(absolute).catch((cause: unknown) => { throw unreadableFile(absolute, cause); });
  const folder = info.isDirectory() ? await openNetworkFolder(absolute) : undefined;
  const weights = folder?.tensors ?? await (await openTensorFile(absolute)).part('');
  const kind = detectFileKind(weights);
  if (kind !== 'controlnet' || !weights.has('controlnet_cond_embedding.conv_in.weight')) {
    throw notInstantId(absolute, 'identity-net', kind);
  }
  checkFloatTypes(absolute, weights);
  if (config) return { path: absolute, weights, config };
  if (folder) return { path: absolute, weights, config: parseControlNetConfig(folder.config, 'config.json') };
  const architecture = weights.has('add_embedding.linear_1.weight') ? 'sdxl' : 'sd15';
  const inference = { file: absolute, architecture, pooledWidth: sdxlPooledWidth } as const;
  return { path: absolute, weights, config: inferControlNetConfig(weights, inference) };
}

/**
 * Opens InstantID's adapter by its header. `config` is the Resampler's where it is known; it is inferred otherwise.
 * Refuses with a UserError what is no image adapter, and adapters whose image projection is no Resampler.
 */
export async function openImageAdapter(file: string, config?: ResamplerConfig): Promise<ImageAdapterFile> {
  const opened = await openTensorFile(file);
  const parts = ['image_proj.', 'ip_adapter.'] as const;
  const [projection, imageAttention] = await Promise.all(parts.map((prefix) => opened.part(prefix)));
  if (projection!.size === 0 || imageAttention!.size === 0) {
    throw notInstantId(opened.file, 'ip-adapter', detectFileKind(opened.tensors));
  }
  for (const weights of [projection!, imageAttention!]) checkFloatTypes(opened.file, weights);
  return {
    path: opened.file,
    resampler: { config: config ?? inferResamplerConfig(projection!, opened.file), weights: projection! },
    imageAttention: imageAttention!,
    otherNames: [...opened.tensors.keys()].filter((name) => !parts.some((prefix) => name.startsWith(prefix))),
  };
}
