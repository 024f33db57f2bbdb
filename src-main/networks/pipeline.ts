// The loaded networks of one checkpoint: text encoder, UNet with an adapter as input, VAE. Each session is opened when
// it is first needed and kept for the size it was opened for; the least recently used is released when there are many.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import type { PredictionType } from '../diffusion/denoiser.ts';
import { alphasCumprodFromBetas, linearBetas, scaledLinearBetas } from '../diffusion/noise-schedule.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import { clipTextEncoder } from '../models/text-encoder.ts';
import { unet } from '../models/unet.ts';
import { vaeDecoder, vaeEncoder } from '../models/vae.ts';
import { type Provider, type Session, openSession } from '../runtime/session.ts';
import { type Tensor, elementCount } from '../tensor/tensor.ts';
import { layoutOf, parameterViews } from './flat-parameters.ts';
import { type LoraModule, loraHook, loraTrainables } from './lora-graph.ts';

export interface PipelineConfig {
  readonly latentChannels: number;
  /** VAE latents times this have about unit variance. */
  readonly latentScale: number;
  /** Pixels a latent pixel stands for along an edge. */
  readonly vaeFactor: number;
  readonly predictionType: PredictionType;
  /** Edge that the networks were trained at. */
  readonly resolutionPx: number;
  readonly alphasCumprod: Float64Array;
}

export interface PipelineOptions {
  readonly provider: Provider;
  readonly threads?: number;
  /** Leave weights in the mapped file and give buffers back: for checkpoints of real size. */
  readonly favour?: 'speed' | 'memory';
  /** Modules of the adapter that predict() will be given; none: predict() takes no adapter. */
  readonly adapterModules?: readonly LoraModule[];
}

export interface AdapterInput {
  /** Flat vector in the layout of loraTrainables(adapterModules). */
  readonly parameters: Float32Array;
  /** Factor on every module's share: adapterStrength. */
  readonly strength: number;
}

export interface PredictInput {
  /** float32 [B, C, H, W]. */
  readonly latents: Tensor;
  readonly timestep: number;
  /** float32 [B, N, D]. */
  readonly context: Tensor;
  readonly adapter?: AdapterInput;
}

export interface Pipeline {
  readonly checkpoint: Checkpoint;
  readonly config: PipelineConfig;
  /** Token ids, 77 a prompt → float32 [B, 77, D]. */
  encodeText(inputIds: number[][]): Promise<Tensor>;
  /** Epsilon or v, shaped as the latents. */
  predict(input: PredictInput): Promise<Tensor>;
  /** float32 [B, C, H, W], already divided by latentScale → float32 [B, 3, H·vaeFactor, W·vaeFactor] in -1..1. */
  decode(latents: Tensor): Promise<Tensor>;
  /** float32 [B, 3, H, W] in -1..1 → mean and log-variance [B, C, H/vaeFactor, W/vaeFactor], not yet scaled. */
  encode(pixels: Tensor): Promise<{ mean: Tensor; logVariance: Tensor }>;
  release(): Promise<void>;
}

/** Sessions kept open at once: text encoder, VAE, and the UNet at two sizes. */
const keptSessions = 5;

export function pipelineConfigOf(checkpoint: Checkpoint): PipelineConfig {
  const { unetConfig, vaeConfig, schedulerConfig } = checkpoint;
  const { betaStart, betaEnd, numTrainTimesteps, betaSchedule } = schedulerConfig;
  const betas = betaSchedule === 'scaled_linear'
    ? scaledLinearBetas(betaStart, betaEnd, numTrainTimesteps)
    : linearBetas(betaStart, betaEnd, numTrainTimesteps);
  const vaeFactor = 2 ** (vaeConfig.blockOutChannels.length - 1);
  return {
    latentChannels: vaeConfig.latentChannels, latentScale: vaeConfig.scalingFactor, vaeFactor,
    predictionType: schedulerConfig.predictionType, resolutionPx: unetConfig.sampleSize * vaeFactor,
    alphasCumprod: alphasCumprodFromBetas(betas),
  };
}

export function openPipeline(checkpoint: Checkpoint, options: PipelineOptions): Pipeline {
  return new LoadedPipeline(checkpoint, options);
}

