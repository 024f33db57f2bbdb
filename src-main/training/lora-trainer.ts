// Teaches a LoRA: latents of the training images and text states of their captions are cached once, then each step
// draws images, noise and timesteps from counter-based streams of the seed and runs the step graph.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { UserError } from '../contract/errors.ts';
import { noiseSchedule } from '../diffusion/noise-schedule.ts';
import { normalNumbers, uniformNumbers } from '../diffusion/seeded-noise.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { type LoraModule, type LoraTargets, unetLoraModules } from '../networks/lora-graph.ts';
import { type Pipeline, pipelineConfigOf, type TextStates } from '../networks/pipeline.ts';
import type { Provider } from '../runtime/session.ts';
import { type Tensor, elementCount, float32Tensor } from '../tensor/tensor.ts';
import type { PromptIds } from '../text/prompt-encoder.ts';
import { type AdamWSettings, defaultAdamW } from './adamw.ts';
import { type LearningRateSchedule, learningRateAt } from './learning-rate.ts';
import { type TrainingBatch, noisyPair } from './training-batch.ts';
import type { TrainingState } from './training-state.ts';
import { type TrainingStep, openTrainingStep } from './training-step.ts';

export interface LoraTrainingSettings {
  readonly rank: number;
  readonly loraAlpha: number;
  readonly targets: LoraTargets;
  readonly learningRate: number;
  readonly learningRateSchedule: LearningRateSchedule;
  readonly warmupSteps: number;
  readonly trainingSteps: number;
  readonly batchSize: number;
  readonly maxGradientNorm: number;
  readonly optimizer?: AdamWSettings;
  readonly seed: number;
}

/** One training image as the step sees it. */
export interface CachedImage {
  /** The VAE's mean and log-variance [C, H, W], not scaled. */
  readonly mean: Float32Array;
  readonly logVariance: Float32Array;
  /** Text states [N, D] of its caption. */
  readonly context: Float32Array;
}

export interface TrainingCache {
  readonly images: readonly CachedImage[];
  readonly latentSize: readonly [number, number];
  readonly contextLength: number;
}

export interface TrainingProgress {
  /** Steps done, from 1. */
  readonly trainingStep: number;
  readonly trainingSteps: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly elapsedMs: number;
}

export interface TrainedLora {
  readonly modules: readonly LoraModule[];
  readonly layout: ParameterLayout;
  readonly parameters: Float32Array;
  readonly losses: readonly number[];
}

export interface LoraTrainingOptions {
  readonly checkpoint: Checkpoint;
  readonly cache: TrainingCache;
  readonly settings: LoraTrainingSettings;
  readonly provider: Provider;
  readonly threads?: number;
  readonly favour?: 'speed' | 'memory';
  /** Called after every step; awaited. Returns 'stop' to end early and keep what was learned. */
  readonly onProgress?: (progress: TrainingProgress) => void | 'stop' | Promise<void | 'stop'>;
}

/** Encodes images float32 [1, 3, H, W] in -1..1 and caption ids once. All images have the same size. */
export async function cacheTrainingImages(
  pipeline: Pipeline, images: readonly { readonly pixels: Tensor; readonly captionIds: PromptIds }[],
): Promise<TrainingCache> {
  const [first] = images;
  if (!first) throw noImages();
  const captions = new Map<string, Promise<TextStates>>();
  const cached: CachedImage[] = [];
  let latentSize: readonly [number, number] = [0, 0];
  for (const { pixels, captionIds } of images) {
    const { mean, logVariance } = await pipeline.encode(pixels);
    const key = captionIds.join();
    if (!captions.has(key)) captions.set(key, pipeline.encodeText([captionIds]));
    const { context } = await captions.get(key)!;
    const size = [mean.shape[2]!, mean.shape[3]!] as const;
    if (cached.length > 0 && size.join() !== latentSize.join()) throw new Error('The training images differ in size.');
    latentSize = size;
    cached.push({
      mean: mean.data as Float32Array, logVariance: logVariance.data as Float32Array,
      context: context.data as Float32Array,
    });
  }
  return { images: cached, latentSize, contextLength: first.captionIds[0]!.length };
}

/**
 * Teaches a LoRA and returns its parameters in the layout of its modules. Same options, same machine: the same bits.
 * Refuses with a UserError: no images; a loss or gradient that is no number.
 */
