// How far float16 is from float32: every network of SDXL's miniature, and a LoRA taught on SD 1's, on the processor's
// provider (which rounds where a float16 value is kept) and on WebGPU where an adapter has float16.

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import type { Precision } from '../../src-main/networks/precision.ts';
import { type Provider, openSession } from '../../src-main/runtime/session.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { type Shape, type Tensor, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';
import type { TrainingState } from '../../src-main/training/training-state.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { prepareWebgpu } from '../golden-runner/webgpu.ts';
import { halfSdxlCheckpoint, randomLora } from '../networks/tiny-checkpoint.ts';
import { dataOf, openTinyStep, tinyBatch, tinyPrompt, tinySd15 } from '../training/tiny-training.ts';

type Numbers = Record<string, Float32Array>;

async function networks(provider: Provider, precision: Precision): Promise<Numbers> {
  const checkpoint = halfSdxlCheckpoint();
  const modules = unetLoraModules(checkpoint.unetConfig, 'transformer-and-convolution', { rank: 2, loraAlpha: 2 });
  const pipeline = openPipeline(checkpoint, { provider, precision, adapter: { unet: modules, textEncoders: [] } });
  const text = await pipeline.encodeText([[39, 0].map((pad) => [38, 3, 4, 39, ...new Array<number>(73).fill(pad)])]);
  const latents = randomTensor([1, 4, 8, 8], 1);
  const adapter = { unet: randomLora(modules, 5), strength: 0.6 };
  const out = {
    'text encoders': text.context, 'pooled text': text.pooled!,
    'UNet with a LoRA': await pipeline.predict({ latents, timestep: 500, text, adapter }),
    'VAE decoder': await pipeline.decode(latents),
    'VAE encoder': (await pipeline.encode(randomTensor([1, 3, 16, 16], 2))).mean,
  };
  await pipeline.release();
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
}

const trainingSteps = 60;

async function teaching(provider: Provider, precision: Precision): Promise<Numbers> {
  const checkpoint = tinySd15();
  const modules = unetLoraModules(checkpoint.unetConfig, 'transformer-and-convolution', { rank: 4, loraAlpha: 4 });
  const step = openTinyStep({ checkpoint, trainables: { unet: { kind: 'lora', modules } }, provider, precision });
  const batches = [tinyBatch(checkpoint, [1], { text: { inputIds: [tinyPrompt(1, 4)] } })];
  let state: TrainingState = await step.initialState(new Map(), 3);
  let gradient: Float32Array | undefined;
  let loss = NaN;
  for (let i = 0; i < trainingSteps; i++) {
    const result = await step.run(state, batches, { learningRates: { unet: 2e-2 }, maxGradientNorm: 1 });
    gradient ??= dataOf(result.gradients?.get('unet'));
    [loss] = result.losses as [number];
    state = result.state;
  }
  const learned = dataOf((await step.read(state)).tensors.get('parameters.unet'));
  await step.release();
  return {
    'gradient of the first step': gradient!, [`loss after ${trainingSteps} steps`]: Float32Array.of(loss),
    [`LoRA after ${trainingSteps} steps`]: learned,
  };
}

/** One product over more and more numbers: a provider that adds up in float16 shows it here. */
async function products(provider: Provider, precision: Precision): Promise<Numbers> {
  const out: Numbers = {};
  for (const depth of [64, 640, 5120, 20_480]) {
    const g = new GraphBuilder('product');
    const random = (shape: Shape, seed: number): Tensor => toFloatDType(float32Tensor(shape, normalNumbers(
      seed, 0, elementCount(shape)).map((value) => value / depth ** 0.5)), 'float16');
    const x = toFloatDType(random([16, depth], 1), 'float32');
    g.output('y', g.linear(g.input('x', 'float32', x.shape), g.weight('w', random([64, depth], 2)), undefined));
    const session = await openSession(g.graph(), {
      provider, ...(precision === 'float16' ? { simplify: { halfPrecision: {} } } : {}),
    });
    out[`product over ${depth}`] = (await session.run({ x }))['y']!.data as Float32Array;
    await session.release();
  }
  return out;
}

const percent = (error: number | undefined): string => (
  (error === undefined ? '–' : `${(100 * error).toFixed(3)} %`).padStart(12));

/** A table: largest error over the largest number, against float32 on the processor. */
export async function benchHalf(): Promise<string[]> {
  const lines: string[] = [];
  const providers: Provider[] = ['cpu'];
  await prepareWebgpu().then(() => providers.push('webgpu'), (error: Error) => lines.push(error.message));
  lines.push(`${'float16 against float32'.padEnd(30)}${providers.map((name) => name.padStart(12)).join('')}`);
  for (const measure of [products, networks, teaching]) {
    const expected = await measure('cpu', 'float32');
    const errors = await Promise.all(providers.map(async (provider) => errorsOf(
      expected, await measure(provider, 'float16').catch((error: Error): Numbers => {
        lines.push(`${provider}: ${error.message.split('\n')[0]!}`);
        return {};
      }))));
    for (const name of Object.keys(expected)) {
      lines.push(`${name.padEnd(30)}${errors.map((each) => percent(each[name])).join('')}`);
    }
  }
  return lines;
}

function errorsOf(expected: Numbers, actual: Numbers): Record<string, number> {
  return Object.fromEntries(Object.entries(actual).map(([name, numbers]) => (
    [name, relativeError(numbers, [...expected[name]!])])));
}
