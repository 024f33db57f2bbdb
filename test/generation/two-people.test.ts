// Two people in one portrait: the mask's soft edges, the weighted mean of two predictions, and that one person's mask
// alone gives that person's portrait, bit for bit.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RegionMask } from '../../src-main/contract/faces.ts';
import { framedPose } from '../../src-main/generation/pose.ts';
import { nominalFacePoints } from '../../src-main/dataset/framing.ts';
import type { FaceRequest } from '../../src-main/generation/face-request.ts';
import { regionWeights } from '../../src-main/generation/region-weights.ts';
import { drawPortraits, type PortraitRequest } from '../../src-main/generation/text-to-portrait.ts';
import { openInstantId } from '../../src-main/networks/instant-id.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openPipeline, type Pipeline } from '../../src-main/networks/pipeline.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { randomLora, tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';
import { faceWidth, tinyResampler, writeInstantId } from '../networks/tiny-instant-id.ts';
import { analyticPipeline, letterPrompts } from './analytic-pipeline.ts';

const halves: RegionMask = { columns: 2, rows: 1, values: [0, 1] };
const all = (value: number): RegionMask => ({ columns: 1, rows: 1, values: [value] });
const pointsAt = (left: number) => framedPose(nominalFacePoints(64), { left, top: 0, width: 16, height: 32 });
const always = (strength: number) => ({ strength, start: 0, end: 1 });
const request: PortraitRequest = {
  prompt: 'eager', negativePrompt: '', seeds: [7], widthPx: 32, heightPx: 32, samplingSteps: 4, sampler: 'euler',
  guidanceScale: 1,
};

describe('the mask over the latents', () => {
  test('is 0 and 1 away from its edge, falls in a line across it, and is one half on it', () => {
    const weights = regionWeights(halves, 32, 32);
    const row = [...weights.subarray(0, 32)];
    expect(row.slice(0, 14)).toEqual(new Array(14).fill(0));
    expect(row.slice(18)).toEqual(new Array(14).fill(1));
    expect(row.slice(14, 18)).toEqual([0.125, 0.375, 0.625, 0.875]);
    expect([...weights.subarray(31 * 32)]).toEqual(row);
  });

  test('that is even is exactly that, whatever its grid; a part is cut out of the whole', () => {
    expect(new Set(regionWeights({ columns: 3, rows: 3, values: new Array(9).fill(0.3) }, 7, 5))).toEqual(
      new Set([Math.fround(0.3)]));
    const whole = regionWeights({ columns: 4, rows: 2, values: [0, 1, 0, 1, 1, 0.5, 0.2, 0] }, 32, 16);
    const part = regionWeights({ columns: 4, rows: 2, values: [0, 1, 0, 1, 1, 0.5, 0.2, 0] }, 8, 4, {
      left: 0.25, top: 0.5, width: 0.25, height: 0.25,
    });
    const cut = Array.from({ length: 32 }, (_, i) => whole[(8 + Math.floor(i / 8)) * 32 + 8 + (i % 8)]!);
    part.forEach((value, i) => { expect(value).toBeCloseTo(cut[i]!, 6); });
  });
});

describe('on a pipeline whose answers are known', () => {
  const adapterOf = (value: number) => ({ unet: Float32Array.of(value), strength: 1 });

  test('each place is the mean of both people\'s pictures by the mask\'s weight', async () => {
    const pipeline = analyticPipeline();
    const { portraits: [portrait] } = await drawPortraits(pipeline, letterPrompts, {
      ...request, adapter: adapterOf(-0.2),
      second: { pipeline, prompts: letterPrompts, adapter: adapterOf(0.3), mask: halves },
    });
    // 'e' is the fifth letter: 0.5 without a look
    const weights = regionWeights(halves, 16, 16);
    const latents = portrait!.latents.data as Float32Array;
    latents.forEach((value, k) => { expect(value).toBeCloseTo(0.3 + 0.5 * weights[k % 256]!, 3); });
    expect(pipeline.calls).toHaveLength(8);
  });

  test('each may have networks and words of their own', async () => {
    const [own, other] = [analyticPipeline(), analyticPipeline('v_prediction')];
    const encodeWeighted = (text: string) => letterPrompts.encodeWeighted(text.replace('e', 'g'));
    const words = { ...letterPrompts, encodeWeighted };
    const { portraits: [portrait] } = await drawPortraits(own, letterPrompts, {
      ...request, second: { pipeline: other, prompts: words, mask: halves },
    });
    const latents = portrait!.latents.data as Float32Array;
    expect(latents[0]).toBeCloseTo(0.5, 3);
    expect(latents[15]).toBeCloseTo(0.7, 3);
    expect([own.calls.length, other.calls.length]).toEqual([4, 4]);
  });

  test('both see both faces\' points; whoever has no place has no points and costs nothing', async () => {
    const faceOf = (left: number): FaceRequest => ({
      embedding: Float32Array.of(left, 0, 0), points: pointsAt(left), image: always(1), identityNet: always(0.5),
    });
    const keyPoints = async (mask: RegionMask | undefined) => {
      const pipeline = analyticPipeline();
      await drawPortraits(pipeline, letterPrompts, {
        ...request, face: faceOf(0),
        ...(mask ? { second: { pipeline, prompts: letterPrompts, face: faceOf(16), mask } } : {}),
      });
      return pipeline.calls.map(({ face }) => ({
        who: face!.imageTokens.data[0], points: face!.identityNet!.keyPoints.data as Float32Array,
      }));
    };
    const [alone, both, other] = [await keyPoints(undefined), await keyPoints(halves), await keyPoints(all(1))];
    expect(both.map(({ who }) => who)).toEqual([0, 16, 0, 16, 0, 16, 0, 16]);
    expect(both[0]!.points).toEqual(both[1]!.points);
    expect(other.map(({ who }) => who)).toEqual([16, 16, 16, 16]);
    const brightest = alone[0]!.points.map((value, i) => Math.max(value, other[0]!.points[i]!));
    expect(both[0]!.points).toEqual(brightest);
    expect(await keyPoints(all(0))).toEqual(alone);
  });
});

describe('with real networks', () => {
  const checkpoint = tinySdxlCheckpoint();
  const modules = unetLoraModules(checkpoint.unetConfig, 'attention', { rank: 2, loraAlpha: 2 });
  const prompts = {
    encodeWeighted: (text: string) => ({ ids: [0, 1].map((encoder) => {
      const ids = [...text].map((letter) => letter.charCodeAt(0) % 30 + encoder);
      return [...ids, 39, ...new Array<number>(8).fill(0)].slice(0, 8);
    }) }),
    droppedTokens: () => 0,
  };
  let folder: string;
  let pipeline: Pipeline;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'likeness-two-people-'));
    const files = await writeInstantId(folder, checkpoint.unetConfig);
    const instantId = await openInstantId(files, checkpoint, {
      faceEmbeddingWidth: faceWidth, resampler: tinyResampler,
    });
    pipeline = openPipeline(checkpoint, {
      provider: 'cpu', threads: 1, instantId, adapter: { unet: modules, textEncoders: [] },
    });
  });
  afterAll(async () => {
    await pipeline.release();
    await rm(folder, { recursive: true, force: true });
  });

  const somebody = (seed: number, left: number) => ({
    adapter: { unet: randomLora(modules, seed), strength: 0.7 },
    face: {
      embedding: randomTensor([faceWidth], seed, -3, 3).data as Float32Array, points: pointsAt(left),
      image: always(0.8), identityNet: always(0.6),
    },
  });
  const [ada, bob] = [somebody(1, 0), somebody(2, 16)];
  const drawn = async (first: typeof ada, second?: { of: typeof ada; mask: RegionMask }): Promise<Float32Array> => {
    const { portraits } = await drawPortraits(pipeline, prompts, {
      ...request, samplingSteps: 2, guidanceScale: 3, ...first,
      ...(second ? { second: { pipeline, prompts, ...second.of, mask: second.mask } } : {}),
    });
    return portraits[0]!.latents.data as Float32Array;
  };

  test('a mask of 0 is the first person alone, a mask of 1 the second, bit for bit', async () => {
    const [onlyAda, onlyBob] = [await drawn(ada), await drawn(bob)];
    expect(await drawn(ada, { of: bob, mask: all(0) })).toEqual(onlyAda);
    expect(await drawn(ada, { of: bob, mask: all(1) })).toEqual(onlyBob);
    expect(onlyAda).not.toEqual(onlyBob);
  });

  test('who is where follows the mask: the other way round is the same portrait with the people changed', async () => {
    const one = await drawn(ada, { of: bob, mask: halves });
    const other = await drawn(bob, { of: ada, mask: { ...halves, values: [1, 0] } });
    one.forEach((value, k) => { expect(value).toBeCloseTo(other[k]!, 4); });
    expect(one).not.toEqual(await drawn(ada));
  });
});
