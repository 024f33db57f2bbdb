// Writes a LoRA as kohya's trainer does, the form that ComfyUI, A1111 and diffusers all read: underscore names, one
// alpha a layer, safetensors. The metadata says what the tools need and nothing of the person: no paths, captions,
// names or dates.

import { createHash } from 'node:crypto';

import type { SchedulerConfig, UnetConfig } from '../checkpoint/configs.ts';
import { layOutSafetensors, writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { toFloatDType } from '../tensor/half.ts';
import { float32Tensor, type Tensor, tensorBytes } from '../tensor/tensor.ts';
import { isTensorReference, type WeightTable } from '../tensor/weights.ts';
import { kohyaName } from './lora-names.ts';
import type { LoraLayer } from './lora-layers.ts';

export type LoraDType = 'float16' | 'bfloat16' | 'float32';

export interface LoraDescription {
  readonly unetConfig: UnetConfig;
  readonly schedulerConfig: SchedulerConfig;
  readonly resolutionPx: number;
  /** Shown by other programs; no name of a person unless the user typed it for this. */
  readonly title?: string;
  readonly triggerPhrase?: string;
  readonly trainingSteps?: number;
  readonly learningRate?: number;
}

/**
 * Writes the layers to a kohya-named safetensors file, whole or not at all.
 * Refuses with a UserError when the disk is full or the folder cannot be written to.
 */
export async function exportKohyaLora(
  file: string, layers: readonly LoraLayer[], dtype: LoraDType, description: LoraDescription,
): Promise<void> {
  const tensors = kohyaTensors(layers, dtype);
  const training = trainingMetadata(layers, description);
  const { modelHash, legacyHash } = loraHashes(tensors, training);
  await writeSafetensors(file, tensors, new Map([
    ...training,
    ...modelSpec(description),
    ['modelspec.hash_sha256', `0x${modelHash}`],
    ['sshs_model_hash', modelHash],
    ['sshs_legacy_hash', legacyHash],
  ]));
}

/** Names, shapes and types of an export: lora_down.weight, lora_up.weight and a scalar alpha for each layer. */
export function kohyaTensors(layers: readonly LoraLayer[], dtype: LoraDType): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { network, modulePath, loraAlpha, down, up } of layers) {
    const name = kohyaName(network, modulePath);
    tensors.set(`${name}.alpha`, toFloatDType(float32Tensor([], [loraAlpha]), dtype));
    tensors.set(`${name}.lora_down.weight`, toFloatDType(down, dtype));
    tensors.set(`${name}.lora_up.weight`, toFloatDType(up, dtype));
  }
  return tensors;
}

/** The ss_* keys that every reader of kohya files looks for, and the plain numbers of the training. */
function trainingMetadata(layers: readonly LoraLayer[], description: LoraDescription): Map<string, string> {
  const first = layers[0];
  if (!first) throw new Error('A LoRA without layers cannot be exported.');
  const { trainingSteps, learningRate } = description;
  return new Map([
    ['ss_v2', 'False'],
    ['ss_base_model_version', isStableDiffusion1(description) ? 'sd_v1' : 'likeness_miniature_v1'],
    ['ss_network_module', 'networks.lora'],
    ['ss_network_dim', String(first.rank)],
    ['ss_network_alpha', decimal(first.loraAlpha)],
    ['ss_network_args', networkArguments(layers)],
    ['ss_resolution', `(${description.resolutionPx}, ${description.resolutionPx})`],
    ...(trainingSteps === undefined ? [] : [['ss_steps', String(trainingSteps)] as const]),
    ...(learningRate === undefined ? [] : [['ss_learning_rate', String(learningRate)] as const]),
  ]);
}

function networkArguments(layers: readonly LoraLayer[]): string {
  const conv = layers.find(({ down }) => down.shape.length === 4 && down.shape[2]! > 1);
  return conv ? JSON.stringify({ conv_dim: String(conv.rank), conv_alpha: decimal(conv.loraAlpha) }) : '{}';
}

/** Python writes the float 4 as '4.0', and so do the files that tools compare with. */
function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** modelspec.* of Stability's ModelSpec 1.0.1. */
function modelSpec(description: LoraDescription): [string, string][] {
  const { resolutionPx, title, triggerPhrase, schedulerConfig } = description;
  const architecture = isStableDiffusion1(description) ? 'stable-diffusion-v1' : 'likeness-miniature-v1';
  return [
    ['modelspec.sai_model_spec', '1.0.1'],
    ['modelspec.architecture', `${architecture}/lora`],
    ['modelspec.implementation', 'diffusers'],
    ['modelspec.title', title ?? 'LoRA made with Likeness'],
    ['modelspec.resolution', `${resolutionPx}x${resolutionPx}`],
    ['modelspec.prediction_type', schedulerConfig.predictionType === 'epsilon' ? 'epsilon' : 'v'],
    ...(triggerPhrase ? [['modelspec.trigger_phrase', triggerPhrase] as [string, string]] : []),
  ];
}

/** The built-in miniature has SD 1.5's block structure but not its sizes: a file must not claim to fit SD 1.5. */
function isStableDiffusion1({ unetConfig }: LoraDescription): boolean {
  return unetConfig.crossAttentionDim === 768 && unetConfig.blockOutChannels[0] === 320;
}

export interface LoraHashes {
  /** sshs_model_hash: sha256 of the tensors' bytes as they lie in the file. A1111 knows a LoRA by it. */
  readonly modelHash: string;
  /** sshs_legacy_hash: of 64 KiB from 1 MiB on, in a file with the ss_* metadata only. */
  readonly legacyHash: string;
}

/** The hashes that kohya's trainer and A1111 give a LoRA (sd-scripts, library/train_util.py). */
export function loraHashes(tensors: WeightTable, trainingMetadata: ReadonlyMap<string, string>): LoraHashes {
  const { head, order } = layOutSafetensors(tensors, trainingMetadata);
  const bytes = order.map(([, source]) => {
    if (isTensorReference(source)) throw new Error('Hashes are made of tensors in memory.');
    return tensorBytes(source);
  });
  const whole = createHash('sha256');
  for (const part of bytes) whole.update(part);
  const window = Buffer.concat([head, ...bytes]).subarray(0x100000, 0x110000);
  return { modelHash: whole.digest('hex'), legacyHash: createHash('sha256').update(window).digest('hex').slice(0, 8) };
}
