// The forward pass and loss of a training step, over networks in which some parameters learn and the rest are frozen:
//   loss = Σ_i weight_i · mean(mask_i · (unet(noisy_i, t_i, text_i) − target_i)²)
// With noisy = sqrt(ᾱ) x + sqrt(1 − ᾱ) n and target n it is Ho et al. 2020 (eq. 14), with v its form in Salimans & Ho
// 2022, with weights over the signal-to-noise ratio min-SNR (Hang et al. 2023).

import type { AdaptedNetwork } from '../adapter/lora-layers.ts';
import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import { unet } from '../models/unet.ts';
import { loraHook } from '../networks/lora-graph.ts';
import { inputNameOf } from '../networks/text-states.ts';
import { type TextConditioning, textConditioning } from '../networks/text-conditioning.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { BuiltLoss } from './optimizer-graph.ts';
import {
  type TrainedCheckpoint, type Trainables, isTextLearned, newRowsPath, prefixOf, textEncoderName, trainablesOf,
  weightsOf,
} from './trainables.ts';

export interface StepNetworks {
  readonly checkpoint: TrainedCheckpoint;
  readonly trainables: Trainables;
  /** Names of the parameters that learn. */
  readonly learned: ReadonlySet<string>;
  /** Layers left out at the end of each text encoder. */
  readonly skipLayers?: number;
}

type ParameterReader = (name: string) => Value;

/**
 * Adds forward pass and loss for batches that feed tensors of these shapes (see batchFeeds). Reports sampleLosses [B]:
 * each sample's own mean, before its weight.
 */
export function buildStepLoss(
  g: GraphBuilder, networks: StepNetworks, feeds: Readonly<Record<string, Tensor>>, parameter: ParameterReader,
): BuiltLoss {
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape }]) => (
    [name, g.input(name, dtype, shape)])));
  const input = (name: string): Value => {
    const value = inputs[name];
    if (!value) throw new Error(`The batch lacks ${name}.`);
    return value;
  };
  const { checkpoint, trainables } = networks;
  const text = inputs['context']
    ? { context: inputs['context'], pooled: inputs['pooled'] }
    : g.scope('text', () => encodedText(g, networks, input, parameter));
  if (inputs['context'] && isTextLearned(trainables)) {
    throw new Error('A text encoder or a new token learns: the batch must have token ids, not encoded prompts.');
  }
  const scope = networkScope(g, networks, 'unet', parameter);
  const prediction = unet(scope, checkpoint.unetConfig, {
    sample: input('noisy'), timestep: input('timesteps'), encoderHiddenStates: text.context,
    ...(checkpoint.unetConfig.textTime ? { textEmbeds: text.pooled, timeIds: input('timeIds') } : {}),
  });
  const difference = g.sub(prediction, input('target'));
  const sampleLosses = g.reduceMean(g.mul(input('mask'), g.mul(difference, difference)), [1, 2, 3], false);
  const loss = g.reduceSum(g.mul(input('sampleWeights'), sampleLosses), [0], false);
  return { loss, report: { sampleLosses } };
}

function encodedText(
  g: GraphBuilder, networks: StepNetworks, input: ParameterReader, parameter: ParameterReader,
): TextConditioning {
  const { checkpoint, checkpoint: { textEncoders }, trainables, skipLayers } = networks;
  const scopes = textEncoders.map((_, index) => networkScope(g, networks, textEncoderName(index), parameter));
  const newRows = trainables.newTokens
    ? textEncoders.map((_, index) => parameter(prefixOf(textEncoderName(index)) + newRowsPath)) : undefined;
  return textConditioning(scopes, checkpoint, textEncoders.map((_, index) => input(inputNameOf('input_ids', index))), {
    ...(skipLayers === undefined ? {} : { skipLayers }), ...(newRows ? { newRows } : {}),
  });
}

/** A network whose parameters are those that learn, and for the rest the checkpoint's own; with a LoRA beside them. */
function networkScope(
  g: GraphBuilder, networks: StepNetworks, network: AdaptedNetwork, parameter: ParameterReader,
): NetworkScope {
  const trainables = trainablesOf(networks.trainables, network);
  const own: ParameterReader = (path) => parameter(prefixOf(network) + path);
  const lora = trainables?.kind === 'lora' ? loraHook(g, trainables.modules, own) : undefined;
  const frozen = frozenScope(g, weightsOf(networks.checkpoint, network), lora);
  return {
    ...frozen,
    parameter: (path, shape) => (
      networks.learned.has(prefixOf(network) + path) ? own(path) : frozen.parameter(path, shape)),
  };
}
