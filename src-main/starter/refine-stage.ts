// Stage 3 of the starter pack: the autoencoder goes on while the denoiser learns. Its latents of portraits are held to
// what they were, because the denoiser is taught on those; with everything else (portraits made small, cut into each
// other and recoloured, textures) it learns to carry detail, so that real photographs come through.

import type { Value } from '../compiler/1-build/graph.ts';
import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import { vaeDecoder, vaeEncoder } from '../models/vae.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { prefixedScope, tensorsOf } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { meanSquare, reconstructionLoss } from './losses.ts';
import { labelNames, labelValues } from './labels.ts';
import type { StarterRecipe } from './recipe.ts';
import type { RenderedDataset } from './rendered-dataset.ts';
import { type Random, seededRandom } from './seeded-random.ts';
import { starterNetworks } from './starter-networks.ts';
import { copyCrop, type Feeds } from './training-batches.ts';
import { vaeLayout } from './vae-stage.ts';

/** Crops of a group; a batch is of whole groups, so that it can be shared out among threads. */
const groupSize = 4;

/**
 * One step: image [B, 3, crop, crop], of which the first `anchored` of each four are plain portraits. `vae` is the
 * autoencoder whose latents of those are kept.
 */
export function refineStepGraph(recipe: StarterRecipe, vae: Float32Array): FlatStep {
  const config = starterNetworks(recipe).vae;
  const { batchSize, cropPx, edgeWeight, anchored, anchorWeight, latentWeight } = recipe.refine;
  const before = tensorsOf(vaeLayout(config), vae, 'vae');
  return flatStep({
    name: 'starter_refine', parameters: vaeLayout(config).entries, plan: recipe.refine,
    build: (g, parameter) => {
      const scope = prefixedScope(g, 'vae', parameter);
      const image = g.input('image', 'float32', [batchSize, 3, cropPx, cropPx]);
      const channels = config.latentChannels;
      const [means] = g.split(vaeEncoder(scope, config, image), 1, [channels, channels]);
      const frozen = { g, parameter: (name: string) => g.weight(`before.${name}`, before.get(name)!) };
      const [kept] = g.split(vaeEncoder(frozen, config, firstOfGroups(g, image, anchored)), 1, [channels, channels]);
      const moved = g.sub(firstOfGroups(g, means!, anchored), kept!);
      const error = g.sub(vaeDecoder(scope, config, means!), image);
      const held = g.add(g.mul(g.scalar(anchorWeight), meanSquare(g, moved)),
        g.mul(g.scalar(latentWeight), meanSquare(g, means!)));
      return { loss: g.add(reconstructionLoss(g, error, edgeWeight), held) };
    },
  });
}

/** The first `count` of each group: [B, C, H, W] to [B / 4 * count, C, H, W]. */
function firstOfGroups(g: GraphBuilder, x: Value, count: number): Value {
  const [batch, ...each] = x.shape as [number, number, number, number];
  const groups = batch / groupSize;
  const first = g.slice(g.reshape(x, [groups, groupSize, ...each]), 1, 0, count);
  return g.reshape(first, [groups * count, ...each]);
}

/** Which portraits keep their latents and which need not: places of all that are not held out. */
export interface RefinedPlaces {
  readonly held: readonly number[];
  readonly free: readonly number[];
}

/** Refuses (Error) where no portrait is left whose latents are held. */
export function refinedPlaces({ refine, heldOut }: StarterRecipe, { labels }: RenderedDataset): RefinedPlaces {
  const kind = labelNames.indexOf('style');
  const styles = new Set(refine.freeStyles.map((name) => labelValues.style.indexOf(name)));
  const known = Array.from({ length: labels.length - heldOut }, (_, i) => i);
  const isFree = (i: number) => styles.has(labels[i]![kind]!);
  const held = known.filter((i) => !isFree(i));
  if (held.length === 0) throw new Error('Refining needs portraits in some style whose latents are held.');
  return { held, free: known.filter(isFree) };
}

/** Share of the other crops that are of free styles, where there are any. */
const freeShare = 0.8;
/** Pixels of a latent's place. */
const latentPx = 8;

