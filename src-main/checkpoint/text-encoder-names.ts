// CLIP text encoder tensor names to Transformers' ('text_model...'): from Transformers' own, with and without the
// prefix, and from OpenAI's and OpenCLIP's ('transformer.resblocks...'). Their fused in_proj holds q, k and v one below
// the other: its thirds are references into the same bytes. Their text_projection P is used as x P, Transformers'
// Linear as x Wᵀ, so it is transposed in memory.

import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import { rowBlocks, transposed } from './weight-views.ts';

const layerNames: ReadonlyMap<string, string> = new Map([
  ['ln_1.', 'layer_norm1.'], ['ln_2.', 'layer_norm2.'], ['mlp.c_fc.', 'mlp.fc1.'], ['mlp.c_proj.', 'mlp.fc2.'],
  ['attn.out_proj.', 'self_attn.out_proj.'],
]);

const projections = ['q_proj', 'k_proj', 'v_proj'] as const;
const layerPattern = /^text_model\.encoder\.layers\.(\d+)\./;

/**
 * Renames the tensors of one text encoder, given without the checkpoint's prefix, to 'text_model....'.
 * position_ids, logit_scale, attn_mask and the projection of the pooled output are left out.
 */
export function textEncoderWeights(tensors: WeightTable): Map<string, WeightSource> {
  const weights = new Map<string, WeightSource>();
  for (const [name, tensor] of tensors) {
    if (name.endsWith('position_ids')) continue;
    if (name.startsWith('text_model.')) weights.set(name, tensor);
    else if (/^(?:embeddings|encoder|final_layer_norm)\./.test(name)) weights.set(`text_model.${name}`, tensor);
    else for (const [target, part] of fromOpenAi(name, tensor)) weights.set(target, part);
  }
  return weights;
}

/** As textEncoderWeights, with 'text_projection.weight' [out, in] (SDXL's second encoder). */
export async function projectedTextEncoderWeights(tensors: WeightTable): Promise<Map<string, WeightSource>> {
  const weights = textEncoderWeights(tensors);
  const linear = tensors.get('text_projection.weight');
  const original = tensors.get('text_projection');
  if (linear) weights.set('text_projection.weight', linear);
  else if (original?.shape.length === 2) weights.set('text_projection.weight', await transposed(original));
  return weights;
}

/**
 * SD 2's encoder as Transformers has it. Files in the original naming hold one layer more: the state that the UNet
 * takes is the one before it, so it is never run.
 */
export function penultimateTextEncoderWeights(tensors: WeightTable): Map<string, WeightSource> {
  const weights = textEncoderWeights(tensors);
  if (!tensors.has('positional_embedding')) return weights;
  const layers = [...weights.keys()].map((name) => Number(layerPattern.exec(name)?.[1] ?? -1));
  const last = Math.max(...layers);
  return new Map([...weights].filter(([name]) => Number(layerPattern.exec(name)?.[1] ?? -1) < Math.max(last, 0)));
}

function fromOpenAi(name: string, tensor: WeightSource): [string, WeightSource][] {
  if (name === 'token_embedding.weight') return [['text_model.embeddings.token_embedding.weight', tensor]];
  if (name === 'positional_embedding') return [['text_model.embeddings.position_embedding.weight', tensor]];
  if (name.startsWith('ln_final.')) return [[name.replace('ln_final.', 'text_model.final_layer_norm.'), tensor]];
  const block = /^transformer\.resblocks\.(\d+)\.(.+)$/.exec(name);
  if (!block) return [];
  const [, layer, rest] = block as unknown as [string, string, string];
  const prefix = `text_model.encoder.layers.${layer}.`;
  const fused = /^attn\.in_proj_(weight|bias)$/.exec(rest);
  if (fused) {
    const parts = rowBlocks(tensor, projections.length) ?? [];
    return parts.map((part, i) => [`${prefix}self_attn.${projections[i]}.${fused[1]}`, part]);
  }
  for (const [from, to] of layerNames) {
    if (rest.startsWith(from)) return [[prefix + to + rest.slice(from.length), tensor]];
  }
  return [];
}
