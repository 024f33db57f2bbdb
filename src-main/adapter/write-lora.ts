// Writes a LoRA in the two forms that the public tools read. kohya's, which ComfyUI, A1111 and diffusers know:
// underscore names (SDXL by the original code's blocks), one alpha a layer. And diffusers' own: dotted names, no alpha.
// The metadata says what the tools need and nothing of the person: no paths, captions, names or dates.

import type { UnetConfig } from '../checkpoint/configs.ts';
import { architectureOf, type ModelDescription, modelSpec } from '../checkpoint/model-spec.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { toFloat32, toFloatDType } from '../tensor/half.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { bundledTensors } from './bundled-embeddings.ts';
import type { LearnedEmbedding } from './learned-embedding.ts';
import { loraHashes } from './lora-hash.ts';
import type { AdaptedNetwork, LoraLayer } from './lora-layers.ts';
import { trainingMetadata, type TrainingNumbers } from './lora-metadata.ts';
import { kohyaName } from './lora-names.ts';

export type LoraDType = 'float16' | 'bfloat16' | 'float32';

export interface LoraDescription extends ModelDescription, TrainingNumbers {
  /** Words that were learned together with the layers. */
  readonly embeddings?: readonly LearnedEmbedding[];
}

/**
 * Writes the layers to a kohya-named safetensors file, whole or not at all. Learned words lie beside them as
 * bundle_emb, which A1111's family reads, ComfyUI passes over and diffusers refuses: write them to a file of their own
 * for these two.
 * Refuses with a UserError when the disk is full or the folder cannot be written to.
 */
export async function exportKohyaLora(
  file: string, layers: readonly LoraLayer[], dtype: LoraDType, description: LoraDescription,
): Promise<void> {
  const tensors = new Map([
    ...kohyaTensors(layers, dtype, description.unetConfig),
    // few numbers, each of which a prompt sees: never rounded
    ...[...bundledTensors(description.embeddings ?? [])].map(([name, rows]) => [name, toFloat32(rows)] as const),
  ]);
  const training = trainingMetadata(layers, description);
  const { modelHash, legacyHash } = loraHashes(tensors, training);
  await writeSafetensors(file, tensors, new Map([
    ...training,
    ...modelSpec('lora', description),
    ['modelspec.hash_sha256', `0x${modelHash}`],
    ['sshs_model_hash', modelHash],
    ['sshs_legacy_hash', legacyHash],
  ]));
}

/** Names, shapes and types of an export: lora_down.weight, lora_up.weight and a scalar alpha for each layer. */
export function kohyaTensors(
  layers: readonly LoraLayer[], dtype: LoraDType, unetConfig: UnetConfig,
): Map<string, Tensor> {
  const sdxl = architectureOf(unetConfig) === 'sdxl' ? unetConfig : undefined;
  const tensors = new Map<string, Tensor>();
  for (const { network, modulePath, loraAlpha, down, up } of layers) {
    const name = kohyaName(network, modulePath, sdxl);
    tensors.set(`${name}.alpha`, toFloatDType(float32Tensor([], [loraAlpha]), dtype));
    tensors.set(`${name}.lora_down.weight`, toFloatDType(down, dtype));
    tensors.set(`${name}.lora_up.weight`, toFloatDType(up, dtype));
  }
  return tensors;
}

/**
 * Writes the layers under diffusers' own names (pytorch_lora_weights.safetensors). Its readers take alpha for the rank,
 * so that loraAlpha / rank goes into the up matrices. Learned words are not in this form's files.
 * Refuses with a UserError when the disk is full or the folder cannot be written to.
 */
export async function exportDiffusersLora(
  file: string, layers: readonly LoraLayer[], dtype: LoraDType, description: ModelDescription,
): Promise<void> {
  if (layers.length === 0) throw new Error('A LoRA without layers cannot be exported.');
  const metadata = new Map([['format', 'pt'], ...modelSpec('lora', description)]);
  metadata.set('modelspec.implementation', 'diffusers');
  await writeSafetensors(file, diffusersTensors(layers, dtype), metadata);
}

const diffusersPrefixes: Readonly<Record<AdaptedNetwork, string>> = {
  unet: 'unet', textEncoder: 'text_encoder', textEncoder2: 'text_encoder_2',
};

/** lora_A.weight (down) and lora_B.weight (up, times loraAlpha / rank) for each layer. */
export function diffusersTensors(layers: readonly LoraLayer[], dtype: LoraDType): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { network, modulePath, rank, loraAlpha, down, up } of layers) {
    const name = `${diffusersPrefixes[network]}.${modulePath}`;
    const scale = loraAlpha / rank;
    const scaled = (toFloat32(up).data as Float32Array).map((value) => value * scale);
    tensors.set(`${name}.lora_A.weight`, toFloatDType(down, dtype));
    tensors.set(`${name}.lora_B.weight`, toFloatDType(float32Tensor(up.shape, scaled), dtype));
  }
  return tensors;
}
