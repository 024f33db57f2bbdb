// A small convolutional face encoder, as a pack of miniature networks carries one of its own beside InstantID: a
// picture of an upright head to numbers that lie near each other for one person. Residual blocks (He et al. 2016) with
// GroupNorm (Wu and He 2018) and SiLU, each level at half the edge of the one before.

import type { Value } from '../compiler/1-build/graph.ts';
import { convolution, groupNorm, linear } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';

/** Pixels of a head's edge that the starter pack's encoder was taught on. */
export const trainedHeadEdgePx = 64;

export interface FaceEncoderConfig {
  /** Edge of the picture in pixels; a multiple of 2 to the power of the levels. */
  readonly edgePx: number;
  /** Channels of each level, the first at half the edge. */
  readonly widths: readonly number[];
  /** Groups of every norm; divides each width. */
  readonly groups: number;
  /** Numbers of an embedding. */
  readonly embeddingLength: number;
}

const normEpsilon = 1e-5;

/**
 * The last level of `picture` [B, 3, edge, edge] in -1..1 as rows [B, widths.at(-1) · (edge / 2^levels)²]. Refuses
 * (Error) pictures of another size.
 */
export function faceFeatures(
  scope: NetworkScope, config: Omit<FaceEncoderConfig, 'embeddingLength'>, picture: Value,
): Value {
  const { g } = scope;
  const { edgePx, widths, groups } = config;
  const [batch, ...size] = picture.shape as [number, number, number, number];
  if (size.join() !== [3, edgePx, edgePx].join()) {
    throw new Error(`This face encoder looks at ${edgePx}x${edgePx} pixels, not [${picture.shape.join(', ')}].`);
  }
  let x = picture;
  widths.forEach((width, level) => {
    const path = `levels.${level}`;
    const down = convolution(scope, `${path}.conv`, x, width, { stride: 2 });
    x = g.silu(groupNorm(scope, `${path}.norm`, down, groups, normEpsilon));
    // the smallest level goes straight into the embedding
    if (level < widths.length - 1) x = residual(scope, path, x, groups);
  });
  return g.reshape(x, [batch, -1]);
}

function residual(scope: NetworkScope, path: string, x: Value, groups: number): Value {
  const { g } = scope;
  const width = x.shape[1]!;
  const inner = g.silu(groupNorm(scope, `${path}.norm1`, convolution(scope, `${path}.conv1`, x, width), groups,
    normEpsilon));
  return g.silu(g.add(x, groupNorm(scope, `${path}.norm2`, convolution(scope, `${path}.conv2`, inner, width), groups,
    normEpsilon)));
}

/**
 * The face embedding [B, embeddingLength] of heads [B, 3, edge, edge] in -1..1. Its length is the root of
 * embeddingLength, so that each number is of about unit size, as a Resampler likes it.
 */
export function faceEncoder(scope: NetworkScope, config: FaceEncoderConfig, picture: Value): Value {
  const { embeddingLength } = config;
  return lengthened(scope, linear(scope, 'embedding', faceFeatures(scope, config, picture), embeddingLength));
}

/** Rows [B, N] at the length of the root of N. */
function lengthened({ g }: NetworkScope, rows: Value): Value {
  const square = g.reduceMean(g.mul(rows, rows), [1], true);
  return g.div(rows, g.sqrt(g.add(square, g.scalar(1e-8))));
}
