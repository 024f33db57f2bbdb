// Between pictures [B, C, H, W], tokens [B·N, C] and attention heads [B, h, N, d].
// Tokens of the whole batch are rows of one matrix, so that every linear layer is a single matrix product and no
// reshape stands between them.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';

/** [B, C, H, W] → [B·H·W, C]. */
export function tokensFromPicture(g: GraphBuilder, x: Value): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return g.reshape(g.transpose(x, [0, 2, 3, 1]), [batch * height * width, channels]);
}

/** [B·H·W, C] → [B, C, H, W]. */
export function pictureFromTokens(g: GraphBuilder, x: Value, batch: number, height: number, width: number): Value {
  return g.transpose(g.reshape(x, [batch, height, width, x.shape[1]!]), [0, 3, 1, 2]);
}

/** [B, N, C] → [B·N, C]. */
export function tokensFromSequence(g: GraphBuilder, x: Value): Value {
  const [batch, count, width] = x.shape as [number, number, number];
  return g.reshape(x, [batch * count, width]);
}

/** Multi-head attention: q [B·N, C] and k, v [B·M, C] → [B·N, C]; `mask` [N, M] is added to the scores. */
export function headedAttention(
  g: GraphBuilder, q: Value, k: Value, v: Value, sizes: { readonly batch: number; readonly heads: number },
  mask?: Value,
): Value {
  const { batch, heads } = sizes;
  const split = (x: Value) => {
    const [rows, width] = x.shape as [number, number];
    if (width % heads !== 0) throw new Error(`${width} channels do not divide into ${heads} attention heads.`);
    return g.transpose(g.reshape(x, [batch, rows / batch, heads, width / heads]), [0, 2, 1, 3]);
  };
  const mixed = g.attention(split(q), split(k), split(v), mask ? { mask } : {});
  return g.reshape(g.transpose(mixed, [0, 2, 1, 3]), q.shape);
}
