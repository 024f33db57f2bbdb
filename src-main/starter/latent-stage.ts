// Stage 2 of the starter pack: every portrait through the trained encoder, once, into one file of latents.
// Latents are scaled to standard deviation 1; the scale becomes the pack's scaling_factor.

import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { readSafetensorsHeader, readTensor } from '../checkpoint/safetensors.ts';
import type { Provider } from '../runtime/session.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { planesOf } from './contact-sheet.ts';
import { captionOf } from './captions.ts';
import { backgroundColours, namesOf } from './colours.ts';
import { type LabelName, labelNames, labelValues } from './labels.ts';
import { portraitAttributes } from './portrait-renderer.ts';
import type { StarterRecipe } from './recipe.ts';
import { datasetStem, type RenderAnswer, type RenderedDataset } from './rendered-dataset.ts';
import { seededRandom } from './seeded-random.ts';
import type { TrainingState } from './snapshot.ts';
import { openVae } from './vae-stage.ts';
import { trainingAttributes } from './varied-portraits.ts';

export interface ScaledLatents {
  /** count x channels x size x size, divided by their standard deviation. */
  readonly values: Float32Array;
  readonly latentScale: number;
  readonly channels: number;
  readonly sizePx: number;
  /** Steps of refining after which pictures of free styles were encoded again; 0: they were not. */
  readonly refinedSteps: number;
}

const batchSize = 8;

function inverseDeviation(values: Float32Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) { sum += value; squares += value * value; }
  const mean = sum / values.length;
  return 1 / Math.sqrt(squares / values.length - mean * mean);
}

interface EncodeOptions {
  readonly provider: Provider;
  readonly threads?: number;
  onProgress(done: number): void;
}

/** Puts the latents of the portraits at `places` into `values`, each at its place, times `scale`. */
async function encodeInto(
  values: Float32Array, recipe: StarterRecipe, vaeParameters: Float32Array, portraits: RenderedDataset,
  places: ArrayLike<number>, scale: number, options: EncodeOptions,
): Promise<void> {
  const size = recipe.resolutionPx;
  const each = recipe.vae.latentChannels * (size / 8) ** 2;
  const bytes = size * size * 3;
  const planes = new Float32Array(batchSize * bytes);
  const vae = await openVae(recipe, vaeParameters, { ...options, batchSize });
  try {
    for (let start = 0; start < places.length; start += batchSize) {
      const count = Math.min(batchSize, places.length - start);
      for (let i = 0; i < count; i++) {
        const index = places[start + i]!;
        const picture = portraits.pixels.subarray(index * bytes, (index + 1) * bytes);
        planesOf(picture, planes.subarray(i * bytes, (i + 1) * bytes));
      }
      const latents = (await vae.encode(float32Tensor([batchSize, 3, size, size], planes))).data as Float32Array;
      for (let i = 0; i < count; i++) {
        const own = latents.subarray(i * each, (i + 1) * each).map((value) => value * scale);
        values.set(own, places[start + i]! * each);
      }
      if (start % 1024 === 0) options.onProgress(start);
    }
  } finally {
    await vae.release();
  }
}

async function writeLatents(
  file: string, values: Float32Array, recipe: StarterRecipe, latentScale: number, refinedSteps: number,
): Promise<void> {
  const { latentChannels } = recipe.vae;
  const sizePx = recipe.resolutionPx / 8;
  const shape = [values.length / (latentChannels * sizePx * sizePx), latentChannels, sizePx, sizePx];
  const tensors = new Map([['latents', float32Tensor(shape, values)]]);
  const metadata = { latentScale: String(latentScale), refinedSteps: String(refinedSteps) };
  await writeSafetensors(`${file}.partial`, tensors, new Map(Object.entries(metadata)));
  await rename(`${file}.partial`, file);
}

