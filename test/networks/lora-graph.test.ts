// LoRA in a graph: which modules learn, and that the hook adds exactly what merging into the weights would.

import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { type UnetConfig, parseTextEncoderConfig, parseUnetConfig } from '../../src-main/checkpoint/configs.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Value } from '../../src-main/compiler/1-build/graph.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import { convolution, linear } from '../../src-main/models/layers.ts';
import type { NetworkScope } from '../../src-main/models/network-scope.ts';
import { layoutOf, parameterViews } from '../../src-main/networks/flat-parameters.ts';
import {
  type LoraModule, downName, loraHook, loraShapes, loraTrainables, textLoraModules, unetLoraModules, upName,
} from '../../src-main/networks/lora-graph.ts';
import { type Shape, type Tensor, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { randomLora } from './tiny-checkpoint.ts';

const golden = new URL('../golden/', import.meta.url);
const readGolden = async (name: string): Promise<Record<string, unknown>> => (
  JSON.parse(await readFile(new URL(name, golden), 'utf8')) as Record<string, unknown>);

async function stableDiffusion15(): Promise<UnetConfig> {
  return parseUnetConfig((await readGolden('key-manifests/configs.json'))['sd15-unet'], 'configs.json');
}

/** Shapes of the matrices by kohya's name, from sd-scripts' own manifests. */
async function manifestShapes(prefix: string, ...files: string[]): Promise<Map<string, unknown>> {
  const shapes = new Map<string, unknown>();
  for (const file of files) {
    for (const [name, entry] of Object.entries(await readGolden(`lora-files/${file}.json`))) {
      if (name.startsWith(prefix) && !name.endsWith('.alpha')) shapes.set(name, (entry as [unknown])[0]);
    }
  }
  return shapes;
}

function shapesOf(modules: readonly LoraModule[], prefix = 'lora_unet'): Map<string, unknown> {
  return new Map(modules.flatMap((module) => {
    const { down, up } = loraShapes(module);
    const name = `${prefix}_${module.path.replaceAll('.', '_')}`;
    return [[`${name}.lora_down.weight`, down], [`${name}.lora_up.weight`, up]];
  }));
}

const size8 = { rank: 8, loraAlpha: 4 };

const sorted = (shapes: ReadonlyMap<string, unknown>): [string, unknown][] => (
  [...shapes].sort(([a], [b]) => (a < b ? -1 : 1)));

test('the attention targets of SD 1.5 are its 128 projections', async () => {
  const modules = unetLoraModules(await stableDiffusion15(), 'attention', size8);
  expect(modules.length).toBe(128);
  for (const { path, kind } of modules) expect([path, kind]).toEqual([expect.stringMatching(/attn[12]\.to_/), 'linear']);
});

test('the transformer targets are the modules and shapes that sd-scripts writes', async () => {
  const modules = unetLoraModules(await stableDiffusion15(), 'transformer', size8);
  expect(modules.length).toBe(192);
  expect(sorted(shapesOf(modules))).toEqual(sorted(await manifestShapes('lora_unet_', 'manifest_sd15_linear')));
});

test('with convolutions they are the modules and shapes that sd-scripts writes', async () => {
  const modules = unetLoraModules(await stableDiffusion15(), 'transformer-and-convolution', size8);
  expect(modules.length).toBe(278);
  const expected = await manifestShapes('lora_unet_', 'manifest_sd15_linear', 'manifest_sd15_conv_extra');
  expect(sorted(shapesOf(modules))).toEqual(sorted(expected));
});

test('3×3 convolutions have a rank and an alpha of their own, 1×1 ones those of the linear layers', async () => {
  const size = { ...size8, convRank: 3, convAlpha: 2 };
  const modules = unetLoraModules(await stableDiffusion15(), 'transformer-and-convolution', size);
  for (const { weightShape, rank, loraAlpha } of modules) {
    expect([rank, loraAlpha]).toEqual(weightShape[2] === 3 ? [3, 2] : [8, 4]);
  }
});

test('the modules of a text encoder are those that sd-scripts writes', async () => {
  const configs = await readGolden('key-manifests/configs.json');
  const modules = textLoraModules(parseTextEncoderConfig(configs['sd15-text-encoder'], 'configs.json'), size8);
  expect(modules.length).toBe(72);
  const expected = await manifestShapes('lora_te_', 'manifest_sd15_linear');
  expect(sorted(shapesOf(modules, 'lora_te'))).toEqual(sorted(expected));
});

interface LayerCase {
  readonly about: string;
  readonly input: Shape;
  readonly weightShape: Shape;
  readonly build: (scope: NetworkScope, x: Value) => Value;
}

const layerCases: readonly LayerCase[] = [
  { about: 'a linear layer', input: [5, 6], weightShape: [4, 6], build: (scope, x) => linear(scope, 'layer', x, 4) },
  { about: 'a 1×1 convolution', input: [2, 6, 3, 4], weightShape: [4, 6, 1, 1],
    build: (scope, x) => convolution(scope, 'layer', x, 4, { kernel: 1 }) },
  { about: 'a 3×3 convolution', input: [2, 3, 5, 4], weightShape: [4, 3, 3, 3],
    build: (scope, x) => convolution(scope, 'layer', x, 4) },
  { about: 'a 3×3 convolution that halves, padded at one side', input: [1, 3, 6, 8], weightShape: [4, 3, 3, 3],
    build: (scope, x) => convolution(scope, 'layer', x, 4, { stride: 2, pads: [0, 0, 1, 1] }) },
];

const rank = 2;
const loraAlpha = 3;
const strength = 0.5;
/** strength · loraAlpha / rank */
const scale = 0.75;
const feed = (shape: Shape): { x: Tensor } => ({ x: randomTensor(shape, 3) });

function weightsOf({ weightShape }: LayerCase): WeightTable {
  return new Map([['layer.weight', randomTensor(weightShape, 1)], ['layer.bias', randomTensor([4], 2)]]);
}

function moduleOf({ weightShape }: LayerCase): LoraModule {
  return { path: 'layer', kind: weightShape.length === 2 ? 'linear' : 'conv', weightShape, rank, loraAlpha };
}

function outputOf(
  each: LayerCase, weights: WeightTable, adapter?: { flat: Float32Array; strength: number },
): Float64Array {
  const g = new GraphBuilder('layer');
  const x = g.input('x', 'float32', each.input);
  const modules = [moduleOf(each)];
  const hook = adapter && (() => {
    const layout = layoutOf(loraTrainables(modules));
    const views = parameterViews(g, g.constant(float32Tensor([layout.size], adapter.flat)), layout);
    return loraHook(g, modules, (name) => views.get(name)!, g.scalar(adapter.strength));
  })();
  g.output('y', each.build(frozenScope(g, weights, hook), x));
  verify(g.graph());
  return evaluate(g.graph(), feed(each.input))['y']!.values;
}

/** W + scale · up · down, with a convolution's kernel kept inside down. */
function merged(each: LayerCase, flat: Float32Array): WeightTable {
  const weights = weightsOf(each);
  const { entries } = layoutOf(loraTrainables([moduleOf(each)]));
  const part = (name: string): Float32Array => {
    const { offset, size } = entries.find((entry) => entry.name === name)!;
    return flat.subarray(offset, offset + size);
  };
  const [down, up] = [part(downName('layer')), part(upName('layer'))];
  const base = weights.get('layer.weight') as Tensor;
  const width = elementCount(each.weightShape.slice(1));
  const sum = (base.data as Float32Array).map((value, i) => {
    let share = 0;
    for (let r = 0; r < rank; r++) share += up[Math.floor(i / width) * rank + r]! * down[r * width + (i % width)]!;
    return value + scale * share;
  });
  return new Map([...weights, ['layer.weight', float32Tensor(each.weightShape, sum)]]);
}

test.each(layerCases)('$about: the hook is what merging into the weights would be', (each) => {
  const flat = randomLora([moduleOf(each)], 9, 1);
  const base = outputOf(each, weightsOf(each));
  const hooked = outputOf(each, weightsOf(each), { flat, strength });
  expect(relativeError(hooked, base)).toBeGreaterThan(0.1);
  // the merged weights are rounded to float32
  expect(relativeError(hooked, outputOf(each, merged(each, flat)))).toBeLessThan(1e-6);
});

test.each(layerCases)('$about: strength 0, or an up matrix of zeros, is the base layer', (each) => {
  const base = outputOf(each, weightsOf(each));
  const flat = randomLora([moduleOf(each)], 9, 1);
  expect(outputOf(each, weightsOf(each), { flat, strength: 0 })).toEqual(base);
  const { entries } = layoutOf(loraTrainables([moduleOf(each)]));
  const { offset, size } = entries.find(({ name }) => name === upName('layer'))!;
  expect(outputOf(each, weightsOf(each), { flat: flat.fill(0, offset, offset + size), strength: 1 })).toEqual(base);
});

test('layers that are not among the modules are left alone', () => {
  const g = new GraphBuilder('other');
  const hook = loraHook(g, [moduleOf(layerCases[0]!)], () => { throw new Error('asked for a matrix'); });
  const x = g.input('x', 'float32', [5, 6]);
  expect(hook({ path: 'other', kind: 'linear', weightShape: [4, 6], input: x, output: x })).toBe(x);
});

test('the flat vector holds each parameter once, one after the other', () => {
  const layout = layoutOf([{ name: 'a', shape: [2, 3] }, { name: 'b', shape: [] }, { name: 'c', shape: [4] }]);
  expect(layout.size).toBe(11);
  expect(layout.entries.map(({ offset, size }) => [offset, size])).toEqual([[0, 6], [6, 1], [7, 4]]);
  const g = new GraphBuilder('views');
  const flat = g.input('flat', 'float32', [11]);
  for (const [name, view] of parameterViews(g, flat, layout)) g.output(name, g.neg(view));
  const numbers = evaluate(g.graph(), { flat: float32Tensor([11], Array.from({ length: 11 }, (_, i) => -i)) });
  expect([numbers['a']!.shape, numbers['b']!.shape]).toEqual([[2, 3], []]);
  expect(Array.from(numbers['c']!.values)).toEqual([7, 8, 9, 10]);
});
