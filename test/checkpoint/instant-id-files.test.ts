// InstantID's files: both editions of the adapter, IdentityNet as a folder and alone, and the refusal of everything
// else with its name: other adapters, other networks, files that are cut off, quantised or made to do harm.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { parseControlNetConfig, parseUnetConfig } from '../../src-main/checkpoint/configs.ts';
import {
  attentionPaths, imageAttentionWeights, numberedName,
} from '../../src-main/checkpoint/image-attention-names.ts';
import { openIdentityNet, openImageAdapter } from '../../src-main/checkpoint/instant-id-files.ts';
import { inferResamplerConfig, parseResamplerConfig } from '../../src-main/checkpoint/resampler-config.ts';
import { readTensor } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { resamplerParameters } from '../../src-main/models/parameter-shapes.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { isTensorReference } from '../../src-main/tensor/weights.ts';
import { tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';
import {
  adapterBin, adapterTensors, identityNetJson, identityNetTensors, tinyIdentityNet, tinyResampler, writeInstantId,
} from '../networks/tiny-instant-id.ts';
import { ordered, type Picklable, torchZip } from './torch-writer.ts';

const { unetConfig } = tinySdxlCheckpoint();
const golden = (name: string): string => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
const readJson = async (name: string): Promise<unknown> => JSON.parse(await readFile(golden(name), 'utf8'));
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-instant-id-files-'));
  file = path.join(folder, 'ip-adapter.bin');
});
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

