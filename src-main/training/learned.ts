// What a training state has learned, in the forms that files and pipelines take.

import { type AdaptedNetwork, flattenLayers, type LoraLayer, textEncoderNames } from '../adapter/lora-layers.ts';
import type { AdapterForm, AdapterInput } from '../networks/adapter-input.ts';
import { downName, upName } from '../networks/lora-graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { parametersFromChunks } from './parameter-chunks.ts';
import { newRowsPath, prefixOf, textEncoderName, trainablesOf, weightsOf } from './trainables.ts';
import type { TrainingState } from './training-state.ts';
import type { TrainingStep } from './training-step.ts';

export interface Learned {
  /** The LoRA matrices of all networks; empty where none has a LoRA. */
  readonly loraLayers: readonly LoraLayer[];
  /** All weights of the UNet, where it learned as a whole; what did not learn is the checkpoint's own. */
  readonly unetWeights?: WeightTable;
  /** The same for text encoders, one entry each. */
  readonly textEncoderWeights?: readonly (WeightTable | undefined)[];
  /** Rows of the new tokens [n, D], one entry a text encoder. */
  readonly newRows?: readonly Tensor[];
}

/** The tensors are views of the state's. */
export function learnedFrom(state: TrainingState, step: TrainingStep): Learned {
  const numbers = parametersFromChunks(step.layout.chunks, (name) => state.tensors.get(`parameters.${name}`)!);
  const networks: AdaptedNetwork[] = ['unet', ...textEncoderNames.slice(0, step.checkpoint.textEncoders.length)];
  const weights = networks.map((network) => wholeWeights(step, network, numbers));
  const [unetWeights, ...textEncoderWeights] = weights;
  return {
    loraLayers: networks.flatMap((network) => loraLayers(step, network, numbers)),
    ...(unetWeights ? { unetWeights } : {}),
    ...(textEncoderWeights.some((each) => each !== undefined) ? { textEncoderWeights } : {}),
    ...(step.trainables.newTokens
      ? { newRows: networks.slice(1).map((network) => numbers.get(prefixOf(network) + newRowsPath)!) } : {}),
  };
}

function loraLayers(
  { trainables }: TrainingStep, network: AdaptedNetwork, numbers: ReadonlyMap<string, Tensor>,
): LoraLayer[] {
  const own = trainablesOf(trainables, network);
  if (own?.kind !== 'lora') return [];
  const matrix = (name: string): Tensor => numbers.get(prefixOf(network) + name)!;
  return own.modules.map(({ path, kind, rank, loraAlpha }) => (
    { network, modulePath: path, kind, rank, loraAlpha, down: matrix(downName(path)), up: matrix(upName(path)) }));
}

function wholeWeights(
  { checkpoint, trainables }: TrainingStep, network: AdaptedNetwork, numbers: ReadonlyMap<string, Tensor>,
): WeightTable | undefined {
  if (trainablesOf(trainables, network)?.kind !== 'full') return undefined;
  return new Map([...weightsOf(checkpoint, network)].map(([name, source]) => (
    [name, numbers.get(prefixOf(network) + name) ?? source])));
}

/** What was learned beside the checkpoint's own weights, as a pipeline takes it: modules and new rows. */
export function learnedAdapter(
  { loraLayers, newRows }: Learned, step: TrainingStep, strength = 1,
): { readonly form: AdapterForm; readonly input: AdapterInput } {
  const unet = flattenLayers(loraLayers, 'unet');
  const text = step.checkpoint.textEncoders.map((_, index) => flattenLayers(loraLayers, textEncoderName(index)));
  return {
    form: {
      unet: unet.modules, textEncoders: text.map(({ modules }) => modules),
      newTokens: step.trainables.newTokens?.count ?? 0,
    },
    input: {
      unet: unet.parameters, textEncoders: text.map(({ parameters }) => parameters), strength,
      ...(newRows ? { newRows: newRows.map(({ data }) => data as Float32Array) } : {}),
    },
  };
}
