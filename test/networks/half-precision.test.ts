// Checkpoints in half precision, as most are published: the networks compute in float32 on exactly the numbers that
// the file holds.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { toFloat32, toFloatDType } from '../../src-main/tensor/half.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { tinySdxlCheckpoint } from './tiny-checkpoint.ts';

let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-half-')); });
afterAll(async () => { await rm(folder, { recursive: true }); });

type HalfType = 'float16' | 'bfloat16';
const converted = (weights: WeightTable, convert: (tensor: Tensor) => Tensor): WeightTable => (
  new Map([...weights].map(([name, source]) => [name, convert(source as Tensor)])));

/** The checkpoint with every table through `change`. */
async function withTables(
  checkpoint: Checkpoint, change: (weights: WeightTable, name: string) => WeightTable | Promise<WeightTable>,
): Promise<Checkpoint> {
  return {
    ...checkpoint, unet: await change(checkpoint.unet, 'unet'), vae: await change(checkpoint.vae, 'vae'),
    textEncoders: await Promise.all(checkpoint.textEncoders.map(async ({ config, weights }, i) => (
      { config, weights: await change(weights, `text-${i}`) }))),
  };
}

/** What a pipeline makes of one prompt, one latent and one picture. */
async function outputsOf(checkpoint: Checkpoint, favour: 'speed' | 'memory'): Promise<Tensor[]> {
  const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1, favour });
  try {
    const text = await pipeline.encodeText([[39, 0].map((pad) => [38, 3, 4, 39, ...new Array<number>(73).fill(pad)])]);
    const latents = randomTensor([1, 4, 8, 8], 1);
    const { mean } = await pipeline.encode(randomTensor([1, 3, 16, 16], 2));
    return [
      text.context, text.pooled!, await pipeline.predict({ latents, timestep: 500, text }),
      await pipeline.decode(latents), mean,
    ];
  } finally {
    await pipeline.release();
  }
}

test.each([['float16', 'speed'], ['bfloat16', 'memory']] as const)(
  'weights in %s, favouring %s', async (dtype: HalfType, favour) => {
    const half = await withTables(tinySdxlCheckpoint(), (weights) => (
      converted(weights, (tensor) => toFloatDType(tensor, dtype))));
    const asFloat32 = await withTables(half, (weights) => converted(weights, toFloat32));
    const inFile = await withTables(half, async (weights, name) => {
      const file = path.join(folder, `${dtype}-${favour}-${name}.safetensors`);
      await writeSafetensors(file, weights);
      return (await readSafetensorsHeader(file)).tensors;
    });
    const expected = await outputsOf(asFloat32, 'speed');
    for (const checkpoint of [half, inFile]) {
      const actual = await outputsOf(checkpoint, favour);
      for (const [i, { data }] of actual.entries()) {
        expect(relativeError(data, Float64Array.from(expected[i]!.data as Float32Array))).toBeLessThan(1e-5);
      }
    }
  });
