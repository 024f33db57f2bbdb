// UNet tensor names of Stable Diffusion's original code ('input_blocks.4.1...') to diffusers' ('down_blocks.1...').
// Nothing is assumed about sizes: where a block ends is read off the names, from its downsampler or upsampler.

import type { WeightSource, WeightTable } from '../tensor/weights.ts';

const fixedNames: readonly (readonly [string, string])[] = [
  ['input_blocks.0.0.', 'conv_in.'],
  ['time_embed.0.', 'time_embedding.linear_1.'],
  ['time_embed.2.', 'time_embedding.linear_2.'],
  ['label_emb.0.0.', 'add_embedding.linear_1.'],
  ['label_emb.0.2.', 'add_embedding.linear_2.'],
  ['middle_block.0.', 'mid_block.resnets.0.'],
  ['middle_block.1.', 'mid_block.attentions.0.'],
  ['middle_block.2.', 'mid_block.resnets.1.'],
  ['out.0.', 'conv_norm_out.'],
  ['out.2.', 'conv_out.'],
];

const resnetNames: readonly (readonly [string, string])[] = [
  ['in_layers.0.', 'norm1.'], ['in_layers.2.', 'conv1.'], ['emb_layers.1.', 'time_emb_proj.'],
  ['out_layers.0.', 'norm2.'], ['out_layers.3.', 'conv2.'], ['skip_connection.', 'conv_shortcut.'],
];

/**
 * Renames the tensors of one UNet, given without the 'model.diffusion_model.' prefix.
 * Names of diffusers stay; names that belong to neither naming are left out.
 */
export function unetWeights(tensors: WeightTable): Map<string, WeightSource> {
  const prefixes = [...fixedNames, ...inputPrefixes(tensors), ...outputPrefixes(tensors)];
  // 'input_blocks.4.1.' -> 'down_blocks.1.attentions.0.': looked up by the name's first three parts
  const renamed = new Map(prefixes);
  const weights = new Map<string, WeightSource>();
  for (const [name, tensor] of tensors) {
    const target = /^(?:conv_|time_embedding\.|add_embedding\.|down_blocks\.|mid_block\.|up_blocks\.)/.test(name)
      ? name
      : translate(name, renamed);
    if (target !== undefined) weights.set(target, tensor);
  }
  return weights;
}

function translate(name: string, prefixes: ReadonlyMap<string, string>): string | undefined {
  for (const prefix of leadingParts(name)) {
    const target = prefixes.get(prefix);
    if (target === undefined) continue;
    const rest = name.slice(prefix.length);
    if (!target.includes('resnets')) return target + rest;
    const inside = resnetNames.find(([from]) => rest.startsWith(from));
    return inside ? target + inside[1] + rest.slice(inside[0].length) : undefined;
  }
  return undefined;
}

/** 'a.', 'a.b.', 'a.b.c.' ... of 'a.b.c.weight'. */
function leadingParts(name: string): string[] {
  const parts = name.split('.');
  return parts.slice(0, -1).map((_, i) => `${parts.slice(0, i + 1).join('.')}.`);
}

/** input_blocks.N: a ResNet and perhaps an attention, or a downsampler, which ends the block. */
function inputPrefixes(tensors: WeightTable): [string, string][] {
  const prefixes: [string, string][] = [];
  let block = 0;
  let layer = 0;
  for (let n = 1; tensors.has(`input_blocks.${n}.0.op.weight`) || hasResnet(tensors, `input_blocks.${n}.0.`); n++) {
    if (tensors.has(`input_blocks.${n}.0.op.weight`)) {
      prefixes.push([`input_blocks.${n}.0.op.`, `down_blocks.${block}.downsamplers.0.conv.`]);
      block++;
      layer = 0;
      continue;
    }
    prefixes.push([`input_blocks.${n}.0.`, `down_blocks.${block}.resnets.${layer}.`]);
    prefixes.push([`input_blocks.${n}.1.`, `down_blocks.${block}.attentions.${layer}.`]);
    layer++;
  }
  return prefixes;
}

/** output_blocks.N: a ResNet, perhaps an attention, and in a block's last layer an upsampler (at .1 or .2). */
function outputPrefixes(tensors: WeightTable): [string, string][] {
  const prefixes: [string, string][] = [];
  let block = 0;
  let layer = 0;
  for (let n = 0; hasResnet(tensors, `output_blocks.${n}.0.`); n++) {
    prefixes.push([`output_blocks.${n}.0.`, `up_blocks.${block}.resnets.${layer}.`]);
    const upsampler = [1, 2].find((part) => tensors.has(`output_blocks.${n}.${part}.conv.weight`));
    if (upsampler !== 1) prefixes.push([`output_blocks.${n}.1.`, `up_blocks.${block}.attentions.${layer}.`]);
    layer++;
    if (upsampler === undefined) continue;
    prefixes.push([`output_blocks.${n}.${upsampler}.conv.`, `up_blocks.${block}.upsamplers.0.conv.`]);
    block++;
    layer = 0;
  }
  return prefixes;
}

function hasResnet(tensors: WeightTable, prefix: string): boolean {
  return tensors.has(`${prefix}in_layers.0.weight`);
}
