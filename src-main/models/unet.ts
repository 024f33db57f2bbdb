// The denoiser of Stable Diffusion (Rombach et al. 2022): a UNet whose every resolution may attend to the text.
// Written after diffusers' UNet2DConditionModel configuration, so SD 1, SD 2 and SDXL are the same description.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { UnetConfig } from '../checkpoint/configs.ts';
import { convolution, groupNorm } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';
import { downsample, resnetBlock, upsample } from './resnet-block.ts';
import { sinusoid, timestepMlp } from './timestep-embedding.ts';
import { tokensFromSequence } from './tokens.ts';
import { spatialTransformer } from './transformer-block.ts';

export interface UnetInputs {
  /** Noisy latents [B, inChannels, H, W]; H and W must halve once a down block but the last. */
  readonly sample: Value;
  /** float32 [B], 0…999. */
  readonly timestep: Value;
  /** Text tokens [B, M, crossAttentionDim]. */
  readonly encoderHiddenStates: Value;
  /** Pooled text [B, P]; SDXL only. */
  readonly textEmbeds?: Value;
  /** float32 [B, 6]: original height, width, crop top, left, target height, width; SDXL only. */
  readonly timeIds?: Value;
}

/** What every block of one UNet shares. */
interface Trunk {
  readonly config: UnetConfig;
  readonly activatedTime: Value;
  readonly context: Value;
}

/** What the network predicts (noise or v, as the checkpoint was trained): [B, outChannels, H, W]. */
export function unet(scope: NetworkScope, config: UnetConfig, inputs: UnetInputs): Value {
  const { g } = scope;
  checkInputs(config, inputs);
  const trunk: Trunk = {
    config,
    activatedTime: g.silu(timestepEmbedding(scope, config, inputs)),
    context: tokensFromSequence(g, inputs.encoderHiddenStates),
  };
  const skips = [convolution(scope, 'conv_in', inputs.sample, config.blockOutChannels[0]!)];
  config.blockOutChannels.forEach((_, level) => downBlock(scope, trunk, level, skips));
  let x = midBlock(scope, trunk, skips.at(-1)!);
  config.blockOutChannels.forEach((_, index) => {
    x = upBlock(scope, trunk, index, x, skips);
  });
  x = groupNorm(scope, 'conv_norm_out', x, config.normNumGroups, config.normEps);
  return convolution(scope, 'conv_out', g.silu(x), config.outChannels);
}

function timestepEmbedding(scope: NetworkScope, config: UnetConfig, inputs: UnetInputs): Value {
  const { g } = scope;
  const channels = config.blockOutChannels[0]!;
  // Ho et al. 2020: the embedding is four times as wide as the first block.
  const width = channels * 4;
  const embedding = timestepMlp(scope, 'time_embedding', sinusoid(g, inputs.timestep, channels), width);
  if (!config.textTime) return embedding;
  // Podell et al. 2023 (SDXL), section 2.2: sizes and crop as sinusoids behind the pooled text
  const { timeIds, textEmbeds } = inputs as Required<UnetInputs>;
  const [batch, count] = timeIds.shape as [number, number];
  const ids = sinusoid(g, g.reshape(timeIds, [batch * count]), config.textTime.timeEmbedDim);
  const added = g.concat([textEmbeds, g.reshape(ids, [batch, count * config.textTime.timeEmbedDim])], 1);
  return g.add(embedding, timestepMlp(scope, 'add_embedding', added, width));
}

/** Pushes the output of every resnet and of the downsampler, in order, on `skips`; its input is the last one there. */
function downBlock(scope: NetworkScope, trunk: Trunk, level: number, skips: Value[]): void {
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

function midBlock(scope: NetworkScope, trunk: Trunk, x: Value): Value {
  const deepest = trunk.config.blockOutChannels.length - 1;
  const channels = trunk.config.blockOutChannels[deepest]!;
  x = resnet(scope, trunk, 'mid_block.resnets.0', x, channels);
  x = transformer(scope, trunk, 'mid_block.attentions.0', x, deepest);
  return resnet(scope, trunk, 'mid_block.resnets.1', x, channels);
}

/** Takes one of `skips` (from its end) before each resnet. */
function upBlock(scope: NetworkScope, trunk: Trunk, index: number, x: Value, skips: Value[]): Value {
  const { config } = trunk;
  const path = `up_blocks.${index}`;
  const level = config.blockOutChannels.length - 1 - index;
  const hasAttention = config.upBlockTypes[index] === 'CrossAttnUpBlock2D';
  for (let layer = 0; layer <= config.layersPerBlock; layer++) {
    const joined = scope.g.concat([x, skips.pop()!], 1);
    x = resnet(scope, trunk, `${path}.resnets.${layer}`, joined, config.blockOutChannels[level]!);
    if (hasAttention) x = transformer(scope, trunk, `${path}.attentions.${layer}`, x, level);
  }
  return level === 0 ? x : upsample(scope, `${path}.upsamplers.0`, x);
}

function resnet(scope: NetworkScope, trunk: Trunk, path: string, x: Value, outChannels: number): Value {
  const { config, activatedTime } = trunk;
  const options = { outChannels, groups: config.normNumGroups, epsilon: config.normEps, activatedTime };
  return resnetBlock(scope, path, x, options);
}

function transformer(scope: NetworkScope, trunk: Trunk, path: string, x: Value, level: number): Value {
  const { config, context } = trunk;
  return spatialTransformer(scope, path, x, {
    heads: config.attentionHeads[level]!,
    layers: config.transformerLayersPerBlock[level]!,
    groups: config.normNumGroups,
    useLinearProjection: config.useLinearProjection,
    context,
  });
}

/** Podell et al. 2023: SDXL is told six numbers about each picture's size and crop. */
const timeIdCount = 6;

/** Graph inputs `text_embeds` [B, P] and `time_ids` [B, 6] of a UNet that has them (SDXL); none for others. */
export function textTimeInputs(
  g: GraphBuilder, { textTime }: UnetConfig, batch: number,
): Pick<UnetInputs, 'textEmbeds' | 'timeIds'> {
  if (!textTime) return {};
  const pooledWidth = textTime.projectionInputDim - timeIdCount * textTime.timeEmbedDim;
  return {
    textEmbeds: g.input('text_embeds', 'float32', [batch, pooledWidth]),
    timeIds: g.input('time_ids', 'float32', [batch, timeIdCount]),
  };
}

function checkInputs(config: UnetConfig, inputs: UnetInputs): void {
  const [, channels, height, width] = inputs.sample.shape as [number, number, number, number];
  const factor = 2 ** (config.blockOutChannels.length - 1);
  if (channels !== config.inChannels) {
    throw new Error(`The UNet takes ${config.inChannels} latent channels, not ${channels}.`);
  }
  if (height % factor !== 0 || width % factor !== 0) {
    throw new Error(`Latents of ${height}×${width} cannot be halved ${Math.log2(factor)} times.`);
  }
  if (config.textTime && !(inputs.textEmbeds && inputs.timeIds)) {
    throw new Error('This UNet also needs the pooled text and the time ids.');
  }
}
