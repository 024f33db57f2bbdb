// Drawing with SDXL's topology in miniature: guidance over text states and pooled text, and looks of every kind: layers
// of the UNet, layers of both text encoders, a learned word.

import { afterAll, expect, test } from 'vitest';

import { drawPortraits, type PortraitRequest } from '../../src-main/generation/text-to-portrait.ts';
import type { PipelinePort, PredictInput, PromptPort } from '../../src-main/generation/pipeline-port.ts';
import type { AdapterForm, AdapterInput } from '../../src-main/networks/adapter-input.ts';
import { textLoraModules, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { gradientPicture } from '../photos/fixtures.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { randomLora, tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';

const checkpoint = tinySdxlCheckpoint();
const size = { rank: 2, loraAlpha: 1 };
const form: AdapterForm = {
  unet: unetLoraModules(checkpoint.unetConfig, 'transformer', size),
  textEncoders: checkpoint.textEncoders.map(({ config }) => textLoraModules(config, size)),
  newTokens: 1,
};
const nothing: AdapterInput = {
  unet: randomLora(form.unet, 1).fill(0),
  textEncoders: form.textEncoders.map((modules) => randomLora(modules, 2).fill(0)),
  newRows: [8, 12].map((width) => new Float32Array(width)), strength: 1,
};
const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1, adapter: form });
afterAll(() => pipeline.release());

/** The vocabulary has 40 words; 'z' is the learned one, number 40. */
const prompts: PromptPort = {
  encodeWeighted: (text) => ({ ids: [39, 0].map((pad) => {
    const words = [...text].map((letter) => (letter === 'z' ? 40 : letter.charCodeAt(0) - 96));
    return [38, ...words, 39, ...new Array<number>(75 - words.length).fill(pad)];
  }) }),
  droppedTokens: () => 0,
};
const request: PortraitRequest = {
  prompt: 'ab', negativePrompt: 'c', seeds: [5], widthPx: 16, heightPx: 32, samplingSteps: 3,
  sampler: 'dpmpp-2m-sde-karras', guidanceScale: 4,
};

const latentsOf = async (change: Partial<PortraitRequest> = {}): Promise<Float32Array> => {
  const { portraits } = await drawPortraits(pipeline, prompts, { ...request, ...change });
  return portraits[0]!.latents.data as Float32Array;
};
const difference = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, value, k) => sum + (value - b[k]!) ** 2, 0) / b.reduce((sum, value) => sum + value ** 2, 0));

test('guidance in two calls and in one batch draw the same, from text states and pooled text', async () => {
  const [two, one] = [await latentsOf(), await latentsOf({ guidanceInOneBatch: true })];
  expect(difference(one, two)).toBeLessThan(1e-4);
  expect(difference(await latentsOf({ negativePrompt: 'd' }), two)).toBeGreaterThan(1e-3);
});

test('each part of a look counts: the UNet, either text encoder, the learned word', async () => {
  const base = await latentsOf();
  expect(difference(await latentsOf({ adapter: nothing }), base)).toBeLessThan(1e-5);
  const [first, second] = form.textEncoders.map((modules, i) => randomLora(modules, 10 + i));
  const [none1, none2] = nothing.textEncoders!;
  const looks: AdapterInput[] = [
    { ...nothing, unet: randomLora(form.unet, 9) },
    { ...nothing, textEncoders: [first!, none2!] }, { ...nothing, textEncoders: [none1!, second!] },
  ];
  for (const adapter of looks) {
    expect(difference(await latentsOf({ adapter }), base)).toBeGreaterThan(1e-3);
    expect(difference(await latentsOf({ adapter: { ...adapter, strength: 0 } }), base)).toBeLessThan(1e-5);
  }
  const rows = (seed: number): AdapterInput => ({
    ...nothing, newRows: [8, 12].map((width, i) => randomTensor([1, width], seed + i).data as Float32Array),
  });
  const [one, other] = [rows(20), rows(30)];
  expect(difference(await latentsOf({ prompt: 'az', adapter: one }), await latentsOf({ prompt: 'az', adapter: other })))
    .toBeGreaterThan(1e-3);
  // a word that is not said has no effect
  expect(difference(await latentsOf({ adapter: one }), base)).toBeLessThan(1e-5);
});

test('image to image works for SDXL as it does for SD', async () => {
  const picture = gradientPicture(40, 40);
  const [none, some] = [0, 0.7].map((strength) => latentsOf({ start: { picture, strength } }));
  expect(difference(await some!, await none!)).toBeGreaterThan(0.01);
  expect((await some!).every(Number.isFinite)).toBe(true);
});

test('emphasis reaches the UNet from both encoders, also of a learned word, and leaves the pooled text', async () => {
  const rows = [8, 12].map((width, i) => randomTensor([1, width], 40 + i).data as Float32Array);
  const adapter: AdapterInput = { ...nothing, newRows: rows };
  const weights = Array.from({ length: 77 }, (_, i) => (i === 2 ? 1.6 : 1));
  const emphasised: PromptPort = {
    ...prompts, encodeWeighted: (text) => ({ ...prompts.encodeWeighted(text), ...(text === 'az' ? { weights } : {}) }),
  };
  const seen: PredictInput[] = [];
  const listening: PipelinePort = {
    config: pipeline.config, encodeText: (ids, given) => pipeline.encodeText(ids, given),
    encodeFaces: (faces) => pipeline.encodeFaces(faces), decode: (latents) => pipeline.decode(latents),
    encode: (pixels) => pipeline.encode(pixels),
    predict(input) {
      seen.push(input);
      return pipeline.predict(input);
    },
  };
  await drawPortraits(listening, emphasised, { ...request, prompt: 'az', adapter, samplingSteps: 1 });
  // the negative prompt is asked first
  const told = seen[1]!;
  const plain = await pipeline.encodeText([prompts.encodeWeighted('az').ids], adapter);
  const [width, data] = [20, plain.context.data as Float32Array];
  for (const [from, to] of [[0, 8], [8, 20]] as const) {
    const places = Array.from(data.keys()).filter((i) => i % width >= from && i % width < to);
    const weighted = (i: number): number => data[i]! * weights[Math.floor(i / width)]!;
    const sum = (value: (i: number) => number): number => places.reduce((all, i) => all + value(i), 0);
    const scale = sum((i) => data[i]!) / sum(weighted);
    for (const i of places) expect((told.text.context.data as Float32Array)[i]).toBeCloseTo(weighted(i) * scale, 4);
  }
  expect(told.text.pooled!.data).toEqual(plain.pooled!.data);
});
