// Writing whole base models: every family's file has the original's names and numbers and opens as the same model;
// changes get in, what cannot be meant does not, and nothing in the file says where it came from.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { mergeLora } from '../../src-main/adapter/merge-lora.ts';
import { type Checkpoint, openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensors, readSafetensorsHeader, readTensor } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { writeCheckpoint } from '../../src-main/checkpoint/write-checkpoint.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { toFloat32, toFloatDType } from '../../src-main/tensor/half.ts';
import { float32Tensor, type Tensor, tensorBytes } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { singleFileOf, tinyModel, writeModelFolder } from './tiny-models.ts';

const architectures = ['sd15', 'sd2', 'sdxl'] as const;
const models = { sd15: tinyModel('sd15'), sd2: tinyModel('sd2'), sdxl: tinyModel('sdxl') };
let folder: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-write-'));
  await mkdir(path.join(folder, 'out'));
  target = path.join(folder, 'out/written.safetensors');
});
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

type Change = (tensors: Map<string, Tensor>) => void;

async function openSingle(name: (typeof architectures)[number], change: Change = () => {}): Promise<Checkpoint> {
  const file = path.join(folder, 'source.safetensors');
  const tensors = singleFileOf(models[name]);
  change(tensors);
  await writeSafetensors(file, tensors);
  return await openCheckpoint(file);
}

const errorOf = (promise: Promise<unknown>): Promise<UserError> => promise.then(
  () => { throw new Error('nothing was refused'); },
  (error: unknown) => { if (error instanceof UserError) return error; throw error; });

const bytesOf = (tensors: ReadonlyMap<string, Tensor>): Map<string, string> => new Map(
  [...tensors].map(([name, tensor]) => (
    [name, `${tensor.dtype} ${tensor.shape.join()} ${Buffer.from(tensorBytes(tensor)).toString('base64')}`])));

async function numbers(table: WeightTable): Promise<Map<string, string>> {
  const entries = await Promise.all(
    [...table].map(async ([name, source]) => [name, await readTensor(source)] as const));
  return new Map([...bytesOf(new Map(entries))].sort());
}

test.each(architectures)('%s: the written file has the names and numbers of the one that was opened', async (name) => {
  await writeCheckpoint(target, await openSingle(name));
  const expected = singleFileOf(models[name]);
  // what no network needs; the positions are written for the tools that look for them
  for (const extra of ['betas', 'model_ema.decay']) expected.delete(extra);
  const written = await readSafetensors(target);
  for (const [key, tensor] of expected) {
    if (!key.endsWith('position_ids')) continue;
    expect([...written.get(key)!.data].map(Number)).toEqual(Array.from({ length: 77 }, (_, i) => i));
    written.delete(key);
    expected.delete(key);
    expect(tensor.dtype).toBe('int64');
  }
  // the two numbers of SD 2 that no network runs were float32 in the source
  for (const [key, tensor] of expected) expected.set(key, toFloatDType(tensor, 'float16'));
  expect(new Map([...bytesOf(written)].sort())).toEqual(new Map([...bytesOf(expected)].sort()));
});

test.each(architectures)('%s: a diffusers folder becomes a file that opens as the same model', async (name) => {
  await writeModelFolder(folder, models[name]);
  const source = await openCheckpoint(folder);
  await writeCheckpoint(target, source);
  const written = await openCheckpoint(target);
  expect(written.architecture).toBe(name);
  expect(written.unetConfig).toEqual(source.unetConfig);
  expect(await numbers(written.unet)).toEqual(await numbers(source.unet));
  expect(await numbers(written.vae)).toEqual(await numbers(source.vae));
  for (const [index, { weights, config }] of source.textEncoders.entries()) {
    expect(written.textEncoders[index]!.config).toEqual(config);
    expect(await numbers(written.textEncoders[index]!.weights)).toEqual(await numbers(weights));
  }
});

