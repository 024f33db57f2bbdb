// Stage 3 of the starter pack: denoiser and text encoder together, on cached latents; looked at through samples.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import { denoiser, plannedTimesteps } from '../diffusion/denoiser.ts';
import { alphasCumprodFromBetas, noiseSchedule, type NoiseSchedule,
  scaledLinearBetas } from '../diffusion/noise-schedule.ts';
import { sample } from '../diffusion/sample.ts';
import { samplers } from '../diffusion/samplers.ts';
import { planSampling, startLatents } from '../diffusion/sampling-plan.ts';
import { normalNumbers } from '../diffusion/seeded-noise.ts';
import { textEncoderParameters, unetParameters } from '../models/parameter-shapes.ts';
import { clipTextEncoder } from '../models/text-encoder.ts';
import { unet } from '../models/unet.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { openSession, type Provider } from '../runtime/session.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { flatLayout, flatScope, prefixedScope } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { unetLoss } from './losses.ts';
import type { StarterRecipe } from './recipe.ts';
import { promptTokens, starterNetworks } from './starter-networks.ts';

export function denoiserLayout(recipe: StarterRecipe, tokenRows: number): ParameterLayout {
  const networks = starterNetworks(recipe, tokenRows);
  return flatLayout({ unet: unetParameters(networks.unet), text_encoder: textEncoderParameters(networks.textEncoder) });
}

export const starterNoiseSchedule = (): NoiseSchedule => noiseSchedule(alphasCumprodFromBetas(scaledLinearBetas()));

const latentShape = (recipe: StarterRecipe, batchSize: number) =>
  [batchSize, recipe.vae.latentChannels, recipe.resolutionPx / 8, recipe.resolutionPx / 8];

/** One step of the joint training; inputs noisyLatent, velocity, timestep, weight and inputIds. */
export function unetStepGraph(recipe: StarterRecipe, tokenRows: number): FlatStep {
  const networks = starterNetworks(recipe, tokenRows);
  const { batchSize } = recipe.unet;
  return flatStep({
    name: 'starter_unet', parameters: denoiserLayout(recipe, tokenRows).entries, plan: recipe.unet,
    build: (g, parameter) => ({
      loss: unetLoss(
        { unet: prefixedScope(g, 'unet', parameter), textEncoder: prefixedScope(g, 'text_encoder', parameter) },
          networks, {
          noisyLatent: g.input('noisyLatent', 'float32', latentShape(recipe, batchSize)),
          velocity: g.input('velocity', 'float32', latentShape(recipe, batchSize)),
          timestep: g.input('timestep', 'float32', [batchSize]),
          weight: g.input('weight', 'float32', [batchSize, 1, recipe.resolutionPx / 8, recipe.resolutionPx / 8]),
          inputIds: g.input('inputIds', 'int64', [batchSize, promptTokens]),
        }),
    }),
  });
}

export interface SampleRequest {
  readonly recipe: StarterRecipe;
  readonly parameters: Float32Array;
  readonly tokenRows: number;
  /** 77 rows each; one picture a prompt. */
  readonly prompts: readonly Int32Array[];
  readonly emptyRows: Int32Array;
  readonly guidanceScale: number;
  readonly steps: number;
  readonly seed: number;
  readonly provider: Provider;
  readonly threads?: number;
}

/** The graph that predicts v for the prompts and, in the same batch, for the empty prompt. */
function guidedGraph({ recipe, tokenRows, prompts }: SampleRequest) {
  const networks = starterNetworks(recipe, tokenRows);
  const layout = denoiserLayout(recipe, tokenRows);
  const batch = prompts.length * 2;
  const g = new GraphBuilder('starter_samples');
  const vector = g.input('parameters', 'float32', [layout.size]);
  const text = clipTextEncoder(flatScope(g, layout, vector, 'text_encoder'), networks.textEncoder,
    g.input('inputIds', 'int64', [batch, promptTokens]));
  g.output('velocity', unet(flatScope(g, layout, vector, 'unet'), networks.unet, {
    sample: g.input('sample', 'float32', latentShape(recipe, batch)),
    timestep: g.input('timestep', 'float32', [batch]), encoderHiddenStates: text.lastHiddenState,
  }));
  return { graph: g.graph(), layout, batch };
}

/** Latents drawn with DDIM (Song et al. 2021) and classifier-free guidance: [prompts, C, h, w], scale 1. */
export async function sampleLatents(request: SampleRequest): Promise<Tensor> {
  const { recipe, prompts, emptyRows, guidanceScale } = request;
  const { graph, layout, batch } = guidedGraph(request);
  const session = await openSession(graph, request);
  const schedule = starterNoiseSchedule();
  const plan = planSampling(schedule, 'ddim', { steps: request.steps, spacing: 'leading', karras: false,
    stepsOffset: 1 });
  const count = latentShape(recipe, prompts.length).reduce((product, size) => product * size, 1);
  const ids = BigInt64Array.from([...prompts, ...prompts.map(() => emptyRows)].flatMap((rows) =>
    [...rows].map(BigInt)));
  const predict = async (latents: Float32Array, timestep: number) => {
    const doubled = new Float32Array(count * 2);
    doubled.set(latents);
    doubled.set(latents, count);
    const { velocity } = await session.run({
      parameters: float32Tensor([layout.size], request.parameters),
        sample: float32Tensor(latentShape(recipe, batch), doubled),
      timestep: float32Tensor([batch], new Float32Array(batch).fill(timestep)),
      inputIds: { dtype: 'int64', shape: [batch, promptTokens], data: ids },
    });
    const v = velocity!.data as Float32Array;
    return latents.map((_, i) => v[count + i]! + guidanceScale * (v[i]! - v[count + i]!));
  };
  try {
    const result = await sample({
      sampler: samplers.ddim.run, sigmas: plan.sigmas, noise: () => new Float32Array(count),
      denoise: denoiser(predict, 'v_prediction', plannedTimesteps(plan, schedule)),
      x: startLatents(plan, normalNumbers(request.seed, 0, count)),
    });
    if (result.kind !== 'done') throw new Error('Sampling was not asked to stop, but did.');
    return float32Tensor(latentShape(recipe, prompts.length), result.x);
  } finally {
    await session.release();
  }
}