class LoadedPipeline implements Pipeline {
  readonly checkpoint: Checkpoint;
  readonly config: PipelineConfig;
  readonly #options: PipelineOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(checkpoint: Checkpoint, options: PipelineOptions) {
    this.checkpoint = checkpoint;
    this.config = pipelineConfigOf(checkpoint);
    this.#options = options;
  }

  async encodeText(inputIds: number[][]): Promise<Tensor> {
    const count = inputIds[0]!.length;
    const session = await this.#session(`text ${count}`, () => textGraph(this.checkpoint, count));
    const states = [];
    for (const ids of inputIds) {
      const feed: Tensor = { dtype: 'int64', shape: [1, count], data: BigInt64Array.from(ids, BigInt) };
      states.push((await session.run({ input_ids: feed }))['states']!);
    }
    return joinBatch(states);
  }

  async predict({ latents, timestep, context, adapter }: PredictInput): Promise<Tensor> {
    const modules = this.#options.adapterModules ?? [];
    const key = `unet ${latents.shape.join('x')} ${context.shape[1]}`;
    const session = await this.#session(key, () => unetGraph(this.checkpoint, latents, context, modules));
    const batch = latents.shape[0]!;
    const feeds: Record<string, Tensor> = {
      latents, context,
      timestep: { dtype: 'float32', shape: [batch], data: new Float32Array(batch).fill(timestep) },
    };
    if (modules.length > 0) {
      const size = layoutOf(loraTrainables(modules)).size;
      if (adapter && adapter.parameters.length !== size) {
        throw new Error(`The adapter has ${adapter.parameters.length} numbers, its modules ${size}.`);
      }
      feeds['adapter'] = { dtype: 'float32', shape: [size], data: adapter?.parameters ?? new Float32Array(size) };
      feeds['strength'] = { dtype: 'float32', shape: [1], data: Float32Array.of(adapter?.strength ?? 0) };
    } else if (adapter) {
      throw new Error('This pipeline was opened without an adapter.');
    }
    return (await session.run(feeds))['prediction']!;
  }

  async decode(latents: Tensor): Promise<Tensor> {
    const [, ...one] = latents.shape;
    const session = await this.#session(`decoder ${one.join('x')}`, () => decoderGraph(this.checkpoint, one));
    const pictures = [];
    for (const latent of splitBatch(latents)) pictures.push((await session.run({ latent }))['image']!);
    return joinBatch(pictures);
  }

  async encode(pixels: Tensor): Promise<{ mean: Tensor; logVariance: Tensor }> {
    const [, ...one] = pixels.shape;
    const session = await this.#session(`encoder ${one.join('x')}`, () => encoderGraph(this.checkpoint, one));
    const means = [];
    const logVariances = [];
    for (const image of splitBatch(pixels)) {
      const out = await session.run({ image });
      means.push(out['mean']!);
      logVariances.push(out['logVariance']!);
    }
    return { mean: joinBatch(means), logVariance: joinBatch(logVariances) };
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }

  async #session(key: string, build: () => Graph): Promise<Session> {
    let session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session ??= await openSession(build(), this.#options);
    this.#sessions.set(key, session);
    for (const [oldKey, old] of this.#sessions) {
      if (this.#sessions.size <= keptSessions) break;
      this.#sessions.delete(oldKey);
      await old.release();
    }
    return session;
  }
}

function textGraph(checkpoint: Checkpoint, count: number): Graph {
  const g = new GraphBuilder('text-encoder');
  const ids = g.input('input_ids', 'int64', [1, count]);
  const { weights, config } = checkpoint.textEncoders[0]!;
  g.output('states', clipTextEncoder(frozenScope(g, weights), config, ids).lastHiddenState);
  return g.graph();
}

function unetGraph(checkpoint: Checkpoint, latents: Tensor, context: Tensor, modules: readonly LoraModule[]): Graph {
  const g = new GraphBuilder('unet');
  const inputs = {
    sample: g.input('latents', 'float32', latents.shape),
    timestep: g.input('timestep', 'float32', [latents.shape[0]!]),
    encoderHiddenStates: g.input('context', 'float32', context.shape),
  };
  const layer = modules.length > 0 ? adapterHook(g, modules) : undefined;
  g.output('prediction', unet(frozenScope(g, checkpoint.unet, layer), checkpoint.unetConfig, inputs));
  return g.graph();
}

function adapterHook(g: GraphBuilder, modules: readonly LoraModule[]): ReturnType<typeof loraHook> {
  const layout = layoutOf(loraTrainables(modules));
  const views = parameterViews(g, g.input('adapter', 'float32', [layout.size]), layout);
  return loraHook(g, modules, (name) => views.get(name)!, g.input('strength', 'float32', [1]));
}

function decoderGraph(checkpoint: Checkpoint, shape: readonly number[]): Graph {
  const g = new GraphBuilder('vae-decoder');
  const latent = g.input('latent', 'float32', [1, ...shape]);
  g.output('image', vaeDecoder(frozenScope(g, checkpoint.vae), checkpoint.vaeConfig, latent));
  return g.graph();
}

function encoderGraph(checkpoint: Checkpoint, shape: readonly number[]): Graph {
  const g = new GraphBuilder('vae-encoder');
  const image = g.input('image', 'float32', [1, ...shape]);
  const moments = vaeEncoder(frozenScope(g, checkpoint.vae), checkpoint.vaeConfig, image);
  const channels = checkpoint.vaeConfig.latentChannels;
  const [mean, logVariance] = g.split(moments, 1, [channels, channels]);
  g.output('mean', mean!);
  // Kingma & Welling's log-variance, kept where exp() is harmless (diffusers' DiagonalGaussianDistribution)
  g.output('logVariance', g.clip(logVariance!, -30, 20));
  return g.graph();
}

function splitBatch(tensor: Tensor): Tensor[] {
  const [batch, ...rest] = tensor.shape as [number, ...number[]];
  const size = elementCount(rest);
  const data = tensor.data as Float32Array;
  return Array.from({ length: batch }, (_, i) => (
    { dtype: 'float32', shape: [1, ...rest], data: data.slice(i * size, (i + 1) * size) }));
}

function joinBatch(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors as [Tensor];
  const data = new Float32Array(tensors.length * first.data.length);
  tensors.forEach((tensor, i) => data.set(tensor.data as Float32Array, i * first.data.length));
  return { dtype: 'float32', shape: [tensors.length, ...first.shape.slice(1)], data };
}
