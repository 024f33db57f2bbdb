// The loaded networks of one checkpoint: text encoders and UNet with an adapter as input, VAE. Each session is opened
// when it is first needed and kept for the size it was opened for; the least recently used is released when there are
// many.

import type { Architecture } from '../checkpoint/architecture.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import type { PredictionType } from '../diffusion/denoiser.ts';
import {
  alphasCumprodFromBetas, linearBetas, scaledLinearBetas, zeroTerminalSnrBetas,
} from '../diffusion/noise-schedule.ts';
import { KeptSessions } from '../runtime/kept-sessions.ts';
import { type Provider, type Session, openSession } from '../runtime/session.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { PromptIds } from '../text/prompt-encoder.ts';
import { type AdapterForm, type AdapterInput, textAdapterFeeds, unetAdapterFeeds } from './adapter-input.ts';
import { joinBatch, splitBatch } from './batches.ts';
import type { InstantId } from './instant-id.ts';
import { faceFeeds, faceFormOf, type FaceInput, resamplerGraph } from './instant-id-graph.ts';
import { decoderGraph, encoderGraph, textGraph, unetGraph } from './pipeline-graphs.ts';
import type { PipelineSaving } from './memory-plan.ts';
import { checkHeld, type Precision, precisionOptions, vaePrecision } from './precision.ts';
import {
  checkPromptIds, joinTextStates, promptFeeds, type TextStates, wholePictureTimeIds,
} from './text-states.ts';
import { defaultTiling, runTiled } from './vae-tiles.ts';

export type { AdapterForm, AdapterInput, FaceInput, InstantId, TextStates };

export interface PipelineConfig {
  readonly architecture: Architecture;
  /** Numbers that a token has from each text encoder; side by side they are the context's last axis. */
  readonly textWidths: readonly number[];
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
  /** See precision.ts; float32 unless told. What goes in and comes out is float32 either way. */
  readonly precision?: Precision;
  /** The form of the adapter that encodeText() and predict() will be given; none: they take no adapter. */
  readonly adapter?: AdapterForm;
  /** Layers that the text encoders leave out at their end ("clip skip" minus one); 0 unless told. */
  readonly skipLayers?: number;
  /** How memory is saved, see memory-plan.ts; not at all unless told. */
  readonly saving?: PipelineSaving;
  /** What encodeFaces() and predict() need to be told of a face. */
  readonly instantId?: InstantId;
}

export interface PredictInput {
  /** float32 [B, C, H, W]. */
  readonly latents: Tensor;
  readonly timestep: number;
  readonly text: TextStates;
  /**
   * float32 [B, 6], SDXL only: original height, width, crop top, left, target height, width; the whole picture unless
   * told.
   */
  readonly timeIds?: Tensor;
  readonly adapter?: AdapterInput;
  readonly face?: FaceInput;
  /**
   * float32 [B, 1, 1]: 0 for pictures that go without self-attention where perturbed-attention guidance puts it out
   * (Ahn et al. 2024), 1 for others.
   */
  readonly selfAttentionShare?: Tensor;
}

export interface Pipeline {
  readonly checkpoint: Checkpoint;
  readonly config: PipelineConfig;
  /** Prompts, one list of ids for each text encoder → what they tell the UNet, one row a prompt. */
  encodeText(prompts: readonly PromptIds[], adapter?: AdapterInput): Promise<TextStates>;
  /** Face embeddings float32 [B, M, E], as the recogniser gives them and not normalised → image tokens [B, K, D]. */
  encodeFaces(faceEmbeddings: Tensor): Promise<Tensor>;
  /** Epsilon or v, shaped as the latents. */
  predict(input: PredictInput): Promise<Tensor>;
  /** float32 [B, C, H, W], already divided by latentScale → float32 [B, 3, H·vaeFactor, W·vaeFactor] in -1..1. */
  decode(latents: Tensor): Promise<Tensor>;
  /** float32 [B, 3, H, W] in -1..1 → mean and log-variance [B, C, H/vaeFactor, W/vaeFactor], not yet scaled. */
  encode(pixels: Tensor): Promise<{ mean: Tensor; logVariance: Tensor }>;
  release(): Promise<void>;
}

