// Opening base models: both layouts give the same networks, and whatever is no base model is named and refused.

import { copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../src-main/checkpoint/configs.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensors, readSafetensorsHeader, readTensor } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { textEncoderWeights } from '../../src-main/checkpoint/text-encoder-names.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { float32Tensor, type Shape, type Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';

const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const single = path.join(golden, 'ckpt-sd15/model.safetensors');
const settings = JSON.parse(await readFile(path.join(golden, 'ckpt-sd15/config.json'), 'utf8'));
const configs = {
  unet: parseUnetConfig(settings.unet, 'unet'), vae: parseVaeConfig(settings.vae, 'vae'),
  textEncoder: parseTextEncoderConfig(settings.text_encoder, 'text'),
};
let folder: string;

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-checkpoint-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

const errorOf = (promise: Promise<unknown>): Promise<UserError> => promise.then(
  () => { throw new Error('nothing was refused'); },
  (error: unknown) => { if (error instanceof UserError) return error; throw error; });

/** A diffusers folder with the networks of the single file. */
async function writeFolder(): Promise<void> {
  const checkpoint = await openCheckpoint(single, { configs });
  const parts: [string, string, WeightTable, unknown][] = [
    ['unet', 'diffusion_pytorch_model', checkpoint.unet, settings.unet],
    ['vae', 'diffusion_pytorch_model', checkpoint.vae, settings.vae],
    ['text_encoder', 'model', checkpoint.textEncoders[0]!.weights, settings.text_encoder],
  ];
  for (const [name, stem, weights, config] of parts) {
    await mkdir(path.join(folder, name));
    await writeSafetensors(path.join(folder, name, `${stem}.safetensors`), weights);
    await writeFile(path.join(folder, name, 'config.json'), JSON.stringify(config));
  }
}

