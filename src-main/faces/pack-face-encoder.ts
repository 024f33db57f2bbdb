// The face encoder that a pack of miniature networks brings beside its own InstantID: opened from its folder, shown the
// head at five points, and asked for the embedding that the pack's Resampler reads.

import * as z from 'zod';
import { parseConfig } from '../checkpoint/configs.ts';
import { openNetworkFolder } from '../checkpoint/diffusers-folder.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { checkExactWeights } from '../models/exact-weights.ts';
import { faceEncoder, type FaceEncoderConfig } from '../models/face-encoder.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import { faceEncoderParameters } from '../models/parameter-shapes.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { openSession } from '../runtime/session.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import type { FacePoints } from './face.ts';
import { headCrop } from './head-crop.ts';

export interface PackFaceEncoder {
  /** Numbers of an embedding. */
  readonly length: number;
  /** The embedding of the face at these points, in pixels with centres at .5; not normalised. */
  embedPoints(picture: RgbPicture, points: FacePoints): Promise<Float32Array>;
  release(): Promise<void>;
}

const positive = z.int().min(1).max(4096);
const encoderFile = z.object({
  edge_px: positive, widths: z.array(positive).min(1).max(8), groups: positive, embedding_length: positive,
});

/** The config.json of a pack's face encoder. */
export function faceEncoderJson(config: FaceEncoderConfig): Record<string, unknown> {
  return {
    _class_name: 'LikenessFaceEncoder', edge_px: config.edgePx, widths: config.widths, groups: config.groups,
    embedding_length: config.embeddingLength,
  };
}

/** The same read back. Refuses with a UserError what describes none. */
export function parseFaceEncoderConfig(json: unknown): FaceEncoderConfig {
  const file = parseConfig(encoderFile, json, 'The face encoder\'s config.json');
  return {
    edgePx: file.edge_px, widths: file.widths, groups: file.groups, embeddingLength: file.embedding_length,
  };
}

/**
 * Opens face_encoder/ of a pack (config.json, model.safetensors) on the CPU. Refuses with a UserError a folder without
 * them, or with weights of another network.
 */
export async function openPackFaceEncoder(
  folder: string, options: { readonly threads?: number } = {},
): Promise<PackFaceEncoder> {
  const opened = await openNetworkFolder(folder);
  const config = parseFaceEncoderConfig(opened.config);
  checkExactWeights(opened.tensors, faceEncoderParameters(config), { file: folder, network: 'face encoder' });
  const session = await openSession(faceEncoderGraph(config, opened.tensors), {
    provider: 'cpu', threads: options.threads,
  });
  return {
    length: config.embeddingLength,
    async embedPoints(picture, points) {
      const head = headPlanes(headCrop(picture, points, config.edgePx));
      const { embedding } = await session.run({ head: float32Tensor([1, 3, config.edgePx, config.edgePx], head) });
      return Float32Array.from(embedding!.data as Float32Array);
    },
    release: () => session.release(),
  };
}

/** head [batch, 3, edge, edge] in -1..1 → embedding [batch, embeddingLength]. */
export function faceEncoderGraph(config: FaceEncoderConfig, weights: WeightTable, batch = 1): Graph {
  const g = new GraphBuilder('face-encoder');
  const head = g.input('head', 'float32', [batch, 3, config.edgePx, config.edgePx]);
  g.output('embedding', faceEncoder(frozenScope(g, weights), config, head));
  return g.graph();
}

/** Interleaved numbers of 0..255 as planes in -1..1. */
function headPlanes(head: Float32Array): Float32Array {
  const area = head.length / 3;
  const planes = new Float32Array(head.length);
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) planes[c * area + i] = head[i * 3 + c]! / 127.5 - 1;
  return planes;
}
