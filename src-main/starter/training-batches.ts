// Batches for the starter pack's training. A batch is a function of (seed, step) alone, so that a resumed run
// sees exactly what an uninterrupted one would have seen.

import type { NoiseSchedule } from '../diffusion/noise-schedule.ts';
import type { FacePoints } from '../faces/face.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { StarterRecipe } from './recipe.ts';
import type { RenderedDataset } from './rendered-dataset.ts';
import { type Random, seededRandom } from './seeded-random.ts';

export type Feeds = Record<string, Tensor>;

const normals = (random: Random, count: number) => Float32Array.from({ length: count }, () => random.normal());

export interface CropOptions {
  /** Share of crops that show the face. */
  readonly faceShare?: number;
  /** As rendered: neither mirrored nor recoloured. */
  readonly isPlain?: boolean;
  /** The crop begins at a multiple of so many pixels, as where a style has a grid. */
  readonly gridPx?: number;
}

/** Of a face's five points; the middle of a picture without. */
function meanPoint({ points, resolutionPx }: RenderedDataset, index: number, axis: 'x' | 'y'): number {
  const own = points[index];
  return own ? own.reduce((sum, point) => sum + point[axis], 0) / own.length : resolutionPx / 2;
}

/** Copies a crop of one picture to planes in -1..1, mirrored and recoloured unless it is to stay plain. */
export function copyCrop(
  set: RenderedDataset, index: number, target: Float32Array, cropPx: number, random: Random,
  { faceShare = 0, isPlain = false, gridPx = 1 }: CropOptions = {},
): void {
  const size = set.resolutionPx;
  const isFace = faceShare > 0 && random.chance(faceShare);
  // the middle of the face, give or take an eighth of the picture
  const near = (axis: 'x' | 'y') => Math.round(
    meanPoint(set, index, axis) - cropPx / 2 + random.between(-size / 8, size / 8));
  const within = (start: number) => Math.max(0, Math.min(size - cropPx, start));
  const onGrid = (start: number) => start - start % gridPx;
  const left = onGrid(isFace ? within(near('x')) : random.integer(size - cropPx + 1));
  const top = onGrid(isFace ? within(near('y')) : random.integer(size - cropPx + 1));
  const isMirrored = !isPlain && random.chance(0.5);
  // other white balances and exposures than the renderer's, so that real photos are within what was seen
  const isRecoloured = !isPlain && random.chance(0.4);
  const base = index * size * size * 3;
  for (let channel = 0; channel < 3; channel++) {
    const gain = isRecoloured ? random.between(0.6, 1.25) : 1;
    const lift = isRecoloured ? random.between(-20, 30) : 0;
    for (let y = 0; y < cropPx; y++) {
      for (let x = 0; x < cropPx; x++) {
        const from = isMirrored ? cropPx - 1 - x : x;
        const value = set.pixels[base + ((top + y) * size + left + from) * 3 + channel]! * gain + lift;
        target[(channel * cropPx + y) * cropPx + x] = Math.max(0, Math.min(255, value)) / 127.5 - 1;
      }
    }
  }
}

/** image [B, 3, crop, crop], noise [B, C, crop/8, crop/8] and colourHelp [] of one step. */
export function vaeBatch(
  recipe: StarterRecipe, portraits: RenderedDataset, textures: RenderedDataset, step: number,
): Feeds {
  const { cropPx, batchSize, textureShare, faceShare, latentChannels, colourHelpSteps } = recipe.vae;
  const random = seededRandom(recipe.seed + step, 31);
  const planes = 3 * cropPx * cropPx;
  const image = new Float32Array(batchSize * planes);
  for (let item = 0; item < batchSize; item++) {
    const set = random.chance(textureShare) ? textures : portraits;
    // the last pictures are held out
    const index = random.integer(set === portraits ? set.count - recipe.heldOut : set.count);
    copyCrop(set, index, image.subarray(item * planes, (item + 1) * planes), cropPx, random,
      set === portraits ? { faceShare } : {});
  }
  const latentPx = cropPx / 8;
  const noiseShape = [batchSize, latentChannels, latentPx, latentPx];
  return {
    image: float32Tensor([batchSize, 3, cropPx, cropPx], image),
    noise: float32Tensor(noiseShape, normals(random, batchSize * latentChannels * latentPx * latentPx)),
    colourHelp: float32Tensor([1], [Math.max(0, 1 - step / colourHelpSteps)]),
  };
}

export interface LatentSet {
  /** count x (channels x size x size), already multiplied by the latent scale. */
  readonly values: Float32Array;
  readonly channels: number;
  readonly sizePx: number;
  readonly count: number;
  /** count x captionsEach x 77, indices into the trained token rows. */
  readonly tokenRows: Int32Array;
  readonly captionsEach: number;
  /** 77 indices of the empty prompt. */
  readonly emptyRows: Int32Array;
  /** What each picture shows, as labelIndices() says it. */
  readonly labels: readonly (readonly number[])[];
  /** Of each face, in pixels of the picture. */
  readonly points: readonly FacePoints[];
  /** Places of the plain pictures, with which the denoiser begins; empty for all. */
  readonly plain: Int32Array;
}

/** The caption of a picture, one of its own: 77 rows. */
export function captionRows(set: LatentSet, index: number, random: Random): Int32Array {
  const tokens = set.emptyRows.length;
  const place = index * set.captionsEach + random.integer(set.captionsEach);
  return set.tokenRows.subarray(place * tokens, (place + 1) * tokens);
}

