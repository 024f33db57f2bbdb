// From a training set to the micro-batches of a step: which images, which noise, which timesteps, what the UNet should
// say to them and how much each counts. All of it is a function of the settings and the step's number.
//   noisy = sqrt(acp) x + sqrt(1 - acp) n      x = latentScale · (mean + exp(logVariance / 2) · draw)
//   target = n, or v = sqrt(acp) n - sqrt(1 - acp) x, or what the base model says (prior 'prediction')

import type { TrainingSettings } from '../contract/settings.ts';
import { addNoise, velocity } from '../diffusion/forward-noise.ts';
import { noiseSchedule } from '../diffusion/noise-schedule.ts';
import type { PipelineConfig } from '../networks/pipeline.ts';
import type { EpochImage } from '../dataset/epoch.ts';
import { lossWeights, withNoiseOffset } from './loss-weights.ts';
import { Draws } from './trainer-draws.ts';
import { type Sample, joinSamples } from './trainer-samples.ts';
import { type EncodedCaption, type TrainingExample, type TrainingSet, epochImagesOf } from './trainer-set.ts';
import type { TrainingBatch } from './training-batch.ts';

type BatchSettings = Pick<Required<TrainingSettings>, 'batchSize' | 'gradientAccumulationSteps' | 'minSnrGamma'
  | 'minTimestep' | 'noiseOffset' | 'captionDropout' | 'captionTagDropout' | 'prior' | 'priorLossWeight' | 'seed'>;

export interface BatchSource {
  /** The micro-batches of a step, which counts from 0. */
  batchesOf(step: number): Promise<TrainingBatch[]>;
  /** Batches of the held-out images, always the same ones; empty where there are none. */
  readonly validation: readonly ValidationBatch[];
}

export interface ValidationBatch {
  readonly batch: TrainingBatch;
  /** How many of its samples count; the rest only fill it. */
  readonly count: number;
}

export interface BatchSourceOptions {
  readonly set: TrainingSet;
  readonly settings: BatchSettings;
  readonly pipeline: Pick<PipelineConfig, 'alphasCumprod' | 'latentScale' | 'predictionType'>;
  /** Whether batches carry token ids, because a text encoder or a new token learns. */
  readonly isTextLearned: boolean;
  /** What the base model says to a noisy latent [1, C, H, W] under a caption; needed for prior 'prediction'. */
  readonly basePrediction?: (sample: Sample) => Promise<Float32Array>;
}

export function openBatchSource(options: BatchSourceOptions): BatchSource {
  const { settings, pipeline, isTextLearned } = options;
  const schedule = noiseSchedule(pipeline.alphasCumprod);
  const source: Source = {
    ...options, schedule, weights: lossWeights(schedule, {
      predictionType: pipeline.predictionType, minSnrGamma: settings.minSnrGamma,
    }),
    subject: sideOf(options, 'subject', options.set.images), class: sideOf(options, 'class', options.set.classImages),
  };
  const join = (samples: readonly Sample[]): TrainingBatch => joinSamples(samples, isTextLearned);
  return {
    async batchesOf(step) {
      const first = step * settings.gradientAccumulationSteps;
      const pairs = [];
      for (let i = 0; i < settings.gradientAccumulationSteps; i++) pairs.push(await samplesOf(source, first + i));
      if (pairs.every(([own, prior]) => fitTogether(own, prior))) return pairs.map((pair) => join(pair.flat()));
      // apart, their gradients are averaged and not added, so each counts for two
      return pairs.flatMap((pair) => pair.map((samples) => join(samples.map(twice))));
    },
    validation: validationSamples(source).map(({ samples, count }) => ({ batch: join(samples), count })),
  };
}

interface Source extends BatchSourceOptions {
  readonly schedule: ReturnType<typeof noiseSchedule>;
  readonly weights: Float64Array;
  readonly subject: Side;
  readonly class: Side;
}

interface Side {
  readonly draws: Draws;
  readonly examples: readonly TrainingExample[];
  readonly epochImages: readonly EpochImage[];
}

function sideOf(
  { settings }: BatchSourceOptions, side: 'subject' | 'class', examples: readonly TrainingExample[],
): Side {
  return { draws: new Draws(settings.seed, side), examples, epochImages: epochImagesOf(examples) };
}

type Pair = readonly [subject: Sample[], prior: Sample[]];

/**
 * The samples of one micro-batch: the subject's, and what keeps the class. Captions that are left out are the class's
 * where there is one: were the empty caption learned from the subject alone, guidance would draw everybody else as
 * unlike the subject as it can (classifier-free guidance, Ho and Salimans 2022, eq. 6).
 */
async function samplesOf(source: Source, batch: number): Promise<Pair> {
  const { set, settings } = source;
  const own = noisySamples(source, source.subject, batch);
  const { draws } = source.subject;
  const isDropped = draws.dropped('captionDropout', batch, own.length, settings.captionDropout);
  const isNameAlone = draws.dropped('captionTagDropout', batch, own.length, settings.captionTagDropout);
  const without = (sample: Sample, i: number) => (isDropped[i] ? { ...sample, caption: set.emptyCaption } : sample);
  const named = own.map((sample, i) => (isNameAlone[i] ? { ...sample, caption: set.subjectCaption } : sample));
  if (settings.prior === 'none' || settings.priorLossWeight === 0) return [named.map(without), []];
  const prior = settings.prior === 'images'
    ? noisySamples(source, source.class, batch).map(without)
    : await basePredictions(source, own.map((sample) => ({ ...sample, caption: set.classCaption })).map(without));
  return [named, prior.map((sample) => ({ ...sample, weight: sample.weight * settings.priorLossWeight }))];
}

