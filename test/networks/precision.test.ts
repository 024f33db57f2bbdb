// Pipelines in float16: near float32 in every network, on ONNX Runtime's processor provider, which rounds where a
// float16 value is kept. The same on a GPU: npm run bench -- half.

import { expect, test } from 'vitest';

import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { type PipelineOptions, openPipeline } from '../../src-main/networks/pipeline.ts';
import { checkHeld, precisionOptions, vaePrecision } from '../../src-main/networks/precision.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { randomLora, tinySdxlCheckpoint } from './tiny-checkpoint.ts';

const half = (weights: WeightTable): WeightTable => (
  new Map([...weights].map(([name, source]) => [name, toFloatDType(source as Tensor, 'float16')])));

/** SDXL's miniature as it is published: in float16; its VAE may be computed in float16. */
function halfCheckpoint(): Checkpoint {
  const checkpoint = tinySdxlCheckpoint();
  return {
    ...checkpoint, unet: half(checkpoint.unet), vae: half(checkpoint.vae),
    vaeConfig: { ...checkpoint.vaeConfig, forceUpcast: false },
    textEncoders: checkpoint.textEncoders.map(({ config, weights }) => ({ config, weights: half(weights) })),
  };
}

const checkpoint = halfCheckpoint();
const form = {
  unet: unetLoraModules(checkpoint.unetConfig, 'transformer-and-convolution', { rank: 2, loraAlpha: 2 }),
  textEncoders: [],
};
const prompt = [39, 0].map((pad) => [38, 3, 4, 39, ...new Array<number>(73).fill(pad)]);

async function outputsOf(options: PipelineOptions): Promise<Record<string, Tensor>> {
  const pipeline = openPipeline(checkpoint, { threads: 1, adapter: form, ...options });
  try {
    const text = await pipeline.encodeText([prompt]);
    const latents = randomTensor([1, 4, 8, 8], 1);
    const adapter = { unet: randomLora(form.unet, 5), strength: 0.6 };
    const { mean } = await pipeline.encode(randomTensor([1, 3, 16, 16], 2));
    return {
      context: text.context, pooled: text.pooled!, mean, image: await pipeline.decode(latents),
      prediction: await pipeline.predict({ latents, timestep: 500, text, adapter }),
    };
  } finally {
    await pipeline.release();
  }
}

async function errorsOf(options: PipelineOptions): Promise<[string, number][]> {
  const expected = await outputsOf({ provider: 'cpu' });
  return Object.entries(await outputsOf({ ...options, precision: 'float16' })).map(([name, { dtype, data }]) => {
    expect(dtype).toBe('float32');
    return [name, relativeError(data, [...expected[name]!.data as Float32Array])];
  });
}

test('every network in float16 is near itself in float32', async () => {
  for (const [name, error] of await errorsOf({ provider: 'cpu' })) {
    expect(error, name).toBeLessThan(4e-3);
    expect(error, name).toBeGreaterThan(1e-6);
  }
});

const inFile = { dtype: 'float16', shape: [1], offsetBytes: 0, lengthBytes: 2 } as const;

test('the VAE of SDXL stays in float32, save the one that was made for float16', () => {
  const { vaeConfig, vae } = checkpoint;
  const of = (architecture: Checkpoint['architecture'], forceUpcast: boolean, weights = vae) => (
    vaePrecision({ architecture, vaeConfig: { ...vaeConfig, forceUpcast }, vae: weights }, 'float16'));
  expect([of('sdxl', true), of('sdxl', false), of('sd15', true), of('sd2', true)]).toEqual(
    ['float32', 'float16', 'float16', 'float16']);
  const named = (file: string): WeightTable => new Map([['w', { ...inFile, file }]]);
  expect(['/vae/sdxl_vae_fp16_fix.safetensors', '/sdxl-vae-fp16-fix/a.safetensors', '/vae/sdxl_vae.safetensors'].map(
    (file) => of('sdxl', true, named(file)))).toEqual(['float16', 'float16', 'float32']);
  expect(vaePrecision({ architecture: 'sd15', vaeConfig, vae })).toBe('float32');
});

test('attention is float32 where its scores are known to be large', () => {
  const of = (architecture: Checkpoint['architecture'], upcastAttention: boolean) => (
    precisionOptions({ architecture, unetConfig: { ...checkpoint.unetConfig, upcastAttention } }, 'float16'));
  expect([of('sdxl', false), of('sd2', false), of('sd15', true)].map((each) => each.halfPrecision?.attention)).toEqual(
    ['float16', 'float32', 'float32']);
  expect(precisionOptions(checkpoint)).toEqual({});
});

test('a prediction that is no number in float16 is refused with words, and is passed on in float32', () => {
  const prediction = float32Tensor([3], [0, Infinity, 1]);
  expect(() => checkHeld(prediction, 'float16')).toThrow(expect.objectContaining({ code: 'generation.exceeds-half' }));
  checkHeld(prediction, 'float32');
  checkHeld(float32Tensor([2], [65_504, -1]), 'float16');
});
