// Drawing from a picture: what strength means at both ends and between, on a pipeline whose right answers are known
// and on real networks.

import { afterAll, describe, expect, test } from 'vitest';

import { samplerNames } from '../../src-main/diffusion/samplers.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { encodePicture } from '../../src-main/generation/encode-picture.ts';
import { decodePortrait, drawPortraits, type PortraitRequest } from '../../src-main/generation/text-to-portrait.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';
import { openTinyCheckpoint } from '../networks/tiny-checkpoint.ts';
import { gradientPicture } from '../photos/fixtures.ts';
import { analyticPipeline, letterPrompts } from './analytic-pipeline.ts';

// the prompt stands for latents of 0.5, the picture for latents of -0.6: a pixel is 127.5 (1 + latent)
const request: PortraitRequest = {
  prompt: 'eager', negativePrompt: '', seeds: [7], widthPx: 32, heightPx: 16, samplingSteps: 10,
  sampler: 'euler', guidanceScale: 1,
};
const picture = rgbPicture(64, 48, new Uint8Array(64 * 48 * 3).fill(51));

const drawn = async (change: Partial<PortraitRequest>) => {
  const pipeline = analyticPipeline();
  const { portraits } = await drawPortraits(pipeline, letterPrompts, { ...request, ...change });
  return { calls: pipeline.calls, latents: portraits[0]!.latents.data as Float32Array, picture: portraits[0]!.picture };
};

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((largest, value, k) => Math.max(largest, Math.abs(value - b[k]!)), 0);

test('a picture becomes latents of its own size, cut from its middle', async () => {
  const latents = await encodePicture(analyticPipeline(), picture, request);
  expect(latents.shape).toEqual([1, 4, 8, 16]);
  expect(largestDifference(latents.data as Float32Array, new Float32Array(512).fill(-0.6))).toBeLessThan(1e-6);
});

test('strength 0 gives the picture back without a call of the network', async () => {
  const { calls, picture: same } = await drawn({ start: { picture, strength: 0 } });
  expect(calls.length).toBe(0);
  expect(same).toMatchObject({ width: 32, height: 16 });
  expect(same.data.every((value) => value === 51)).toBe(true);
});

test.each(samplerNames)('%s: strength is the share of the steps that are run', async (sampler) => {
  const whole = (await drawn({ sampler })).calls.length;
  const half = (await drawn({ sampler, start: { picture, strength: 0.5 } })).calls.length;
  // Heun calls twice but at the end, PLMS once more at its start
  const extra = { heun: [-1, 2], pndm: [1, 1] }[sampler.replace('-karras', '')] ?? [0, 1];
  expect(whole).toBe(10 * extra[1]! + extra[0]!);
  expect(half).toBe(5 * extra[1]! + extra[0]!);
});

test('the network sees the picture under the noise of the level where it starts', async () => {
  const { calls } = await drawn({ start: { picture, strength: 0.5 } });
  const { latents, timestep } = calls[0]!;
  const acp = analyticPipeline().config.alphasCumprod[Math.round(timestep)]!;
  const noise = normalNumbers(7, 0, 512);
  const expected = noise.map((z) => Math.sqrt(acp) * -0.6 + Math.sqrt(1 - acp) * z);
  expect(largestDifference(latents.data as Float32Array, expected)).toBeLessThan(2e-2);
  expect(largestDifference(latents.data as Float32Array, noise)).toBeGreaterThan(0.1);
});

test.each(samplerNames)('%s: strength 1 is text to image but for the start', async (sampler) => {
  const [fromText, fromPicture] = [await drawn({ sampler }), await drawn({ sampler, start: { picture, strength: 1 } })];
  expect(fromPicture.calls.map((call) => call.timestep)).toEqual(fromText.calls.map((call) => call.timestep));
  // what is left of the picture at the highest level is its share of the signal
  const [text, start] = [fromText, fromPicture].map(({ calls }) => calls[0]!.latents.data as Float32Array);
  const acp = analyticPipeline().config.alphasCumprod[Math.round(fromText.calls[0]!.timestep)]!;
  expect(largestDifference(text!, start!)).toBeLessThan(0.6 * Math.sqrt(acp) + 0.04);
  expect(largestDifference(text!, start!)).toBeGreaterThan(0.6 * Math.sqrt(acp) - 0.04);
  expect(largestDifference(fromPicture.latents, fromText.latents)).toBeLessThan(0.02);
});

describe('with real networks', async () => {
  const pipeline = openPipeline(await openTinyCheckpoint(), { provider: 'cpu', threads: 1 });
  afterAll(() => pipeline.release());
  const real = { ...request, prompt: 'e', widthPx: 64, heightPx: 64, guidanceScale: 3, sampler: 'unipc' } as const;
  const gradient = gradientPicture(64, 64);
  const drawReal = async (change: Partial<PortraitRequest>): Promise<Float32Array> => {
    const { portraits } = await drawPortraits(pipeline, letterPrompts, { ...real, ...change });
    return portraits.at(-1)!.latents.data as Float32Array;
  };

  test('the less strength, the nearer to the picture; at 0 it is the picture as the VAE knows it', async () => {
    const start = await encodePicture(pipeline, gradient, real);
    const distance = async (strength: number): Promise<number> =>
      largestDifference(await drawReal({ start: { picture: gradient, strength } }), start.data as Float32Array);
    const [none, little, much] = [await distance(0), await distance(0.1), await distance(0.9)];
    expect(none).toBe(0);
    expect(little).toBeLessThan(0.5 * much);
    const { portraits } = await drawPortraits(pipeline, letterPrompts, {
      ...real, start: { picture: gradient, strength: 0 },
    });
    expect(portraits[0]!.picture.data).toEqual((await decodePortrait(pipeline, start)).data);
  });

  test.each(samplerNames)('%s: the same seed gives the same bits alone and in a batch', async (sampler) => {
    const start = { picture: gradient, strength: 0.7 };
    const draw = async (seeds: number[]) => (await drawPortraits(pipeline, letterPrompts, {
      ...real, sampler, samplingSteps: 3, guidanceScale: 1, seeds, start,
    })).portraits.map(({ latents }) => latents.data as Float32Array);
    const [[alone], [other, inBatch]] = [await draw([9]), await draw([8, 9])];
    expect(alone!.every(Number.isFinite)).toBe(true);
    expect(inBatch).toEqual(alone);
    expect(other).not.toEqual(alone);
  });
});
