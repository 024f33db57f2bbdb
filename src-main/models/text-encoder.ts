// CLIP's text transformer (Radford et al. 2021): causal, pre-norm, learned positions; ViT-L, OpenCLIP H and bigG.
// Parameter names are Transformers' CLIPTextModel's.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { TextEncoderConfig } from '../checkpoint/configs.ts';
import { float32Tensor, int64Tensor } from '../tensor/tensor.ts';
import { layerNorm, linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';
import { headedAttention, tokensFromSequence } from './tokens.ts';

/** Added to the scores of later tokens: e^−10000 is 0 in every float, and the number itself fits in float16. */
const masked = -1e4;

export interface TextEncoderOptions {
  /** How many layers to leave out at the end ("clip skip" minus one); 0 unless told. */
  readonly skipLayers?: number;
  /**
   * Rows [n, D] of tokens that the vocabulary does not have (textual inversion, Gal et al. 2022): the id vocabSize + i
   * reads row i.
   */
  readonly newRows?: Value;
}

export interface TextEncoding {
  /** The last layer that was built, after the final norm: [B, N, D]. */
  readonly lastHiddenState: Value;
  /** Before the final norm [B, N, D]: 0 is the embeddings, k what layer k gives; negative counts from the end. */
  hiddenState(layer: number): Value;
  /** lastHiddenState's row at the first end-of-text token: [B, D]. */
  pooled(endOfTextId: number): Value;
}

/** Encodes `inputIds` int64 [B, N], N at most maxPositionEmbeddings, each below vocabSize + the number of new rows. */
export function clipTextEncoder(
  scope: NetworkScope, config: TextEncoderConfig, inputIds: Value, options: TextEncoderOptions = {},
): TextEncoding {
  const { g } = scope;
  const [batch, count] = inputIds.shape as [number, number];
  const layers = config.numHiddenLayers - (options.skipLayers ?? 0);
  if (layers < 1) throw new Error(`A text encoder of ${config.numHiddenLayers} layers cannot leave all of them out.`);
  const sizes = { batch, mask: causalMask(g, count) };
  const states = [tokensFromSequence(g, embeddings(scope, config, inputIds, options.newRows))];
  for (let layer = 0; layer < layers; layer++) {
    const path = `text_model.encoder.layers.${layer}`;
    states.push(g.scope(path, () => encoderLayer(scope, config, path, states.at(-1)!, sizes)));
  }
  const sequence = (tokens: Value) => g.reshape(tokens, [batch, count, config.hiddenSize]);
  const normed = layerNorm(scope, 'text_model.final_layer_norm', states.at(-1)!, config.layerNormEps);
  const lastHiddenState = sequence(normed);
  return {
    lastHiddenState,
    hiddenState: (layer) => sequence(states.at(layer)!),
    pooled: (endOfTextId) => firstRowOf(g, inputIds, endOfTextId, lastHiddenState),
  };
}

/** SDXL's second encoder: the pooled text [B, D] through text_projection [projectionDim, D] → [B, projectionDim]. */
export function textProjection(scope: NetworkScope, config: TextEncoderConfig, pooled: Value): Value {
  return linear(scope, 'text_projection', pooled, config.projectionDim ?? config.hiddenSize, { bias: false });
}

/** Token and position embeddings: [B, N] → [B, N, D]. */
function embeddings(
  scope: NetworkScope, config: TextEncoderConfig, inputIds: Value, newRows: Value | undefined,
): Value {
  const { g } = scope;
  const { vocabSize, maxPositionEmbeddings, hiddenSize } = config;
  const count = inputIds.shape[1]!;
  if (count > maxPositionEmbeddings) {
    throw new Error(`The text encoder takes at most ${maxPositionEmbeddings} tokens, not ${count}.`);
  }
  const path = 'text_model.embeddings';
  const table = scope.parameter(`${path}.token_embedding.weight`, [vocabSize, hiddenSize]);
  const positions = scope.parameter(`${path}.position_embedding.weight`, [maxPositionEmbeddings, hiddenSize]);
  const used = count === maxPositionEmbeddings ? positions : g.slice(positions, 0, 0, count);
  const tokens = newRows ? extendedRows(g, table, vocabSize, newRows, inputIds) : g.gather(table, inputIds);
  return g.add(tokens, used);
}

/**
 * Rows of `table` [V, D] and, for ids from V on, of `newRows` [n, D]: ids [B, N] → [B, N, D]. New rows come by a
 * product with one-hot rows, so that their gradient is a small product too and touches nothing of the table.
 */
function extendedRows(g: GraphBuilder, table: Value, vocabSize: number, newRows: Value, ids: Value): Value {
  const count = newRows.shape[0]!;
  const newIds = g.constant(int64Tensor([count], Array.from({ length: count }, (_, i) => vocabSize + i)));
  const oneHot = g.cast(g.equal(g.reshape(ids, [...ids.shape, 1]), newIds), 'float32');
  const isKnown = g.sub(g.scalar(1), g.reduceSum(oneHot, [2]));
  // a new token reads any row of the table, times 0
  const known = g.greater(g.reshape(isKnown, ids.shape), g.scalar(0));
  const knownIds = g.where(known, ids, g.constant(int64Tensor([1, 1], [0])));
  return g.add(g.mul(g.gather(table, knownIds), isKnown), g.matmul(oneHot, newRows));
}

interface SequenceSizes {
  readonly batch: number;
  readonly mask: Value;
}

function encoderLayer(
  scope: NetworkScope, config: TextEncoderConfig, path: string, x: Value, sizes: SequenceSizes,
): Value {
  const { g } = scope;
  x = g.add(x, selfAttention(scope, config, path, x, sizes));
  const h = layerNorm(scope, `${path}.layer_norm2`, x, config.layerNormEps);
  const inner = linear(scope, `${path}.mlp.fc1`, h, config.intermediateSize);
  const active = config.hiddenAct === 'quick_gelu' ? g.quickGelu(inner) : g.gelu(inner);
  return g.add(x, linear(scope, `${path}.mlp.fc2`, active, config.hiddenSize));
}

function selfAttention(
  scope: NetworkScope, config: TextEncoderConfig, path: string, x: Value, sizes: SequenceSizes,
): Value {
  const normed = layerNorm(scope, `${path}.layer_norm1`, x, config.layerNormEps);
  const project = (name: string, input: Value) =>
    linear(scope, `${path}.self_attn.${name}`, input, config.hiddenSize);
  const [q, k, v] = [project('q_proj', normed), project('k_proj', normed), project('v_proj', normed)];
  const heads = { batch: sizes.batch, heads: config.numAttentionHeads };
  return project('out_proj', headedAttention(scope.g, q, k, v, heads, sizes.mask));
}

/** [N, N] to add to attention scores: 0 for itself and earlier tokens. */
function causalMask(g: GraphBuilder, count: number): Value {
  const isLater = (i: number) => i % count > Math.floor(i / count);
  const values = Float32Array.from({ length: count * count }, (_, i) => (isLater(i) ? masked : 0));
  return g.constant(float32Tensor([count, count], values));
}

/**
 * The row of `states` [B, N, D] at the FIRST place where `ids` [B, N] equals `id` → [B, D]; prompts are padded with
 * the same token. Written as a product with a one-hot row, so that it has a gradient and needs no index arithmetic.
 */
function firstRowOf(g: GraphBuilder, ids: Value, id: number, states: Value): Value {
  const [batch, count, width] = states.shape as [number, number, number];
  const matches = g.cast(g.equal(ids, g.constant(int64Tensor([1, 1], [id]))), 'float32');
  // before[i, j] = 1 for i < j, so matches · before counts the matches left of each place
  const before = Float32Array.from({ length: count * count }, (_, i) => (Math.floor(i / count) < i % count ? 1 : 0));
  const earlier = g.matmul(matches, g.constant(float32Tensor([count, count], before)));
  const oneHot = g.mul(matches, g.sub(g.scalar(1), g.min(earlier, g.scalar(1))));
  return g.reshape(g.matmul(g.reshape(oneHot, [batch, 1, count]), states), [batch, width]);
}