export async function trainLora(options: LoraTrainingOptions): Promise<TrainedLora> {
  const { checkpoint, cache, settings } = options;
  if (cache.images.length === 0) throw noImages();
  const modules = unetLoraModules(checkpoint.unetConfig, settings.targets, settings);
  const step = openTrainingStep({
    ...options, trainables: { unet: { kind: 'lora', modules } }, optimizer: settings.optimizer ?? defaultAdamW,
  });
  try {
    const losses: number[] = [];
    const { tensors } = await runSteps(step, options, losses);
    const parameters = tensors.get('parameters.unet')!.data as Float32Array;
    return { modules, layout: step.layout.chunks[0]!.layout, parameters, losses };
  } finally {
    await step.release();
  }
}

async function runSteps(step: TrainingStep, options: LoraTrainingOptions, losses: number[]): Promise<TrainingState> {
  const { settings, onProgress } = options;
  let state = await step.initialState(new Map(), settings.seed);
  const startMs = performance.now();
  while (state.step < settings.trainingSteps) {
    const learningRate = learningRateAt(state.step, { ...settings, schedule: settings.learningRateSchedule });
    const { state: next, losses: [loss], gradientNorm } = await step.run(state, [batchOf(options, state.step)], {
      learningRates: { unet: learningRate }, maxGradientNorm: settings.maxGradientNorm,
    });
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw notFinite(next.step);
    losses.push(loss!);
    state = next;
    const verdict = await onProgress?.({
      trainingStep: state.step, trainingSteps: settings.trainingSteps, loss: loss!, gradientNorm,
      elapsedMs: performance.now() - startMs,
    });
    if (verdict === 'stop') break;
  }
  return state;
}

// streams of the seed: what each draw of a step is for
const streams = { latents: 1, noise: 2, timesteps: 3, order: 4 } as const;

/** A stream of its own for every purpose and step. */
function streamOf(purpose: keyof typeof streams, step = 0): number {
  return step * 8 + streams[purpose];
}

function batchOf({ checkpoint, cache, settings }: LoraTrainingOptions, step: number): TrainingBatch {
  const { batchSize, seed } = settings;
  const { alphasCumprod, latentScale, latentChannels, predictionType } = pipelineConfigOf(checkpoint);
  const latentShape = [batchSize, latentChannels, ...cache.latentSize];
  const perImage = elementCount(latentShape) / batchSize;
  const chosen = Array.from({ length: batchSize }, (_, i) => (
    cache.images[imageIndex(step * batchSize + i, cache.images.length, seed)]!));
  const draws = normalNumbers(seed, streamOf('latents', step), batchSize * perImage);
  const latents = new Float32Array(batchSize * perImage);
  chosen.forEach(({ mean, logVariance }, i) => {
    for (let j = 0; j < perImage; j++) {
      latents[i * perImage + j] = latentScale * (mean[j]! + Math.exp(0.5 * logVariance[j]!) * draws[i * perImage + j]!);
    }
  });
  const noise = normalNumbers(seed, streamOf('noise', step), latents.length);
  const uniform = uniformNumbers(seed, streamOf('timesteps', step), batchSize);
  const timesteps = Array.from(uniform, (u) => Math.floor(u * alphasCumprod.length));
  const contextSize = chosen[0]!.context.length;
  const context = new Float32Array(batchSize * contextSize);
  chosen.forEach((image, i) => context.set(image.context, i * contextSize));
  return {
    ...noisyPair(float32Tensor(latentShape, latents), float32Tensor(latentShape, noise), {
      timesteps, schedule: noiseSchedule(alphasCumprod), predictionType,
    }),
    timesteps, sampleWeights: timesteps.map(() => 1 / batchSize),
    text: { states: {
      context: float32Tensor([batchSize, cache.contextLength, contextSize / cache.contextLength], context),
    } },
  };
}

/** The draw-th image: every image once an epoch, in an order shuffled anew each epoch (Fisher & Yates). */
function imageIndex(draw: number, count: number, seed: number): number {
  const epoch = Math.floor(draw / count);
  const random = uniformNumbers(seed, streamOf('order', epoch), count);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random[i]! * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order[draw % count]!;
}

function noImages(): UserError {
  return new UserError('training.no-images', {
    what: 'There is nothing to learn from: no training image is left.',
    safe: 'Your photos are untouched.',
    todo: 'Add photos in which the face can be seen, or take back some that were left out.',
  });
}

function notFinite(trainingStep: number): UserError {
  return new UserError('training.not-finite', {
    what: `The loss stopped being a number at step ${trainingStep}.`,
    safe: 'Your photos and the model are untouched; nothing of this run was kept.',
    todo: 'Lower the learning rate and teach again. If it happens again, the model file may be damaged.',
  }, { trainingStep });
}
