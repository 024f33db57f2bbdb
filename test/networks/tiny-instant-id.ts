// InstantID's two files for the tiny SDXL checkpoint: random weights, every kind of layer, in whichever format.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { ControlNetConfig, UnetConfig } from '../../src-main/checkpoint/configs.ts';
import { numberedName } from '../../src-main/checkpoint/image-attention-names.ts';
import type { ResamplerConfig } from '../../src-main/checkpoint/resampler-config.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import {
  controlNetParameters, imageAttentionParameters, type ParameterShapes, resamplerParameters,
} from '../../src-main/models/parameter-shapes.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { dictionaryOf, type Picklable, torchZip } from '../checkpoint/torch-writer.ts';
import { randomTensor } from '../compiler/numbers.ts';

export type Table = Map<string, Tensor>;

export const faceWidth = 10;

export const tinyResampler: ResamplerConfig = {
  dim: 12, depth: 2, dimHead: 3, heads: 2, numQueries: 4, embeddingDim: faceWidth, outputDim: 20, ffMult: 2,
};

/** For a VAE that halves once. */
export function tinyIdentityNet(unetConfig: UnetConfig): ControlNetConfig {
  const { upBlockTypes: _up, outChannels: _out, sampleSize: _size, ...trunk } = unetConfig;
  return { ...trunk, conditioningEmbeddingOutChannels: [4, 6] };
}

/** The config.json that diffusers would have written. */
export function identityNetJson(config: ControlNetConfig): Record<string, unknown> {
  return {
    _class_name: 'ControlNetModel', in_channels: config.inChannels, block_out_channels: config.blockOutChannels,
    down_block_types: config.downBlockTypes, layers_per_block: config.layersPerBlock,
    norm_num_groups: config.normNumGroups, cross_attention_dim: config.crossAttentionDim,
    attention_head_dim: config.attentionHeads, transformer_layers_per_block: config.transformerLayersPerBlock,
    use_linear_projection: config.useLinearProjection, ...textTimeJson(config),
    conditioning_embedding_out_channels: config.conditioningEmbeddingOutChannels,
  };
}

function textTimeJson({ textTime }: ControlNetConfig): Record<string, unknown> {
  return textTime ? {
    addition_embed_type: 'text_time', addition_time_embed_dim: textTime.timeEmbedDim,
    projection_class_embeddings_input_dim: textTime.projectionInputDim,
  } : {};
}

function random(shapes: ParameterShapes, seed: number): Table {
  return new Map([...shapes].map(([name, shape], i) => [name, randomTensor(shape, seed * 1000 + i, -0.5, 0.5)]));
}

/** The adapter's tensors as its safetensors edition names them. */
export function adapterTensors(unetConfig: UnetConfig): Table {
  return new Map([
    ...[...random(resamplerParameters(tinyResampler), 7)].map(([name, tensor]) => (
      [`image_proj.${name}`, tensor] as const)),
    ...[...random(imageAttentionParameters(unetConfig), 8)].map(([name, tensor]) => (
      [`ip_adapter.${numberedName(name, unetConfig)}`, tensor] as const)),
  ]);
}

export function identityNetTensors(unetConfig: UnetConfig): Table {
  return random(controlNetParameters(tinyIdentityNet(unetConfig)), 9);
}

/** ip-adapter.bin: two dictionaries in one, as torch.save writes them. */
export function adapterBin(tensors: ReadonlyMap<string, Tensor>): Buffer {
  const { value, bytes } = dictionaryOf(tensors);
  const part = (prefix: string): Picklable => new Map([...value]
    .filter(([name]) => (name as string).startsWith(prefix))
    .map(([name, view]) => [(name as string).slice(prefix.length), view]));
  return torchZip(new Map<Picklable, Picklable>([
    ['image_proj', part('image_proj.')], ['ip_adapter', part('ip_adapter.')],
  ]), bytes);
}

/** Writes both as they are published and returns where they are. */
export async function writeInstantId(
  folder: string, unetConfig: UnetConfig,
): Promise<{ imageAdapter: string; identityNet: string }> {
  const [imageAdapter, identityNet] = ['ip-adapter.bin', 'ControlNetModel'].map((name) => path.join(folder, name));
  await writeFile(imageAdapter!, adapterBin(adapterTensors(unetConfig)));
  await mkdir(identityNet!, { recursive: true });
  const json = JSON.stringify(identityNetJson(tinyIdentityNet(unetConfig)));
  await writeFile(path.join(identityNet!, 'config.json'), json);
  const weights = path.join(identityNet!, 'diffusion_pytorch_model.safetensors');
  await writeSafetensors(weights, identityNetTensors(unetConfig));
  return { imageAdapter: imageAdapter!, identityNet: identityNet! };
}
