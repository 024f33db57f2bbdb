// The sizes of InstantID's Resampler. Its file has no config: they are read off the shapes, but for the width of a
// head, which leaves no trace and is 64 in InstantID's code. A miniature of other heads has a resampler.json beside it.

import { access } from 'node:fs/promises';

import * as z from 'zod';

import type { WeightTable } from '../tensor/weights.ts';
import { parseConfig } from './configs.ts';
import { readJson } from './diffusers-folder.ts';
import { otherImageAdapter } from './instant-id-refusals.ts';

const positive = z.int().min(1).max(1_000_000);

const resamplerFile = z.object({
  dim: positive, depth: positive, dim_head: positive, heads: positive, num_queries: positive,
  embedding_dim: positive, output_dim: positive, ff_mult: positive,
});

/** A perceiver that makes image tokens of a face embedding. */
export interface ResamplerConfig {
  /** Width of its own tokens. */
  readonly dim: number;
  /** Layers, each of one attention and one feed-forward. */
  readonly depth: number;
  /** Width of a head. */
  readonly dimHead: number;
  readonly heads: number;
  /** Image tokens that it gives. */
  readonly numQueries: number;
  /** Numbers of a face embedding. */
  readonly embeddingDim: number;
  /** Width of an image token: the UNet's crossAttentionDim. */
  readonly outputDim: number;
  /** Width of the feed-forward over dim. */
  readonly ffMult: number;
}

/** Parses the arguments of InstantID's Resampler as JSON. `source` names the file in the error. */
export function parseResamplerConfig(json: unknown, source: string): ResamplerConfig {
  const file = parseConfig(resamplerFile, json, source);
  return {
    dim: file.dim, depth: file.depth, dimHead: file.dim_head, heads: file.heads, numQueries: file.num_queries,
    embeddingDim: file.embedding_dim, outputDim: file.output_dim, ffMult: file.ff_mult,
  };
}

/** A Resampler's config out of its file; undefined where there is no such file. Refuses what describes none. */
export async function openResamplerConfig(file: string): Promise<ResamplerConfig | undefined> {
  const isThere = await access(file).then(() => true, () => false);
  return isThere ? parseResamplerConfig(await readJson(file), 'resampler.json') : undefined;
}

/** InstantID's ip_adapter/resampler.py. */
const instantIdHeadWidth = 64;

/**
 * Infers a Resampler's config from its weights; `file` names it in errors. Refuses with a UserError the image
 * projections of other adapters.
 */
export function inferResamplerConfig(weights: WeightTable, file: string): ResamplerConfig {
  const sizeOf = (name: string, axis: number): number => {
    const size = weights.get(name)?.shape[axis];
    if (!size) throw otherImageAdapter(file, `it lacks the tensor "image_proj.${name}"`);
    return size;
  };
  const dim = sizeOf('latents', 2);
  const heads = sizeOf('layers.0.0.to_q.weight', 0) / instantIdHeadWidth;
  const ffMult = sizeOf('layers.0.1.1.weight', 0) / dim;
  if (!Number.isInteger(heads) || !Number.isInteger(ffMult)) {
    throw otherImageAdapter(file, `its layers of ${dim} numbers have other widths than a Resampler's`);
  }
  let depth = 1;
  while (weights.has(`layers.${depth}.0.to_q.weight`)) depth++;
  return {
    dim, depth, dimHead: instantIdHeadWidth, heads, numQueries: sizeOf('latents', 1),
    embeddingDim: sizeOf('proj_in.weight', 1), outputDim: sizeOf('proj_out.weight', 0), ffMult,
  };
}
