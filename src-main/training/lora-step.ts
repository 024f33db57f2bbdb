// One LoRA training step of a UNet as a graph: forward, loss, backward, clipping, AdamW.
//   noisy = signal · latents + sigma · noise,  signal = sqrt(acp_t), sigma = sqrt(1 − acp_t)  (Ho et al. 2020, eq. 4)
//   target = noise  (epsilon)   or   signal · noise − sigma · latents  (v, Salimans & Ho 2022)
//   loss = mean((unet(noisy, t, context) − target)²)

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { UnetConfig } from '../checkpoint/configs.ts';
import type { PredictionType } from '../diffusion/denoiser.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import { unet } from '../models/unet.ts';
import { type LoraModule, loraHook, loraTrainables } from '../networks/lora-graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { type AdamWSettings, type TrainingStepGraph, trainingStepGraph } from './optimizer-graph.ts';

export interface LoraStepDescription {
  readonly weights: WeightTable;
  readonly config: UnetConfig;
  readonly predictionType: PredictionType;
  readonly modules: readonly LoraModule[];
  readonly optimizer: AdamWSettings;
  readonly batchSize: number;
  /** Latent height and width. */
  readonly latentSize: readonly [number, number];
  /** Tokens of the text states; 77. */
  readonly contextLength: number;
  readonly reportGradients?: boolean;
}

/**
 * Inputs besides the optimizer's: latents and noise [B,C,H,W], signal and sigma [B,1,1,1], timesteps float32 [B],
 * context [B,N,D]. Outputs besides the optimizer's: prediction [B,C,H,W].
 */
export function loraStepGraph(description: LoraStepDescription): TrainingStepGraph {
  const { modules } = description;
  return trainingStepGraph({
    name: 'lora-step',
    parameters: loraTrainables(modules),
    optimizer: description.optimizer,
    reportGradients: description.reportGradients,
    build: (g, parameter) => {
      const batch = batchInputs(g, description);
      const scope = frozenScope(g, description.weights, loraHook(g, modules, parameter));
      const prediction = unet(scope, description.config, {
        sample: batch.noisy, timestep: batch.timesteps, encoderHiddenStates: batch.context,
      });
      const difference = g.sub(prediction, batch.target);
      return { loss: g.reduceMean(g.mul(difference, difference), [0, 1, 2, 3], false), report: { prediction } };
    },
  });
}

interface BatchValues {
  readonly noisy: Value;
  readonly target: Value;
  readonly timesteps: Value;
  readonly context: Value;
}

function batchInputs(g: GraphBuilder, description: LoraStepDescription): BatchValues {
  const { batchSize, config, latentSize, contextLength, predictionType } = description;
  const latentShape = [batchSize, config.inChannels, ...latentSize];
  const latents = g.input('latents', 'float32', latentShape);
  const noise = g.input('noise', 'float32', latentShape);
  const signal = g.input('signal', 'float32', [batchSize, 1, 1, 1]);
  const sigma = g.input('sigma', 'float32', [batchSize, 1, 1, 1]);
  return {
    noisy: g.add(g.mul(signal, latents), g.mul(sigma, noise)),
    target: predictionType === 'epsilon' ? noise : g.sub(g.mul(signal, noise), g.mul(sigma, latents)),
    timesteps: g.input('timesteps', 'float32', [batchSize]),
    context: g.input('context', 'float32', [batchSize, contextLength, config.crossAttentionDim]),
  };
}

/** The feeds that follow from a batch's timesteps: signal, sigma and the timesteps themselves. */
export function timestepFeeds(timesteps: readonly number[], alphasCumprod: ArrayLike<number>): Record<string, Tensor> {
  const column = (f: (acp: number) => number): Tensor => ({
    dtype: 'float32', shape: [timesteps.length, 1, 1, 1],
    data: Float32Array.from(timesteps, (t) => f(alphasCumprod[t]!)),
  });
  return {
    signal: column(Math.sqrt),
    sigma: column((acp) => Math.sqrt(1 - acp)),
    timesteps: { dtype: 'float32', shape: [timesteps.length], data: Float32Array.from(timesteps) },
  };
}