function fitTogether([own]: readonly Sample[], [prior]: readonly Sample[]): boolean {
  return !prior || own!.shape.join() === prior.shape.join();
}

function twice(sample: Sample): Sample {
  return { ...sample, weight: 2 * sample.weight };
}

/** The noisy latents under their captions, with the base model's word as the target. */
async function basePredictions({ basePrediction }: Source, samples: readonly Sample[]): Promise<Sample[]> {
  if (!basePrediction) throw new Error('A prior by prediction needs the base model.');
  const predicted: Sample[] = [];
  for (const sample of samples) {
    const unmasked = { ...sample, mask: undefined };
    predicted.push({ ...unmasked, target: await basePrediction(unmasked) });
  }
  return predicted;
}

function noisySamples(source: Source, { draws, examples, epochImages }: Side, batch: number): Sample[] {
  const { batchSize, noiseOffset } = source.settings;
  const chosen = draws.images(epochImages, batchSize, batch).map((index) => examples[index]!);
  const [, channels] = chosen[0]!.mean.shape as [number, number];
  const size = chosen[0]!.mean.data.length;
  const latentDraws = draws.normal('latents', batch, batchSize * size);
  const noises = draws.normal('noise', batch, batchSize * size);
  const offsets = draws.normal('noiseOffset', batch, batchSize * channels);
  const timesteps = draws.timesteps(batch, batchSize, source.weights.length, lowestOf(source));
  return chosen.map((example, i) => {
    const part = (numbers: Float32Array, length: number) => numbers.subarray(i * length, (i + 1) * length);
    const latent = latentOf(source, example, part(latentDraws, size));
    const plain = part(noises, size);
    const noise = noiseOffset === 0 ? plain
      : withNoiseOffset(plain, part(offsets, channels), latent, { offset: noiseOffset });
    const timestep = timesteps[i]!;
    return sampleOf(source, example, { latent, noise, timestep, weight: source.weights[timestep]! / batchSize });
  });
}

/** The lowest timestep that is learned from; a schedule of few has at least its last one. */
const lowestOf = ({ settings: { minTimestep }, weights }: Source): number => Math.min(minTimestep, weights.length - 1);

function latentOf({ pipeline }: Source, { mean, logVariance }: TrainingExample, draws: Float32Array | undefined) {
  const [means, logs] = [mean.data as Float32Array, logVariance.data as Float32Array];
  return means.map((value, k) => (
    pipeline.latentScale * (value + (draws ? Math.exp(0.5 * logs[k]!) * draws[k]! : 0))));
}

interface NoisyLatent {
  readonly latent: Float32Array;
  readonly noise: Float32Array;
  readonly timestep: number;
  readonly weight: number;
}

function sampleOf(
  { schedule, pipeline }: Source, { mean, caption, mask, timeIds }: TrainingExample,
  { latent, noise, timestep, weight }: NoisyLatent,
): Sample {
  return {
    shape: mean.shape, noisy: addNoise(schedule, latent, noise, timestep),
    target: pipeline.predictionType === 'epsilon' ? noise : velocity(schedule, latent, noise, timestep),
    timestep, weight, mask, caption: caption satisfies EncodedCaption, timeIds,
  };
}

/** Samples of the validation loss: enough to tell two snapshots apart, few enough to be cheap. */
const validationCount = 16;

/**
 * The held-out images at timesteps spread over the schedule, on noise of their own that never changes; latents are the
 * VAE's means. Full batches, so that they need no other session than each other.
 */
function validationSamples(source: Source): { samples: Sample[]; count: number }[] {
  const { set: { heldOut }, settings: { batchSize, seed }, weights } = source;
  if (heldOut.length === 0) return [];
  const draws = new Draws(seed, 'held-out');
  const lowest = lowestOf(source);
  const all = Array.from({ length: validationCount }, (_, i) => {
    const example = heldOut[i % heldOut.length]!;
    const timestep = lowest + Math.floor(((i + 0.5) / validationCount) * (weights.length - lowest));
    const latent = latentOf(source, example, undefined);
    return sampleOf(source, example, { latent, noise: draws.normal('noise', i, latent.length), timestep, weight: 1 });
  });
  const sizes = [...new Set(all.map(({ shape }) => shape.join()))];
  return sizes.map((size) => all.filter(({ shape }) => shape.join() === size)).flatMap((samples) => (
    Array.from({ length: Math.ceil(samples.length / batchSize) }, (_, i) => {
      const own = samples.slice(i * batchSize, (i + 1) * batchSize);
      const filled = Array.from({ length: batchSize }, (_unused, k) => own[k] ?? own[0]!);
      return { samples: filled, count: own.length };
    })));
}
