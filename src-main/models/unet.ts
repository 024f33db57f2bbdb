// The denoiser of Stable Diffusion (Rombach et al. 2022): a UNet whose every resolution may attend to the text.
// Written after diffusers' UNet2DConditionModel configuration, so SD 1, SD 2 and SDXL are the same description.
// A ControlNet may add to what the way up reads of the way down, an image prompt to what the text says.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { UnetConfig, UnetTrunkConfig } from '../checkpoint/configs.ts';
import { convolution, groupNorm } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';
import { upsample } from './resnet-block.ts';
import type { ImagePrompt, SelfAttentionShare } from './transformer-block.ts';
import {
  downBlock, midBlock, resnet, transformer, type Trunk, type TrunkInputs, trunkOf,
} from './unet-trunk.ts';

export interface UnetInputs extends TrunkInputs {
  readonly controlResiduals?: ControlResiduals;
  readonly imagePrompt?: ImagePrompt;
  /** For perturbed-attention guidance. */
  readonly selfAttentionShare?: SelfAttentionShare;
}

/** What a ControlNet adds to a UNet of its sizes. */
export interface ControlResiduals {
  /** To conv_in's output and to that of every resnet and downsampler of the way down, in their order. */
  readonly down: readonly Value[];
  /** To the middle block's output. */
  readonly mid: Value;
}

/** What the network predicts (noise or v, as the checkpoint was trained): [B, outChannels, H, W]. */
export function unet(scope: NetworkScope, config: UnetConfig, inputs: UnetInputs): Value {
  const { g } = scope;
  const { controlResiduals, imagePrompt, selfAttentionShare } = inputs;
  const trunk = trunkOf(scope, config, inputs, 'UNet', {
    ...(imagePrompt ? { imagePrompt } : {}),
    ...(selfAttentionShare ? { perturbation: { selfAttentionShare, isEverywhere: hasSmallMiddle(config) } } : {}),
  });
  let skips = [convolution(scope, 'conv_in', inputs.sample, config.blockOutChannels[0]!)];
  config.blockOutChannels.forEach((_, level) => downBlock(scope, trunk, level, skips));
  let x = midBlock(scope, trunk, skips.at(-1)!);
  if (controlResiduals) {
    skips = withResiduals(g, skips, controlResiduals.down);
    x = g.add(x, controlResiduals.mid);
  }
  config.blockOutChannels.forEach((_, index) => {
    x = upBlock(scope, trunk, config, index, x, skips);
  });
  x = groupNorm(scope, 'conv_norm_out', x, config.normNumGroups, config.normEps);
  return convolution(scope, 'conv_out', g.silu(x), config.outChannels);
}

/** Fewer tokens than these say nothing of a picture's structure. */
const fewTokens = 16;

/**
 * Perturbed-attention guidance (Ahn et al. 2024, section 5) puts out the middle's self-attention, as diffusers does
 * unless told; where the middle of the trained size sees fewer than 16 places, that of every layer.
 */
function hasSmallMiddle({ sampleSize, blockOutChannels }: UnetConfig): boolean {
  return (sampleSize / 2 ** (blockOutChannels.length - 1)) ** 2 < fewTokens;
}

function withResiduals(g: GraphBuilder, skips: readonly Value[], residuals: readonly Value[]): Value[] {
  if (residuals.length !== skips.length) {
    throw new Error(`This UNet takes ${skips.length} residuals of a ControlNet, not ${residuals.length}.`);
  }
  return skips.map((skip, i) => g.add(skip, residuals[i]!));
}

/** Takes one of `skips` (from its end) before each resnet. */
function upBlock(
  scope: NetworkScope, trunk: Trunk, config: UnetConfig, index: number, x: Value, skips: Value[],
): Value {
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

/** Podell et al. 2023: SDXL is told six numbers about each picture's size and crop. */
const timeIdCount = 6;

/** Graph inputs `text_embeds` [B, P] and `time_ids` [B, 6] of a network that has them (SDXL); none for others. */
export function textTimeInputs(
  g: GraphBuilder, { textTime }: Pick<UnetTrunkConfig, 'textTime'>, batch: number,
): Pick<UnetInputs, 'textEmbeds' | 'timeIds'> {
  if (!textTime) return {};
  const pooledWidth = textTime.projectionInputDim - timeIdCount * textTime.timeEmbedDim;
  return {
    textEmbeds: g.input('text_embeds', 'float32', [batch, pooledWidth]),
    timeIds: g.input('time_ids', 'float32', [batch, timeIdCount]),
  };
}
