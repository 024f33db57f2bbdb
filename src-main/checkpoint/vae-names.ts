// VAE tensor names: the original code's ('encoder.down.0.block.1...') and both namings that diffusers had for the
// attention in the middle (query/key/value/proj_attn, later to_q/to_k/to_v/to_out.0) to today's diffusers names.
// The original stores that attention's projections as 1x1 convolutions; as Linear the same bytes have two axes.

import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import { reshaped } from './weight-views.ts';

type Rule = readonly [RegExp, string];

const rules: readonly Rule[] = [
  [/^encoder\.down\.(\d+)\.block\.(\d+)\./, 'encoder.down_blocks.$1.resnets.$2.'],
  [/^encoder\.down\.(\d+)\.downsample\./, 'encoder.down_blocks.$1.downsamplers.0.'],
  [/^(encoder|decoder)\.mid\.block_1\./, '$1.mid_block.resnets.0.'],
  [/^(encoder|decoder)\.mid\.block_2\./, '$1.mid_block.resnets.1.'],
  [/^(encoder|decoder)\.mid\.attn_1\./, '$1.mid_block.attentions.0.'],
  [/^(encoder|decoder)\.norm_out\./, '$1.conv_norm_out.'],
  [/\.nin_shortcut\./, '.conv_shortcut.'],
];

const attentionRules: readonly (readonly [RegExp, string])[] = [
  [/\.attentions\.0\.norm\./, '.attentions.0.group_norm.'],
  [/\.attentions\.0\.(?:q|query)\./, '.attentions.0.to_q.'],
  [/\.attentions\.0\.(?:k|key)\./, '.attentions.0.to_k.'],
  [/\.attentions\.0\.(?:v|value)\./, '.attentions.0.to_v.'],
  [/\.attentions\.0\.(?:proj_out|proj_attn)\./, '.attentions.0.to_out.0.'],
];

/**
 * Renames the tensors of one VAE, given without the 'first_stage_model.' prefix, and gives the attention's
 * projections their two axes. Names that belong to no naming are left out.
 */
export function vaeWeights(tensors: WeightTable): Map<string, WeightSource> {
  const upBlocks = countUpBlocks(tensors.keys());
  const weights = new Map<string, WeightSource>();
  for (const [name, tensor] of tensors) {
    if (!/^(?:encoder|decoder|quant_conv|post_quant_conv)\./.test(name)) continue;
    const target = translate(name, upBlocks);
    const isProjection = /\.attentions\.0\.to_(?:q|k|v|out\.0)\.weight$/.test(target);
    weights.set(target, isProjection ? asLinear(tensor) : tensor);
  }
  return weights;
}

function translate(name: string, upBlocks: number): string {
  // decoder.up.N counts from the picture, up_blocks.N from the latent
  let target = name.replace(/^decoder\.up\.(\d+)\.(?:block\.(\d+)|upsample)\./, (_, up: string, block?: string) => {
    const position = upBlocks - 1 - Number(up);
    return `decoder.up_blocks.${position}.${block === undefined ? 'upsamplers.0' : `resnets.${block}`}.`;
  });
  for (const [pattern, replacement] of rules) target = target.replace(pattern, replacement);
  for (const [pattern, replacement] of attentionRules) target = target.replace(pattern, replacement);
  return target;
}

function countUpBlocks(names: Iterable<string>): number {
  let count = 0;
  for (const name of names) {
    const up = /^decoder\.up\.(\d+)\./.exec(name);
    if (up) count = Math.max(count, Number(up[1]) + 1);
  }
  return count;
}

function asLinear(weight: WeightSource): WeightSource {
  const [out, input] = weight.shape;
  return weight.shape.length <= 2 ? weight : reshaped(weight, [out!, input!]);
}
