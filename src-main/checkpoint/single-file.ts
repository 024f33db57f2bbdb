// A base model in one file, safetensors or torch, under the names of Stable Diffusion's original code.

import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import { type Architecture, detectFileKind } from './architecture.ts';
import type { Checkpoint, CheckpointConfigs, CheckpointTextEncoder } from './checkpoint.ts';
import type { TextEncoderConfig, UnetConfig } from './configs.ts';
import { checkFloatTypes } from './float-types.ts';
import { inferTextEncoderConfig, inferUnetConfig, inferVaeConfig } from './infer-configs.ts';
import { inferSchedulerConfig, predictionBeside } from './prediction.ts';
import { incompleteCheckpoint, unsupportedKind } from './refusals.ts';
import { openTensorFile, type TensorFile } from './tensor-file.ts';
import {
  penultimateTextEncoderWeights, projectedTextEncoderWeights, textEncoderWeights,
} from './text-encoder-names.ts';
import { unetWeights } from './unet-names.ts';
import { lacksVae, openVaeFile } from './vae-file.ts';
import { vaeWeights } from './vae-names.ts';

interface TextEncoderPlace {
  /** The first of these that the file has. */
  readonly prefixes: readonly string[];
  readonly hiddenAct: TextEncoderConfig['hiddenAct'];
  translate(tensors: WeightTable): Map<string, WeightSource> | Promise<Map<string, WeightSource>>;
}

const clipL: TextEncoderPlace = {
  prefixes: ['cond_stage_model.transformer.', 'conditioner.embedders.0.transformer.'],
  hiddenAct: 'quick_gelu', translate: textEncoderWeights,
};

/** Where each family keeps its text encoders; Stability's later code numbers them. */
const textEncoderPlaces: Readonly<Record<Architecture, readonly TextEncoderPlace[]>> = {
  sd15: [clipL],
  sd2: [{
    prefixes: [
      'cond_stage_model.model.', 'conditioner.embedders.0.model.',
      'cond_stage_model.transformer.', 'conditioner.embedders.0.transformer.',
    ],
    hiddenAct: 'gelu', translate: penultimateTextEncoderWeights,
  }],
  sdxl: [clipL, {
    prefixes: ['conditioner.embedders.1.model.'], hiddenAct: 'gelu', translate: projectedTextEncoderWeights,
  }],
};

/** Opens a single-file checkpoint by its header; torch's transposed text_projection and odd layouts are read. */
export async function openSingleFile(
  location: string, configs: CheckpointConfigs, vaeFile?: string,
): Promise<Checkpoint> {
  const file = await openTensorFile(location);
  const architecture = detectFileKind(file.tensors);
  if (architecture !== 'sd15' && architecture !== 'sd2' && architecture !== 'sdxl') {
    throw unsupportedKind(location, architecture);
  }
  const unet = unetWeights(await partOf(file, ['model.diffusion_model.']));
  const { vae, vaeConfig } = vaeFile === undefined
    ? await ownVae(file, architecture, configs) : await openVaeFile(vaeFile, architecture);
  const textEncoders = await openTextEncoders(file, architecture, configs);
  const schedulerConfig = configs.scheduler ?? await inferSchedulerConfig({
    architecture, metadata: file.metadata, names: file.tensors, unet, beside: await predictionBeside(location),
  });
  const pooledWidth = textEncoders[1]?.config.projectionDim;
  return {
    path: file.file, architecture, layout: 'single-file', unet, vae, textEncoders, schedulerConfig,
    unetConfig: configs.unet ?? inferUnetConfig(unet, {
      file: file.file, architecture, predictionType: schedulerConfig.predictionType,
      ...(pooledWidth === undefined ? {} : { pooledWidth }),
    }),
    vaeConfig,
  };
}

async function ownVae(
  file: TensorFile, architecture: Architecture, configs: CheckpointConfigs,
): Promise<Pick<Checkpoint, 'vae' | 'vaeConfig'>> {
  const part = await file.part('first_stage_model.');
  if (part.size === 0) throw lacksVae(file.file);
  const vae = vaeWeights(part);
  return { vae, vaeConfig: configs.vae ?? inferVaeConfig(vae, file.file, architecture) };
}

/** What the header of a base model tells without a number being read, but for a small bias of SD 2. */
export interface CheckpointOutline {
  readonly architecture: Architecture;
  readonly predictionType: 'epsilon' | 'v_prediction';
  readonly hasVae: boolean;
  readonly unetConfig: UnetConfig;
  /** Of the family, where the file has none. */
  readonly vaeFactor: number;
}

/** Of a base model whose kind is known. Throws what openSingleFile throws, but for a VAE that is not there. */
export async function outlineSingleFile(file: TensorFile, architecture: Architecture): Promise<CheckpointOutline> {
  const unet = unetWeights(await partOf(file, ['model.diffusion_model.']));
  checkFloatTypes(file.file, unet);
  for (const { prefixes } of textEncoderPlaces[architecture]) {
    const isThere = [...file.tensors.keys()].some((name) => prefixes.some((prefix) => name.startsWith(prefix)));
    if (!isThere) throw incompleteCheckpoint(file.file, `${prefixes[0]!}*`);
  }
  const { predictionType } = await inferSchedulerConfig({
    architecture, metadata: file.metadata, names: file.tensors, unet, beside: await predictionBeside(file.file),
  });
  const pooledWidth = file.tensors.get('conditioner.embedders.1.model.text_projection')?.shape[1];
  const unetConfig = inferUnetConfig(unet, {
    file: file.file, architecture, predictionType, ...(pooledWidth === undefined ? {} : { pooledWidth }),
  });
  const vae = vaeWeights(await file.part('first_stage_model.'));
  const levels = vae.size === 0 ? usualVaeLevels
    : inferVaeConfig(vae, file.file, architecture).blockOutChannels.length;
  return { architecture, predictionType, hasVae: vae.size > 0, unetConfig, vaeFactor: 2 ** (levels - 1) };
}

const usualVaeLevels = 4;

async function openTextEncoders(
  file: TensorFile, architecture: Architecture, configs: CheckpointConfigs,
): Promise<CheckpointTextEncoder[]> {
  const given = [configs.textEncoder, configs.textEncoder2];
  const encoders: CheckpointTextEncoder[] = [];
  for (const [i, { prefixes, hiddenAct, translate }] of textEncoderPlaces[architecture].entries()) {
    const weights = await translate(await partOf(file, prefixes));
    const isProjected = translate === projectedTextEncoderWeights;
    if (isProjected && !weights.has('text_projection.weight')) {
      throw incompleteCheckpoint(file.file, `${prefixes[0]!}text_projection`);
    }
    encoders.push({ weights, config: given[i] ?? inferTextEncoderConfig(weights, file.file, hiddenAct) });
  }
  return encoders;
}

async function partOf(file: TensorFile, prefixes: readonly string[]): Promise<Map<string, WeightSource>> {
  for (const prefix of prefixes) {
    const found = await file.part(prefix);
    if (found.size > 0) return found;
  }
  throw incompleteCheckpoint(file.file, `${prefixes[0]!}*`);
}
