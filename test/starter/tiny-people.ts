// A recipe small enough for seconds, a base pack of random weights for it, and a few people without pictures.

import type { FacePoints } from '../../src-main/faces/face.ts';
import type { BasePack } from '../../src-main/starter/base-pack.ts';
import { initialParameters, tensorsOf } from '../../src-main/starter/flat-parameters.ts';
import { identityNumberCount } from '../../src-main/starter/identity-numbers.ts';
import { type InstantSet, noisePool } from '../../src-main/starter/instant-batches.ts';
import { type PeopleSet, storedCropPx } from '../../src-main/starter/people-dataset.ts';
import { recipeSchema, type StarterRecipe, starterRecipe } from '../../src-main/starter/recipe.ts';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';
import { starterNetworks } from '../../src-main/starter/starter-networks.ts';
import { denoiserLayout } from '../../src-main/starter/unet-stage.ts';
import { vaeLayout } from '../../src-main/starter/vae-stage.ts';

const vocabularySize = 40;

export const tinyRecipe: StarterRecipe = recipeSchema.parse({
  ...starterRecipe,
  vae: { ...starterRecipe.vae, blockOutChannels: [4, 8, 8, 8], latentChannels: 4, normGroups: 2 },
  unet: { ...starterRecipe.unet, blockOutChannels: [8, 8, 8, 8], normGroups: 4, heads: 2 },
  textEncoder: { width: 8, layers: 1, heads: 2 },
  people: { count: 8, pictures: 3, heldOut: 2, decoded: 6 },
  face: { ...starterRecipe.face, widths: [4, 4, 4, 4], groups: 2, embeddingLength: 8, batchSize: 8, steps: 30,
    warmUpSteps: 2, learningRate: 1e-2 },
  judge: { ...starterRecipe.judge, people: 6, freshPeople: 4, measuredPrompts: 1, edgePx: 32,
    widths: [4, 4, 4, 4], groups: 2, hidden: 8,
    embeddingLength: 8, batchSize: 8, steps: 30, warmUpSteps: 2, learningRate: 1e-2 },
  styleJudge: { ...starterRecipe.styleJudge, edgePx: 32, widths: [4, 4, 4, 4], groups: 2, batchSize: 12, steps: 30,
    warmUpSteps: 2, learningRate: 1e-2 },
  instant: { ...starterRecipe.instant, batchSize: 2, steps: 8, warmUpSteps: 1, learningRate: 1e-2,
    conditioningChannels: [2, 2, 2, 4],
    resampler: { dim: 8, depth: 1, dimHead: 4, heads: 2, numQueries: 3, ffMult: 2 } },
});

export function tinyBase(): BasePack {
  const { unet: unetConfig, vae: vaeConfig, textEncoder: config } = starterNetworks(tinyRecipe, vocabularySize);
  const layout = denoiserLayout(tinyRecipe, vocabularySize);
  const vector = initialParameters(layout, 5);
  // its closing layers begin at zeros, which nothing could be added to: give them values
  const random = seededRandom(6);
  vector.forEach((value, i) => { if (value === 0) vector[i] = 0.1 * random.normal(); });
  const vae = vaeLayout(vaeConfig);
  return {
    path: '/base', architecture: 'sd15', unetConfig, vaeConfig, unet: tensorsOf(layout, vector, 'unet'),
    vae: tensorsOf(vae, initialParameters(vae, 7), 'vae'),
    textEncoder: { config, weights: tensorsOf(layout, vector, 'text_encoder') },
  };
}

const points: FacePoints = [
  { x: 51, y: 46 }, { x: 77, y: 46 }, { x: 64, y: 62 }, { x: 54, y: 74 }, { x: 74, y: 74 },
];

/** Each person has a colour of its own in every picture. */
export function tinyPeople(): PeopleSet {
  const { count: people, pictures } = tinyRecipe.people;
  const count = people * pictures;
  const colourOf = (index: number, channel: number) => (Math.floor(index / pictures) * (channel + 1) * 37) % 256;
  const filled = (bytes: number) => Uint8Array.from({ length: count * bytes }, (_, i) => (
    colourOf(Math.floor(i / bytes), i % 3)));
  return {
    people, pictures, count, resolutionPx: 128, pixels: filled(128 * 128 * 3), crops: filled(storedCropPx ** 2 * 3),
    keyPoints: new Uint8Array(count * 128 * 128 * 3).fill(9), captions: Array.from({ length: count }, () => 'a man'),
    labels: Array.from({ length: count }, () => []),
    points: Array.from({ length: count }, () => points),
    identities: Float32Array.from({ length: people * identityNumberCount }, (_, i) => (
      Math.floor(i / identityNumberCount) / people)),
  };
}

/** Embeddings say which picture they are of; the second kind is negative. */
export function tinyInstantSet(): InstantSet {
  const people = tinyPeople();
  const length = tinyRecipe.face.embeddingLength;
  const embeddings = [1, -1].map((sign) => Float32Array.from({ length: people.count * length }, (_, i) => (
    sign * (1 + Math.floor(i / length)))));
  const values = Float32Array.from({ length: people.count * 4 * 256 }, (_, i) => Math.sin(i / 40));
  return {
    people, embeddings, noise: noisePool(3), latents: { values, channels: 4, sizePx: 16 },
    inputIds: new Int32Array(people.count * 77).fill(3), emptyIds: new Int32Array(77).fill(1),
  };
}
