// Stage 2 of the starter pack: every portrait through the trained encoder, once, into one file of latents.
// Latents are scaled to standard deviation 1; the scale becomes the pack's scaling_factor.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { readSafetensorsHeader, readTensor } from '../checkpoint/safetensors.ts';
import type { Provider } from '../runtime/session.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { planesOf } from './contact-sheet.ts';
import type { StarterRecipe } from './recipe.ts';
import { datasetStem, type RenderAnswer, type RenderedDataset } from './rendered-dataset.ts';
import { openVae } from './vae-stage.ts';

export interface ScaledLatents {
  /** count x channels x size x size, divided by their standard deviation. */
  readonly values: Float32Array;
  readonly latentScale: number;
  readonly channels: number;
  readonly sizePx: number;
}

const batchSize = 8;

function inverseDeviation(values: Float32Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) { sum += value; squares += value * value; }
  const mean = sum / values.length;
  return 1 / Math.sqrt(squares / values.length - mean * mean);
}

/** Encodes as many portraits as the denoiser is trained on and writes the latents to `file`. */
export async function encodeLatents(
  file: string, recipe: StarterRecipe, vaeParameters: Float32Array, portraits: RenderedDataset,
  options: { provider: Provider; threads?: number; onProgress(done: number): void },
): Promise<void> {
  const size = recipe.resolutionPx;
  const sizePx = size / 8;
  const channels = recipe.vae.latentChannels;
  const each = channels * sizePx * sizePx;
  const bytes = size * size * 3;
  const { portraits: count } = recipe.unet;
  const values = new Float32Array(count * each);
  const planes = new Float32Array(batchSize * bytes);
  const vae = await openVae(recipe, vaeParameters, { ...options, batchSize });
  try {
    for (let start = 0; start < count; start += batchSize) {
      for (let i = 0; i < batchSize; i++) {
        const picture = portraits.pixels.subarray((start + i) * bytes, (start + i + 1) * bytes);
        planesOf(picture, planes.subarray(i * bytes, (i + 1) * bytes));
      }
      const latents = await vae.encode(float32Tensor([batchSize, 3, size, size], planes));
      values.set(latents.data as Float32Array, start * each);
      if (start % 1024 === 0) options.onProgress(start);
    }
  } finally {
    await vae.release();
  }
  const latentScale = inverseDeviation(values);
  for (let i = 0; i < values.length; i++) values[i]! *= latentScale;
  const tensor = float32Tensor([count, channels, sizePx, sizePx], values);
  await writeSafetensors(file, new Map([['latents', tensor]]), new Map([['latentScale', String(latentScale)]]));
}

export async function readLatents(file: string): Promise<ScaledLatents> {
  const { tensors, metadata } = await readSafetensorsHeader(file);
  const { data, shape } = await readTensor(tensors.get('latents')!);
  return {
    values: data as Float32Array, latentScale: Number(metadata.get('latentScale')), channels: shape[1]!,
      sizePx: shape[2]!,
  };
}

/** The captions of the encoded pictures, as the renderer wrote them. */
export async function readCaptions(cache: string, recipe: StarterRecipe): Promise<string[]> {
  const { portraits: count, resolutionPx } = recipe;
  const file = `${datasetStem({ folder: cache, kind: 'portraits', from: 0, count, resolutionPx })}.json`;
  if (!existsSync(file)) throw new Error(`${file} is missing; run the vae stage first.`);
  const { captions } = JSON.parse(await readFile(file, 'utf8')) as RenderAnswer;
  return captions.slice(0, recipe.unet.portraits);
}
