// Batches for the starter pack's InstantID: a picture to be drawn, the face out of another picture of the same person,
// where the points lie, and a caption that does not say who it is. A batch is a function of (seed, step) alone.

import type { NoiseSchedule } from '../diffusion/noise-schedule.ts';
import type { FacePoints } from '../faces/face.ts';
import { headSquare } from '../faces/head-crop.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import type { PeopleSet } from './people-dataset.ts';
import type { PeopleLatents } from './people-latents.ts';
import type { StarterRecipe } from './recipe.ts';
import { type Random, seededRandom } from './seeded-random.ts';
import { type Feeds, timestepOf } from './training-batches.ts';

export interface InstantSet {
  readonly people: PeopleSet;
  readonly latents: Omit<PeopleLatents, 'decoded'>;
  /** Face embeddings of all pictures, count x E, once as they are and once under other light, points and noise. */
  readonly embeddings: readonly Float32Array[];
  /** count x 77 token ids. */
  readonly inputIds: Int32Array;
  readonly emptyIds: Int32Array;
  /** Of noisePool(). */
  readonly noise: Float32Array;
}

const poolSize = 2 ** 21;

/**
 * Standard normal numbers, of which each latent's noise is a stretch from a random place on: to draw them anew would
 * take longer than the step itself does on a GPU.
 */
export function noisePool(seed: number): Float32Array {
  const random = seededRandom(seed, 40);
  const pool = new Float32Array(poolSize);
  for (let i = 0; i < poolSize; i += 2) {
    // Box and Muller 1958, both numbers of a pair
    const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    pool[i] = radius * Math.cos(angle);
    pool[i + 1] = radius * Math.sin(angle);
  }
  return pool;
}

/** Both the caption and the face, as classifier-free guidance leaves them out. */
const bothDropout = 0.05;
/** How often two pictures are averaged into one face. */
const meanShare = 0.4;

/** Of a share of the schedule: below 1, late timesteps come more often. */
const noisyPower = 0.6;

const bytesAsShares = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** The inputs of instantStepGraph() for one step. */
export function instantBatch(
  recipe: StarterRecipe, set: InstantSet, noiseSchedule: NoiseSchedule, step: number,
): Feeds {
  const { batchSize } = recipe.instant;
  const random = seededRandom(recipe.seed + step, 38);
  const batch = emptyBatch(recipe, set);
  const steps = noiseSchedule.alphasCumprod.length;
  for (let item = 0; item < batchSize; item++) {
    const person = random.integer(set.people.people - recipe.people.heldOut);
    const index = person * set.people.pictures + random.integer(set.people.pictures);
    const timestep = timestepOf(item, batchSize, noisyPower, steps, random);
    batch.timestep[item] = timestep;
    addNoise(batch, set, index, item, noiseSchedule.alphasCumprod[timestep]!, random);
    addConditions(batch, recipe, set, index, item, random);
  }
  return feedsOf(batch, recipe, set);
}

function emptyBatch(recipe: StarterRecipe, { latents, people, emptyIds }: InstantSet) {
  const { batchSize } = recipe.instant;
  const area = latents.sizePx ** 2;
  const floats = (each: number) => new Float32Array(batchSize * each);
  return {
    noisyLatent: floats(latents.channels * area), velocity: floats(latents.channels * area), timestep: floats(1),
    inputIds: new BigInt64Array(batchSize * emptyIds.length), faceEmbedding: floats(recipe.face.embeddingLength),
    keyPoints: floats(3 * people.resolutionPx ** 2), tokenShare: floats(1), controlShare: floats(1),
    lossWeight: floats(area),
  };
}
type Batch = ReturnType<typeof emptyBatch>;

function addNoise(
  batch: Batch, { latents, noise: pool }: InstantSet, index: number, item: number, cumprod: number, random: Random,
): void {
  const each = latents.channels * latents.sizePx ** 2;
  const [alpha, sigma] = [Math.sqrt(cumprod), Math.sqrt(1 - cumprod)];
  const start = random.integer(pool.length - each);
  const noise = pool.subarray(start, start + each);
  const values = latents.values.subarray(index * each, (index + 1) * each);
  const noisy = batch.noisyLatent.subarray(item * each, (item + 1) * each);
  const velocity = batch.velocity.subarray(item * each, (item + 1) * each);
  for (let i = 0; i < each; i++) {
    noisy[i] = alpha * values[i]! + sigma * noise[i]!;
    velocity[i] = alpha * noise[i]! - sigma * values[i]!;
  }
}

