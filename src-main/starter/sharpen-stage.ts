// A stage after the others: the autoencoder's decoder alone goes on, on faces. The encoder stays, so the denoiser and
// all that was taught on its latents stay right. Errors count more at eyes and mouth, where a smudge shows first.

import type { VaeConfig } from '../checkpoint/configs.ts';
import type { FacePoints } from '../faces/face.ts';
import { type ParameterShapes, vaeParameters } from '../models/parameter-shapes.ts';
import { vaeDecoder } from '../models/vae.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import type { BasePack } from './base-pack.ts';
import { flatLayout, prefixedScope } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { reconstructionLoss } from './losses.ts';
import type { StarterRecipe } from './recipe.ts';
import { type Random, seededRandom } from './seeded-random.ts';
import { optimizerOf } from './stage-trainer.ts';
import type { Feeds } from './training-batches.ts';

/** Pixels a latent pixel stands for along an edge. */
const factor = 8;
/** Decoded around each crop and not counted, so that its edge is as it is inside a picture. */
const marginPx = factor;

const isDecoder = (name: string) => name.startsWith('decoder.') || name.startsWith('post_quant_conv.');

export function decoderShapes(config: VaeConfig): ParameterShapes {
  return new Map([...vaeParameters(config)].filter(([name]) => isDecoder(name)));
}

export const decoderLayout = (config: VaeConfig): ParameterLayout => flatLayout({ vae: decoderShapes(config) });

/** The pack's decoder as one flat vector. */
export function decoderParameters({ vae, vaeConfig }: BasePack): Float32Array {
  const layout = decoderLayout(vaeConfig);
  const values = new Float32Array(layout.size);
  for (const { name, offset } of layout.entries) {
    values.set(vae.get(name.slice('vae.'.length))!.data as Float32Array, offset);
  }
  return values;
}

/** Inputs latent [B, C, n, n] (unscaled), image [B, 3, 8n, 8n] in -1..1 and weight [B, 1, 8n, 8n]. */
export function sharpenStepGraph({ sharpen }: StarterRecipe, config: VaeConfig): FlatStep {
  const { batchSize, cropPx, edgeWeight } = sharpen;
  const edge = cropPx + 2 * marginPx;
  return flatStep({
    name: 'starter_sharpen', parameters: decoderLayout(config).entries, optimizer: optimizerOf(sharpen),
    build: (g, parameter) => {
      const latent = g.input('latent', 'float32', [batchSize, config.latentChannels, edge / factor, edge / factor]);
      const image = g.input('image', 'float32', [batchSize, 3, edge, edge]);
      const weight = g.input('weight', 'float32', [batchSize, 1, edge, edge]);
      const drawn = vaeDecoder(prefixedScope(g, 'vae', parameter), config, latent);
      return { loss: reconstructionLoss(g, g.mul(g.sub(drawn, image), weight), edgeWeight) };
    },
  });
}

/** Pictures, their latents as the encoder gives them, and their faces' points. */
export interface SharpenSet {
  readonly count: number;
  readonly resolutionPx: number;
  /** count x resolution x resolution x 3. */
  readonly pixels: Uint8Array;
  /** count x (channels x n x n), unscaled. */
  readonly latents: Float32Array;
  readonly channels: number;
  readonly points: readonly FacePoints[];
}

/** Eyes and mouth count `featureWeight` times as much as the rest, the margin nothing. */
function fillWeight(
  target: Float32Array, edge: number, points: FacePoints, [left, top]: readonly [number, number], feature: number,
): void {
  const eyesApart = Math.hypot(points[1].x - points[0].x, points[1].y - points[0].y);
  const mouth = { x: (points[3].x + points[4].x) / 2, y: (points[3].y + points[4].y) / 2 };
  const spots = [[points[0], 0.34], [points[1], 0.34], [mouth, 0.45], [points[2], 0.3]] as const;
  for (let y = marginPx; y < edge - marginPx; y++) for (let x = marginPx; x < edge - marginPx; x++) {
    let weight = 1;
    for (const [spot, share] of spots) {
      const [across, down] = [left + x + 0.5 - spot.x, top + y + 0.5 - spot.y];
      const near = Math.exp(-(across * across + down * down) / (2 * (share * eyesApart) ** 2));
      weight = Math.max(weight, 1 + (feature - 1) * near);
    }
    target[y * edge + x] = weight;
  }
}

/** A crop's corner in latent pixels: around the face mostly, anywhere sometimes. */
function cornerOf(random: Random, set: SharpenSet, points: FacePoints, cells: number, faceShare: number) {
  const last = set.resolutionPx / factor - cells;
  if (!random.chance(faceShare)) return [random.integer(last + 1), random.integer(last + 1)] as const;
  const near = (centre: number): number => (
    Math.max(0, Math.min(last, Math.round(centre / factor - cells / 2 + random.between(-1.5, 1.5)))));
  return [near(points[2].x), near(points[2].y - 6)] as const;
}

/** One step's feeds; `stream` chooses what is in it. */
export function sharpenBatch({ seed, sharpen }: StarterRecipe, set: SharpenSet, stream: number): Feeds {
  const { batchSize, cropPx, faceShare, featureWeight } = sharpen;
  const { resolutionPx: size, channels } = set;
  const random = seededRandom(seed + stream, 34);
  const edge = cropPx + 2 * marginPx;
  const [cells, sizeCells] = [edge / factor, size / factor];
  const latent = new Float32Array(batchSize * channels * cells * cells);
  const image = new Float32Array(batchSize * 3 * edge * edge);
  const weight = new Float32Array(batchSize * edge * edge);
  for (let item = 0; item < batchSize; item++) {
    const index = random.integer(set.count);
    const points = set.points[index]!;
    const [column, row] = cornerOf(random, set, points, cells, faceShare);
    for (let c = 0; c < channels; c++) for (let y = 0; y < cells; y++) {
      const from = ((index * channels + c) * sizeCells + row + y) * sizeCells + column;
      latent.set(set.latents.subarray(from, from + cells), ((item * channels + c) * cells + y) * cells);
    }
    for (let y = 0; y < edge; y++) for (let x = 0; x < edge; x++) {
      const from = ((index * size + row * factor + y) * size + column * factor + x) * 3;
      for (let c = 0; c < 3; c++) {
        image[((item * 3 + c) * edge + y) * edge + x] = set.pixels[from + c]! / 127.5 - 1;
      }
    }
    fillWeight(weight.subarray(item * edge * edge, (item + 1) * edge * edge), edge, points,
      [column * factor, row * factor], featureWeight);
  }
  return {
    latent: float32Tensor([batchSize, channels, cells, cells], latent),
    image: float32Tensor([batchSize, 3, edge, edge], image),
    weight: float32Tensor([batchSize, 1, edge, edge], weight),
  };
}
