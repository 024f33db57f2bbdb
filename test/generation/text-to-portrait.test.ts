// Prompts, guidance, looks, seeds, progress and cancelling, on a pipeline whose right answers are known.

import { expect, test } from 'vitest';

import { UserError } from '../../src-main/contract/errors.ts';
import {
  alphasCumprodFromBetas, scaledLinearBetas, zeroTerminalSnrBetas,
} from '../../src-main/diffusion/noise-schedule.ts';
import { samplerNames } from '../../src-main/diffusion/samplers.ts';
import {
  type DrawnPicture, drawPortraits, eachPortrait, type PortraitProgress, type PortraitRequest, rgbFromTensor,
} from '../../src-main/generation/text-to-portrait.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { analyticPipeline, letterPrompts } from './analytic-pipeline.ts';

// the first letters are tokens 5 and 1, so their pictures have latents 0.5 and 0.1
const request: PortraitRequest = {
  prompt: 'eager', negativePrompt: 'angry', seeds: [7, 8], widthPx: 32, heightPx: 16, samplingSteps: 6,
  sampler: 'euler', guidanceScale: 1,
};

const meanLatent = ({ latents }: DrawnPicture): number =>
  (latents.data as Float32Array).reduce((sum, value) => sum + value, 0) / latents.data.length;

test.each(samplerNames)('%s arrives at the picture that the prompt asks for', async (sampler) => {
  for (const predictionType of ['epsilon', 'v_prediction'] as const) {
    const pipeline = analyticPipeline(predictionType);
    const { kind, portraits } = await drawPortraits(pipeline, letterPrompts, { ...request, sampler });
    expect(kind).toBe('done');
    expect(portraits.map((portrait) => portrait.seed)).toEqual([7, 8]);
    for (const portrait of portraits) {
      // some end on timestep 0, which leaves 3 % of noise; a pixel is 127.5 (1 + latent)
      const isClean = !['ddim', 'pndm', 'unipc', 'unipc-karras'].includes(sampler);
      expect(meanLatent(portrait)).toBeCloseTo(0.5, isClean ? 4 : 1);
      expect(portrait.picture).toMatchObject({ width: 32, height: 16 });
      if (isClean) expect(portrait.picture.data.every((value) => value === 191)).toBe(true);
    }
  }
});

test('guidance moves away from the negative prompt, in two calls or in one batch', async () => {
  for (const guidanceInOneBatch of [false, true]) {
    const pipeline = analyticPipeline();
    const { portraits } = await drawPortraits(pipeline, letterPrompts, {
      ...request, seeds: [1], guidanceScale: 3, guidanceInOneBatch,
    });
    // 0.1 + 3 (0.5 - 0.1)
    expect(meanLatent(portraits[0]!)).toBeCloseTo(1.3, 4);
    expect(pipeline.calls.length).toBe(guidanceInOneBatch ? 6 : 12);
    expect(pipeline.calls[0]!.latents.shape).toEqual([guidanceInOneBatch ? 2 : 1, 4, 8, 16]);
  }
});

test('without guidance the negative prompt costs no calls', async () => {
  const pipeline = analyticPipeline();
  await drawPortraits(pipeline, letterPrompts, { ...request, seeds: [1] });
  expect(pipeline.calls.length).toBe(6);
});

test('the look goes to every call with its strength', async () => {
  const adapter = { unet: new Float32Array([0.4]), strength: 0.5 };
  const pipeline = analyticPipeline();
  const { portraits } = await drawPortraits(pipeline, letterPrompts, { ...request, guidanceScale: 2, adapter });
  // both halves of the guidance get 0.2 more: 0.3 + 2 (0.7 - 0.3)
  expect(meanLatent(portraits[0]!)).toBeCloseTo(1.1, 4);
  expect(pipeline.calls.every((call) => call.adapter === adapter)).toBe(true);
});

test.each(samplerNames)('%s: a seed gives the same latents alone and anywhere in a batch', async (sampler) => {
  const latentsOf = async (seeds: number[], seed: number): Promise<unknown> => {
    const { portraits } = await drawPortraits(analyticPipeline(), letterPrompts, { ...request, sampler, seeds });
    return portraits.find((portrait) => portrait.seed === seed)!.latents.data;
  };
  const alone = await latentsOf([8], 8);
  expect(await latentsOf([7, 8], 8)).toEqual(alone);
  expect(await latentsOf([8, 9, 7], 8)).toEqual(alone);
});

