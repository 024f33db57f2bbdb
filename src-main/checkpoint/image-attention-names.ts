// ip-adapter.bin numbers the UNet's attentions as diffusers lists its attention processors: down blocks, then up
// blocks, then the middle; in each transformer block self-attention, then cross-attention. Here every weight gets
// the path of the attention it belongs to.

import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import type { UnetConfig } from './configs.ts';

/** The paths of a UNet's attentions in the order of diffusers' attention processors. */
export function attentionPaths(config: UnetConfig): string[] {
  const { downBlockTypes, upBlockTypes, layersPerBlock, transformerLayersPerBlock } = config;
  const deepest = transformerLayersPerBlock.length - 1;
  const block = (path: string, attentions: number, level: number): string[] => (
    Array.from({ length: attentions }, (_, i) => `${path}.attentions.${i}`).flatMap((attention) => (
      Array.from({ length: transformerLayersPerBlock[level]! }, (_, i) => `${attention}.transformer_blocks.${i}`)
        .flatMap((layer) => [`${layer}.attn1`, `${layer}.attn2`]))));
  return [
    ...downBlockTypes.flatMap((type, i) => (
      type === 'CrossAttnDownBlock2D' ? block(`down_blocks.${i}`, layersPerBlock, i) : [])),
    ...upBlockTypes.flatMap((type, i) => (
      type === 'CrossAttnUpBlock2D' ? block(`up_blocks.${i}`, layersPerBlock + 1, deepest - i) : [])),
    ...block('mid_block', 1, deepest),
  ];
}

/** '1.to_k_ip.weight' → 'down_blocks.….attn2.to_k_ip.weight'; a number beyond the UNet's attentions stays. */
export function imageAttentionWeights(numbered: WeightTable, config: UnetConfig): Map<string, WeightSource> {
  const paths = attentionPaths(config);
  return new Map([...numbered].map(([name, source]) => {
    const [, number, rest] = /^(0|[1-9]\d*)\.(.+)$/.exec(name) ?? [];
    const path = number === undefined ? undefined : paths[Number(number)];
    return [path === undefined ? name : `${path}.${rest!}`, source];
  }));
}

/** 'down_blocks.….attn2.to_k_ip.weight' → '1.to_k_ip.weight', as the file has it. */
export function numberedName(name: string, config: UnetConfig): string {
  const [, path, rest] = /^(.+\.attn[12])\.(.+)$/.exec(name) ?? [];
  const number = path === undefined ? -1 : attentionPaths(config).indexOf(path);
  if (number < 0) throw new Error(`${name} belongs to no attention of this UNet.`);
  return `${number}.${rest!}`;
}
