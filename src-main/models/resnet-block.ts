// The convolutional half of the UNet and of the VAE: residual blocks and the changes of resolution between them.
// Residual block (He et al. 2016 in Ho et al. 2020's form): x + conv(silu(norm(conv(silu(norm(x))) + time))).

import type { Value } from '../compiler/1-build/graph.ts';
import { convolution, groupNorm, linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';

export interface ResnetOptions {
  readonly outChannels: number;
  readonly groups: number;
  readonly epsilon: number;
  /** silu(timestepEmbedding) [B, T], made once for all blocks; the VAE has none. */
  readonly activatedTime?: Value;
}

/** Residual block: `x` [B, C, H, W] → [B, outChannels, H, W]. */
export function resnetBlock(scope: NetworkScope, path: string, x: Value, options: ResnetOptions): Value {
  return scope.g.scope(path, () => residual(scope, path, x, options));
}

function residual(scope: NetworkScope, path: string, x: Value, options: ResnetOptions): Value {
  const { g } = scope;
  const { outChannels, groups, epsilon, activatedTime } = options;
  let h = g.silu(groupNorm(scope, `${path}.norm1`, x, groups, epsilon));
  h = convolution(scope, `${path}.conv1`, h, outChannels);
  if (activatedTime) {
    const shift = linear(scope, `${path}.time_emb_proj`, activatedTime, outChannels);
    h = g.add(h, g.reshape(shift, [shift.shape[0]!, outChannels, 1, 1]));
  }
  h = g.silu(groupNorm(scope, `${path}.norm2`, h, groups, epsilon));
  h = convolution(scope, `${path}.conv2`, h, outChannels);
  const shortcut = x.shape[1] === outChannels
    ? x
    : convolution(scope, `${path}.conv_shortcut`, x, outChannels, { kernel: 1 });
  return g.add(shortcut, h);
}

/** Doubles height and width by repeating pixels, then a 3×3 convolution. */
export function upsample(scope: NetworkScope, path: string, x: Value): Value {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const { g } = scope;
  return g.scope(path, () => {
    return convolution(scope, `${path}.conv`, g.resizeNearest(x, height * 2, width * 2), channels);
  });
}

/** Halves height and width with a 3×3 convolution; the VAE's encoder pads only at the bottom and the right. */
export function downsample(scope: NetworkScope, path: string, x: Value, padding: 'all-sides' | 'bottom-right'): Value {
  const pads = padding === 'all-sides' ? ([1, 1, 1, 1] as const) : ([0, 0, 1, 1] as const);
  return scope.g.scope(path, () => convolution(scope, `${path}.conv`, x, x.shape[1]!, { stride: 2, pads }));
}