test('without a file to copy it from, the layer of SD 2 that is never run is the last one again', async () => {
  await writeModelFolder(folder, models.sd2);
  await writeCheckpoint(target, await openCheckpoint(folder));
  const written = bytesOf(await readSafetensors(target));
  const layer = (index: number): [string, string][] => [...written].flatMap(([key, bytes]) => {
    const [, number, rest] = /resblocks\.(\d+)\.(.+)$/.exec(key) ?? [];
    return Number(number) === index ? [[rest!, bytes]] : [];
  });
  expect(layer(2)).toEqual(layer(1));
  expect(layer(2)).toHaveLength(12);
  expect(layer(3)).toEqual([]);
});

test('an SDXL that predicts v says so in the way that ComfyUI and A1111 look for', async () => {
  const source = await openSingle('sdxl');
  const velocity = { ...source.schedulerConfig, predictionType: 'v_prediction' } as const;
  await writeCheckpoint(target, { ...source, schedulerConfig: velocity });
  let { tensors, metadata } = await readSafetensorsHeader(target);
  expect(tensors.get('v_pred')?.shape).toEqual([0]);
  expect(tensors.has('ztsnr')).toBe(false);
  expect(metadata.get('modelspec.prediction_type')).toBe('v');
  expect((await openCheckpoint(target)).schedulerConfig).toEqual(velocity);
  await writeCheckpoint(target, { ...source, schedulerConfig: { ...velocity, rescaleBetasZeroSnr: true } });
  ({ tensors } = await readSafetensorsHeader(target));
  expect(tensors.has('ztsnr')).toBe(true);
  await writeCheckpoint(target, source);
  ({ tensors, metadata } = await readSafetensorsHeader(target));
  expect(tensors.has('v_pred')).toBe(false);
  expect(metadata.get('modelspec.prediction_type')).toBe('epsilon');
});

test('changed weights take their place, in the type that is asked for; the VAE keeps its own', async () => {
  const vaeName = 'first_stage_model.decoder.conv_in.weight';
  const source = await openSingle('sdxl', (tensors) => {
    for (const [name, tensor] of tensors) {
      if (name.startsWith('first_stage_model.')) tensors.set(name, toFloat32(tensor));
    }
    // 1/3 has no float16
    tensors.set(vaeName, { ...toFloat32(tensors.get(vaeName)!), data: new Float32Array(32 * 4 * 9).fill(1 / 3) });
  });
  const convIn = randomTensor(source.unet.get('conv_in.weight')!.shape, 1);
  const bias = randomTensor([64], 2);
  const changes = {
    unet: new Map([['conv_in.weight', convIn]]),
    textEncoders: [undefined, new Map([['text_model.encoder.layers.1.self_attn.k_proj.bias', bias]])],
  };
  for (const dtype of ['float16', 'bfloat16', 'float32'] as const) {
    await writeCheckpoint(target, source, { ...changes, dtype });
    const written = await readSafetensors(target);
    expect(written.get(vaeName)).toMatchObject({ dtype: 'float32' });
    expect(written.get(vaeName)!.data[0]).toBe(Math.fround(1 / 3));
    expect(written.get('model.diffusion_model.input_blocks.0.0.weight')).toEqual(toFloatDType(convIn, dtype));
    const fused = written.get('conditioner.embedders.1.model.transformer.resblocks.1.attn.in_proj_bias')!;
    expect([...fused.data.subarray(64, 128)]).toEqual([...toFloatDType(bias, dtype).data]);
    expect(new Set([...written].filter(([key]) => key.startsWith('model.')).map(([, tensor]) => tensor.dtype)))
      .toEqual(new Set([dtype]));
  }
  await expect(writeCheckpoint(target, source, { unet: new Map([['conv_in.wait', convIn]]) })).rejects.toThrow(/wait/);
});

