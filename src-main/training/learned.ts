// What was learned, by name, as other parts take it: an adapter's form and numbers for drawing, LoRA layers for a file,
// tables of whole networks, rows of new tokens.

import { type AdaptedNetwork, type LoraLayer, flattenLayers } from '../adapter/lora-layers.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { AdapterForm, AdapterInput } from '../networks/adapter-input.ts';
import { type LoraModule, downName, upName } from '../networks/lora-graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import { type ParameterChunk, parametersFromChunks } from './parameter-chunks.ts';
import {
  type NetworkTrainables, type TrainedCheckpoint, type Trainables, newRowsPath, prefixOf, textEncoderName,
} from './trainables.ts';

/** Parameters that learned, by their names with the network before them, float32. */
export type LearnedParameters<Source extends WeightSource = Tensor> = ReadonlyMap<string, Source>;

/** From the tensors of a state, or from where they lie in its file; views of them, nothing is copied. */
export function learnedParameters<Source extends WeightSource>(
  chunks: readonly ParameterChunk[], stateTensors: ReadonlyMap<string, Source>,
): LearnedParameters<Source> {
  return parametersFromChunks(chunks, (chunkName) => {
    const tensor = stateTensors.get(`parameters.${chunkName}`);
    if (!tensor) throw new Error(`The training state lacks ${chunkName}.`);
    return tensor;
  });
}

export function adapterFormOf({ unet, textEncoders = [], newTokens }: Trainables): AdapterForm {
  return { unet: modulesOf(unet), textEncoders: textEncoders.map(modulesOf), newTokens: newTokens?.count ?? 0 };
}

export function adapterNumbersOf(
  trainables: Trainables, learned: LearnedParameters, checkpoint: Pick<TrainedCheckpoint, 'textEncoders'>,
): Omit<AdapterInput, 'strength'> {
  const layers = loraLayersOf(trainables, learned);
  const { textEncoders = [], newTokens } = trainables;
  return {
    unet: flattenLayers(layers, 'unet').parameters,
    textEncoders: textEncoders.map((_, index) => flattenLayers(layers, textEncoderName(index)).parameters),
    ...(newTokens
      ? { newRows: newRowsOf(learned, checkpoint).map(({ data }) => data as Float32Array) } : {}),
  };
}

/** The layers of a LoRA, the UNet's before those of the text encoders. */
export function loraLayersOf({ unet, textEncoders = [] }: Trainables, learned: LearnedParameters): LoraLayer[] {
  const layersOf = (network: AdaptedNetwork, trainables: NetworkTrainables | undefined): LoraLayer[] => (
    modulesOf(trainables).map(({ path, kind, rank, loraAlpha }) => ({
      network, modulePath: path, kind, rank, loraAlpha,
      down: numbersOf(learned, network, downName(path)), up: numbersOf(learned, network, upName(path)),
    })));
  const text = textEncoders.flatMap((each, index) => layersOf(textEncoderName(index), each));
  return [...layersOf('unet', unet), ...text];
}

/** The rows of the new tokens, one tensor [n, D] a text encoder. */
export function newRowsOf(
  learned: LearnedParameters, { textEncoders }: Pick<TrainedCheckpoint, 'textEncoders'>,
): Tensor[] {
  return textEncoders.map((_, index) => numbersOf(learned, textEncoderName(index), newRowsPath));
}

/** A checkpoint with the weights that learned whole in the place of its own. */
export function withLearnedWeights<Whole extends Pick<Checkpoint, 'unet' | 'textEncoders'>>(
  checkpoint: Whole, learned: LearnedParameters<WeightSource>,
): Whole {
  const changed = (weights: WeightTable, network: AdaptedNetwork): WeightTable => (
    new Map([...weights].map(([name, source]) => [name, learned.get(prefixOf(network) + name) ?? source])));
  return {
    ...checkpoint, unet: changed(checkpoint.unet, 'unet'),
    textEncoders: checkpoint.textEncoders.map((encoder, index) => (
      { ...encoder, weights: changed(encoder.weights, textEncoderName(index)) })),
  };
}

function modulesOf(trainables: NetworkTrainables | undefined): readonly LoraModule[] {
  return trainables?.kind === 'lora' ? trainables.modules : [];
}

function numbersOf(learned: LearnedParameters, network: AdaptedNetwork, path: string): Tensor {
  const tensor = learned.get(prefixOf(network) + path);
  if (!tensor) throw new Error(`${prefixOf(network)}${path} did not learn.`);
  return tensor;
}
