// Stage of the starter pack: its InstantID. Resampler, image attention and IdentityNet learn together beside the frozen
// UNet (Wang et al. 2024, section 3.3), each also without the others, so that every strength means something alone.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { controlNet } from '../models/controlnet.ts';
import { requiredWeight } from '../models/frozen-scope.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import { resampler } from '../models/resampler.ts';
import { clipTextEncoder } from '../models/text-encoder.ts';
import { unet } from '../models/unet.ts';
import type { WeightTable } from '../tensor/weights.ts';
import type { BasePack } from './base-pack.ts';
import { prefixedScope } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { instantLayout, instantNetworks } from './instant-networks.ts';
import type { StarterRecipe } from './recipe.ts';
import { promptTokens } from './starter-networks.ts';

function frozen(g: GraphBuilder, network: string, weights: WeightTable): NetworkScope {
  return { g, parameter: (name, shape) => g.weight(`${network}.${name}`, requiredWeight(weights, name, shape)) };
}

/**
 * One step; inputs noisyLatent and velocity [B, C, h, w], timestep [B], inputIds [B, 77], faceEmbedding [B, 1, E],
 * keyPoints [B, 3, 8h, 8w], tokenShare [B, 1, 1] and controlShare [B, 1, 1, 1] (0 leaves image attention or IdentityNet
 * out), lossWeight [B, 1, h, w] of mean 1. The loss is the mean square error of v (Salimans and Ho 2022, eq. 10).
 */
export function instantStepGraph(recipe: StarterRecipe, base: BasePack): FlatStep {
  const networks = instantNetworks(recipe, base);
  return flatStep({
    name: 'starter_instant', parameters: instantLayout(networks).entries, plan: recipe.instant,
    build: (g, parameter) => {
      const inputs = stepInputs(g, recipe, base);
      const text = clipTextEncoder(frozen(g, 'text', base.textEncoder.weights), base.textEncoder.config,
        inputs.inputIds);
      const tokens = resampler(prefixedScope(g, 'resampler', parameter), networks.resampler, inputs.faceEmbedding);
      const trunk = { sample: inputs.noisyLatent, timestep: inputs.timestep };
      const controlResiduals = controlNet(prefixedScope(g, 'identity_net', parameter), networks.identityNet, {
        ...trunk, encoderHiddenStates: tokens, conditioning: inputs.keyPoints, strength: inputs.controlShare,
      });
      // without a bias, values of tokens of zeros are zeros: the same as a strength of zero for this picture alone
      const imagePrompt = {
        scope: prefixedScope(g, 'image_attention', parameter), tokens: g.mul(tokens, inputs.tokenShare),
        strength: g.scalar(1),
      };
      const predicted = unet(frozen(g, 'unet', base.unet), networks.unet, {
        ...trunk, encoderHiddenStates: text.lastHiddenState, controlResiduals, imagePrompt,
      });
      const error = g.sub(predicted, inputs.velocity);
      const weighted = g.mul(g.mul(error, error), inputs.lossWeight);
      return { loss: g.reshape(g.reduceMean(weighted, [0, 1, 2, 3], true), []) };
    },
  });
}

function stepInputs(g: GraphBuilder, recipe: StarterRecipe, { unetConfig }: BasePack): Record<
  'noisyLatent' | 'velocity' | 'timestep' | 'inputIds' | 'faceEmbedding' | 'keyPoints' | 'tokenShare' | 'controlShare'
  | 'lossWeight', Value> {
  const { batchSize: batch, conditioningChannels } = recipe.instant;
  const size = unetConfig.sampleSize;
  const edgePx = size * 2 ** (conditioningChannels.length - 1);
  const latents = [batch, unetConfig.inChannels, size, size];
  const input = (name: string, shape: readonly number[]) => g.input(name, 'float32', shape);
  return {
    noisyLatent: input('noisyLatent', latents), velocity: input('velocity', latents),
    timestep: input('timestep', [batch]), inputIds: g.input('inputIds', 'int64', [batch, promptTokens]),
    faceEmbedding: input('faceEmbedding', [batch, 1, recipe.face.embeddingLength]),
    keyPoints: input('keyPoints', [batch, 3, edgePx, edgePx]), tokenShare: input('tokenShare', [batch, 1, 1]),
    controlShare: input('controlShare', [batch, 1, 1, 1]), lossWeight: input('lossWeight', [batch, 1, size, size]),
  };
}
