// InstantID's networks beside SDXL at their real size, or in miniature, with random weights: what is written and how
// large it is. The text encoders are thin ones, which the step does not run.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { parseControlNetConfig, parseUnetConfig, type UnetConfig } from '../../src-main/checkpoint/configs.ts';
import { numberedName } from '../../src-main/checkpoint/image-attention-names.ts';
import type { ResamplerConfig } from '../../src-main/checkpoint/resampler-config.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import {
  controlNetParameters, imageAttentionParameters, type ParameterShapes, resamplerParameters,
} from '../../src-main/models/parameter-shapes.ts';
import type { InstantId, InstantIdFiles } from '../../src-main/networks/instant-id.ts';
import { elementCount } from '../../src-main/tensor/tensor.ts';
import { identityNetJson } from '../networks/tiny-instant-id.ts';
import { randomTensors, type WeightDType, writeRandomModel } from './random-checkpoint.ts';
import { weightless } from './weightless.ts';
import { type ModelFiles, realModels, thinTextEncoders, unetFiles, vaeFiles } from './real-size-configs.ts';

/** What the bench runs: SDXL with InstantID as it is published, or the same in a miniature of seconds. */
export interface InstantIdModel {
  readonly title: string;
  readonly checkpoint: ModelFiles;
  readonly resampler: ResamplerConfig;
  readonly conditioningWidths: readonly number[];
}

/** InstantID's ip_adapter/resampler.py as its pipeline calls it. */
const publishedResampler: ResamplerConfig = {
  dim: 1280, depth: 4, dimHead: 64, heads: 20, numQueries: 16, embeddingDim: 512, outputDim: 2048, ffMult: 4,
};

export function instantIdModel(isTiny: boolean): InstantIdModel {
  return isTiny ? tinyModel() : {
    title: 'SDXL with InstantID', resampler: publishedResampler, conditioningWidths: [16, 32, 96, 256],
    checkpoint: {
      ...realModels.sdxl,
      networks: [
        ...realModels.sdxl.networks.filter(({ folder }) => !folder.startsWith('text_encoder')),
        ...thinTextEncoders([768, 1280], 1280),
      ],
    },
  };
}

function tinyModel(): InstantIdModel {
  return {
    title: 'a miniature of SDXL with InstantID', conditioningWidths: [4, 4, 6, 8],
    resampler: { ...publishedResampler, dim: 64, heads: 1, depth: 1, outputDim: 32, embeddingDim: 512 },
    checkpoint: {
      ...realModels.sdxl,
      networks: [
        unetFiles({
          sample_size: 16, block_out_channels: [32, 32, 64], cross_attention_dim: 32, attention_head_dim: [1, 1, 1],
          transformer_layers_per_block: [1, 1, 2], use_linear_projection: true,
          down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
          up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
          addition_embed_type: 'text_time', addition_time_embed_dim: 8, projection_class_embeddings_input_dim: 112,
        }),
        vaeFiles([32, 32, 32, 32], 0.13025), ...thinTextEncoders([16, 16], 64),
      ],
    },
  };
}

interface Shapes {
  readonly unet: UnetConfig;
  readonly identityNet: ParameterShapes;
  readonly adapter: ParameterShapes;
  readonly identityNetJson: Readonly<Record<string, unknown>>;
}

function shapesOf({ checkpoint, resampler, conditioningWidths }: InstantIdModel): Shapes {
  const unet = parseUnetConfig(checkpoint.networks.find(({ folder }) => folder === 'unet')!.config, 'bench');
  const { upBlockTypes: _up, outChannels: _out, sampleSize: _size, ...trunk } = unet;
  const config = { ...trunk, conditioningEmbeddingOutChannels: conditioningWidths };
  const named = (prefix: string, shapes: ParameterShapes, nameOf = (name: string) => name) => (
    [...shapes].map(([name, shape]) => [prefix + nameOf(name), shape] as const));
  return {
    unet, identityNet: controlNetParameters(config), identityNetJson: identityNetJson(config),
    adapter: new Map([
      ...named('image_proj.', resamplerParameters(resampler)),
      ...named('ip_adapter.', imageAttentionParameters(unet), (name) => numberedName(name, unet)),
    ]),
  };
}

/** InstantID as it is published, without its bytes: for looking at graphs. */
export function weightlessInstantId(dtype: WeightDType): InstantId {
  const model = instantIdModel(false);
  const { unet, identityNet, identityNetJson: json } = shapesOf(model);
  return {
    resampler: {
      config: model.resampler, weights: weightless(resamplerParameters(model.resampler), dtype, 'resampler'),
    },
    imageAttention: weightless(imageAttentionParameters(unet), dtype, 'image-attention'),
    identityNet: {
      config: parseControlNetConfig(json, 'bench'), weights: weightless(identityNet, dtype, 'identity-net'),
    },
  };
}

/** What writing the model takes of the disk. */
export function bytesOf(model: InstantIdModel, dtype: WeightDType): number {
  const { identityNet, adapter } = shapesOf(model);
  const all = [...model.checkpoint.networks.map(({ shapes }) => shapes()), identityNet, adapter];
  const count = all.reduce((sum, shapes) => (
    sum + [...shapes.values()].reduce((own, shape) => own + elementCount(shape), 0)), 0);
  return count * (dtype === 'float16' ? 2 : 4);
}

/** Writes all of it below `folder`. */
export async function writeInstantIdModel(
  folder: string, model: InstantIdModel, dtype: WeightDType,
): Promise<InstantIdFiles & { readonly checkpoint: string }> {
  const checkpoint = await writeRandomModel(path.join(folder, 'checkpoint'), model.checkpoint, dtype);
  const { identityNet, adapter, identityNetJson: json } = shapesOf(model);
  const place = path.join(folder, 'ControlNetModel');
  await mkdir(place, { recursive: true });
  await writeFile(path.join(place, 'config.json'), JSON.stringify(json));
  await writeSafetensors(path.join(place, 'diffusion_pytorch_model.safetensors'), randomTensors(identityNet, dtype));
  const imageAdapter = path.join(folder, 'ip-adapter.safetensors');
  await writeSafetensors(imageAdapter, randomTensors(adapter, dtype));
  return { checkpoint, imageAdapter, identityNet: place };
}