test('a merged LoRA is in every layer that it names, q, k and v of a fused one each in its own third', async () => {
  const source = await openSingle('sdxl');
  const layer = (network: 'unet' | 'textEncoder2', modulePath: string, seed: number, conv = false) => ({
    network, modulePath, kind: conv ? 'conv' : 'linear', rank: 3, loraAlpha: 6,
    down: randomTensor([3, 64, ...(conv ? [3, 3] : [])], seed),
    up: randomTensor([64, 3, ...(conv ? [1, 1] : [])], seed + 1),
  } as const);
  const layers = [
    layer('unet', 'mid_block.resnets.0.conv1', 10, true), layer('unet', 'mid_block.attentions.0.proj_in', 20),
    layer('textEncoder2', 'text_model.encoder.layers.0.self_attn.k_proj', 30),
    layer('textEncoder2', 'text_model.encoder.layers.0.self_attn.v_proj', 40),
  ];
  await writeCheckpoint(target, source, { ...mergeLora(source, layers, 0.5), dtype: 'float32' });
  const written = await openCheckpoint(target);
  const tables = ({ unet, textEncoders }: Checkpoint) => ({ unet, textEncoder2: textEncoders[1]!.weights });
  for (const { network, modulePath, down, up } of layers) {
    const name = `${modulePath}.weight`;
    const [before, after] = await Promise.all([source, written].map(async (checkpoint) =>
      toFloat32(await readTensor(tables(checkpoint)[network].get(name)!)).data as Float32Array));
    const width = before!.length / 64;
    const expected = before!.map((value, i) => {
      let share = 0;
      for (let r = 0; r < 3; r++) {
        share += Number(up.data[Math.floor(i / width) * 3 + r]) * Number(down.data[r * width + i % width]);
      }
      // strength 0.5, alpha 6, rank 3
      return value + share;
    });
    expect(Math.max(...after!.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-6);
    expect(Math.max(...after!.map((value, i) => Math.abs(value - before![i]!)))).toBeGreaterThan(0.1);
  }
  const untouched = 'text_model.encoder.layers.0.self_attn.q_proj.weight';
  expect([...toFloat32(await readTensor(written.textEncoders[1]!.weights.get(untouched)!)).data])
    .toEqual([...toFloat32(await readTensor(source.textEncoders[1]!.weights.get(untouched)!)).data]);
});

test.each([
  ['NaN', NaN, 'float32'], ['an infinite number', Infinity, 'bfloat16'], ['a number beyond float16', 70000, 'float16'],
] as const)('%s is refused by name, and an earlier file stays', async (_, value, dtype) => {
  const source = await openSingle('sd15');
  await writeFile(target, 'earlier');
  const bad = float32Tensor(source.unet.get('conv_out.bias')!.shape, [0, value, 0, 0]);
  const error = await errorOf(writeCheckpoint(target, source, { unet: new Map([['conv_out.bias', bad]]), dtype }));
  expect(error.code).toBe('checkpoint.not-finite');
  expect(error.text.what).toMatch(/conv_out\.bias/);
  expect(await readFile(target, 'utf8')).toBe('earlier');
  expect(await readdir(path.dirname(target))).toEqual(['written.safetensors']);
});

test('the file says what it is and nothing of where it came from', async () => {
  const source = await openSingle('sd15');
  const said = { title: 'Probe', triggerPhrase: 'zqx person', metadata: new Map([['a', 'b']]) };
  await writeCheckpoint(target, source, said);
  const { metadata, dataOffsetBytes } = await readSafetensorsHeader(target);
  expect(Object.fromEntries(metadata)).toEqual({
    'modelspec.sai_model_spec': '1.0.1', 'modelspec.architecture': 'likeness-miniature-v1',
    'modelspec.implementation': 'https://github.com/Stability-AI/generative-models',
    'modelspec.title': 'Probe', 'modelspec.resolution': '128x128', 'modelspec.prediction_type': 'epsilon',
    'modelspec.trigger_phrase': 'zqx person', 'a': 'b',
  });
  const header = (await readFile(target)).subarray(0, dataOffsetBytes).toString();
  expect(header).not.toMatch(/likeness-write|source|tmp/);
  const again = path.join(folder, 'out/again.safetensors');
  await writeCheckpoint(again, source, said);
  expect((await readFile(again)).equals(await readFile(target))).toBe(true);
});
