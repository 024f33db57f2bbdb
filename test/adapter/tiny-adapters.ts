// Small LoRAs over every network of the small base models, and files of a few tensors.

import path from 'node:path';

import { adaptableLayers, type LoraLayer } from '../../src-main/adapter/lora-layers.ts';
import type { Architecture } from '../../src-main/checkpoint/architecture.ts';
import { stableDiffusionScheduler } from '../../src-main/checkpoint/configs.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { elementCount, float32Tensor, type Shape, type Tensor } from '../../src-main/tensor/tensor.ts';
import { tinyModel } from '../checkpoint/tiny-models.ts';

export const models = { sd15: tinyModel('sd15'), sd2: tinyModel('sd2'), sdxl: tinyModel('sdxl') };
export const architectures = ['sd15', 'sd2', 'sdxl'] as const satisfies readonly Architecture[];

export function descriptionOf(architecture: Architecture) {
  return {
    unetConfig: models[architecture].unetConfig, schedulerConfig: stableDiffusionScheduler, resolutionPx: 512,
  };
}

/** Multiples of 1/32 from -1 on: exact in every float type. */
export function numbered(shape: Shape, first = 0): Tensor {
  return float32Tensor(shape, Array.from({ length: elementCount(shape) }, (_, i) => ((first + i) % 64) / 32 - 1));
}

/** A layer of rank 2 and alpha 1 on each layer whose path has one of these parts; convolutions have rank 3, alpha 6. */
export function tinyLayers(architecture: Architecture, parts: readonly string[]): LoraLayer[] {
  const chosen = adaptableLayers(models[architecture])
    .filter(({ modulePath }) => parts.some((part) => modulePath.includes(part)));
  return chosen.map(({ network, modulePath, kind, weightShape: [out, ...input] }, i): LoraLayer => {
    const isWide = input.length > 1 && input[1]! > 1;
    const rank = isWide ? 3 : 2;
    return {
      network, modulePath, kind, rank, loraAlpha: isWide ? 6 : 1, down: numbered([rank, ...input], i),
      up: numbered([out!, rank, ...(kind === 'conv' ? [1, 1] : [])], i + 7),
    };
  });
}

/** Without types, sorted, to be compared. */
export function plainLayers(layers: readonly LoraLayer[]): unknown[] {
  const key = ({ network, modulePath }: LoraLayer): string => `${network}/${modulePath}`;
  return [...layers].sort((a, b) => (key(a) < key(b) ? -1 : 1)).map(({ down, up, ...layer }) => (
    { ...layer, down: [down.shape.join(), ...down.data], up: [up.shape.join(), ...up.data] }));
}

export async function writeTensors(
  folder: string, tensors: Readonly<Record<string, Tensor>>, metadata?: ReadonlyMap<string, string>,
): Promise<string> {
  const file = path.join(folder, 'given.safetensors');
  await writeSafetensors(file, new Map(Object.entries(tensors)), metadata);
  return file;
}

export function errorOf(promise: Promise<unknown>): Promise<UserError> {
  return promise.then(
    () => { throw new Error('nothing was refused'); },
    (error: unknown) => { if (error instanceof UserError) return error; throw error; });
}
