// Families of models that adapters are made for: which one a base model is, and which one a file's names, widths and
// metadata speak of.

import type { Architecture } from '../checkpoint/architecture.ts';
import type { Shape } from '../tensor/tensor.ts';
import type { AdaptedWeights } from './lora-layers.ts';

export type Family = Architecture | 'sd3' | 'flux';

export const familyTitles: Readonly<Record<Family, string>> = {
  sd15: 'Stable Diffusion 1.5', sd2: 'Stable Diffusion 2', sdxl: 'SDXL',
  sd3: 'Stable Diffusion 3 or newer', flux: 'Flux',
};

type Shapes = ReadonlyMap<string, { readonly shape: Shape }>;

/** The family of a base model, from the structure of its networks alone: sizes may be any. */
export function familyOfModel({ unet, textEncoders }: AdaptedWeights): Architecture {
  if (textEncoders.length > 1 || unet.has('add_embedding.linear_1.weight')) return 'sdxl';
  const projection = unet.get('mid_block.attentions.0.proj_in.weight');
  return projection?.shape.length === 2 ? 'sd2' : 'sd15';
}

/** The family that nothing but names can belong to; its layers are in no model that Likeness opens. */
export function foreignFamily(names: Iterable<string>): Family | undefined {
  for (const name of names) {
    if (/double_blocks|single_blocks|single_transformer_blocks/.test(name)) return 'flux';
    if (/joint_blocks|^(?:transformer\.|lora_transformer_|lora_te3_|text_encoder_3\.)/.test(name)) return 'sd3';
  }
  return undefined;
}

const familyOfTextWidth: ReadonlyMap<number | undefined, Family> = new Map<number, Family>([
  [768, 'sd15'], [1024, 'sd2'], [2048, 'sdxl'],
]);

/** The family that a LoRA's tensors and metadata speak of, most telling sign first; undefined where nothing does. */
export function familyOfLora(tensors: Shapes, metadata: ReadonlyMap<string, string>): Family | undefined {
  const names = [...tensors.keys()];
  const foreign = foreignFamily(names);
  if (foreign) return foreign;
  if (names.some((name) => /^lora_te2_|^text_encoder_2\.|clip_g\./.test(name))) return 'sdxl';
  for (const [name, { shape }] of tensors) {
    const isContext = /attn2[._](?:processor\.)?to_[kv](?:\.lora_down|\.lora_A|\.lora\.down|_lora\.down)/.test(name);
    const family = isContext ? familyOfTextWidth.get(shape[1]) : undefined;
    if (family) return family;
  }
  if (names.some((name) => /^lora_unet_(?:input|output|middle)_block/.test(name))) return 'sdxl';
  return familyOfMetadata(metadata);
}

function familyOfMetadata(metadata: ReadonlyMap<string, string>): Family | undefined {
  const said = `${metadata.get('ss_base_model_version') ?? ''} ${metadata.get('modelspec.architecture') ?? ''}`;
  if (/sdxl|diffusion-xl/.test(said)) return 'sdxl';
  if (/sd_v2|diffusion-v2/.test(said)) return 'sd2';
  return /sd_v1|diffusion-v1/.test(said) ? 'sd15' : undefined;
}
