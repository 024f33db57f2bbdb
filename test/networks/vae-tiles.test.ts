// A picture tile by tile: tiles cover it, what they share is blended, and what came out whole comes out the same where
// a tile sees what it needs. A pipeline that saves memory holds one session and draws the same.

import { expect, test } from 'vitest';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { runTiled, tileStarts } from '../../src-main/networks/vae-tiles.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { tinySdxlCheckpoint } from './tiny-checkpoint.ts';

const tiling = { tile: 8, overlap: 4 };

test('tiles cover an edge with what neighbours share', () => {
  expect(tileStarts(8, tiling)).toEqual([0]);
  expect(tileStarts(12, tiling)).toEqual([0, 4]);
  const starts = tileStarts(21, tiling);
  expect(starts).toEqual([0, 3, 7, 10, 13]);
});

test('tiles of what is computed pixel by pixel are the whole, at another size too', async () => {
  const input = randomTensor([1, 2, 13, 21], 1);
  const doubled = (tile: Tensor): Promise<Record<string, Tensor>> => {
    const [, channels, height, width] = tile.shape as [number, number, number, number];
    const data = Float32Array.from({ length: channels * height * width * 4 }, (_, i) => {
      const [channel, y, x] = [Math.floor(i / (height * width * 4)), Math.floor(i / (width * 2)) % (height * 2),
        i % (width * 2)];
      return 3 * Number(tile.data[(channel * height + Math.floor(y / 2)) * width + Math.floor(x / 2)]);
    });
    return Promise.resolve({ out: float32Tensor([1, channels, height * 2, width * 2], data) });
  };
  const whole = (await doubled(input))['out']!;
  const { out } = await runTiled(input, { tiling, inputFactor: 1, outputFactor: 2 }, doubled);
  expect(out!.shape).toEqual(whole.shape);
  expect(relativeError(out!.data as Float32Array, whole.data as Float32Array)).toBeLessThan(1e-6);
});

test('neighbours are blended: a step between two tiles becomes a slope', async () => {
  let count = 0;
  const { out } = await runTiled(
    float32Tensor([1, 1, 8, 12], new Float32Array(96)), { tiling, inputFactor: 1, outputFactor: 1 },
    ({ shape }) => Promise.resolve({ out: float32Tensor(shape, new Float32Array(64).fill(count++)) }));
  const row = [...(out!.data as Float32Array).subarray(0, 12)];
  const rounded = row.map((value) => Math.round(value * 1000) / 1000);
  expect(rounded).toEqual([0, 0, 0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1]);
});

test('a pipeline that saves memory opens its networks one after the other and draws the same', async () => {
  const checkpoint = tinySdxlCheckpoint();
  const whole = openPipeline(checkpoint, { provider: 'cpu', threads: 1 });
  const saving = openPipeline(checkpoint, {
    provider: 'cpu', threads: 1, saving: { isSequential: true, isTiled: true, isSliced: false },
  });
  const [latents, large] = [randomTensor([1, 4, 8, 8], 1), randomTensor([1, 4, 64, 72], 2)];
  for (let i = 0; i < 2; i++) {
    const [expected, actual] = [await whole.decode(latents), await saving.decode(latents)];
    expect(actual.data).toEqual(expected.data);
    const [one, other] = [await whole.encode(expected), await saving.encode(actual)];
    expect(other.mean.data).toEqual(one.mean.data);
  }
  // two tiles, each normalised by itself
  const [expected, actual] = [await whole.decode(large), await saving.decode(large)];
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.data).not.toEqual(expected.data);
  expect(relativeError(actual.data as Float32Array, expected.data as Float32Array)).toBeLessThan(0.2);
  await whole.release();
  await saving.release();
});
