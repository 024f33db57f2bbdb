// A base model in one file, safetensors or torch, under the names of Stable Diffusion's original code.

import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import { type Architecture, detectFileKind } from './architecture.ts';
import type { Checkpoint, CheckpointConfigs, CheckpointTextEncoder } from './checkpoint.ts';
import type { TextEncoderConfig } from './configs.ts';
import { inferTextEncoderConfig, inferUnetConfig, inferVaeConfig } from './infer-configs.ts';
import { inferSchedulerConfig } from './prediction.ts';
import { incompleteCheckpoint, unsupportedKind } from './refusals.ts';
import { openTensorFile, type TensorFile } from './tensor-file.ts';
import {
  penultimateTextEncoderWeights, projectedTextEncoderWeights, textEncoderWeights,
} from './text-encoder-names.ts';
import { unetWeights } from './unet-names.ts';
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
export async function openSingleFile(location: string, configs: CheckpointConfigs): Promise<Checkpoint> {
  const file = await openTensorFile(location);
  const architecture = detectFileKind(file.tensors);
  if (architecture !== 'sd15' && architecture !== 'sd2' && architecture !== 'sdxl') {
    throw unsupportedKind(location, architecture);
  }
  const unet = unetWeights(await partOf(file, ['model.diffusion_model.']));
  const vae = vaeWeights(await partOf(file, ['first_stage_model.']));
  const textEncoders = await openTextEncoders(file, architecture, configs);
  const schedulerConfig = configs.scheduler ?? await inferSchedulerConfig({
    architecture, metadata: file.metadata, names: file.tensors, unet,
  });
  const pooledWidth = textEncoders[1]?.config.projectionDim;
  return {
    path: file.file, architecture, layout: 'single-file', unet, vae, textEncoders, schedulerConfig,
    unetConfig: configs.unet ?? inferUnetConfig(unet, {
      file: file.file, architecture, predictionType: schedulerConfig.predictionType,
      ...(pooledWidth === undefined ? {} : { pooledWidth }),
    }),
    vaeConfig: configs.vae ?? inferVaeConfig(vae, file.file, architecture),
  };
}

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
