// What the UNet and the ControlNet have in common: the embedding of the noise level, the way down and the middle.
// Written after diffusers' UNet2DConditionModel and ControlNetModel.

import type { Value } from '../compiler/1-build/graph.ts';
import type { UnetTrunkConfig } from '../checkpoint/configs.ts';
import type { NetworkScope } from './network-scope.ts';
import { downsample, resnetBlock } from './resnet-block.ts';
import { sinusoid, timestepMlp } from './timestep-embedding.ts';
import { tokensFromSequence } from './tokens.ts';
import { type ImagePrompt, type SelfAttentionShare, spatialTransformer } from './transformer-block.ts';

export interface TrunkInputs {
  /** Noisy latents [B, inChannels, H, W]; H and W must halve once a down block but the last. */
  readonly sample: Value;
  /** float32 [B], 0…999. */
  readonly timestep: Value;
  /** What cross-attention reads, mostly text tokens: [B, M, crossAttentionDim]. */
  readonly encoderHiddenStates: Value;
  /** Pooled text [B, P]; SDXL only. */
  readonly textEmbeds?: Value;
  /** float32 [B, 6]: original height, width, crop top, left, target height, width; SDXL only. */
  readonly timeIds?: Value;
}

/** What every block of one network shares. */
export interface Trunk {
  readonly config: UnetTrunkConfig;
  readonly activatedTime: Value;
  readonly context: Value;
  readonly imagePrompt?: ImagePrompt;
  readonly perturbation?: Perturbation;
}

/** Self-attention that a part of the pictures goes without. */
export interface Perturbation {
  readonly selfAttentionShare: SelfAttentionShare;
  /** Every layer's, not the middle's alone. */
  readonly isEverywhere: boolean;
}

/** Refuses (Error) inputs that the network cannot take; `network` is its name in the message. */
export function trunkOf(
  scope: NetworkScope, config: UnetTrunkConfig, inputs: TrunkInputs, network: string,
  extras: Pick<Trunk, 'imagePrompt' | 'perturbation'> = {},
): Trunk {
  checkInputs(config, inputs, network);
  const { g } = scope;
  return {
    config,
    activatedTime: g.silu(timestepEmbedding(scope, config, inputs)),
    context: tokensFromSequence(g, inputs.encoderHiddenStates),
    ...extras,
  };
}

function timestepEmbedding(scope: NetworkScope, config: UnetTrunkConfig, inputs: TrunkInputs): Value {
  const { g } = scope;
  const channels = config.blockOutChannels[0]!;
  // Ho et al. 2020: the embedding is four times as wide as the first block.
  const width = channels * 4;
  const embedding = timestepMlp(scope, 'time_embedding', sinusoid(g, inputs.timestep, channels), width);
  if (!config.textTime) return embedding;
  // Podell et al. 2023 (SDXL), section 2.2: sizes and crop as sinusoids behind the pooled text
  const { timeIds, textEmbeds } = inputs as Required<TrunkInputs>;
  const [batch, count] = timeIds.shape as [number, number];
  const ids = sinusoid(g, g.reshape(timeIds, [batch * count]), config.textTime.timeEmbedDim);
  const added = g.concat([textEmbeds, g.reshape(ids, [batch, count * config.textTime.timeEmbedDim])], 1);
  return g.add(embedding, timestepMlp(scope, 'add_embedding', added, width));
}

/** Pushes the output of every resnet and of the downsampler, in order, on `skips`; its input is the last one there. */
export function downBlock(scope: NetworkScope, trunk: Trunk, level: number, skips: Value[]): void {
  const { config } = trunk;
  const path = `down_blocks.${level}`;
  const hasAttention = config.downBlockTypes[level] === 'CrossAttnDownBlock2D';
  let x = skips.at(-1)!;
  for (let layer = 0; layer < config.layersPerBlock; layer++) {
    x = resnet(scope, trunk, `${path}.resnets.${layer}`, x, config.blockOutChannels[level]!);
    if (hasAttention) x = transformer(scope, trunk, `${path}.attentions.${layer}`, x, level);
    skips.push(x);
  }
  const isLast = level === config.blockOutChannels.length - 1;
  if (!isLast) skips.push(downsample(scope, `${path}.downsamplers.0`, x, 'all-sides'));
}

/** The middle: `x` [B, C, H, W] → the same shape. */
export function midBlock(scope: NetworkScope, trunk: Trunk, x: Value): Value {
  const deepest = trunk.config.blockOutChannels.length - 1;
  const channels = trunk.config.blockOutChannels[deepest]!;
  x = resnet(scope, trunk, 'mid_block.resnets.0', x, channels);
  x = transformer(scope, trunk, 'mid_block.attentions.0', x, deepest);
  return resnet(scope, trunk, 'mid_block.resnets.1', x, channels);
}

export function resnet(scope: NetworkScope, trunk: Trunk, path: string, x: Value, outChannels: number): Value {
  const { config, activatedTime } = trunk;
  const options = { outChannels, groups: config.normNumGroups, epsilon: config.normEps, activatedTime };
  return resnetBlock(scope, path, x, options);
}

export function transformer(scope: NetworkScope, trunk: Trunk, path: string, x: Value, level: number): Value {
  const { config, context, imagePrompt, perturbation } = trunk;
  const isPerturbed = perturbation && (perturbation.isEverywhere || path.startsWith('mid_block.'));
  return spatialTransformer(scope, path, x, {
    heads: config.attentionHeads[level]!,
    layers: config.transformerLayersPerBlock[level]!,
    groups: config.normNumGroups,
    useLinearProjection: config.useLinearProjection,
    context,
    ...(imagePrompt ? { imagePrompt } : {}),
    ...(isPerturbed ? { selfAttentionShare: perturbation.selfAttentionShare } : {}),
  });
}

function checkInputs(config: UnetTrunkConfig, inputs: TrunkInputs, network: string): void {
  const [, channels, height, width] = inputs.sample.shape as [number, number, number, number];
  const factor = 2 ** (config.blockOutChannels.length - 1);
  if (channels !== config.inChannels) {
    throw new Error(`The ${network} takes ${config.inChannels} latent channels, not ${channels}.`);
  }
  if (height % factor !== 0 || width % factor !== 0) {
    throw new Error(`Latents of ${height}×${width} cannot be halved ${Math.log2(factor)} times.`);
  }
  if (config.textTime && !(inputs.textEmbeds && inputs.timeIds)) {
    throw new Error(`This ${network} also needs the pooled text and the time ids.`);
  }
}