/**
 * Sessions kept open at once: text encoder, Resampler, both halves of the VAE, and the UNet with a face and without, as
 * the tiles of a portrait take turns with them. Where memory is no matter, those of a second size beside them.
 */
const keptSessions = { memory: 6, speed: 12 } as const;

export function pipelineConfigOf(checkpoint: Checkpoint): PipelineConfig {
  const { architecture, textEncoders, unetConfig, vaeConfig, schedulerConfig } = checkpoint;
  const { betaStart, betaEnd, numTrainTimesteps, betaSchedule, rescaleBetasZeroSnr } = schedulerConfig;
  const betas = betaSchedule === 'scaled_linear'
    ? scaledLinearBetas(betaStart, betaEnd, numTrainTimesteps)
    : linearBetas(betaStart, betaEnd, numTrainTimesteps);
  const vaeFactor = 2 ** (vaeConfig.blockOutChannels.length - 1);
  return {
    architecture, textWidths: textEncoders.map(({ config }) => config.hiddenSize),
    latentChannels: vaeConfig.latentChannels, latentScale: vaeConfig.scalingFactor, vaeFactor,
    predictionType: schedulerConfig.predictionType, resolutionPx: unetConfig.sampleSize * vaeFactor,
    alphasCumprod: alphasCumprodFromBetas(rescaleBetasZeroSnr ? zeroTerminalSnrBetas(betas) : betas),
  };
}

export function openPipeline(checkpoint: Checkpoint, options: PipelineOptions): Pipeline {
  return new LoadedPipeline(checkpoint, options);
}

class LoadedPipeline implements Pipeline {
  readonly checkpoint: Checkpoint;
  readonly config: PipelineConfig;
  readonly #options: PipelineOptions;
  readonly #sessions: KeptSessions<Session>;
  #vaePrecision: Precision;

  constructor(checkpoint: Checkpoint, options: PipelineOptions) {
    this.checkpoint = checkpoint;
    this.config = pipelineConfigOf(checkpoint);
    this.#options = options;
    this.#vaePrecision = vaePrecision(checkpoint, options.precision);
    this.#sessions = new KeptSessions(options.saving?.isSequential ? 1 : keptSessions[options.favour ?? 'speed']);
  }