function addConditions(
  batch: Batch, recipe: StarterRecipe, set: InstantSet, index: number, item: number, random: Random,
): void {
  const { captionDropout, faceDropout, identityNetDropout, imageTokensDropout } = recipe.instant;
  const hasNeither = random.chance(bothDropout);
  const tokens = set.emptyIds.length;
  const ids = hasNeither || random.chance(captionDropout) ? set.emptyIds
    : set.inputIds.subarray(index * tokens, (index + 1) * tokens);
  for (let i = 0; i < tokens; i++) batch.inputIds[item * tokens + i] = BigInt(ids[i]!);
  const length = recipe.face.embeddingLength;
  const face = batch.faceEmbedding.subarray(item * length, (item + 1) * length);
  if (!(hasNeither || random.chance(faceDropout))) addFace(face, set, index, random);
  batch.tokenShare[item] = random.chance(imageTokensDropout) ? 0 : 1;
  batch.controlShare[item] = random.chance(identityNetDropout) ? 0 : 1;
  const planes = 3 * set.people.resolutionPx ** 2;
  const shown = set.people.keyPoints.subarray(index * planes, (index + 1) * planes);
  const drawn = batch.keyPoints.subarray(item * planes, (item + 1) * planes);
  // nearly all of it is black
  for (let i = 0; i < planes; i++) if (shown[i]! > 0) drawn[i] = bytesAsShares[shown[i]!]!;
  const area = set.latents.sizePx ** 2;
  headWeights(set.people.points[index]!, set.people.resolutionPx, set.latents.sizePx, recipe.instant.headWeight,
    batch.lossWeight.subarray(item * area, (item + 1) * area));
}

/** The embedding of another photo of the person, or the mean of two. */
function addFace(target: Float32Array, { people, embeddings }: InstantSet, index: number, random: Random): void {
  const own = index % people.pictures;
  const first = index - own;
  // the last picture may be of another style: faces come from photos
  const others = Array.from({ length: people.pictures - 1 }, (_, i) => i).filter((i) => i !== own);
  const start = random.integer(others.length);
  const count = others.length > 1 && random.chance(meanShare) ? 2 : 1;
  for (let k = 0; k < count; k++) {
    const picture = first + others[(start + k) % others.length]!;
    const variant = embeddings[random.integer(embeddings.length)]!;
    for (let i = 0; i < target.length; i++) target[i]! += variant[picture * target.length + i]! / count;
  }
}

/** `headWeight` where the head is and 1 elsewhere, then all of mean 1, for each place [size, size] of the latents. */
export function headWeights(
  points: FacePoints, resolutionPx: number, sizePx: number, headWeight: number, weights: Float32Array,
): void {
  const cell = resolutionPx / sizePx;
  const { centre, edge } = headSquare(points);
  let sum = 0;
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) {
      const isHead = Math.abs((x + 0.5) * cell - centre.x) < edge * 0.45
        && Math.abs((y + 0.5) * cell - centre.y) < edge * 0.5;
      weights[y * sizePx + x] = isHead ? headWeight : 1;
      sum += weights[y * sizePx + x]!;
    }
  }
  for (let i = 0; i < weights.length; i++) weights[i]! *= weights.length / sum;
}

function feedsOf(batch: Batch, recipe: StarterRecipe, { latents, people, emptyIds }: InstantSet): Feeds {
  const { batchSize } = recipe.instant;
  const { resolutionPx } = people;
  const latentShape = [batchSize, latents.channels, latents.sizePx, latents.sizePx];
  return {
    noisyLatent: float32Tensor(latentShape, batch.noisyLatent), velocity: float32Tensor(latentShape, batch.velocity),
    timestep: float32Tensor([batchSize], batch.timestep),
    inputIds: { dtype: 'int64', shape: [batchSize, emptyIds.length], data: batch.inputIds },
    faceEmbedding: float32Tensor([batchSize, 1, recipe.face.embeddingLength], batch.faceEmbedding),
    keyPoints: float32Tensor([batchSize, 3, resolutionPx, resolutionPx], batch.keyPoints),
    tokenShare: float32Tensor([batchSize, 1, 1], batch.tokenShare),
    controlShare: float32Tensor([batchSize, 1, 1, 1], batch.controlShare),
    lossWeight: float32Tensor([batchSize, 1, latents.sizePx, latents.sizePx], batch.lossWeight),
  };
}