/** Where necklines lie below the eyes, as a share of the distance from eyes to mouth; the renderer's median. */
const collarDrop = 2.45;
/** Where hats lie above the eyes, in the same measure; the renderer's median. */
const hatRise = 1.17;

type PlaceWeights = Pick<StarterRecipe['unet'], 'headWeight' | 'collarWeight' | 'featureWeight' | 'hatWeight'>;

/**
 * How much each place of a latent counts, mean 1: up to headWeight more around the face, up to collarWeight more around
 * the neckline, up to hatWeight more around the top of the head and up to featureWeight more at each eye and at the
 * mouth than at the edge, falling as bells whose deviations are 1.4, 0.9, 0.8 and 0.4 times the distance of the eyes,
 * and one place at least.
 */
export function placeWeights(
  points: FacePoints, sizePx: number, weights: PlaceWeights, target: Float32Array,
): void {
  const [left, right, , leftCorner, rightCorner] = points;
  const meanOf = (axis: 'x' | 'y', ...of: readonly FacePoints[number][]) => (
    of.reduce((sum, point) => sum + point[axis], 0) / of.length / 8);
  const eyes = Math.hypot(right.x - left.x, right.y - left.y) / 8;
  const below = (axis: 'x' | 'y', drop: number) => {
    const above = meanOf(axis, left, right);
    return above + drop * (meanOf(axis, leftCorner, rightCorner) - above);
  };
  const bells = [
    { x: meanOf('x', ...points), y: meanOf('y', ...points), deviation: 1.4 * eyes, weight: weights.headWeight },
    { x: below('x', collarDrop), y: below('y', collarDrop), deviation: 0.9 * eyes, weight: weights.collarWeight },
    { x: below('x', -hatRise), y: below('y', -hatRise), deviation: 0.8 * eyes, weight: weights.hatWeight },
    ...[[left], [right], [leftCorner, rightCorner]].map((of) => (
      { x: meanOf('x', ...of), y: meanOf('y', ...of), deviation: 0.4 * eyes, weight: weights.featureWeight })),
  ];
  target.fill(1);
  for (const { x, y, deviation, weight } of bells) addBell(target, sizePx, x, y, Math.max(1, deviation), weight);
  const sum = target.reduce((total, value) => total + value, 0);
  for (let i = 0; i < target.length; i++) target[i]! *= target.length / sum;
}

function addBell(
  target: Float32Array, sizePx: number, middleX: number, middleY: number, deviation: number, weight: number,
): void {
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) {
      const far = ((x + 0.5 - middleX) ** 2 + (y + 0.5 - middleY) ** 2) / (2 * deviation ** 2);
      target[y * sizePx + x]! += weight * Math.exp(-far);
    }
  }
}

/**
 * The timestep of an item: one from each equal share of the schedule keeps the loss even (Kingma et al. 2021).
 * Below a power of 1 more are of much noise, where it is decided what is drawn, who and where.
 */
export function timestepOf(item: number, batchSize: number, noisyPower: number, steps: number, random: Random): number {
  return Math.floor(((item + random.uniform()) / batchSize) ** noisyPower * steps);
}

/** noisyLatent, velocity, timestep, weight and inputIds of one step. */
export function unetBatch(recipe: StarterRecipe, set: LatentSet, noiseSchedule: NoiseSchedule, step: number): Feeds {
  const { batchSize, captionDropout, plainSteps, plainShare, noisyPower } = recipe.unet;
  const random = seededRandom(recipe.seed + step, 32);
  const [places, tokens] = [set.sizePx ** 2, set.emptyRows.length];
  const each = set.channels * places;
  const [noisy, velocity] = [new Float32Array(batchSize * each), new Float32Array(batchSize * each)];
  const [timesteps, weights] = [new Float32Array(batchSize), new Float32Array(batchSize * places)];
  const ids = new BigInt64Array(batchSize * tokens);
  const { plain } = set;
  for (let item = 0; item < batchSize; item++) {
    const isPlain = plain.length > 0 && (step < plainSteps || random.chance(plainShare));
    const index = isPlain ? plain[random.integer(plain.length)]! : random.integer(set.count - recipe.heldOut);
    const timestep = timestepOf(item, batchSize, noisyPower, noiseSchedule.alphasCumprod.length, random);
    timesteps[item] = timestep;
    const alpha = Math.sqrt(noiseSchedule.alphasCumprod[timestep]!);
    const sigma = Math.sqrt(1 - noiseSchedule.alphasCumprod[timestep]!);
    const noise = normals(random, each);
    for (let i = 0; i < each; i++) {
      const latent = set.values[index * each + i]!;
      noisy[item * each + i] = alpha * latent + sigma * noise[i]!;
      velocity[item * each + i] = alpha * noise[i]! - sigma * latent;
    }
    placeWeights(
      set.points[index]!, set.sizePx, recipe.unet, weights.subarray(item * places, (item + 1) * places));
    const rows = random.chance(captionDropout) ? set.emptyRows : captionRows(set, index, random);
    for (let i = 0; i < tokens; i++) ids[item * tokens + i] = BigInt(rows[i]!);
  }
  const shape = [batchSize, set.channels, set.sizePx, set.sizePx];
  return {
    noisyLatent: float32Tensor(shape, noisy), velocity: float32Tensor(shape, velocity),
    timestep: float32Tensor([batchSize], timesteps),
    weight: float32Tensor([batchSize, 1, set.sizePx, set.sizePx], weights),
    inputIds: { dtype: 'int64', shape: [batchSize, tokens], data: ids },
  };
}
