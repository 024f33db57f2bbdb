// Looks of two people and the LCM-LoRA on one loaded network: each is what its own merged checkpoint would be, and each
// word has its own rows in both people's prompts.

import { afterAll, describe, expect, test } from 'vitest';

import { layersFromFlat, type LoraLayer } from '../../src-main/adapter/lora-layers.ts';
import { mergeLora } from '../../src-main/adapter/merge-lora.ts';
import { blocksOf, type WritableTable } from '../../src-main/checkpoint/streamed-tensor.ts';
import { adapterOf } from '../../src-main/compute/adapter-input.ts';
import { joinAdapters } from '../../src-main/compute/joined-adapters.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { fastSampling, noFastAdapter } from '../../src-main/generation/fast-mode.ts';
import { drawPortraits, type PortraitRequest } from '../../src-main/generation/text-to-portrait.ts';
import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { type AdapterInput, openPipeline } from '../../src-main/networks/pipeline.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { randomLora, tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';

const checkpoint = tinySdxlCheckpoint();
const { unetConfig } = checkpoint;

function lora(seed: number, rank: number, loraAlpha: number): LoraLayer[] {
  const modules = unetLoraModules(unetConfig, seed === 3 ? 'transformer-and-convolution' : 'attention', {
    rank, loraAlpha,
  });
  return layersFromFlat('unet', modules, randomLora(modules, seed, 0.2));
}

const [ada, bob, lcm] = [lora(1, 2, 1), lora(2, 3, 6), lora(3, 4, 2)];
const embedding = (word: string, vectors: number, seed: number) => (
  { word, rows: [randomTensor([vectors, 8], seed), randomTensor([vectors, 12], seed + 1)] });
const looks = {
  ada: adapterOf(ada, [embedding('zqada', 2, 20)], checkpoint),
  bob: adapterOf(bob, [embedding('zqbob', 1, 30), embedding('zqada', 1, 40)], checkpoint),
  lcm: adapterOf(lcm, [], checkpoint),
};

async function whole(table: WritableTable): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const [name, source] of table) {
    const numbers: number[] = [];
    for await (const block of blocksOf(source)) numbers.push(...block.data as Float32Array);
    tensors.set(name, float32Tensor(source.shape, numbers));
  }
  return tensors;
}

/** The base model with LoRAs in its weights. */
async function merged(parts: readonly (readonly [LoraLayer[], number])[]): Promise<Checkpoint> {
  let unet = checkpoint.unet;
  for (const [layers, strength] of parts) {
    unet = await whole(mergeLora({ unet, textEncoders: [] }, layers, strength).unet);
  }
  return { ...checkpoint, unet };
}

const prompts = {
  encodeWeighted: (text: string) => ({ ids: [0, 1].map(() => [text.length, 7, 39, 0, 0, 0]) }), droppedTokens: () => 0,
};
const alwaysLcm = [{ adapter: looks.lcm, strength: 1 }];
const request: PortraitRequest = {
  prompt: 'abc', negativePrompt: '', seeds: [5], widthPx: 16, heightPx: 16, samplingSteps: 4, sampler: 'lcm',
  guidanceScale: 1.5,
};
const drawn = async (pipeline: ReturnType<typeof openPipeline>, adapter?: AdapterInput): Promise<Float32Array> => {
  const { portraits } = await drawPortraits(pipeline, prompts, { ...request, ...(adapter ? { adapter } : {}) });
  return portraits[0]!.latents.data as Float32Array;
};

describe('on one network', () => {
  const joined = joinAdapters([looks.ada, looks.bob], alwaysLcm);
  const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1, adapter: joined.form! });
  afterAll(() => pipeline.release());

  test.each([
    ['the first look with LCM', [[ada, 0.8], [lcm, 1]], looks.ada, 0.8],
    ['the second look with LCM', [[bob, 0.5], [lcm, 1]], looks.bob, 0.5],
    ['LCM alone', [[lcm, 1]], undefined, 0],
  ] as const)('%s draws what the merged weights draw', async (_, parts, own, strength) => {
    const reference = openPipeline(await merged(parts as never), { provider: 'cpu', threads: 1 });
    const expected = Float64Array.from(await drawn(reference));
    await reference.release();
    expect(relativeError(await drawn(pipeline, joined.with(own, strength).numbers), expected)).toBeLessThan(1e-4);
    expect(relativeError(await drawn(pipeline), expected)).toBeGreaterThan(1e-2);
  });

  test('words of both are known, one\'s own before the other\'s of the same name; rows lie where prompts look', () => {
    const { numbers, learnedTokens } = joined.with(looks.ada, 1, looks.bob);
    expect(learnedTokens).toEqual([{ word: 'zqada', vectors: 2 }, { word: 'zqbob', vectors: 1 }]);
    expect(joined.form!.newTokens).toBe(4);
    const rowsOf = (seed: number, vectors: number, width: number) => [...randomTensor([vectors, width], seed).data];
    expect([...numbers!.newRows![0]!]).toEqual([...rowsOf(20, 2, 8), ...rowsOf(30, 1, 8), ...new Array(8).fill(0)]);
    const other = joined.with(looks.bob, 1, looks.ada);
    expect(other.learnedTokens).toEqual([{ word: 'zqbob', vectors: 1 }, { word: 'zqada', vectors: 1 }]);
    expect([...other.numbers!.newRows![1]!]).toEqual([
      ...rowsOf(31, 1, 12), ...rowsOf(41, 1, 12), ...new Array(24).fill(0)]);
    expect(joined.with(undefined, 0).learnedTokens).toEqual([]);
  });
});

test('one look alone is fed as it is, and a look of another network is none', () => {
  const joined = joinAdapters([looks.ada], []);
  expect(joined.form).toBe(looks.ada.form);
  expect(joined.with(looks.ada, 0.7)).toEqual({
    numbers: { ...looks.ada.numbers, strength: 0.7 }, learnedTokens: looks.ada.learnedTokens,
  });
  expect(joined.with(undefined, 0).numbers).toBeUndefined();
  expect(joined.with(looks.bob, 1)).toEqual({ learnedTokens: [] });
  expect(joinAdapters([], []).form).toBeUndefined();
  expect(joinAdapters([], alwaysLcm).with(undefined, 0).numbers).toEqual({ ...looks.lcm.numbers, strength: 1 });
});

test('fast mode: LCM\'s sampler, guidance of at most 2, steps as asked; without its LoRA it says what to do', () => {
  const asked = { samplingSteps: 6, sampler: 'dpmpp-2m-karras', guidanceScale: 7 } as const;
  expect(fastSampling(asked)).toEqual({
    samplingSteps: 6, sampler: 'lcm', guidanceScale: 2, attentionGuidanceScale: 0,
  });
  expect(fastSampling({ ...asked, guidanceScale: 1 }).guidanceScale).toBe(1);
  expect(noFastAdapter()).toBeInstanceOf(UserError);
});
