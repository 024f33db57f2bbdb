// CLIP text encoder tensor names to Transformers' ('text_model...'): from Transformers' own, with and without the
// prefix, and from OpenAI's ('transformer.resblocks...'). OpenAI's fused in_proj holds q, k and v one below the other:
// its thirds are references into the same bytes.

import { bytesPerElement } from '../tensor/tensor.ts';
import type { TensorReference } from '../tensor/weights.ts';

const layerNames: ReadonlyMap<string, string> = new Map([
  ['ln_1.', 'layer_norm1.'], ['ln_2.', 'layer_norm2.'], ['mlp.c_fc.', 'mlp.fc1.'], ['mlp.c_proj.', 'mlp.fc2.'],
  ['attn.out_proj.', 'self_attn.out_proj.'],
]);

const projections = ['q_proj', 'k_proj', 'v_proj'] as const;

/**
 * Renames the tensors of one text encoder, given without the checkpoint's prefix, to 'text_model....'.
 * position_ids, logit_scale, attn_mask and text_projection are left out: no SD 1 network uses them.
 */
export function textEncoderWeights(tensors: ReadonlyMap<string, TensorReference>): Map<string, TensorReference> {
  const weights = new Map<string, TensorReference>();
  for (const [name, tensor] of tensors) {
    if (name.endsWith('position_ids')) continue;
    if (name.startsWith('text_model.')) weights.set(name, tensor);
    else if (/^(?:embeddings|encoder|final_layer_norm)\./.test(name)) weights.set(`text_model.${name}`, tensor);
    else for (const [target, part] of fromOpenAi(name, tensor)) weights.set(target, part);
  }
  return weights;
}

function fromOpenAi(name: string, tensor: TensorReference): [string, TensorReference][] {
  if (name === 'token_embedding.weight') return [['text_model.embeddings.token_embedding.weight', tensor]];
  if (name === 'positional_embedding') return [['text_model.embeddings.position_embedding.weight', tensor]];
  if (name.startsWith('ln_final.')) return [[name.replace('ln_final.', 'text_model.final_layer_norm.'), tensor]];
  const block = /^transformer\.resblocks\.(\d+)\.(.+)$/.exec(name);
  if (!block) return [];
  const [, layer, rest] = block as unknown as [string, string, string];
  const prefix = `text_model.encoder.layers.${layer}.`;
  const fused = /^attn\.in_proj_(weight|bias)$/.exec(rest);
  if (fused) return thirds(tensor).map((part, i) => [`${prefix}self_attn.${projections[i]}.${fused[1]}`, part]);
  for (const [from, to] of layerNames) {
    if (rest.startsWith(from)) return [[prefix + to + rest.slice(from.length), tensor]];
  }
  return [];
}

/** The three equal blocks of rows of a tensor, in place. */
function thirds(tensor: TensorReference): TensorReference[] {
  const [rows = 0, ...others] = tensor.shape;
  const shape = [rows / 3, ...others];
  const lengthBytes = tensor.lengthBytes / 3;
  if (!Number.isInteger(shape[0]) || lengthBytes % bytesPerElement[tensor.dtype] !== 0) return [];
  return [0, 1, 2].map((i) => ({ ...tensor, shape, offsetBytes: tensor.offsetBytes + i * lengthBytes, lengthBytes }));
}
