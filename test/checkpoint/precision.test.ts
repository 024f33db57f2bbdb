// One model in several editions (float16, bfloat16, float32; safetensors, torch's zip and legacy files, weights laid
// out channels-last): opened from its file and run, each gives what float32 of the same numbers gives.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import { unet } from '../../src-main/models/unet.ts';
import { openSession, type SessionOptions } from '../../src-main/runtime/session.ts';
import { toFloat32, toFloatDType } from '../../src-main/tensor/half.ts';
import { bytesPerElement, type Tensor, tensorBytes } from '../../src-main/tensor/tensor.ts';
import { isTensorReference } from '../../src-main/tensor/weights.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { singleFileOf, tinyModel } from './tiny-models.ts';
import { dictionaryOf, type Picklable, torchLegacy, torchZip, viewOf } from './torch-writer.ts';

let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-precision-')); });
afterAll(async () => { await rm(folder, { recursive: true, force: true }); });

type Edition = ReadonlyMap<string, Tensor>;
const float16 = singleFileOf(tinyModel('sd2'));
const converted = (edition: Edition, convert: (tensor: Tensor) => Tensor): Edition => new Map(
  [...edition].map(([name, tensor]) => [name, tensor.dtype.startsWith('int') ? tensor : convert(tensor)]));
/** Fewer digits than float16 has, so the model is another one. */
const bfloat16 = converted(float16, (tensor) => toFloatDType(tensor, 'bfloat16'));

/** What the UNet makes of fixed inputs; `inMemory` counts the weights that were read when the file was opened. */
async function predictionOf(file: string, options: Partial<SessionOptions> = {}) {
  const checkpoint = await openCheckpoint(file);
  const g = new GraphBuilder('precision');
  const feeds = {
    sample: randomTensor([1, 4, 8, 8], 1), timestep: randomTensor([1], 2, 500, 501),
    context: randomTensor([1, 7, 64], 3),
  };
  const input = (name: keyof typeof feeds) => g.input(name, 'float32', feeds[name].shape);
  g.output('noise', unet(frozenScope(g, checkpoint.unet), checkpoint.unetConfig, {
    sample: input('sample'), timestep: input('timestep'), encoderHiddenStates: input('context'),
  }));
  const session = await openSession(g.graph(), { provider: 'cpu', threads: 1, ...options });
  try {
    const { noise } = await session.run(feeds);
    const inMemory = [...checkpoint.unet.values()].filter((source) => !isTensorReference(source)).length;
    return { data: Float64Array.from(noise!.data as Float32Array), inMemory };
  } finally {
    await session.release();
  }
}

/** Convolution weights as a model in torch's channels_last format has them: [O, I, H, W] stored as O, H, W, I. */
function channelsLast(edition: Edition): Buffer {
  const { value, bytes } = dictionaryOf(edition);
  for (const [i, [name, { dtype, shape, data }]] of [...edition].entries()) {
    if (shape.length !== 4) continue;
    const [out, input, height, width] = shape as [number, number, number, number];
    const turned = data.slice();
    for (let from = 0; from < data.length; from++) {
      const pixel = from % (height * width);
      const channel = Math.floor(from / (height * width)) % input;
      const filter = Math.floor(from / (height * width * input));
      turned[(filter * height * width + pixel) * input + channel] = data[from]!;
    }
    bytes.set(String(i), tensorBytes({ dtype, shape, data: turned }));
    const strides = [input * height * width, 1, width * input, input];
    value.set(name, viewOf({ key: String(i), dtype, count: out * strides[0]!, shape, strides }));
  }
  return torchZip(new Map<Picklable, Picklable>([['state_dict', value]]), bytes);
}

/** An odd number of bytes before the storages, so that no weight is aligned. */
function legacyFile(edition: Edition): Buffer {
  const odd: Tensor = { dtype: 'uint8', shape: [1], data: Uint8Array.of(1) };
  const { value, storages } = dictionaryOf(new Map([['odd', odd], ...edition]), true);
  return torchLegacy(value, storages);
}

const editions = [['float16', float16], ['bfloat16', bfloat16]] as const;

test.each(editions)('%s and float32 of its numbers', async (name, edition) => {
  const [half, full] = [`${name}.safetensors`, `${name}-as-float32.safetensors`].map((file) => path.join(folder, file));
  await writeSafetensors(half!, edition);
  await writeSafetensors(full!, converted(edition, toFloat32));
  const expected = await predictionOf(full!);
  expect(expected.data.every((value) => Number.isFinite(value))).toBe(true);
  for (const favour of ['speed', 'memory'] as const) {
    const { data, inMemory } = await predictionOf(half!, { favour });
    expect(relativeError(data, expected.data)).toBeLessThan(1e-6);
    expect(inMemory).toBe(0);
  }
});

test('float16 and bfloat16 are not the same model, or the test above proves nothing', async () => {
  const [a, b] = ['float16', 'bfloat16'].map((name) => predictionOf(path.join(folder, `${name}.safetensors`)));
  expect(relativeError((await a!).data, (await b!).data)).toBeGreaterThan(1e-4);
});

test('torch files of either format, and weights in another order, give the same', async () => {
  const expected = await predictionOf(path.join(folder, 'float16.safetensors'));
  const { value, bytes } = dictionaryOf(float16);
  const files = [
    ['zip.ckpt', 'speed', torchZip(value, bytes)], ['turned.ckpt', 'speed', channelsLast(float16)],
    ['legacy.ckpt', 'memory', legacyFile(float16)],
  ] as const;
  for (const [name, favour, contents] of files) {
    const file = path.join(folder, name);
    await writeFile(file, contents);
    const { data, inMemory } = await predictionOf(file, { favour });
    expect(relativeError(data, expected.data)).toBeLessThan(1e-6);
    expect(inMemory > 0).toBe(name === 'turned.ckpt');
  }
  const { unet: weights } = await openCheckpoint(path.join(folder, 'legacy.ckpt'));
  const references = [...weights.values()].filter(isTensorReference);
  expect(references.some(({ offsetBytes, dtype }) => offsetBytes % bytesPerElement[dtype] !== 0)).toBe(true);
});