async function refusal(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(() => { throw new Error('nothing was refused'); }, (thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw error;
  expect(error.message).not.toContain(folder);
  return error;
}

const editions = ['ip-adapter.bin', 'ip-adapter.safetensors'];

test.each(editions)('%s: Resampler and image attention lie in place', async (name) => {
  const tensors = adapterTensors(unetConfig);
  const location = path.join(folder, name);
  if (name.endsWith('.bin')) await writeFile(location, adapterBin(tensors));
  else await writeSafetensors(location, tensors);
  const adapter = await openImageAdapter(location, tinyResampler);
  expect(adapter.path).toBe(location);
  expect(adapter.otherNames).toEqual([]);
  const found = new Map([
    ...[...adapter.resampler.weights].map(([key, source]) => [`image_proj.${key}`, source] as const),
    ...[...adapter.imageAttention].map(([key, source]) => [`ip_adapter.${key}`, source] as const),
  ]);
  expect([...found.keys()].sort()).toEqual([...tensors.keys()].sort());
  for (const [key, source] of found) {
    expect(isTensorReference(source) && source.file).toBe(location);
    expect(await readTensor(source)).toEqual(tensors.get(key));
  }
});

test('names of tensors that belong to neither part are kept for whoever checks', async () => {
  const tensors = new Map([...adapterTensors(unetConfig), ['other.weight', float32Tensor([1], [1])] as const]);
  await writeSafetensors(file, tensors);
  expect((await openImageAdapter(file, tinyResampler)).otherNames).toEqual(['other.weight']);
});

test('the numbers are those of diffusers\' attention processors, there and back', async () => {
  const configs = await readJson('key-manifests/configs.json') as Record<string, unknown>;
  const real = parseUnetConfig(configs['sdxl-unet'], 'x');
  const manifest = 'key-manifests/instantid-processor-order.json';
  const order = await readJson(manifest) as { index: number; attention: string }[];
  expect(attentionPaths(real)).toEqual(order.map(({ attention }) => attention));
  const numbered = new Map(order.map(({ index }) => [`${index}.to_k_ip.weight`, float32Tensor([1], [index])]));
  for (const [name, source] of imageAttentionWeights(numbered, real)) {
    const index = Number((source as Tensor).data[0]);
    expect(name).toBe(`${order[index]!.attention}.to_k_ip.weight`);
    expect(numberedName(name, real)).toBe(`${index}.to_k_ip.weight`);
  }
});

test('numbers beyond the UNet, or written in other ways, stay what they are', () => {
  const names = ['500.to_k_ip.weight', '01.to_k_ip.weight', '-1.to_k_ip.weight', 'a.to_k_ip.weight', '1'];
  const table = new Map(names.map((name) => [name, float32Tensor([1], [0])]));
  expect([...imageAttentionWeights(table, unetConfig).keys()]).toEqual(names);
  expect(() => numberedName('conv_in.weight', unetConfig)).toThrow('no attention');
});

test('the published Resampler\'s sizes are read off its shapes', async () => {
  const manifest = await readJson('key-manifests/instantid-ip-adapter.json') as Record<string, { shape: number[] }>;
  const projection = Object.entries(manifest).filter(([name]) => name.startsWith('image_proj.'));
  const weights = new Map(projection.map(([name, { shape }]) => (
    [name.slice('image_proj.'.length), { dtype: 'float32', shape, data: new Float32Array(0) } as const])));
  const config = inferResamplerConfig(weights, 'ip-adapter.bin');
  expect(config).toEqual(parseResamplerConfig({
    dim: 1280, depth: 4, dim_head: 64, heads: 20, num_queries: 16, embedding_dim: 512, output_dim: 2048, ff_mult: 4,
  }, 'x'));
  expect(resamplerParameters(config).size).toBe(weights.size);
});

test('IdentityNet opens as a folder with its config, and alone with the config given', async () => {
  const { identityNet } = await writeInstantId(folder, unetConfig);
  const opened = await openIdentityNet(identityNet);
  expect(opened.config).toEqual(tinyIdentityNet(unetConfig));
  expect([...opened.weights.keys()].sort()).toEqual([...identityNetTensors(unetConfig).keys()].sort());
  const alone = path.join(identityNet, 'diffusion_pytorch_model.safetensors');
  const given = await openIdentityNet(alone, tinyIdentityNet(unetConfig));
  expect(given.weights).toEqual(opened.weights);
  // widths from which the heads cannot be told
  expect((await refusal(openIdentityNet(alone))).code).toBe('checkpoint.size-unknown');
});

test('a ControlNet\'s config is parsed strictly', () => {
  const json = identityNetJson(tinyIdentityNet(unetConfig));
  expect(parseControlNetConfig(json, 'x')).toEqual(tinyIdentityNet(unetConfig));
  const { conditioning_embedding_out_channels: _widths, ...usual } = json;
  expect(parseControlNetConfig(usual, 'x').conditioningEmbeddingOutChannels).toEqual([16, 32, 96, 256]);
  for (const wrong of [
    { controlnet_conditioning_channel_order: 'bgr' }, { conditioning_channels: 1 }, { global_pool_conditions: true },
    { class_embed_type: 'timestep' }, { attention_head_dim: [1, 2] }, { block_out_channels: 'wide' },
  ]) {
    expect(() => parseControlNetConfig({ ...json, ...wrong }, 'net/config.json')).toThrow('net/config.json');
  }
});

test('what is something else is refused by its name', async () => {
  const weight = float32Tensor([1, 1], [1]);
  const write = async (...names: readonly string[]) => {
    await writeSafetensors(file, new Map(names.map((name) => [name, weight])));
    return file;
  };
  const lora = ['lora_unet_mid_block.lora_down.weight', 'lora_unet_mid_block.lora_up.weight'];
  const adapter = await refusal(openImageAdapter(await write(...lora)));
  expect(adapter.code).toBe('instant-id.wrong-file');
  expect(adapter.text.what).toContain('a LoRA adapter');
  const checkpoint = golden('ckpt-sd15/model.safetensors');
  expect((await refusal(openImageAdapter(checkpoint))).text.what).toContain('Stable Diffusion 1.x checkpoint');
  expect((await refusal(openIdentityNet(checkpoint))).text.what).toContain('Stable Diffusion 1.x checkpoint');
  const unet = await refusal(openIdentityNet(golden('unet-sd15/unet.safetensors')));
  expect([unet.code, unet.text.what]).toEqual(['instant-id.wrong-file', expect.stringContaining('a UNet without')]);
  const original = await write('control_model.input_blocks.0.0.weight', 'control_model.zero_convs.0.0.weight');
  expect((await refusal(openIdentityNet(original))).parameters).toMatchObject({ kind: 'controlnet' });
  expect((await refusal(openImageAdapter(path.join(folder, 'none.bin')))).code).toBe('checkpoint.file-missing');
});

test('IP-Adapters whose image projection is no Resampler are refused', async () => {
  const tensors = new Map([...adapterTensors(unetConfig)].filter(([name]) => name.startsWith('ip_adapter.')));
  tensors.set('image_proj.proj.weight', float32Tensor([2, 2], [1, 2, 3, 4]));
  await writeFile(file, adapterBin(tensors));
  const error = await refusal(openImageAdapter(file));
  expect(error.code).toBe('instant-id.other-adapter');
  expect(error.text.what).toContain('image_proj.latents');
});

test('numbers that are no floats are refused', async () => {
  const tensors = adapterTensors(unetConfig);
  tensors.set('ip_adapter.1.to_k_ip.weight', { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) });
  await writeFile(file, adapterBin(tensors));
  expect((await refusal(openImageAdapter(file, tinyResampler))).code).toBe('checkpoint.dtype-unsupported');
});

test('an adapter that would run something when torch loads it is refused unread', async () => {
  const harm: Picklable = { call: { global: ['posix', 'system'] }, values: ['touch PWNED'] };
  const value = new Map<Picklable, Picklable>([
    ['image_proj', { call: ordered, values: [] }], ['ip_adapter', { call: ordered, values: [] }], ['more', harm],
  ]);
  await writeFile(file, torchZip(value, new Map()));
  const error = await refusal(openImageAdapter(file));
  expect(error.code).toBe('checkpoint.pickle-unsafe');
  expect(error.text.what).toContain('system');
});

test('an adapter that is cut off anywhere is refused', async () => {
  const whole = adapterBin(adapterTensors(unetConfig));
  for (const part of [0.02, 0.3, 0.7, 0.95, 0.999]) {
    await writeFile(file, whole.subarray(0, Math.floor(whole.length * part)));
    expect((await refusal(openImageAdapter(file, tinyResampler))).code).toMatch(/^checkpoint\./);
  }
});

test('a folder without weights or config is refused', async () => {
  const empty = path.join(folder, 'ControlNetModel');
  await mkdir(empty);
  expect((await refusal(openIdentityNet(empty))).code).toBe('checkpoint.file-missing');
  await writeFile(path.join(empty, 'config.json'), JSON.stringify(identityNetJson(tinyIdentityNet(unetConfig))));
  expect((await refusal(openIdentityNet(empty))).code).toBe('checkpoint.no-weights');
});
