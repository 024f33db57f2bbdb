// A face under classifier-free guidance: which tokens each side gets, and that one call of both is two calls.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { faceTokens, guidedPrediction } from '../../src-main/generation/guided-prediction.ts';
import { openInstantId } from '../../src-main/networks/instant-id.ts';
import { openPipeline, type Pipeline } from '../../src-main/networks/pipeline.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';
import { faceWidth, tinyResampler, writeInstantId } from '../networks/tiny-instant-id.ts';

const checkpoint = tinySdxlCheckpoint();
const latents = randomTensor([1, 4, 8, 8], 9);
const states = (seed: number) => ({ context: randomTensor([1, 7, 20], seed), pooled: randomTensor([1, 6], seed + 1) });
const [conditional, unconditional] = [states(10), states(20)];
const keyPoints = randomTensor([1, 3, 16, 16], 12, 0, 1);
const strengths = { imageStrength: 0.8, identityNet: { keyPoints, strength: 0.6 } };
const embedding = randomTensor([faceWidth], 13, -3, 3).data as Float32Array;

let folder: string;
let pipeline: Pipeline;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-face-guidance-'));
  const files = await writeInstantId(folder, checkpoint.unetConfig);
  const instantId = await openInstantId(files, checkpoint, { faceEmbeddingWidth: faceWidth, resampler: tinyResampler });
  pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1, instantId });
});
afterAll(async () => {
  await pipeline.release();
  await rm(folder, { recursive: true, force: true });
});

const tokensOf = (numbers: Float32Array) => pipeline.encodeFaces(float32Tensor([1, 1, faceWidth], numbers));

test('the side without the prompt has the tokens of zeros, not zero tokens', async () => {
  const tokens = await faceTokens(pipeline, embedding);
  expect(tokens.conditional).toEqual(await tokensOf(embedding));
  expect(tokens.unconditional).toEqual(await tokensOf(new Float32Array(faceWidth)));
  expect((tokens.unconditional.data as Float32Array).some((value) => Math.abs(value) > 0.1)).toBe(true);
});

test('both sides in one call or in two are what guidance says, key points on both', async () => {
  const tokens = await faceTokens(pipeline, embedding);
  const face = { ...tokens, ...strengths };
  const run = (inOneBatch: boolean) => guidedPrediction(pipeline, {
    conditional, unconditional, guidanceScale: 4, inOneBatch, face,
  }, latents.shape)(latents.data as Float32Array, 300);
  const side = async (text: typeof conditional, imageTokens: typeof tokens.conditional) => (
    await pipeline.predict({ latents, timestep: 300, text, face: { imageTokens, ...strengths } })).data as Float32Array;
  const without = await side(unconditional, tokens.unconditional);
  const asked = await side(conditional, tokens.conditional);
  const expected = Float64Array.from(without, (value, i) => value + 4 * (asked[i]! - value));
  expect(relativeError(await run(false), expected)).toBeLessThan(1e-6);
  expect(relativeError(await run(true), expected)).toBeLessThan(1e-5);
  expect(relativeError(asked, Float64Array.from(without))).toBeGreaterThan(1e-3);
});
