// What learns, and the parameters that follow from it: LoRA matrices (Hu et al. 2021), whole networks (DreamBooth,
// Ruiz et al. 2023), rows of new tokens (textual inversion, Gal et al. 2022), and any of them together.
// A parameter's name is its path in its network with the network before it: 'unet.conv_in.weight'.

import { type AdaptedNetwork, textEncoderNames } from '../adapter/lora-layers.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { removeDead } from '../compiler/3-simplify/rewrite.ts';
import { unetParameters } from '../models/parameter-shapes.ts';
import { type LoraModule, loraTrainables, networkPrefixes } from '../networks/lora-graph.ts';
import { textConditioning } from '../networks/text-conditioning.ts';
import type { Shape } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import type { TrainableParameter } from './parameter-chunks.ts';

/** What a training step reads of a checkpoint. */
export type TrainedCheckpoint = Pick<Checkpoint, 'architecture' | 'unet' | 'unetConfig' | 'textEncoders'>;

/** Parameters with one learning rate. */
export type ParameterGroup = 'unet' | 'textEncoders' | 'newTokens';

export type NetworkTrainables =
  | { readonly kind: 'lora'; readonly modules: readonly LoraModule[] }
  | { readonly kind: 'full' };

export interface Trainables {
  readonly unet?: NetworkTrainables;
  /** One entry a text encoder of the checkpoint; undefined: frozen. */
  readonly textEncoders?: readonly (NetworkTrainables | undefined)[];
  /** Rows of new tokens, the same number in every text encoder. */
  readonly newTokens?: { readonly count: number };
}

export interface NamedTrainable extends TrainableParameter {
  readonly group: ParameterGroup;
  /** How it begins: small random numbers or zero; the checkpoint's own numbers; rows that must be given. */
  readonly kind: 'lora' | 'full' | 'new-rows';
  readonly network: AdaptedNetwork;
  /** Without the network: 'conv_in.weight'. */
  readonly path: string;
}

/** 'unet.', 'text_encoder.' or 'text_encoder_2.'. */
export function prefixOf(network: AdaptedNetwork): string {
  return networkPrefixes[network];
}

/** The network of a checkpoint's text encoder. */
export function textEncoderName(index: number): AdaptedNetwork {
  const name = textEncoderNames[index];
  if (!name) throw new Error(`A checkpoint has at most ${textEncoderNames.length} text encoders.`);
  return name;
}

/** The checkpoint's own numbers for a network. */
export function weightsOf({ unet, textEncoders }: TrainedCheckpoint, network: AdaptedNetwork): WeightTable {
  return network === 'unet' ? unet : textEncoders[textEncoderNames.indexOf(network)]!.weights;
}

/** Path of a text encoder's new rows. */
export const newRowsPath = 'new_rows';

/** What learns of a network. */
export function trainablesOf(
  { unet, textEncoders }: Trainables, network: AdaptedNetwork,
): NetworkTrainables | undefined {
  return network === 'unet' ? unet : textEncoders?.[textEncoderNames.indexOf(network)];
}

/** Whether anything before the UNet learns, so that prompts must go through the text encoders in every step. */
export function isTextLearned({ textEncoders = [], newTokens }: Trainables): boolean {
  return newTokens !== undefined || textEncoders.some((each) => each !== undefined);
}

/**
 * Every parameter that learns, the UNet's before the text encoders' before the new rows, each once. A network that
 * learns whole leaves out what its output does not depend on: SDXL reads its first text encoder before the last layer.
 */
export function trainableParameters(
  checkpoint: TrainedCheckpoint, trainables: Trainables, skipLayers = 0,
): NamedTrainable[] {
  const parameters = [
    ...(trainables.unet ? networkParameters('unet', trainables.unet, () => unetParameters(checkpoint.unetConfig)) : []),
    ...(trainables.textEncoders ?? []).flatMap((each, index) => (each ? networkParameters(
      textEncoderName(index), each, () => readTextParameters(checkpoint, index, skipLayers)) : [])),
    ...(trainables.newTokens ? newRows(checkpoint, trainables.newTokens.count) : []),
  ];
  if (parameters.length === 0) throw new Error('Nothing is to learn.');
  return parameters;
}

function networkParameters(
  network: AdaptedNetwork, trainables: NetworkTrainables, allOf: () => ReadonlyMap<string, Shape>,
): NamedTrainable[] {
  const group = network === 'unet' ? 'unet' : 'textEncoders';
  const named = (path: string, shape: Shape, kind: 'lora' | 'full'): NamedTrainable => (
    { name: prefixOf(network) + path, path, shape, group, kind, network, alwaysFlat: kind === 'lora' });
  return trainables.kind === 'lora'
    ? loraTrainables(trainables.modules).map(({ name, shape }) => named(name, shape, 'lora'))
    : [...allOf()].map(([path, shape]) => named(path, shape, 'full'));
}

function newRows({ textEncoders }: TrainedCheckpoint, count: number): NamedTrainable[] {
  return textEncoders.map(({ config }, index) => {
    const network = textEncoderName(index);
    return {
      name: prefixOf(network) + newRowsPath, path: newRowsPath, shape: [count, config.hiddenSize], group: 'newTokens',
      kind: 'new-rows', network, alwaysFlat: true,
    };
  });
}

/** The parameters of one text encoder that the UNet's conditioning depends on, in the order in which it reads them. */
function readTextParameters(
  checkpoint: TrainedCheckpoint, wanted: number, skipLayers: number,
): ReadonlyMap<string, Shape> {
  const g = new GraphBuilder('text');
  const asked = new Map<string, Value>();
  const scopes = checkpoint.textEncoders.map((_, index) => ({
    g,
    parameter: (path: string, shape: Shape) => {
      const value = g.input(prefixOf(textEncoderName(index)) + path, 'float32', shape);
      if (index === wanted) asked.set(path, value);
      return value;
    },
  }));
  const ids = scopes.map((_, index) => g.input(`input_ids_${index}`, 'int64', [1, 1]));
  const { context, pooled } = textConditioning(scopes, checkpoint, ids, { skipLayers });
  g.output('context', context);
  if (pooled) g.output('pooled', pooled);
  const read = new Set(removeDead(g.graph()).nodes.flatMap(({ inputs }) => inputs));
  return new Map([...asked].filter(([, value]) => read.has(value)).map(([path, { shape }]) => [path, shape]));
}
