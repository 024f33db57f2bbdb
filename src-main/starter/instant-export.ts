// The trained InstantID of the starter pack as files: the adapter under InstantID's own names, IdentityNet under
// diffusers', and the face encoder, all in float16.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ControlNetConfig } from '../checkpoint/configs.ts';
import { numberedName } from '../checkpoint/image-attention-names.ts';
import type { ResamplerConfig } from '../checkpoint/resampler-config.ts';
import { readSafetensorsHeader } from '../checkpoint/safetensors.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { faceEncoderJson } from '../faces/pack-face-encoder.ts';
import { imageAttentionParameters } from '../models/parameter-shapes.ts';
import { toFloatDType } from '../tensor/half.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type BasePack, inFloat32 } from './base-pack.ts';
import { faceEncoderConfig, faceLayout } from './face-stage.ts';
import { tensorsOf } from './flat-parameters.ts';
import { instantLayout, instantNetworks } from './instant-networks.ts';
import type { StarterRecipe } from './recipe.ts';

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

export async function writeHalves(file: string, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const halves = new Map([...tensors].map(([name, tensor]) => [name, toFloatDType(tensor, 'float16')]));
  await writeSafetensors(file, halves, new Map([['format', 'pt']]));
}

function controlNetJson(config: ControlNetConfig): Record<string, unknown> {
  return {
    _class_name: 'ControlNetModel', act_fn: 'silu', attention_head_dim: config.attentionHeads,
    block_out_channels: config.blockOutChannels, conditioning_channels: 3,
    conditioning_embedding_out_channels: config.conditioningEmbeddingOutChannels,
    controlnet_conditioning_channel_order: 'rgb', cross_attention_dim: config.crossAttentionDim,
    down_block_types: config.downBlockTypes, downsample_padding: 1, flip_sin_to_cos: true, freq_shift: 0,
    in_channels: config.inChannels, layers_per_block: config.layersPerBlock, mid_block_scale_factor: 1,
    norm_eps: config.normEps, norm_num_groups: config.normNumGroups,
    transformer_layers_per_block: config.transformerLayersPerBlock, use_linear_projection: config.useLinearProjection,
  };
}

function resamplerJson(config: ResamplerConfig): Record<string, number> {
  return {
    dim: config.dim, depth: config.depth, dim_head: config.dimHead, heads: config.heads,
    num_queries: config.numQueries, embedding_dim: config.embeddingDim, output_dim: config.outputDim,
    ff_mult: config.ffMult,
  };
}

const prefixed = (prefix: string, tensors: ReadonlyMap<string, Tensor>, nameOf = (name: string) => name) => (
  [...tensors].map(([name, tensor]) => [prefix + nameOf(name), tensor] as const));

/** Writes instant_id/ of a pack: ip-adapter.safetensors, resampler.json, ControlNetModel/, face_encoder/. */
export async function exportInstantId(
  folder: string, recipe: StarterRecipe, base: Pick<BasePack, 'unetConfig'>,
  trained: { instant: Float32Array; face: Float32Array },
): Promise<void> {
  const networks = instantNetworks(recipe, base);
  const layout = instantLayout(networks);
  const part = (network: string) => tensorsOf(layout, trained.instant, network);
  await writeHalves(path.join(folder, 'ip-adapter.safetensors'), new Map([
    ...prefixed('image_proj.', part('resampler')),
    ...prefixed('ip_adapter.', part('image_attention'), (name) => numberedName(name, networks.unet)),
  ]));
  await writeFile(path.join(folder, 'resampler.json'), json(resamplerJson(networks.resampler)));
  const identityNet = path.join(folder, 'ControlNetModel');
  await writeHalves(path.join(identityNet, 'diffusion_pytorch_model.safetensors'), part('identity_net'));
  await writeFile(path.join(identityNet, 'config.json'), json(controlNetJson(networks.identityNet)));
  await exportFaceEncoder(path.join(folder, 'face_encoder'), recipe, trained.face);
}

/** Writes the face encoder alone. */
export async function exportFaceEncoder(folder: string, recipe: StarterRecipe, face: Float32Array): Promise<void> {
  await writeHalves(path.join(folder, 'model.safetensors'), tensorsOf(faceLayout(recipe), face, 'face_encoder'));
  await writeFile(path.join(folder, 'config.json'), json(faceEncoderJson(faceEncoderConfig(recipe))));
}

/** What exportInstantId() wrote, in float32 and by the names of faceLayout() and instantLayout(). */
export async function readInstantId(folder: string, { unetConfig }: Pick<BasePack, 'unetConfig'>) {
  const read = async (...file: string[]) => (
    inFloat32((await readSafetensorsHeader(path.join(folder, ...file))).tensors));
  const adapter = await read('ip-adapter.safetensors');
  const attentions = [...imageAttentionParameters(unetConfig).keys()].map(
    (name) => [name, adapter.get(`ip_adapter.${numberedName(name, unetConfig)}`)] as const);
  return {
    face: { face_encoder: await read('face_encoder', 'model.safetensors') },
    instant: {
      resampler: new Map([...adapter].flatMap(([name, tensor]) => (
        name.startsWith('image_proj.') ? [[name.slice('image_proj.'.length), tensor] as const] : []))),
      image_attention: new Map(attentions.flatMap(([name, tensor]) => (tensor ? [[name, tensor] as const] : []))),
      identity_net: await read('ControlNetModel', 'diffusion_pytorch_model.safetensors'),
    },
  };
}
