// A face on a share of the steps: which steps, which graph, and what guidance is told at each.

import { describe, expect, test } from 'vitest';

import { samplerNames } from '../../src-main/diffusion/samplers.ts';
import { nominalFacePoints } from '../../src-main/dataset/framing.ts';
import { type FaceRequest, strengthAtStep } from '../../src-main/generation/face-request.ts';
import type { PredictInput } from '../../src-main/generation/pipeline-port.ts';
import { drawPortraits, type PortraitRequest } from '../../src-main/generation/text-to-portrait.ts';
import { analyticPipeline, letterPrompts } from './analytic-pipeline.ts';

const always = (strength: number) => ({ strength, start: 0, end: 1 });
const face: FaceRequest = {
  embedding: Float32Array.of(3, 4, 5), points: nominalFacePoints(32), image: always(0.8), identityNet: always(0.6),
};
const request: PortraitRequest = {
  prompt: 'eager', negativePrompt: '', seeds: [7], widthPx: 32, heightPx: 32, samplingSteps: 10, sampler: 'euler',
  guidanceScale: 1,
};

async function callsWith(change: Partial<FaceRequest>, of: Partial<PortraitRequest> = {}): Promise<PredictInput[]> {
  const pipeline = analyticPipeline();
  await drawPortraits(pipeline, letterPrompts, { ...request, ...of, face: { ...face, ...change } });
  return pipeline.calls;
}

const imageOf = ({ face: given }: PredictInput) => given?.imageStrength;
const identityNetOf = ({ face: given }: PredictInput) => given?.identityNet?.strength;
const repeated = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test('a step counts when it lies wholly between start and end, as diffusers keeps them', () => {
  const kept = (start: number, end: number, count: number): number[] => (
    repeated(count, 0).flatMap((_, i) => (strengthAtStep({ strength: 2, start, end }, i, count) === 2 ? [i] : [])));
  expect(kept(0, 1, 4)).toEqual([0, 1, 2, 3]);
  expect(kept(0.2, 0.8, 10)).toEqual([2, 3, 4, 5, 6, 7]);
  expect(kept(0.25, 0.5, 10)).toEqual([3, 4]);
  expect(kept(0, 0.5, 3)).toEqual([0]);
  expect(kept(0.5, 0.5, 10)).toEqual([]);
});

test('the face has its strengths at each step; the seed\'s picture is not needed for that', async () => {
  const calls = await callsWith({});
  expect(calls.map(imageOf)).toEqual(repeated(10, 0.8));
  expect(calls.map(identityNetOf)).toEqual(repeated(10, 0.6));
});

test('IdentityNet ends early: from there on the graph without it', async () => {
  const calls = await callsWith({ identityNet: { strength: 0.6, start: 0, end: 0.4 } });
  expect(calls.map(identityNetOf)).toEqual([...repeated(4, 0.6), ...repeated(6, undefined)]);
  expect(calls.map(imageOf)).toEqual(repeated(10, 0.8));
});

test('the image begins late: until then IdentityNet alone, with the face\'s tokens', async () => {
  const calls = await callsWith({ image: { strength: 0.8, start: 0.3, end: 1 } });
  expect(calls.map(imageOf)).toEqual([...repeated(3, 0), ...repeated(7, 0.8)]);
  expect(calls.map(identityNetOf)).toEqual(repeated(10, 0.6));
});

test('where neither has strength the UNet knows of no face, but in one graph it stays', async () => {
  const [image, identityNet] = [{ strength: 0.8, start: 0.5, end: 0.9 }, { strength: 0.6, start: 0.4, end: 0.7 }];
  const calls = await callsWith({ image, identityNet });
  expect(calls.map((call) => call.face !== undefined)).toEqual(
    [...repeated(4, false), ...repeated(5, true), false]);
  const inOne = await callsWith({ image, identityNet, inOneGraph: true });
  expect(inOne.map(imageOf)).toEqual([...repeated(5, 0), ...repeated(4, 0.8), 0]);
  expect(inOne.map(identityNetOf)).toEqual([...repeated(4, 0), ...repeated(3, 0.6), ...repeated(3, 0)]);
});

test('without points there is no IdentityNet, and a strength of 0 draws no key points', async () => {
  const { points: _points, ...free } = face;
  const pipeline = analyticPipeline();
  await drawPortraits(pipeline, letterPrompts, { ...request, face: free });
  expect(pipeline.calls.map(identityNetOf)).toEqual(repeated(10, undefined));
  const silent = await callsWith({ identityNet: always(0) });
  expect(silent.map(identityNetOf)).toEqual(repeated(10, undefined));
  const inOne = await callsWith({ identityNet: always(0), image: always(0), inOneGraph: true });
  expect(inOne.map((call) => [imageOf(call), identityNetOf(call)])).toEqual(repeated(10, [0, 0]));
});

test('guidance of 1 and below asks once a step, with the face and never with that of nobody', async () => {
  for (const guidanceScale of [0, 1]) {
    const calls = await callsWith({}, { guidanceScale });
    expect(calls.map(({ face: given }) => given!.imageTokens.data[0])).toEqual(repeated(10, 3));
  }
  const guided = await callsWith({}, { guidanceScale: 2 });
  expect(guided.map(({ face: given }) => given!.imageTokens.data[0])).toEqual(repeated(10, [0, 3]).flat());
});

test('a start picture shares out the steps that are run', async () => {
  const start = { picture: { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3) }, strength: 0.6 };
  const calls = await callsWith({ identityNet: { strength: 0.6, start: 0, end: 0.5 } }, { start });
  expect(calls.map(identityNetOf)).toEqual([...repeated(3, 0.6), ...repeated(3, undefined)]);
});

describe.each(samplerNames)('%s', (sampler) => {
  test('strengths come in their order and end where they should', async () => {
    const calls = await callsWith({ identityNet: { strength: 0.6, start: 0.3, end: 0.7 } }, { sampler });
    const strengths = calls.map((call) => identityNetOf(call) ?? 0);
    const first = strengths.indexOf(0.6);
    const last = strengths.lastIndexOf(0.6);
    expect(strengths.slice(first, last + 1).every((strength) => strength === 0.6)).toBe(true);
    // Heun asks twice a step, PLMS once more at its start
    const share = calls.length / 10;
    expect(Math.abs(first - 3 * share)).toBeLessThanOrEqual(1);
    expect(Math.abs(last + 1 - 7 * share)).toBeLessThanOrEqual(1);
  });
});