/** image [B, 3, crop, crop] of one step, in each group first plain portraits, of `places.held`. */
export function refineBatch(
  recipe: StarterRecipe, portraits: RenderedDataset, textures: RenderedDataset, places: RefinedPlaces, step: number,
): Feeds {
  const { cropPx, batchSize, anchored } = recipe.refine;
  const random = seededRandom(recipe.seed + step, 33);
  const planes = 3 * cropPx * cropPx;
  const image = new Float32Array(batchSize * planes);
  const known = portraits.count - recipe.heldOut;
  for (let item = 0; item < batchSize; item++) {
    const target = image.subarray(item * planes, (item + 1) * planes);
    if (item % groupSize < anchored) {
      copyCrop(portraits, random.pick(places.held), target, cropPx, random, { isPlain: true, faceShare: 0.6 });
      continue;
    }
    if (places.free.length > 0 && random.chance(freeShare)) {
      const crop = { isPlain: true, faceShare: 0.6, gridPx: latentPx };
      copyCrop(portraits, random.pick(places.free), target, cropPx, random, crop);
      continue;
    }
    const isTexture = random.chance(0.25);
    copyDense(isTexture ? textures : portraits, isTexture ? textures.count : known, target, cropPx, random);
    if (random.chance(0.3)) {
      const other = new Float32Array(planes);
      copyDense(portraits, known, other, cropPx, random);
      cutInto(target, other, cropPx, random);
    }
  }
  return { image: float32Tensor([batchSize, 3, cropPx, cropPx], image) };
}

/** A crop made smaller by up to half (2×2 samples a pixel, each bilinear), turned, and with other colours. */
function copyDense(set: RenderedDataset, count: number, target: Float32Array, cropPx: number, random: Random): void {
  const size = set.resolutionPx;
  const base = random.integer(count) * size * size * 3;
  const scale = random.between(1, size / cropPx);
  const [left, top] = [random.between(0, size - cropPx * scale), random.between(0, size - cropPx * scale)];
  const [isMirrored, isTurned] = [random.chance(0.5), random.chance(0.3)];
  const contrast = random.between(0.7, 1.4);
  const isGrey = random.chance(0.15);
  const gains = [0, 1, 2].map(() => contrast * random.between(0.75, 1.25));
  const lifts = [0, 1, 2].map(() => random.between(-25, 25));
  for (let y = 0; y < cropPx; y++) for (let x = 0; x < cropPx; x++) {
    const [across, down] = isTurned ? [y, x] : [x, y];
    const column = left + (isMirrored ? cropPx - 1 - across : across) * scale;
    const rgb = sampled(set, base, column, top + down * scale, scale);
    const grey = (rgb[0]! + rgb[1]! + rgb[2]!) / 3;
    for (let channel = 0; channel < 3; channel++) {
      const value = ((isGrey ? grey : rgb[channel]!) - 128) * gains[channel]! + 128 + lifts[channel]!;
      target[(channel * cropPx + y) * cropPx + x] = Math.max(0, Math.min(255, value)) / 127.5 - 1;
    }
  }
}

/** Mean of four bilinear samples spread over a pixel of `scale` source pixels. */
function sampled(set: RenderedDataset, base: number, left: number, top: number, scale: number): number[] {
  const size = set.resolutionPx;
  const sum = [0, 0, 0];
  for (const offsetY of [0, scale / 2]) for (const offsetX of [0, scale / 2]) {
    const x = Math.min(size - 1.001, left + offsetX);
    const y = Math.min(size - 1.001, top + offsetY);
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [x - column, y - row];
    for (let channel = 0; channel < 3; channel++) {
      const at = (c: number, r: number): number => set.pixels[base + (r * size + c) * 3 + channel]!;
      const upper = at(column, row) * (1 - fx) + at(column + 1, row) * fx;
      const lower = at(column, row + 1) * (1 - fx) + at(column + 1, row + 1) * fx;
      sum[channel]! += 0.25 * (upper * (1 - fy) + lower * fy);
    }
  }
  return sum;
}

/** Puts `other` on one side of a random line: an edge such as no portrait has. */
function cutInto(target: Float32Array, other: Float32Array, cropPx: number, random: Random): void {
  const angle = random.between(0, 2 * Math.PI);
  const [across, down] = [Math.cos(angle), Math.sin(angle)];
  const offset = random.between(-cropPx / 4, cropPx / 4);
  for (let y = 0; y < cropPx; y++) for (let x = 0; x < cropPx; x++) {
    if ((x - cropPx / 2) * across + (y - cropPx / 2) * down < offset) continue;
    for (let channel = 0; channel < 3; channel++) {
      const at = (channel * cropPx + y) * cropPx + x;
      target[at] = other[at]!;
    }
  }
}