test('portraits can be taken one at a time', async () => {
  const taken: number[] = [];
  for await (const { seed } of eachPortrait(analyticPipeline(), letterPrompts, { ...request, seeds: [5, 6, 7] })) {
    taken.push(seed);
    if (seed === 6) break;
  }
  expect(taken).toEqual([5, 6]);
});

test('a network that was taught to begin with noise alone is told the last timestep first', async () => {
  const betas = zeroTerminalSnrBetas(scaledLinearBetas());
  for (const sampler of samplerNames) {
    const pipeline = analyticPipeline('v_prediction', alphasCumprodFromBetas(betas));
    const { portraits } = await drawPortraits(pipeline, letterPrompts, { ...request, seeds: [7], sampler });
    expect(pipeline.calls[0]!.timestep).toBe(999);
    expect(Math.abs(meanLatent(portraits[0]!) - 0.5)).toBeLessThan(0.05);
  }
});

test('a seed gives the same portrait alone or in a batch, and seeds differ on the way', async () => {
  const previews = async (seeds: number[]): Promise<Map<number, Float32Array>> => {
    const pipeline = analyticPipeline();
    const found = new Map<number, Float32Array>();
    await drawPortraits(pipeline, letterPrompts, { ...request, seeds, sampler: 'euler-ancestral' }, {
      onPortrait: ({ seed }) => { found.set(seed, pipeline.calls.at(-1)!.latents.data as Float32Array); },
    });
    return found;
  };
  const [both, alone] = [await previews([7, 8]), await previews([8])];
  expect(both.get(8)).toEqual(alone.get(8));
  expect(both.get(7)).not.toEqual(both.get(8));
});

test('progress counts every step of every portrait', async () => {
  const steps: PortraitProgress[] = [];
  const order: string[] = [];
  await drawPortraits(analyticPipeline(), letterPrompts, request, {
    onStep: (progress) => { steps.push(progress); order.push('step'); },
    onPortrait: ({ seed }) => { order.push(`portrait ${seed}`); },
  });
  expect(steps.map(({ seed, portraitsDone, samplingStep }) => [seed, portraitsDone, samplingStep])).toEqual(
    [7, 8].flatMap((seed, i) => [1, 2, 3, 4, 5, 6].map((samplingStep) => [seed, i, samplingStep])));
  expect(steps[0]).toMatchObject({ portraitCount: 2, stepCount: 6, denoised: { shape: [1, 4, 8, 16] } });
  expect(order.indexOf('portrait 7')).toBe(6);
});

test('a cancelled batch keeps the portraits that were done', async () => {
  const abort = new AbortController();
  const pipeline = analyticPipeline();
  const result = await drawPortraits(pipeline, letterPrompts, request, {
    signal: abort.signal,
    onStep: ({ seed, samplingStep }) => { if (seed === 8 && samplingStep === 2) abort.abort(); },
  });
  expect(result.kind).toBe('cancelled');
  expect(result.portraits.map((portrait) => portrait.seed)).toEqual([7]);
  expect(pipeline.calls.length).toBe(6 + 2);
});

test('each prompt is encoded once, and what did not fit is counted', async () => {
  const pipeline = analyticPipeline();
  const { droppedTokens } = await drawPortraits(pipeline, letterPrompts, { ...request, prompt: 'e'.repeat(80) });
  expect(pipeline.encodedPrompts.length).toBe(2);
  expect(droppedTokens).toEqual({ prompt: 5, negativePrompt: 0 });
});

test('sizes that the network cannot draw are refused with one that it can', async () => {
  const drawing = drawPortraits(analyticPipeline(), letterPrompts, { ...request, widthPx: 24 });
  await expect(drawing).rejects.toThrow('must be multiples of 16');
  await expect(drawing).rejects.toBeInstanceOf(UserError);
});

test('numbers that are lost are an error, not a black picture', async () => {
  const pipeline = analyticPipeline();
  const broken = { ...pipeline, predict: async () => float32Tensor([1, 4, 8, 16], new Float32Array(512).fill(NaN)) };
  await expect(drawPortraits(broken, letterPrompts, request)).rejects.toThrow('NaN or infinity');
  expect(() => rgbFromTensor(float32Tensor([1, 3, 1, 1], [0, NaN, 0]))).toThrow('NaN or infinity');
});

test('pixels are rounded and clipped, channel by channel', () => {
  const { data } = rgbFromTensor(float32Tensor([1, 3, 1, 2], [-1, 1, 0, 2, -3, 0.5]));
  expect([...data]).toEqual([0, 128, 0, 255, 255, 191]);
});
