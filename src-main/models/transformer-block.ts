// The transformer of Stable Diffusion (Rombach et al. 2022, section 3.3 and appendix E.2.1): self-attention,
// cross-attention to the text and a gated feed-forward (GEGLU, Shazeer 2020), each added to its own input. An image
// prompt has keys and values of its own in each cross-attention (IP-Adapter, Ye et al. 2023, section 3.2). Pictures
// may go without self-attention (Ahn et al. 2024, section 4.2).
// Tokens stay one matrix [B·N, C] from end to end; only attention opens them up into heads.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { convolution, groupNorm, layerNorm, linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';
import { headedAttention, pictureFromTokens, tokensFromPicture, tokensFromSequence } from './tokens.ts';

/** diffusers' Transformer2DModel: not the resnets' 1e-5. */
const groupNormEpsilon = 1e-6;
/** torch's default, which diffusers keeps. */
const layerNormEpsilon = 1e-5;
/** The feed-forward is four times as wide as the tokens (Vaswani et al. 2017). */
const feedForwardFactor = 4;

export interface TransformerOptions {
  readonly heads: number;
  readonly layers: number;
  readonly groups: number;
  /** proj_in and proj_out are linear layers, not 1×1 convolutions: the same product, stored in another shape. */
  readonly useLinearProjection: boolean;
  /** What cross-attention reads: tokens [B·M, D]. */
  readonly context: Value;
  readonly imagePrompt?: ImagePrompt;
  readonly selfAttentionShare?: SelfAttentionShare;
}

/** Tokens of a picture or a face that cross-attention reads beside the text. */
export interface ImagePrompt {
  /** Where to_k_ip.weight and to_v_ip.weight of each cross-attention are, under the attention's path. */
  readonly scope: NetworkScope;
  /** [B, K, D]. */
  readonly tokens: Value;
  /** float32, broadcast with tokens [B·N, C]: 0 leaves them out, 1 is as strong as the text. */
  readonly strength: Value;
}

/**
 * float32 [B, 1, 1]: 1 leaves self-attention as it is; at 0 every token heeds itself alone, so that its map is the
 * identity.
 */
export type SelfAttentionShare = Value;

interface TokenSizes {
  readonly batch: number;
  readonly heads: number;
}

/** Spatial transformer: `x` [B, C, H, W] → [B, C, H, W]. */
export function spatialTransformer(scope: NetworkScope, path: string, x: Value, options: TransformerOptions): Value {
  return scope.g.scope(path, () => transformer(scope, path, x, options));
}

function transformer(scope: NetworkScope, path: string, x: Value, options: TransformerOptions): Value {
  const { g } = scope;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const normed = groupNorm(scope, `${path}.norm`, x, options.groups, groupNormEpsilon);
  let tokens = options.useLinearProjection
    ? linear(scope, `${path}.proj_in`, tokensFromPicture(g, normed), channels)
    : tokensFromPicture(g, convolution(scope, `${path}.proj_in`, normed, channels, { kernel: 1 }));
  const sizes = { batch, heads: options.heads };
  for (let layer = 0; layer < options.layers; layer++) {
    const name = `transformer_blocks.${layer}`;
    const input = tokens;
    tokens = g.scope(name, () => transformerLayer(scope, `${path}.${name}`, input, options, sizes));
  }
  const h = options.useLinearProjection
    ? pictureFromTokens(g, linear(scope, `${path}.proj_out`, tokens, channels), batch, height, width)
    : convolution(scope, `${path}.proj_out`, pictureFromTokens(g, tokens, batch, height, width), channels, {
      kernel: 1,
    });
  return g.add(h, x);
}

function transformerLayer(
  scope: NetworkScope, path: string, x: Value, options: TransformerOptions, sizes: TokenSizes,
): Value {
  const { context, imagePrompt, selfAttentionShare } = options;
  const { g } = scope;
  const norm = (name: string) => layerNorm(scope, `${path}.${name}`, x, layerNormEpsilon);
  const normed = norm('norm1');
  x = g.add(attention(scope, `${path}.attn1`, normed, normed, { sizes, selfAttentionShare }), x);
  x = g.add(attention(scope, `${path}.attn2`, norm('norm2'), context, { sizes, imagePrompt }), x);
  return g.add(feedForward(scope, `${path}.ff`, norm('norm3')), x);
}

interface AttentionOptions extends Pick<TransformerOptions, 'imagePrompt' | 'selfAttentionShare'> {
  readonly sizes: TokenSizes;
}

/** Attention from tokens `x` [B·N, C] to `context` [B·M, D] → [B·N, C]. */
function attention(
  scope: NetworkScope, path: string, x: Value, context: Value,
  { sizes, imagePrompt, selfAttentionShare }: AttentionOptions,
): Value {
  const { g } = scope;
  const channels = x.shape[1]!;
  const q = linear(scope, `${path}.to_q`, x, channels, { bias: false });
  const k = linear(scope, `${path}.to_k`, context, channels, { bias: false });
  const v = linear(scope, `${path}.to_v`, context, channels, { bias: false });
  let mixed = headedAttention(g, q, k, v, sizes);
  if (imagePrompt) mixed = g.add(mixed, imageAttention(path, q, imagePrompt, sizes));
  if (selfAttentionShare) mixed = shared(g, mixed, v, selfAttentionShare);
  return linear(scope, `${path}.to_out.0`, mixed, channels);
}

/** own + share (mixed - own) for tokens [B·N, C] and a share [B, 1, 1]. */
function shared(g: GraphBuilder, mixed: Value, own: Value, share: Value): Value {
  const [rows, channels] = mixed.shape as [number, number];
  const batch = share.shape[0]!;
  const apart = g.reshape(g.sub(mixed, own), [batch, rows / batch, channels]);
  return g.add(own, g.reshape(g.mul(apart, share), [rows, channels]));
}

/** The same queries `q` [B·N, C] on the picture's keys and values, times its strength → [B·N, C]. */
function imageAttention(path: string, q: Value, { scope, tokens, strength }: ImagePrompt, sizes: TokenSizes): Value {
  const { g } = scope;
  const rows = tokensFromSequence(g, tokens);
  const k = linear(scope, `${path}.to_k_ip`, rows, q.shape[1]!, { bias: false });
  const v = linear(scope, `${path}.to_v_ip`, rows, q.shape[1]!, { bias: false });
  return g.mul(headedAttention(g, q, k, v, sizes), strength);
}

/** GEGLU: the first half times gelu of the second, then back to the tokens' width. */
function feedForward(scope: NetworkScope, path: string, x: Value): Value {
  const { g } = scope;
  const channels = x.shape[1]!;
  const inner = channels * feedForwardFactor;
  const both = linear(scope, `${path}.net.0.proj`, x, inner * 2);
  const [value, gate] = g.split(both, 1, [inner, inner]) as [Value, Value];
  return linear(scope, `${path}.net.2`, g.mul(value, g.gelu(gate)), channels);
}
