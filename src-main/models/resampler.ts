// InstantID's image projection (Wang et al. 2024, section 3.2): a perceiver resampler (Alayrac et al. 2022, section
// 3.1.1, in IP-Adapter's form) that makes a few image tokens of a face embedding. Learned queries read the embedding
// and each other; parameter names are those of InstantID's ip_adapter/resampler.py.

import type { ResamplerConfig } from '../checkpoint/resampler-config.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { layerNorm, linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';
import { headedAttention, tokensFromSequence } from './tokens.ts';

/** torch's default. */
const layerNormEpsilon = 1e-5;

/** Image tokens [B, numQueries, outputDim] of face embeddings [B, M, embeddingDim]; InstantID gives one, M = 1. */
export function resampler(scope: NetworkScope, config: ResamplerConfig, faceEmbedding: Value): Value {
  const { g } = scope;
  const [batch, , width] = faceEmbedding.shape as [number, number, number];
  if (width !== config.embeddingDim) {
    throw new Error(`This Resampler takes face embeddings of ${config.embeddingDim} numbers, not ${width}.`);
  }
  const embedding = linear(scope, 'proj_in', tokensFromSequence(g, faceEmbedding), config.dim);
  const queries = scope.parameter('latents', [1, config.numQueries, config.dim]);
  let latents = tokensFromSequence(g, g.expand(queries, [batch, config.numQueries, config.dim]));
  for (let layer = 0; layer < config.depth; layer++) {
    const path = `layers.${layer}`;
    const input = latents;
    latents = g.scope(path, () => resamplerLayer(scope, config, path, embedding, input, batch));
  }
  const tokens = layerNorm(scope, 'norm_out', linear(scope, 'proj_out', latents, config.outputDim), layerNormEpsilon);
  return g.reshape(tokens, [batch, config.numQueries, config.outputDim]);
}

function resamplerLayer(
  scope: NetworkScope, config: ResamplerConfig, path: string, embedding: Value, latents: Value, batch: number,
): Value {
  const { g } = scope;
  latents = g.add(perceiverAttention(scope, config, `${path}.0`, embedding, latents, batch), latents);
  const normed = layerNorm(scope, `${path}.1.0`, latents, layerNormEpsilon);
  const hidden = g.gelu(linear(scope, `${path}.1.1`, normed, config.dim * config.ffMult, { bias: false }));
  return g.add(linear(scope, `${path}.1.3`, hidden, config.dim, { bias: false }), latents);
}

/** Queries of the latents [B·K, dim]; keys and values of the embedding [B·M, dim] and then of the latents. */
function perceiverAttention(
  scope: NetworkScope, config: ResamplerConfig, path: string, embedding: Value, latents: Value, batch: number,
): Value {
  const { g } = scope;
  const { dim, dimHead, heads } = config;
  const width = dimHead * heads;
  const seen = layerNorm(scope, `${path}.norm1`, embedding, layerNormEpsilon);
  const own = layerNorm(scope, `${path}.norm2`, latents, layerNormEpsilon);
  const q = linear(scope, `${path}.to_q`, own, width, { bias: false });
  const sequence = (rows: Value): Value => g.reshape(rows, [batch, -1, dim]);
  const both = tokensFromSequence(g, g.concat([sequence(seen), sequence(own)], 1));
  const [k, v] = g.split(linear(scope, `${path}.to_kv`, both, 2 * width, { bias: false }), 1, [width, width]);
  return linear(scope, `${path}.to_out`, headedAttention(g, q, k!, v!, { batch, heads }), dim, { bias: false });
}
