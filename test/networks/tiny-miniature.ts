// An InstantID in miniature as a pack carries it: for a UNet of any family, with an embedding width and head widths of
// its own, and a face encoder. Random weights.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { ControlNetConfig } from '../../src-main/checkpoint/configs.ts';
import { numberedName } from '../../src-main/checkpoint/image-attention-names.ts';
import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { ResamplerConfig } from '../../src-main/checkpoint/resampler-config.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import type { InstantIdPlaces } from '../../src-main/contract/engine-faces.ts';
import { faceEncoderJson } from '../../src-main/faces/pack-face-encoder.ts';
import {
  controlNetParameters, faceEncoderParameters, imageAttentionParameters, type ParameterShapes, resamplerParameters,
} from '../../src-main/models/parameter-shapes.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { elementCount, float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { identityNetJson } from './tiny-instant-id.ts';

export const miniatureEncoder = { edgePx: 16, widths: [4, 8], groups: 2, embeddingLength: 6 };

/** Norms that do nothing, and weights that keep variance about as it is. */
export function randomNetwork(shapes: ParameterShapes, stream: number): Map<string, Tensor> {
  return new Map([...shapes].map(([name, shape], index) => {
    const isNorm = shape.length === 1 && /norm|layers\.\d+\.1\.0\./.test(name) && name.endsWith('weight');
    const fanIn = shape.slice(1).reduce((count, size) => count * size, 1);
    const numbers = shape.length === 1
      ? new Float32Array(elementCount(shape)).fill(isNorm ? 1 : 0)
      : normalNumbers(stream, index, elementCount(shape)).map((value) => value / Math.sqrt(fanIn));
    return [name, float32Tensor(shape, numbers)];
  }));
}

function resamplerOf({ unetConfig }: Pick<Checkpoint, 'unetConfig'>): ResamplerConfig {
  return {
    dim: 8, depth: 1, dimHead: 4, heads: 2, numQueries: 2, ffMult: 2, embeddingDim: miniatureEncoder.embeddingLength,
    outputDim: unetConfig.crossAttentionDim,
  };
}

export function miniatureIdentityNet({ unetConfig, vaeConfig }: Pick<Checkpoint, 'unetConfig' | 'vaeConfig'>) {
  const { upBlockTypes: _up, outChannels: _out, sampleSize: _size, ...trunk } = unetConfig;
  return { ...trunk, conditioningEmbeddingOutChannels: vaeConfig.blockOutChannels.map((_, i) => 4 + i) };
}

/** Writes instant_id/ into `folder` and says where its parts are. */
export async function writeMiniature(
  folder: string, checkpoint: Pick<Checkpoint, 'unetConfig' | 'vaeConfig'>,
  identityNet: ControlNetConfig = miniatureIdentityNet(checkpoint),
): Promise<InstantIdPlaces> {
  const [net, encoder] = ['ControlNetModel', 'face_encoder'].map((name) => path.join(folder, name));
  for (const place of [net!, encoder!]) await mkdir(place, { recursive: true });
  const resampler = resamplerOf(checkpoint);
  const imageAdapter = path.join(folder, 'ip-adapter.safetensors');
  await writeSafetensors(imageAdapter, new Map([
    ...[...randomNetwork(resamplerParameters(resampler), 11)].map(([name, tensor]) => (
      [`image_proj.${name}`, tensor] as const)),
    ...[...randomNetwork(imageAttentionParameters(checkpoint.unetConfig), 12)].map(([name, tensor]) => (
      [`ip_adapter.${numberedName(name, checkpoint.unetConfig)}`, tensor] as const)),
  ]));
  await writeFile(path.join(folder, 'resampler.json'), JSON.stringify({
    dim: resampler.dim, depth: resampler.depth, dim_head: resampler.dimHead, heads: resampler.heads,
    num_queries: resampler.numQueries, embedding_dim: resampler.embeddingDim, output_dim: resampler.outputDim,
    ff_mult: resampler.ffMult,
  }));
  await writeFile(path.join(net!, 'config.json'), JSON.stringify(identityNetJson(identityNet)));
  await writeSafetensors(
    path.join(net!, 'diffusion_pytorch_model.safetensors'), randomNetwork(controlNetParameters(identityNet), 13));
  await writeFile(path.join(encoder!, 'config.json'), JSON.stringify(faceEncoderJson(miniatureEncoder)));
  await writeSafetensors(
    path.join(encoder!, 'model.safetensors'), randomNetwork(faceEncoderParameters(miniatureEncoder), 14));
  return { imageAdapter, identityNet: net!, encoder: { kind: 'pack', folder: encoder! } };
}