  async encodeText(prompts: readonly PromptIds[], adapter?: AdapterInput): Promise<TextStates> {
    const { adapter: form, skipLayers = 0 } = this.#options;
    const count = prompts[0]![0]!.length;
    const adapterFeeds = textAdapterFeeds(this.checkpoint, form, adapter);
    const session = await this.#session(`text ${count}`, () => (
      textGraph(this.checkpoint, { count, adapter: form, skipLayers })));
    const states = [];
    for (const prompt of prompts) {
      checkPromptIds(this.checkpoint, prompt, adapter?.newRows ? form?.newTokens ?? 0 : 0);
      const { context, pooled } = await session.run({ ...promptFeeds([prompt]), ...adapterFeeds });
      checkHeld(context!, this.#options.precision);
      states.push({ context: context!, ...(pooled ? { pooled } : {}) });
    }
    return joinTextStates(states);
  }

  async predict(input: PredictInput): Promise<Tensor> {
    const { latents, timestep, text, timeIds, adapter, face, selfAttentionShare } = input;
    const isPerturbable = selfAttentionShare !== undefined;
    const form = this.#options.adapter;
    const { checkpoint } = this;
    const faceForm = face && { instantId: this.#instantId(), form: faceFormOf(face) };
    const key = [
      'unet', latents.shape.join('x'), text.context.shape[1], isPerturbable, JSON.stringify(faceForm?.form ?? ''),
    ].join(' ');
    const session = await this.#session(key, () => unetGraph(checkpoint, {
      latents: latents.shape, context: text.context.shape, adapter: form, face: faceForm, isPerturbable,
    }));
    const batch = latents.shape[0]!;
    const { prediction } = await session.run({
      latents, context: text.context,
      timestep: { dtype: 'float32', shape: [batch], data: new Float32Array(batch).fill(timestep) },
      ...(checkpoint.unetConfig.textTime ? this.#textTimeFeeds(latents, text, timeIds) : {}),
      ...unetAdapterFeeds(form, adapter),
      ...(face ? faceFeeds(face) : {}),
      ...(selfAttentionShare ? { self_attention_share: selfAttentionShare } : {}),
    });
    checkHeld(prediction!, this.#options.precision);
    return prediction!;
  }

  async encodeFaces(faceEmbeddings: Tensor): Promise<Tensor> {
    const instantId = this.#instantId();
    const [, ...one] = faceEmbeddings.shape;
    const session = await this.#session(`resampler ${one.join('x')}`, () => resamplerGraph(instantId, [1, ...one]));
    const tokens = [];
    for (const embedding of splitBatch(faceEmbeddings)) {
      tokens.push((await session.run({ face_embedding: embedding }))['image_tokens']!);
    }
    return joinBatch(tokens);
  }

  #instantId(): InstantId {
    const { instantId } = this.#options;
    if (!instantId) throw new Error('This pipeline was opened without InstantID.');
    return instantId;
  }

  #textTimeFeeds({ shape }: Tensor, { pooled }: TextStates, timeIds: Tensor | undefined): Record<string, Tensor> {
    if (!pooled) throw new Error('This UNet also needs the pooled text.');
    const [batch, , height, width] = shape as [number, number, number, number];
    const { vaeFactor } = this.config;
    return {
      text_embeds: pooled,
      time_ids: timeIds ?? wholePictureTimeIds(batch, height * vaeFactor, width * vaeFactor),
    };
  }

  async decode(latents: Tensor): Promise<Tensor> {
    const pictures = [];
    for (const whole of splitBatch(latents)) {
      const out = await this.#runInTiles(whole, 1, this.config.vaeFactor, async (latent) => {
        const [, ...one] = latent.shape;
        return this.#runVae(`decoder ${one.join('x')}`, () => decoderGraph(this.checkpoint, one), { latent });
      });
      pictures.push(out['image']!);
    }
    return joinBatch(pictures);
  }

  async encode(pixels: Tensor): Promise<{ mean: Tensor; logVariance: Tensor }> {
    const means = [];
    const logVariances = [];
    for (const whole of splitBatch(pixels)) {
      const out = await this.#runInTiles(whole, this.config.vaeFactor, 1, async (image) => {
        const [, ...one] = image.shape;
        return this.#runVae(`encoder ${one.join('x')}`, () => encoderGraph(this.checkpoint, one), { image });
      });
      means.push(out['mean']!);
      logVariances.push(out['logVariance']!);
    }
    return { mean: joinBatch(means), logVariance: joinBatch(logVariances) };
  }

  async release(): Promise<void> {
    await this.#sessions.release();
  }

  /** Whole, or in tiles where memory is to be saved. */
  async #runInTiles(
    input: Tensor, inputFactor: number, outputFactor: number,
    run: (tile: Tensor) => Promise<Record<string, Tensor>>,
  ): Promise<Record<string, Tensor>> {
    if (!this.#options.saving?.isTiled) return await run(input);
    return await runTiled(input, { tiling: defaultTiling, inputFactor, outputFactor }, run);
  }

  /** In float16 as long as that holds the numbers; once one was none, in float32. */
  async #runVae(key: string, build: () => Graph, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
    const precision = this.#vaePrecision;
    const session = await this.#session(`${key} ${precision}`, build, precision);
    const out = await session.run(feeds);
    const isHeld = precision === 'float32' || Object.values(out).every(hasNumbers);
    if (isHeld) return out;
    this.#vaePrecision = 'float32';
    return await this.#runVae(key, build, feeds);
  }

  #session(key: string, build: () => Graph, precision = this.#options.precision): Promise<Session> {
    const simplify = precisionOptions(this.checkpoint, precision);
    const { saving } = this.#options;
    return this.#sessions.get(key, () => (
      openSession(build(), { ...this.#options, simplify, isSliced: saving?.isSliced ?? false })));
  }
}

function hasNumbers({ data }: Tensor): boolean {
  return (data as Float32Array).every(Number.isFinite);
}
