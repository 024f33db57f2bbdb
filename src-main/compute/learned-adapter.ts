// What was learned, by name, as other parts take it: an adapter's form and numbers for drawing, LoRA layers for a file,
// tables of whole networks, rows of a new word.

import { type LoraLayer, layersFromFlat } from '../adapter/lora-layers.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { AdapterForm, AdapterInput } from '../networks/adapter-input.ts';
import { type LoraModule, loraTrainables } from '../networks/lora-graph.ts';
import { type Tensor, elementCount, float32Tensor } from '../tensor/tensor.ts';
import type { TensorReference, WeightTable } from '../tensor/weights.ts';
import type { ParameterChunk } from '../training/parameter-chunks.ts';
import {
  type NetworkTrainables, type Trainables, newRowsPath, prefixOf, textEncoderName,
} from '../training/trainables.ts';

/** Parameters that learned, by their names with the network before them, float32. */
export type LearnedParameters = ReadonlyMap<string, Tensor>;

export function adapterFormOf({ unet, textEncoders = [], newTokens }: Trainables): AdapterForm {
  return {
    unet: modulesOf(unet), textEncoders: textEncoders.map(modulesOf), newTokens: newTokens?.count ?? 0,
  };
}

export function adapterNumbersOf(
  trainables: Trainables, learned: LearnedParameters, { textEncoders }: Pick<Checkpoint, 'textEncoders'>,
): Omit<AdapterInput, 'strength'> {
  return {
    unet: flatOf('unet.', modulesOf(trainables.unet), learned),
    textEncoders: (trainables.textEncoders ?? []).map((each, index) => (
      flatOf(prefixOf(textEncoderName(index)), modulesOf(each), learned))),
    ...(trainables.newTokens ? { newRows: textEncoders.map((_, index) => numbersOf(learned, rowsName(index))) } : {}),
  };
}

/** The layers of a LoRA, the UNet's before those of the text encoders. */
export function loraLayersOf(trainables: Trainables, learned: LearnedParameters): LoraLayer[] {
  const text = (trainables.textEncoders ?? []).flatMap((each, index) => {
    const network = textEncoderName(index);
    return layersFromFlat(network, modulesOf(each), flatOf(prefixOf(network), modulesOf(each), learned));
  });
  return [...layersFromFlat('unet', modulesOf(trainables.unet), flatOf('unet.', modulesOf(trainables.unet), learned)),
    ...text];
}

/** The rows of the new word, one tensor [n, D] a text encoder. */
export function newRowsOf(learned: LearnedParameters, { textEncoders }: Pick<Checkpoint, 'textEncoders'>): Tensor[] {
  return textEncoders.map((_, index) => learned.get(rowsName(index))!);
}

/** A checkpoint with the weights that learned whole in the place of its own; their numbers stay in their file. */
export function withLearnedWeights(
  checkpoint: Checkpoint, chunks: readonly ParameterChunk[], saved: ReadonlyMap<string, TensorReference>,
): Checkpoint {
  const learned = parametersInPlace(chunks, saved);
  const changed = (weights: WeightTable, prefix: string): WeightTable => new Map([
    ...weights, ...[...learned].flatMap(([name, source]) => (
      name.startsWith(prefix) ? [[name.slice(prefix.length), source] as const] : [])),
  ]);
  return {
    ...checkpoint, unet: changed(checkpoint.unet, 'unet.'),
    textEncoders: checkpoint.textEncoders.map((encoder, index) => (
      { ...encoder, weights: changed(encoder.weights, prefixOf(textEncoderName(index))) })),
  };
}

/** Every parameter where it lies in a snapshot's file: a part of its chunk's bytes. */
function parametersInPlace(
  chunks: readonly ParameterChunk[], saved: ReadonlyMap<string, TensorReference>,
): Map<string, TensorReference> {
  const bytes = Float32Array.BYTES_PER_ELEMENT;
  return new Map(chunks.flatMap(({ name: chunkName, layout }) => {
    const chunk = saved.get(`parameters.${chunkName}`);
    if (!chunk) throw new Error(`The snapshot lacks ${chunkName}.`);
    return layout.entries.map(({ name, shape, offset, size }) => [name, {
      ...chunk, shape, offsetBytes: chunk.offsetBytes + offset * bytes, lengthBytes: size * bytes,
    }] as const);
  }));
}

function rowsName(encoder: number): string {
  return prefixOf(textEncoderName(encoder)) + newRowsPath;
}

function modulesOf(trainables: NetworkTrainables | undefined): readonly LoraModule[] {
  return trainables?.kind === 'lora' ? trainables.modules : [];
}

/** The matrices of modules in one vector, in the layout that the networks' graphs take. */
function flatOf(prefix: string, modules: readonly LoraModule[], learned: LearnedParameters): Float32Array {
  const parts = loraTrainables(modules).map(({ name, shape }) => {
    const numbers = numbersOf(learned, prefix + name);
    if (numbers.length !== elementCount(shape)) throw new Error(`${prefix}${name} has another size than its module.`);
    return numbers;
  });
  const flat = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    flat.set(part, offset);
    offset += part.length;
  }
  return flat;
}

function numbersOf(learned: LearnedParameters, name: string): Float32Array {
  const tensor = learned.get(name);
  if (!tensor) throw new Error(`${name} did not learn.`);
  return float32Tensor(tensor.shape, tensor.data as Float32Array).data as Float32Array;
}
