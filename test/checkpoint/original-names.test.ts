// Original names and back: what the writer calls a tensor, the reader finds again, for the real models' every name.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import {
  originalClip, originalOpenClip, type OriginalTensor, originalUnet, originalUnetName, originalVae, unetBlocksOf,
} from '../../src-main/checkpoint/original-names.ts';
import { projectedTextEncoderWeights, textEncoderWeights } from '../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../src-main/checkpoint/unet-names.ts';
import { vaeWeights } from '../../src-main/checkpoint/vae-names.ts';
import { elementCount } from '../../src-main/tensor/tensor.ts';
import type { WeightSource, WeightTable } from '../../src-main/tensor/weights.ts';

async function manifest(name: string): Promise<Map<string, number[]>> {
  const file = fileURLToPath(new URL(`../golden/key-manifests/${name}.json`, import.meta.url));
  const json = JSON.parse(await readFile(file, 'utf8')) as Record<string, { shape: number[] }>;
  return new Map(Object.entries(json).map(([key, { shape }]) => [key, shape]));
}

/** Tensors of the recipe's shapes that lie in no file; the transposed one is small enough to be in memory. */
function tensorsOf(
  recipe: readonly OriginalTensor[], shapes: ReadonlyMap<string, number[]>,
): Map<string, WeightSource> {
  return new Map(recipe.map(({ name, from, relaid }): [string, WeightSource] => {
    const [rows, ...others] = shapes.get(from[0]!)!;
    const shape = [rows! * from.length, ...others, ...(relaid === 'pointwise' ? [1, 1] : [])];
    if (relaid === 'transposed') return [name, { dtype: 'uint8', shape, data: new Uint8Array(elementCount(shape)) }];
    return [name, { dtype: 'float32', shape, file: '/nowhere', offsetBytes: 0, lengthBytes: 4 * elementCount(shape) }];
  }));
}

const shapesOf = (table: WeightTable): Map<string, string> =>
  new Map([...table].map(([name, { shape }]) => [name, shape.join()]));

test.each([
  ['sd15-unet', originalUnet, unetWeights], ['sd2-unet', originalUnet, unetWeights],
  ['sdxl-unet', originalUnet, unetWeights], ['vae', originalVae, vaeWeights],
  ['sd15-text-encoder', originalClip, textEncoderWeights], ['sd2-text-encoder', originalOpenClip, textEncoderWeights],
  ['sdxl-text-encoder-2', originalOpenClip, projectedTextEncoderWeights],
] as const)('%s: every tensor is found again under its own name', async (name, recipe, translate) => {
  const shapes = await manifest(name);
  const originals = recipe(shapes.keys());
  expect(new Set(originals.map((original) => original.name)).size).toBe(originals.length);
  const translated = await translate(tensorsOf(originals, shapes));
  expect(shapesOf(translated)).toEqual(new Map([...shapes].map(([key, shape]) => [key, shape.join()])));
});

test('an upsampler stands behind the attention where its block has one', async () => {
  const sdxl = unetBlocksOf((await manifest('sdxl-unet')).keys());
  const sd15 = unetBlocksOf((await manifest('sd15-unet')).keys());
  expect(originalUnetName('up_blocks.0.upsamplers.0.conv', sdxl)).toBe('output_blocks.2.2.conv');
  expect(originalUnetName('up_blocks.0.upsamplers.0.conv', sd15)).toBe('output_blocks.2.1.conv');
  expect(originalUnetName('up_blocks.1.upsamplers.0.conv', sd15)).toBe('output_blocks.5.2.conv');
});

test('names that no network has are not guessed at', () => {
  const blocks = { layersPerBlock: 2, upBlockTypes: ['UpBlock2D'] } as const;
  expect(originalUnetName('down_blocks.0.motion_modules.0.proj_in', blocks)).toBeUndefined();
  expect(originalUnetName('mid_block.resnets.0.scale.weight', blocks)).toBeUndefined();
  expect(() => originalUnet(['class_embedding.linear_1.weight'])).toThrow(/class_embedding/);
  expect(() => originalVae(['quantize.embedding.weight'])).toThrow(/quantize/);
  expect(() => originalOpenClip(['visual_projection.weight'])).toThrow(/visual_projection/);
});

test('q, k and v stand in this order in one in_proj', () => {
  const path = 'text_model.encoder.layers.3.self_attn.';
  const names = ['k', 'v', 'q'].flatMap((part) => [`${path}${part}_proj.weight`, `${path}${part}_proj.bias`]);
  const from = (end: string): string[] => ['q', 'k', 'v'].map((part) => `${path}${part}_proj.${end}`);
  expect(originalOpenClip(names)).toEqual(['weight', 'bias'].map((end) => (
    { name: `transformer.resblocks.3.attn.in_proj_${end}`, from: from(end) })));
});
