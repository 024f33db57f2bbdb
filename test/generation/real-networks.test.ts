// Drawing with real networks on ONNX Runtime: the whole SD 1.5 checkpoint of test/golden at its tiny size (random
// weights, so portraits are noise, but exact noise).

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../src-main/checkpoint/configs.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { normalNoise, normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { drawPortraits, type PortraitRequest } from '../../src-main/generation/text-to-portrait.ts';
import { layoutOf } from '../../src-main/networks/flat-parameters.ts';
import { loraTrainables, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { letterIds, letterPrompts } from './analytic-pipeline.ts';

const folder = fileURLToPath(new URL('../golden/ckpt-sd15', import.meta.url));
const configFile = path.join(folder, 'config.json');
const config = JSON.parse(await readFile(configFile, 'utf8')) as Record<string, unknown>;
const checkpoint = await openCheckpoint(path.join(folder, 'model.safetensors'), {
  configs: {
    unet: parseUnetConfig(config['unet'], configFile),
    vae: parseVaeConfig(config['vae'], configFile),
    textEncoder: parseTextEncoderConfig(config['text_encoder'], configFile),
  },
});
const adapterModules = unetLoraModules(checkpoint.unetConfig, 'attention', { rank: 2, loraAlpha: 2 });
const { size } = layoutOf(loraTrainables(adapterModules));
const adapterForm = { unet: adapterModules, textEncoders: [] };
const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1, adapter: adapterForm });
afterAll(() => pipeline.release());

const request: PortraitRequest = {
  prompt: 'portrait', negativePrompt: 'hat', seeds: [3], widthPx: 64, heightPx: 128, samplingSteps: 3,
  sampler: 'dpmpp-2m-karras', guidanceScale: 4,
};

const latentsOf = async (change: Partial<PortraitRequest>): Promise<Float32Array> => {
  const { portraits } = await drawPortraits(pipeline, letterPrompts, { ...request, ...change });
  return portraits[0]!.latents.data as Float32Array;
};

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, k) => Math.max(largest, Math.abs(value - b[k]!)), 0);
}

test('one Euler step is what its formula says, network, guidance and all', async () => {
  const { latents, picture } = (await drawPortraits(pipeline, letterPrompts, {
    ...request, sampler: 'euler', samplingSteps: 1,
  })).portraits[0]!;
  // one step goes from the last timestep's sigma to 0, so it ends on the denoised latent
  const acp = pipeline.config.alphasCumprod[999]!;
  const sigma = Math.sqrt((1 - acp) / acp);
  const noise = normalNoise(3, 0, [1, 4, 16, 8]);
  const input = float32Tensor(noise.shape, (noise.data as Float32Array).map((z) => sigma * z * Math.sqrt(acp)));
  const epsilonFor = async (prompt: string): Promise<Float32Array> => {
    const text = await pipeline.encodeText([letterIds(prompt)]);
    return (await pipeline.predict({ latents: input, timestep: 999, text })).data as Float32Array;
  };
  const [negative, positive] = [await epsilonFor('hat'), await epsilonFor('portrait')];
  expect(largestDifference(negative, positive)).toBeGreaterThan(1e-4);
  const expected = negative.map((value, k) =>
    sigma * ((noise.data as Float32Array)[k]! - (value + 4 * (positive[k]! - value))));
  expect(largestDifference(latents.data as Float32Array, expected)).toBeLessThan(1e-4 * sigma);
  const decoded = await pipeline.decode(float32Tensor(latents.shape, expected.map((value) => value / 0.18215)));
  expect(picture).toMatchObject({ width: 64, height: 128 });
  const red = Math.min(255, Math.max(0, (decoded.data[0] as number + 1) * 127.5));
  expect(Math.abs(picture.data[0]! - red)).toBeLessThan(1);
});

test('guidance in two calls and in one batch draw the same', async () => {
  const [two, one] = [await latentsOf({}), await latentsOf({ guidanceInOneBatch: true })];
  expect(largestDifference(two, one)).toBeLessThan(1e-4);
});

test('the same request gives the same bits, another seed another picture', async () => {
  expect(await latentsOf({})).toEqual(await latentsOf({}));
  expect(largestDifference(await latentsOf({}), await latentsOf({ seeds: [4] }))).toBeGreaterThan(0.1);
});

test('a look at strength 0 is no look, and its strength counts', async () => {
  const parameters = normalNumbers(9, 0, size).map((value) => value * 0.02);
  const drawn = (strength: number) => latentsOf({ adapter: { unet: parameters, strength } });
  const bare = await latentsOf({});
  expect(await drawn(0)).toEqual(bare);
  const [half, full] = [largestDifference(await drawn(0.5), bare), largestDifference(await drawn(1), bare)];
  expect(half).toBeGreaterThan(1e-4);
  expect(full).toBeGreaterThan(half);
});