async function numbers(weights: WeightTable): Promise<Record<string, Tensor>> {
  const entries = await Promise.all(
    [...weights].map(async ([name, source]) => [name, await readTensor(source)] as const));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('a single file and a diffusers folder of the same model are the same model', async () => {
  await writeFolder();
  const file = await openCheckpoint(single, { configs });
  const opened = await openCheckpoint(folder);
  expect(opened).toMatchObject({ architecture: 'sd15', layout: 'diffusers-folder', unetConfig: file.unetConfig });
  expect(file).toMatchObject({ architecture: 'sd15', layout: 'single-file', schedulerConfig: opened.schedulerConfig });
  expect(file.unet.size).toBeGreaterThan(600);
  for (const network of ['unet', 'vae'] as const) {
    expect(await numbers(opened[network])).toEqual(await numbers(file[network]));
  }
  expect(opened.textEncoders).toHaveLength(1);
  expect(await numbers(opened.textEncoders[0]!.weights)).toEqual(await numbers(file.textEncoders[0]!.weights));
});

test('the UNet of the single file is the one published beside it in diffusers naming', async () => {
  const { unet } = await openCheckpoint(single, { configs });
  const published = await readSafetensors(path.join(golden, 'unet-sd15/unet.safetensors'));
  expect(await numbers(unet)).toEqual(await numbers(published));
});

test('a float16 variant and shards with an index are found', async () => {
  await writeFolder();
  const unet = path.join(folder, 'unet');
  const vae = path.join(folder, 'vae/diffusion_pytorch_model');
  await rename(`${vae}.safetensors`, `${vae}.fp16.safetensors`);
  const whole = path.join(unet, 'diffusion_pytorch_model.safetensors');
  const before = await numbers((await readSafetensorsHeader(whole)).tensors);
  const entries = Object.entries(before);
  const shards = [entries.slice(0, 300), entries.slice(300)];
  const weightMap: Record<string, string> = {};
  for (const [i, shard] of shards.entries()) {
    const name = `diffusion_pytorch_model-0000${i + 1}-of-00002.safetensors`;
    await writeSafetensors(path.join(unet, name), new Map(shard));
    for (const [tensor] of shard) weightMap[tensor] = name;
  }
  await rm(whole);
  const index = path.join(unet, 'diffusion_pytorch_model.safetensors.index.json');
  await writeFile(index, JSON.stringify({ metadata: {}, weight_map: weightMap }));
  expect(await numbers((await openCheckpoint(folder)).unet)).toEqual(before);
  await writeFile(index, JSON.stringify({ weight_map: { a: '../../elsewhere.safetensors' } }));
  expect((await errorOf(openCheckpoint(folder))).code).toBe('checkpoint.json-damaged');
});

test('OpenAI\'s fused projections become thirds of the same bytes', async () => {
  const read = async (name: string): Promise<Record<string, Tensor>> => {
    const { tensors } = await readSafetensorsHeader(path.join(golden, 'clip-text-vitl', name));
    return numbers(textEncoderWeights(tensors));
  };
  const huggingFace = await read('model.safetensors');
  expect(Object.keys(huggingFace).length).toBe(4 * 16 + 4);
  expect(await read('openai_clip.safetensors')).toEqual(huggingFace);
});

test('text encoder names without text_model, as old files have them, are the same names', async () => {
  const { tensors } = await readSafetensorsHeader(path.join(golden, 'clip-text-vitl/model.safetensors'));
  const old = new Map([...tensors].map(([name, tensor]) => [name.replace(/^text_model\./, ''), tensor]));
  expect(textEncoderWeights(old)).toEqual(textEncoderWeights(tensors));
});

test('without configs, widths that no SD 1.x has ask for the diffusers folder', async () => {
  expect((await errorOf(openCheckpoint(single))).code).toBe('checkpoint.size-unknown');
});

async function writeNames(name: string, tensors: Record<string, Shape>): Promise<string> {
  const file = path.join(folder, name);
  const count = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
  await writeSafetensors(file, new Map(Object.entries(tensors).map(
    ([key, shape]) => [key, float32Tensor(shape, new Float32Array(count(shape)))])));
  return file;
}

const convIn = 'model.diffusion_model.input_blocks.0.0.weight';
const unetLayer = 'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight';
const labels = 'model.diffusion_model.label_emb.0.0.weight';

test.each<[string, string, string, Record<string, Shape>]>([
  ['LoRA', 'checkpoint.is-adapter', 'a LoRA adapter',
    { 'lora_unet_mid_block_attentions_0_proj_in.lora_down.weight': [4, 8] }],
  ['diffusers LoRA', 'checkpoint.is-adapter', 'a LoRA adapter',
    { 'unet.mid_block.attentions.0.proj_in.lora_A.weight': [4, 8] }],
  ['SDXL refiner', 'checkpoint.wrong-kind', 'refiner',
    { [convIn]: [8, 4, 3, 3], [labels]: [8, 2560], 'conditioner.embedders.0.model.ln_final.weight': [8] }],
  ['SD 2 unCLIP', 'checkpoint.wrong-kind', 'unCLIP',
    { [convIn]: [8, 4, 3, 3], [unetLayer]: [8, 1024], [labels]: [8, 1536], 'cond_stage_model.model.a': [8] }],
  ['SD 2 depth', 'checkpoint.wrong-kind', 'depth', { [convIn]: [8, 5, 3, 3], 'cond_stage_model.model.a': [8] }],
  ['SD 2 without a VAE', 'checkpoint.no-vae', 'without a VAE',
    { [convIn]: [8, 4, 3, 3], 'cond_stage_model.model.ln_final.weight': [8] }],
  ['SD 2 UNet', 'checkpoint.wrong-kind', 'UNet', { [convIn]: [8, 4, 3, 3], [unetLayer]: [8, 1024] }],
  ['averages alone', 'checkpoint.wrong-kind', 'EMA',
    { 'model_ema.diffusion_modelout2bias': [4], 'model_ema.decay': [] }],
  ['SD 3', 'checkpoint.wrong-kind', 'Stable Diffusion 3', { 'model.diffusion_model.joint_blocks.0.x.weight': [4] }],
  ['Flux', 'checkpoint.wrong-kind', 'Flux', { 'double_blocks.0.img_attn.qkv.weight': [4] }],
  ['inpainting', 'checkpoint.wrong-kind', 'inpainting',
    { [convIn]: [8, 9, 3, 3], 'cond_stage_model.transformer.x': [8] }],
  ['VAE', 'checkpoint.wrong-kind', 'a VAE alone',
    { 'encoder.conv_in.weight': [8, 3, 3, 3], 'decoder.conv_in.weight': [8, 4, 3, 3] }],
  ['UNet alone', 'checkpoint.wrong-kind', 'UNet',
    { 'down_blocks.0.resnets.0.norm1.weight': [8], 'conv_in.weight': [8, 4, 3, 3] }],
  ['embedding', 'checkpoint.wrong-kind', 'textual-inversion', { emb_params: [1, 768] }],
  ['something else', 'checkpoint.wrong-kind', 'no model that Likeness knows', { a: [1], b: [1] }],
  ['SD 1 without a VAE', 'checkpoint.no-vae', 'without a VAE',
    { [convIn]: [8, 4, 3, 3], 'cond_stage_model.transformer.text_model.x': [8] }],
])('%s given as checkpoint is refused by name', async (_, code, words, tensors) => {
  const error = await errorOf(openCheckpoint(await writeNames('given.safetensors', tensors)));
  expect(error.code).toBe(code);
  expect(error.text.what).toContain(words);
  expect(error.message).not.toContain(folder);
});

test('folders: empty, without weights, and with networks of two models', async () => {
  expect((await errorOf(openCheckpoint(folder))).code).toBe('checkpoint.not-a-folder');
  await writeFolder();
  const otherText = path.join(golden, 'train-models/tiny-sd15/text_encoder');
  await cp(otherText, path.join(folder, 'text_encoder'), { recursive: true });
  expect((await errorOf(openCheckpoint(folder))).code).toBe('checkpoint.parts-disagree');
  const weights = path.join(folder, 'vae/diffusion_pytorch_model');
  await rename(`${weights}.safetensors`, `${weights}.old`);
  expect((await errorOf(openCheckpoint(folder))).code).toBe('checkpoint.no-weights');
});

test('a web page and a truncated download under a checkpoint\'s name', async () => {
  const file = path.join(folder, 'model.safetensors');
  await writeFile(file, '<!doctype html><title>Log in</title>');
  expect((await errorOf(openCheckpoint(file))).code).toBe('checkpoint.web-page');
  await copyFile(single, file);
  await writeFile(file, (await readFile(single)).subarray(0, 1_000_000));
  expect((await errorOf(openCheckpoint(file))).code).toBe('checkpoint.truncated');
});

test('a prediction type in the metadata is honoured', async () => {
  const header = await readSafetensorsHeader(single);
  const file = path.join(folder, 'v.safetensors');
  await writeSafetensors(file, header.tensors, new Map([['modelspec.prediction_type', 'v']]));
  expect((await openCheckpoint(file, { configs })).schedulerConfig.predictionType).toBe('v_prediction');
});
