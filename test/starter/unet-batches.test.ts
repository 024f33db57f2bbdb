// What the denoiser is shown of each picture: where a latent counts more, how noisy, and which pictures first.

import { expect, test } from 'vitest';
import type { FacePoints } from '../../src-main/faces/face.ts';
import { placement } from '../../src-main/starter/drawing/pose.ts';
import { labelIndices, portraitLabels } from '../../src-main/starter/labels.ts';
import { plainPictures } from '../../src-main/starter/latent-stage.ts';
import { portraitPoints } from '../../src-main/starter/portrait-points.ts';
import { portraitAttributes, renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { type StarterRecipe, starterRecipe } from '../../src-main/starter/recipe.ts';
import { type LatentSet, placeWeights, unetBatch } from '../../src-main/starter/training-batches.ts';
import { starterNoiseSchedule } from '../../src-main/starter/unet-stage.ts';

const face: FacePoints = [{ x: 52, y: 56 }, { x: 76, y: 56 }, { x: 64, y: 68 }, { x: 54, y: 82 }, { x: 74, y: 82 }];
const schedule = starterNoiseSchedule();

/** Eight pictures of four channels; the tokens of a caption are all the number of its picture. */
const set: LatentSet = {
  values: new Float32Array(8 * 1024), channels: 4, sizePx: 16, count: 8, captionsEach: 2,
  tokenRows: Int32Array.from({ length: 8 * 2 * 77 }, (_, i) => Math.floor(i / 154)),
  emptyRows: new Int32Array(77).fill(9), labels: [], points: Array.from({ length: 8 }, () => face),
  plain: Int32Array.from([3]),
};

const recipeWith = (unet: Partial<StarterRecipe['unet']>): StarterRecipe => (
  { ...starterRecipe, heldOut: 2, unet: { ...starterRecipe.unet, batchSize: 8, captionDropout: 0, ...unet } });

type PlaceWeights = Parameters<typeof placeWeights>[2];

/** The weights of 16 x 16 places, nothing counting more but what is told. */
function weightsOf(points: FacePoints, more: Partial<PlaceWeights>): Float32Array {
  const weights = new Float32Array(256);
  placeWeights(points, 16, { headWeight: 0, collarWeight: 0, featureWeight: 0, hatWeight: 0, ...more }, weights);
  return weights;
}

/** How much more each place counts with a weight than without, beside one of 1 for the head. */
function riseBy(points: FacePoints, more: Partial<PlaceWeights>): Float32Array {
  const without = weightsOf(points, { headWeight: 1 });
  const weights = weightsOf(points, { headWeight: 1, ...more });
  expect(weights.reduce((sum, weight) => sum + weight, 0) / 256).toBeCloseTo(1, 5);
  return weights.map((weight, i) => weight / without[i]!);
}

test('the middle of the head counts most, and all places count one in the mean', () => {
  const weights = weightsOf(face, { headWeight: 2 });
  expect(weights.reduce((sum, weight) => sum + weight, 0) / 256).toBeCloseTo(1, 5);
  const at = (x: number, y: number) => weights[y * 16 + x]!;
  expect(at(8, 8) / at(0, 0)).toBeGreaterThan(2.5);
  expect(at(8, 8)).toBeGreaterThan(at(8, 3));
});

test('a weight for the neckline counts below the face, where a portrait has its collar', () => {
  const attributes = portraitAttributes(5);
  const { body: [, , c, d, e, f] } = placement(attributes, 128);
  const neckline = 106;
  const [x, y] = [c * neckline + e, d * neckline + f].map((at) => Math.floor(at / 8));
  const rise = riseBy(portraitPoints(attributes, 128), { collarWeight: 3 });
  expect(rise[y! * 16 + x!]).toBe(Math.max(...rise.slice(y! * 16, y! * 16 + 16)));
  expect(rise[y! * 16 + x!]! / rise[0]!).toBeGreaterThan(1.8);
});

test('a weight for eyes and mouth counts where they are', () => {
  const points = portraitPoints(portraitAttributes(5), 128);
  const rise = riseBy(points, { featureWeight: 3 });
  const [left, right, , leftCorner, rightCorner] = points;
  const mouth = { x: (leftCorner.x + rightCorner.x) / 2, y: (leftCorner.y + rightCorner.y) / 2 };
  for (const { x, y } of [left, right, mouth]) {
    expect(rise[Math.floor(y / 8) * 16 + Math.floor(x / 8)]! / rise[0]!).toBeGreaterThan(1.8);
  }
});

test('a weight for hats counts where a hat changes the picture', async () => {
  const given = { style: 'photo', size: 1, shiftY: 5, headphones: false } as const;
  const [hatted, bare] = await Promise.all((['beanie', 'none'] as const).map((hat) => (
    renderPortrait(700_002, { resolutionPx: 128, attributes: { ...given, hat } }))));
  const changed = new Float32Array(256);
  hatted!.rgb.forEach((value, i) => {
    const [x, y] = [Math.floor(i / 3) % 128, Math.floor(i / 384)];
    changed[(y >> 3) * 16 + (x >> 3)]! += Math.abs(value - bare!.rgb[i]!);
  });
  const rise = riseBy(hatted!.points, { hatWeight: 3 });
  const most = [...changed.keys()].sort((a, b) => changed[b]! - changed[a]!).slice(0, 12);
  expect(Math.min(...most.map((place) => rise[place]!))).toBeGreaterThan(1.2);
  expect(rise[15 * 16 + 8]!).toBeLessThan(1);
});

test('below a power of 1 the denoiser sees late timesteps more often', () => {
  const late = (noisyPower: number) => {
    const { timestep } = unetBatch(recipeWith({ batchSize: 64, noisyPower }), set, schedule, 0);
    return [...timestep!.data as Float32Array].filter((t) => t >= 500).length;
  };
  expect(late(1)).toBe(32);
  expect(Math.abs(late(0.6) - 64 * (1 - 0.5 ** (1 / 0.6)))).toBeLessThan(1);
});

test('the first steps of the denoiser see plain pictures alone, each with captions of its own', () => {
  const seen = (step: number, plainShare: number) => {
    const { inputIds } = unetBatch(recipeWith({ plainSteps: 1, plainShare }), set, schedule, step);
    return new Set([...inputIds!.data as BigInt64Array]);
  };
  expect([...seen(0, 0)]).toEqual([3n]);
  expect(seen(1, 0).size).toBeGreaterThan(1);
  expect([...seen(1, 1)]).toEqual([3n]);
});

test('plain pictures with a beard or a hat come as often as told, the others once', () => {
  const plain = {
    style: 'photo', size: 1, backgroundKind: 'plain', backgroundColour: 'blue', facialHair: 'none', hat: 'none',
  } as const;
  const pictures = [
    plain, { ...plain, facialHair: 'goatee' }, { ...plain, hat: 'beret' }, { ...plain, hat: 'crown', style: 'sepia' },
  ] as const;
  const labels = pictures.map((given, i) => labelIndices(portraitLabels(portraitAttributes(i, given))));
  expect([...plainPictures(labels)]).toEqual([0, 1, 2]);
  expect([...plainPictures(labels, 3)]).toEqual([0, 1, 1, 1, 2, 2, 2]);
});
