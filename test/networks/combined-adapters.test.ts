// Several adapters on one loaded network: together they add what each adds alone.

import { expect, test } from 'vitest';

import { combineAdapters, combineModules, type WeightedAdapter } from '../../src-main/networks/combined-adapters.ts';
import {
  type LoraModule, type LoraSize, textLoraModules, unetLoraModules,
} from '../../src-main/networks/lora-graph.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { loraChanges } from './lora-changes.ts';
import { randomLora, tinySdxlCheckpoint } from './tiny-checkpoint.ts';

const checkpoint = tinySdxlCheckpoint();
const unetModules = (targets: Parameters<typeof unetLoraModules>[1], size: LoraSize): LoraModule[] => (
  unetLoraModules(checkpoint.unetConfig, targets, size));

test('modules on one layer add up, each with its own rank, alpha and strength; others stay as they are', () => {
  const wideConvolutions = { rank: 1, loraAlpha: 4, convRank: 2, convAlpha: 1 };
  const parts = [
    { targets: 'attention', size: { rank: 3, loraAlpha: 2 }, strength: 0.7 },
    { targets: 'transformer-and-convolution', size: wideConvolutions, strength: -0.5 },
    { targets: 'attention', size: { rank: 2, loraAlpha: 2 }, strength: 0 },
  ] as const;
  const loras = parts.map(({ targets, size, strength }, i) => {
    const modules = unetModules(targets, size);
    return { modules, parameters: randomLora(modules, i + 1), strength };
  });
  const { modules, parameters } = combineModules(loras);
  expect(modules.length).toBe(loras[1]!.modules.length);
  const combined = loraChanges(modules, parameters, 1);
  const alone = loras.map((lora) => loraChanges(lora.modules, lora.parameters, lora.strength));
  for (const { path, kind, rank, loraAlpha, weightShape } of modules) {
    const isWide = kind === 'conv' && weightShape[2] === 3;
    const shares = alone.flatMap((each) => (each.has(path) ? [each.get(path)!] : []));
    const sum = shares.reduce((a, b) => a.map((value, i) => value + b[i]!));
    expect(relativeError(combined.get(path)!, sum)).toBeLessThan(1e-6);
    const together = shares.length === 3 ? 3 + 1 + 2 : isWide ? 2 : 1;
    expect([rank, loraAlpha]).toEqual([together, together]);
  }
});

function adapter(seed: number, rank: number, strength: number): WeightedAdapter {
  const size = { rank, loraAlpha: 1 };
  const form = {
    unet: unetModules('attention', size),
    textEncoders: checkpoint.textEncoders.map(({ config }) => textLoraModules(config, size)), newTokens: 1,
  };
  return { form, numbers: {
    unet: randomLora(form.unet, seed), strength,
    textEncoders: form.textEncoders.map((modules, i) => randomLora(modules, seed + 1 + i)),
    newRows: [8, 12].map((width, i) => randomTensor([1, width], seed + 5 + i).data as Float32Array),
  } };
}

test('adapters mix on one loaded model, at any strengths, each with its own words', async () => {
  const [one, two] = [adapter(1, 2, 0.9), adapter(20, 1, 0)];
  const both = combineAdapters([one, two]);
  expect(both.form.newTokens).toBe(2);
  const prompt = [0, 1].map(() => [38, 40, 41, 39, ...new Array<number>(73).fill(0)]);
  const onlyFirst = prompt.map((ids) => ids.with(2, 40));
  const latents = randomTensor([1, 4, 8, 8], 4);
  const mixing = openPipeline(checkpoint, { provider: 'cpu', threads: 1, adapter: both.form });
  const single = openPipeline(checkpoint, { provider: 'cpu', threads: 1, adapter: one.form });
  // the second at strength 0: what the first draws alone
  const text = await single.encodeText([onlyFirst], one.numbers);
  const expected = await single.predict({ latents, timestep: 500, text, adapter: one.numbers });
  const mixed = await mixing.encodeText([onlyFirst], both.numbers);
  const error = (a: Tensor, b: Tensor): number => relativeError(a.data, Float64Array.from(b.data as Float32Array));
  expect(error(mixed.context, text.context)).toBeLessThan(1e-5);
  const drawn = await mixing.predict({ latents, timestep: 500, text, adapter: both.numbers });
  expect(error(drawn, expected)).toBeLessThan(1e-5);
  // another strength of the second on the same sessions; the second's word is the second new token
  const stronger = combineAdapters([one, { ...two, numbers: { ...two.numbers, strength: 0.8 } }]);
  expect(stronger.form).toEqual(both.form);
  const changed = await mixing.predict({ latents, timestep: 500, text, adapter: stronger.numbers });
  expect(error(changed, expected)).toBeGreaterThan(1e-3);
  const words = await mixing.encodeText([prompt], both.numbers);
  expect(error(words.context, mixed.context)).toBeGreaterThan(1e-3);
  expect(stronger.numbers.newRows).toEqual([0, 1].map((i) => (
    Float32Array.of(...one.numbers.newRows![i]!, ...two.numbers.newRows![i]!))));
  await mixing.release();
  await single.release();
});

test('no adapters are an adapter that does nothing', () => {
  expect(combineAdapters([])).toEqual({
    form: { unet: [], textEncoders: [], newTokens: 0 },
    numbers: { unet: new Float32Array(0), textEncoders: [], strength: 1 },
  });
});
