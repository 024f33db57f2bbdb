// Pipelines in float16: near float32 in every network, on ONNX Runtime's processor provider, which rounds where a
// float16 value is kept. The same on a GPU: npm run bench -- half.

import { expect, test } from 'vitest';

import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { type PipelineOptions, openPipeline } from '../../src-main/networks/pipeline.ts';
import { checkHeld, type Precision, precisionOptions, vaePrecision } from '../../src-main/networks/precision.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { halfSdxlCheckpoint, randomLora } from './tiny-checkpoint.ts';

const checkpoint = halfSdxlCheckpoint();
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
  const fixed = [
    '/vae/sdxl_vae_fp16_fix.safetensors', '/sdxl-vae-fp16-fix/a.safetensors', '/sdxl-vae-fix/sdxl_vae.safetensors',
  ];
  expect(fixed.map((file) => of('sdxl', true, named(file)))).toEqual(fixed.map(() => 'float16'));
  expect(of('sdxl', true, named('/vae/sdxl_vae.safetensors'))).toBe('float32');
  expect(vaePrecision({ architecture: 'sd15', vaeConfig, vae })).toBe('float32');
});

test('attention is float32 where its scores are known to be large', () => {
  const of = (architecture: Checkpoint['architecture'], upcastAttention: boolean) => (
    precisionOptions({ architecture, unetConfig: { ...checkpoint.unetConfig, upcastAttention } }, 'float16'));
  expect([of('sdxl', false), of('sd2', false), of('sd15', true)].map((each) => each.halfPrecision?.attention)).toEqual(
    ['float16', 'float32', 'float32']);
  expect(precisionOptions(checkpoint)).toEqual({});
});

/** As it was, with one layer so strong that its result exceeds 65504. */
function withStrongLayer(weights: WeightTable, name: string): WeightTable {
  const { shape } = weights.get(name)!;
  return new Map([...weights, [name, toFloatDType(randomTensor(shape, 8, -60_000, 60_000), 'float16')]]);
}

test('what a VAE cannot hold in float16 it computes in float32 from then on', async () => {
  const vae = withStrongLayer(checkpoint.vae, 'decoder.mid_block.attentions.0.to_out.0.weight');
  const [latents, other] = [randomTensor([1, 4, 4, 4], 1, -3, 3), randomTensor([1, 4, 4, 4], 2, -3, 3)];
  const picturesOf = async (precision: Precision) => {
    const pipeline = openPipeline({ ...checkpoint, vae }, { provider: 'cpu', threads: 1, precision });
    const pictures = [await pipeline.decode(latents), await pipeline.decode(other)];
    await pipeline.release();
    return pictures.flatMap(({ data }) => [...data as Float32Array]);
  };
  const expected = await picturesOf('float32');
  expect(expected.every(Number.isFinite)).toBe(true);
  expect(await picturesOf('float16')).toEqual(expected);
});

test('a UNet that float16 does not hold is refused with words', async () => {
  const name = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.weight';
  const pipeline = openPipeline({ ...checkpoint, unet: withStrongLayer(checkpoint.unet, name) }, {
    provider: 'cpu', threads: 1, precision: 'float16',
  });
  const text = { context: randomTensor([1, 77, 20], 3), pooled: randomTensor([1, 6], 4) };
  await expect(pipeline.predict({ latents: randomTensor([1, 4, 8, 8], 1), timestep: 500, text })).rejects.toMatchObject(
    { code: 'generation.exceeds-half' });
  await pipeline.release();
});

test('a prediction that is no number in float16 is refused with words, and is passed on in float32', () => {
  const prediction = float32Tensor([3], [0, Infinity, 1]);
  expect(() => checkHeld(prediction, 'float16')).toThrow(expect.objectContaining({ code: 'generation.exceeds-half' }));
  checkHeld(prediction, 'float32');
  checkHeld(float32Tensor([2], [65_504, -1]), 'float16');
});
