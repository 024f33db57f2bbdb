// A pack's own InstantID beside its own UNet, which is of SD 1.5's topology: opened where the studio says it lies,
// drawn with, and refused by its sizes; InstantID's own files stay with SDXL.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { InstantIdPlaces } from '../../src-main/contract/engine-faces.ts';
import { openInstantIdAt } from '../../src-main/networks/instant-id.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { errorOf } from '../adapter/tiny-adapters.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { openTinyCheckpoint, tinySdxlCheckpoint } from './tiny-checkpoint.ts';
import { miniatureEncoder, miniatureIdentityNet, writeMiniature } from './tiny-miniature.ts';

let folder: string;
let checkpoint: Checkpoint;
let places: InstantIdPlaces;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-miniature-'));
  checkpoint = await openTinyCheckpoint();
  places = await writeMiniature(path.join(folder, 'own'), checkpoint);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('each of its parts does something to the UNet\'s prediction, at a size of its own', async () => {
  const instantId = await openInstantIdAt(places, checkpoint);
  expect(instantId.resampler.config).toMatchObject({ dimHead: 4, heads: 2, embeddingDim: 6 });
  expect(instantId.identityNet.config.textTime).toBeUndefined();
  const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1, instantId });
  const { vaeFactor } = pipeline.config;
  const latents = randomTensor([1, 4, 16, 8], 1);
  const text = { context: randomTensor([1, 77, checkpoint.unetConfig.crossAttentionDim], 2) };
  const imageTokens = await pipeline.encodeFaces(
    float32Tensor([1, 1, miniatureEncoder.embeddingLength], [1, -2, 3, 0.5, 2, 1]));
  const keyPoints = randomTensor([1, 3, 16 * vaeFactor, 8 * vaeFactor], 3, 0, 1);
  const predict = async (face?: Parameters<typeof pipeline.predict>[0]['face']) => (
    (await pipeline.predict({ latents, timestep: 300, text, ...(face ? { face } : {}) })).data as Float32Array);
  const plain = Float64Array.from(await predict());
  const tokensAlone = await predict({ imageTokens, imageStrength: 1 });
  const both = await predict({ imageTokens, imageStrength: 1, identityNet: { keyPoints, strength: 1 } });
  expect(relativeError(tokensAlone, plain)).toBeGreaterThan(1e-3);
  expect(relativeError(both, Float64Array.from(tokensAlone))).toBeGreaterThan(1e-3);
  await pipeline.release();
});

test('another embedding width needs no word, another UNet is refused by its numbers', async () => {
  const { unetConfig } = checkpoint;
  const wider = { ...checkpoint, unetConfig: { ...unetConfig, crossAttentionDim: unetConfig.crossAttentionDim + 8 } };
  const tokens = await errorOf(openInstantIdAt(places, wider));
  expect(tokens.code).toBe('instant-id.other-network');
  expect(tokens.text.what).toContain(`its tokens have ${unetConfig.crossAttentionDim} numbers, the UNet reads ${
    unetConfig.crossAttentionDim + 8}`);
  const narrow = await writeMiniature(path.join(folder, 'narrow'), checkpoint, {
    ...miniatureIdentityNet(checkpoint), inChannels: 16,
  });
  const channels = await errorOf(openInstantIdAt(narrow, checkpoint));
  expect(channels.text.what).toContain('it has 16 latent channels in place of 4');
  const sdxl = await errorOf(openInstantIdAt(places, tinySdxlCheckpoint()));
  expect(sdxl.code).toBe('instant-id.other-network');
});

test('without a pack\'s encoder it is for SDXL, as InstantID\'s own files are', async () => {
  const sha256 = '0'.repeat(64);
  const antelope = {
    kind: 'antelopev2' as const, detector: { file: 'a.onnx', sha256 }, recognizer: { file: 'b.onnx', sha256 },
  };
  const refused = await errorOf(openInstantIdAt({ ...places, encoder: antelope }, checkpoint));
  expect(refused.code).toBe('instant-id.needs-sdxl');
});

test('a resampler.json that describes none is refused, and one that does not fit the weights', async () => {
  const own = await writeMiniature(path.join(folder, 'changed'), checkpoint);
  const file = path.join(folder, 'changed', 'resampler.json');
  const json = JSON.parse(await readFile(file, 'utf8')) as Record<string, number>;
  await writeFile(file, JSON.stringify({ ...json, dim_head: 'wide' }));
  const nonsense = await errorOf(openInstantIdAt(own, checkpoint));
  expect(nonsense.code).toBe('checkpoint.config-unsupported');
  expect(nonsense.text.what).toContain('resampler.json');
  await writeFile(file, JSON.stringify({ ...json, dim_head: 8 }));
  expect((await errorOf(openInstantIdAt(own, checkpoint))).code).toBe('checkpoint.weight-shape');
});