/** Encodes as many portraits as the denoiser is trained on and writes the latents to `file`. */
export async function encodeLatents(
  file: string, recipe: StarterRecipe, vaeParameters: Float32Array, portraits: RenderedDataset, options: EncodeOptions,
): Promise<void> {
  const { portraits: count } = recipe.unet;
  const values = new Float32Array(count * recipe.vae.latentChannels * (recipe.resolutionPx / 8) ** 2);
  await encodeInto(values, recipe, vaeParameters, portraits, Array.from({ length: count }, (_, i) => i), 1, options);
  const latentScale = inverseDeviation(values);
  for (let i = 0; i < values.length; i++) values[i]! *= latentScale;
  await writeLatents(file, values, recipe, latentScale, 0);
}

/**
 * Encodes the portraits at `places` again, as the refined autoencoder has changed for them, unless that
 * was done after as many steps; the scale stays.
 */
export async function encodeAgain(
  file: string, recipe: StarterRecipe, { average, step }: Pick<TrainingState, 'average' | 'step'>,
  portraits: RenderedDataset, places: readonly number[], options: EncodeOptions,
): Promise<void> {
  const { values, latentScale, refinedSteps } = await readLatents(file);
  if (refinedSteps === step) return;
  const own = places.filter((place) => place < recipe.unet.portraits);
  await encodeInto(values, recipe, average, portraits, own, latentScale, options);
  await writeLatents(file, values, recipe, latentScale, step);
}

export async function readLatents(file: string): Promise<ScaledLatents> {
  const { tensors, metadata } = await readSafetensorsHeader(file);
  const { data, shape } = await readTensor(tensors.get('latents')!);
  return {
    values: data as Float32Array, latentScale: Number(metadata.get('latentScale')), channels: shape[1]!,
    sizePx: shape[2]!, refinedSteps: Number(metadata.get('refinedSteps') ?? 0),
  };
}

/** What the encoded pictures show. `captions`: captionsEach of each, the renderer's own first. */
export interface EncodedPictures extends Pick<RenderAnswer, 'labels' | 'points'> {
  readonly captions: readonly string[];
}

/** The captions, labels and points of the encoded pictures. */
export async function readEncodedPictures(cache: string, recipe: StarterRecipe): Promise<EncodedPictures> {
  const { portraits: count, resolutionPx, unet: { portraits, captionsEach } } = recipe;
  const file = `${datasetStem({ folder: cache, kind: 'portraits', from: 0, count, resolutionPx })}.json`;
  if (!existsSync(file)) throw new Error(`${file} is missing; run the vae stage first.`);
  const { captions, labels, points } = JSON.parse(await readFile(file, 'utf8')) as RenderAnswer;
  const others = (seed: number) => {
    const attributes = portraitAttributes(seed, trainingAttributes(seed));
    return Array.from({ length: captionsEach - 1 }, (_, i) => captionOf(attributes, seededRandom(seed, 50 + i)));
  };
  return {
    captions: captions.slice(0, portraits).flatMap((caption, seed) => [caption, ...others(seed)]),
    labels: labels.slice(0, portraits), points: points.slice(0, portraits),
  };
}

/**
 * Places of the pictures that are close, before one colour or two, and photo, illustration or cartoon; of those with a
 * beard or a hat `rareTimes` times, as each kind of either is rare by itself.
 */
export function plainPictures(labels: EncodedPictures['labels'], rareTimes = 1): Int32Array {
  const has = (own: readonly number[], name: LabelName, values: readonly string[]) => (
    values.includes(labelValues[name][own[labelNames.indexOf(name)]!] ?? ''));
  const colours = namesOf(backgroundColours);
  const isRare = (own: readonly number[]) => !has(own, 'facialHair', ['none']) || !has(own, 'hat', ['none']);
  return Int32Array.from(labels.flatMap((own, i) => {
    const isPlain = has(own, 'style', ['photo', 'illustration', 'cartoon']) && has(own, 'framing', ['close'])
      && has(own, 'background', colours);
    return isPlain ? Array.from({ length: isRare(own) ? rareTimes : 1 }, () => i) : [];
  }));
}
