// Stage of the starter pack: the face encoder of its InstantID, on heads of people in pairs.

import { type FaceEncoderConfig, faceEncoder, trainedHeadEdgePx } from '../models/face-encoder.ts';
import { faceEncoderParameters } from '../models/parameter-shapes.ts';
import { layoutOf, type ParameterLayout } from '../networks/flat-parameters.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { flatLayout, prefixedScope } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { copyHead, copyPlain } from './head-batches.ts';
import { identityNumberCount } from './identity-numbers.ts';
import { type PeopleSet, storedCropPx } from './people-dataset.ts';
import { contrastiveLoss, readingLoss, readingParameters } from './recognition-loss.ts';
import type { StarterRecipe } from './recipe.ts';
import { type Random, seededRandom } from './seeded-random.ts';
import type { Feeds } from './training-batches.ts';

export const faceEncoderConfig = ({ face }: StarterRecipe): FaceEncoderConfig => ({
  edgePx: trainedHeadEdgePx, widths: face.widths, groups: face.groups, embeddingLength: face.embeddingLength,
});

/** The encoder's parameters and, behind them, those of a reading that only this stage has. */
export function faceLayout(recipe: StarterRecipe): ParameterLayout {
  const encoder = flatLayout({ face_encoder: faceEncoderParameters(faceEncoderConfig(recipe)) });
  return layoutOf([
    ...encoder.entries, ...readingParameters('reading', recipe.face.embeddingLength, identityNumberCount),
  ]);
}

/** One step; inputs heads [B, 3, 64, 64], the first and second half of the same people, and numbers [B, N] of them. */
export function faceStepGraph(recipe: StarterRecipe): FlatStep {
  const config = faceEncoderConfig(recipe);
  const { batchSize, sharpness, attributeWeight } = recipe.face;
  return flatStep({
    name: 'starter_face', parameters: faceLayout(recipe).entries, plan: recipe.face,
    build: (g, parameter) => {
      const heads = g.input('heads', 'float32', [batchSize, 3, config.edgePx, config.edgePx]);
      const embeddings = faceEncoder(prefixedScope(g, 'face_encoder', parameter), config, heads);
      const wanted = g.input('numbers', 'float32', [batchSize, identityNumberCount]);
      const reading = readingLoss(g, parameter, 'reading', embeddings, wanted);
      const apart = contrastiveLoss(g, embeddings, sharpness);
      return { loss: g.add(apart, g.mul(g.scalar(attributeWeight), reading)) };
    },
  });
}

/** Heads that were also taken through the autoencoder: crops by picture. */
export interface DecodedCrops {
  readonly crops: Uint8Array;
  readonly placeOf: ReadonlyMap<number, number>;
}

const cropBytes = storedCropPx ** 2 * 3;
export const cropAt = (crops: Uint8Array, place: number) => crops.subarray(place * cropBytes, (place + 1) * cropBytes);

/** The crop of a picture; where there is a decoded one, it in two of five draws. */
export function drawnCrop(set: PeopleSet, decoded: DecodedCrops, index: number, random: Random): Uint8Array {
  const place = decoded.placeOf.get(index);
  return place !== undefined && random.chance(0.4) ? cropAt(decoded.crops, place) : cropAt(set.crops, index);
}

/** `count` different people out of the first `known`. */
function drawnPeople(random: Random, count: number, known: number): number[] {
  if (count > known) throw new Error(`A batch of ${count} people needs more than ${known} to draw from.`);
  const people = new Set<number>();
  while (people.size < count) people.add(random.integer(known));
  return [...people];
}

/** heads and numbers of one step. */
export function faceBatch(recipe: StarterRecipe, set: PeopleSet, decoded: DecodedCrops, step: number): Feeds {
  const { batchSize } = recipe.face;
  const random = seededRandom(recipe.seed + step, 35);
  const people = drawnPeople(random, batchSize / 2, set.people - recipe.people.heldOut);
  const size = 3 * trainedHeadEdgePx ** 2;
  const heads = new Float32Array(batchSize * size);
  const numbers = new Float32Array(batchSize * identityNumberCount);
  people.forEach((person, row) => {
    const own = set.identities.subarray(person * identityNumberCount, (person + 1) * identityNumberCount);
    const first = random.integer(set.pictures);
    const second = (first + 1 + random.integer(set.pictures - 1)) % set.pictures;
    for (const [picture, at] of [[first, row], [second, row + people.length]] as const) {
      const crop = drawnCrop(set, decoded, person * set.pictures + picture, random);
      copyHead(crop, heads.subarray(at * size, (at + 1) * size), random);
      numbers.set(own, at * identityNumberCount);
    }
  });
  return {
    heads: float32Tensor([batchSize, 3, trainedHeadEdgePx, trainedHeadEdgePx], heads),
    numbers: float32Tensor([batchSize, identityNumberCount], numbers),
  };
}

/** Heads of pictures as they are: [count, 3, 64, 64]. */
export function plainHeads(crops: readonly Uint8Array[]): Float32Array {
  const size = 3 * trainedHeadEdgePx ** 2;
  const heads = new Float32Array(crops.length * size);
  crops.forEach((crop, i) => copyPlain(crop, heads.subarray(i * size, (i + 1) * size)));
  return heads;
}
