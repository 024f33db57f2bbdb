// A ControlNet (Zhang et al. 2023, section 3): a copy of the UNet's way down and middle that is shown a picture and
// adds to what the UNet's way up reads. InstantID's IdentityNet (Wang et al. 2024, section 3.3) is one of SDXL whose
// cross-attention reads the face's tokens in place of text. Written after diffusers' ControlNetModel.

import type { Value } from '../compiler/1-build/graph.ts';
import type { ControlNetConfig } from '../checkpoint/configs.ts';
import { convolution } from './layers.ts';
import type { NetworkScope } from './network-scope.ts';
import type { ControlResiduals } from './unet.ts';
import { downBlock, midBlock, type TrunkInputs, trunkOf } from './unet-trunk.ts';

export interface ControlNetInputs extends TrunkInputs {
  /** What it is shown: RGB of 0…1 at the picture's full size, [B, 3, 8·H, 8·W], or [1, …] for the whole batch. */
  readonly conditioning: Value;
  /** float32, broadcast with [B, C, H, W]: 0 leaves the UNet alone. */
  readonly strength: Value;
}

const colourChannels = 3;

/** The residuals for a UNet with the same way down, each times the strength. */
export function controlNet(scope: NetworkScope, config: ControlNetConfig, inputs: ControlNetInputs): ControlResiduals {
  const { g } = scope;
  checkConditioning(config, inputs);
  const trunk = trunkOf(scope, config, inputs, 'ControlNet');
  const latents = convolution(scope, 'conv_in', inputs.sample, config.blockOutChannels[0]!);
  const skips = [g.add(latents, conditioningEmbedding(scope, config, inputs.conditioning))];
  config.blockOutChannels.forEach((_, level) => downBlock(scope, trunk, level, skips));
  const middle = midBlock(scope, trunk, skips.at(-1)!);
  // 1×1 convolutions that began as zeros, so that training began with the UNet as it was
  const residual = (path: string, x: Value): Value => (
    g.mul(convolution(scope, path, x, x.shape[1]!, { kernel: 1 }), inputs.strength));
  return {
    down: skips.map((skip, i) => residual(`controlnet_down_blocks.${i}`, skip)),
    mid: residual('controlnet_mid_block', middle),
  };
}

/** The picture made as small as the latents: [B, 3, f·H, f·W] → [B, blockOutChannels[0], H, W]. */
function conditioningEmbedding(scope: NetworkScope, config: ControlNetConfig, conditioning: Value): Value {
  const { g } = scope;
  const path = 'controlnet_cond_embedding';
  const widths = config.conditioningEmbeddingOutChannels;
  return g.scope(path, () => {
    let x = g.silu(convolution(scope, `${path}.conv_in`, conditioning, widths[0]!));
    for (const [level, width] of widths.slice(0, -1).entries()) {
      x = g.silu(convolution(scope, `${path}.blocks.${level * 2}`, x, width));
      x = g.silu(convolution(scope, `${path}.blocks.${level * 2 + 1}`, x, widths[level + 1]!, { stride: 2 }));
    }
    return convolution(scope, `${path}.conv_out`, x, config.blockOutChannels[0]!);
  });
}

function checkConditioning(config: ControlNetConfig, { sample, conditioning }: ControlNetInputs): void {
  const factor = 2 ** (config.conditioningEmbeddingOutChannels.length - 1);
  const [batch, , height, width] = sample.shape as [number, number, number, number];
  const [pictures, ...size] = conditioning.shape as [number, ...number[]];
  const wanted = [colourChannels, height * factor, width * factor];
  if (size.join() !== wanted.join() || (pictures !== 1 && pictures !== batch)) {
    const [shape, needed] = [conditioning.shape, [batch, ...wanted]].map((each) => `[${each.join(', ')}]`);
    throw new Error(`This ControlNet is shown a picture of ${needed!}, not ${shape!}.`);
  }
}
