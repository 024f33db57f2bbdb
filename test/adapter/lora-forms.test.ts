// Every form of a LoRA file on every family of models: what is written is read back, what other programs write is
// understood, and a file for another family is refused by that family's name.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { LoraLayer } from '../../src-main/adapter/lora-layers.ts';
import { kohyaName } from '../../src-main/adapter/lora-names.ts';
import { readLora } from '../../src-main/adapter/read-lora.ts';
import { diffusersTensors, exportDiffusersLora, exportKohyaLora } from '../../src-main/adapter/write-lora.ts';
import type { Architecture } from '../../src-main/checkpoint/architecture.ts';
import { originalUnetName } from '../../src-main/checkpoint/original-names.ts';
import { readSafetensors, readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { toFloat32 } from '../../src-main/tensor/half.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { dictionaryOf, torchZip } from '../checkpoint/torch-writer.ts';
import {
  architectures, descriptionOf, errorOf, models, numbered, plainLayers, tinyLayers, writeTensors,
} from './tiny-adapters.ts';

const everyKind = ['mid_block', 'up_blocks', 'encoder.layers.1.'];
let folder: string;

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-forms-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

test.each(architectures)('%s: a kohya export is read back as it was', async (name) => {
  const file = path.join(folder, 'look.safetensors');
  const layers = tinyLayers(name, everyKind);
  await exportKohyaLora(file, layers, 'float16', descriptionOf(name));
  const read = await readLora(file, models[name]);
  const exact = read.layers.map((layer) => ({ ...layer, down: toFloat32(layer.down), up: toFloat32(layer.up) }));
  expect(plainLayers(exact)).toEqual(plainLayers(layers));
  expect(read.embeddings).toEqual([]);
});

test('kohya names SDXL by the original blocks and numbers its encoders, the others by diffusers', () => {
  const { unetConfig } = models.sdxl;
  expect(kohyaName('unet', 'up_blocks.0.upsamplers.0.conv', unetConfig)).toBe('lora_unet_output_blocks_1_2_conv');
  expect(kohyaName('unet', 'mid_block.attentions.0.proj_in', unetConfig)).toBe('lora_unet_middle_block_1_proj_in');
  expect(kohyaName('textEncoder', 'a.b', unetConfig)).toBe('lora_te1_a_b');
  expect(kohyaName('textEncoder2', 'a.b', unetConfig)).toBe('lora_te2_a_b');
  expect(kohyaName('unet', 'mid_block.attentions.0.proj_in')).toBe('lora_unet_mid_block_attentions_0_proj_in');
  expect(kohyaName('textEncoder', 'a.b')).toBe('lora_te_a_b');
});

/** up · down, times loraAlpha / rank: what a layer does, in whatever form. */
function product({ down, up, rank, loraAlpha }: LoraLayer): number[] {
  const [a, b] = [toFloat32(down).data, toFloat32(up).data];
  const [rows, width] = [b.length / rank, a.length / rank];
  return Array.from({ length: rows * width }, (_, i) => {
    let sum = 0;
    const row = Math.floor(i / width) * rank;
    for (let r = 0; r < rank; r++) sum += Number(b[row + r]) * Number(a[r * width + i % width]);
    return sum * loraAlpha / rank;
  });
}

test.each(architectures)('%s: a diffusers export means the same where alpha is taken for the rank', async (name) => {
  const file = path.join(folder, 'pytorch_lora_weights.safetensors');
  const layers = tinyLayers(name, ['mid_block', 'encoder.layers.1.']);
  await exportDiffusersLora(file, layers, 'float32', descriptionOf(name));
  const { tensors, metadata } = await readSafetensorsHeader(file);
  const isNamed = (key: string): boolean => /^(?:unet|text_encoder|text_encoder_2)\..+\.lora_[AB]\.weight$/.test(key);
  expect([...tensors.keys()].filter((key) => !isNamed(key))).toEqual([]);
  expect(metadata.get('format')).toBe('pt');
  const read = await readLora(file, models[name]);
  expect(read.layers).toHaveLength(layers.length);
  expect(read.layers.every(({ rank, loraAlpha }) => rank === loraAlpha)).toBe(true);
  const byPath = new Map(read.layers.map((layer) => [`${layer.network}/${layer.modulePath}`, layer]));
  for (const layer of layers) {
    expect(product(byPath.get(`${layer.network}/${layer.modulePath}`)!)).toEqual(product(layer));
  }
});

const unetLayer = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q';
const textLayer = 'text_model.encoder.layers.0.mlp.fc1';
const pair = (down: string, up: string): Record<string, Tensor> => (
  { [down]: numbered([2, 64]), [up]: numbered([down.includes('fc1') ? 128 : 64, 2]) });
const kohyaPair = (name: string): Record<string, Tensor> =>
  pair(`${name}.lora_down.weight`, `${name}.lora_up.weight`);
const peftPair = (name: string): Record<string, Tensor> => pair(`${name}.lora_A.weight`, `${name}.lora_B.weight`);
const underscored = (name: string): string => name.replaceAll('.', '_');
const original = originalUnetName(unetLayer, models.sdxl.unetConfig)!;

test.each<[string, Architecture, Record<string, Tensor>, string, string]>([
  ['kohya with diffusers blocks', 'sdxl', kohyaPair(`lora_unet_${underscored(unetLayer)}`), 'unet', unetLayer],
  ['kohya with original blocks', 'sdxl', kohyaPair(`lora_unet_${underscored(original)}`), 'unet', unetLayer],
  ['kohya with original blocks', 'sd15', kohyaPair(`lora_unet_${underscored(original)}`), 'unet', unetLayer],
  ['kohya, first encoder', 'sdxl', kohyaPair(`lora_te1_${underscored(textLayer)}`), 'textEncoder', textLayer],
  ['kohya, one encoder', 'sdxl', kohyaPair(`lora_te_${underscored(textLayer)}`), 'textEncoder', textLayer],
  ['kohya, second encoder', 'sdxl', kohyaPair(`lora_te2_${underscored(textLayer)}`), 'textEncoder2', textLayer],
  ['kohya, numbered encoder', 'sd2', kohyaPair(`lora_te1_${underscored(textLayer)}`), 'textEncoder', textLayer],
  ['ComfyUI', 'sdxl', peftPair(`diffusion_model.${original}`), 'unet', unetLayer],
  ['ComfyUI', 'sd2', kohyaPair(`model.diffusion_model.${original}`), 'unet', unetLayer],
  ['ComfyUI', 'sdxl', peftPair(`text_encoders.clip_g.transformer.${textLayer}`), 'textEncoder2', textLayer],
  ['ComfyUI', 'sd15', peftPair(`clip_l.transformer.${textLayer}`), 'textEncoder', textLayer],
  ['diffusers', 'sdxl', peftPair(`text_encoder_2.${textLayer}`), 'textEncoder2', textLayer],
  ['diffusers', 'sdxl', peftPair(`text_encoder.${textLayer.replace('text_model.', '')}`), 'textEncoder', textLayer],
  ['diffusers', 'sdxl', pair(`unet.${unetLayer}.lora.down.weight`, `unet.${unetLayer}.lora.up.weight`),
    'unet', unetLayer],
  ['first diffusers', 'sd2', pair(
    `${unetLayer.replace('.to_q', '.processor.to_q_lora')}.down.weight`,
    `${unetLayer.replace('.to_q', '.processor.to_q_lora')}.up.weight`), 'unet', unetLayer],
  ['PEFT with a named adapter', 'sdxl', pair(
    `base_model.model.${unetLayer}.lora_A.face.weight`, `base_model.model.${unetLayer}.lora_B.face.weight`),
  'unet', unetLayer],
])('%s on %s: %#', async (_, name, tensors, network, modulePath) => {
  const { layers } = await readLora(await writeTensors(folder, tensors), models[name]);
  expect(layers).toMatchObject([{ network, modulePath, rank: 2, loraAlpha: 2 }]);
});

test('a torch file of diffusers is read like safetensors', async () => {
  const file = path.join(folder, 'pytorch_lora_weights.bin');
  const layers = tinyLayers('sd15', ['mid_block.attentions']);
  const { value, bytes } = dictionaryOf(diffusersTensors(layers, 'float32'));
  await writeFile(file, torchZip(value, bytes));
  const read = await readLora(file, models.sd15);
  expect(read.layers.map(product)).toEqual(layers.map(product));
});

test('alphas of diffusers beside the matrices count', async () => {
  const name = `unet.${unetLayer.replace('.to_q', '.processor.to_q_lora')}`;
  const file = await writeTensors(folder, {
    ...pair(`${name}.down.weight`, `${name}.up.weight`), [`${name}.alpha`]: float32Tensor([], [8]),
  });
  expect((await readLora(file, models.sd15)).layers[0]!.loraAlpha).toBe(8);
});

test('three matrices of a convolution (Tucker) do what two do', async () => {
  const name = `lora_unet_${underscored('mid_block.resnets.0.conv1')}`;
  const [down, core, up] = [numbered([2, 64, 1, 1]), numbered([2, 2, 3, 3], 5), numbered([64, 2, 1, 1], 9)];
  const file = await writeTensors(folder, {
    [`${name}.lora_down.weight`]: down, [`${name}.lora_mid.weight`]: core, [`${name}.lora_up.weight`]: up,
  });
  const { layers: [layer] } = await readLora(file, models.sd15);
  expect(layer).toMatchObject({ rank: 2, loraAlpha: 2, kind: 'conv' });
  expect(layer!.down.shape).toEqual([2, 64, 3, 3]);
  const at = (tensor: Tensor, ...index: number[]): number =>
    Number(tensor.data[index.reduce((sum, i, axis) => sum * tensor.shape[axis]! + i, 0)]);
  for (const [r, c, y, x] of [[0, 0, 0, 0], [1, 3, 2, 0], [0, 63, 1, 2], [1, 40, 0, 1]] as const) {
    expect(at(layer!.down, r, c, y, x)).toBeCloseTo(
      at(core, r, 0, y, x) * at(down, 0, c, 0, 0) + at(core, r, 1, y, x) * at(down, 1, c, 0, 0), 6);
  }
  const wrong = await writeTensors(folder, {
    [`${name}.lora_down.weight`]: down, [`${name}.lora_up.weight`]: up,
    [`${name}.lora_mid.weight`]: numbered([3, 2, 3, 3]),
  });
  expect((await errorOf(readLora(wrong, models.sd15))).text.what).toMatch(/three matrices/);
});

test('a rank larger than its layer is odd but sound', async () => {
  const name = `lora_unet_${underscored(unetLayer)}`;
  const file = await writeTensors(folder, {
    [`${name}.lora_down.weight`]: numbered([300, 64]), [`${name}.lora_up.weight`]: numbered([64, 300]),
  });
  expect((await readLora(file, models.sd15)).layers[0]!.rank).toBe(300);
});

test('one layer under two names is refused', async () => {
  const file = await writeTensors(folder, {
    ...kohyaPair(`lora_unet_${underscored(unetLayer)}`), ...kohyaPair(`lora_unet_${underscored(original)}`),
  });
  expect((await errorOf(readLora(file, models.sdxl))).text.what).toMatch(/in two ways/);
});

const context = (width: number): Record<string, Tensor> => ({
  'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight': numbered([2, width]),
  'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight': numbered([64, 2]),
});
const wide = { 'unet.mid_block.attentions.0.proj_in.lora_A.weight': numbered([2, 1280]) };

test.each<[string, Architecture, Record<string, Tensor>, RegExp, Record<string, string>?]>([
  ['SD 1.5', 'sd2', context(768), /LoRA for Stable Diffusion 1\.5, but.*Stable Diffusion 2/],
  ['SD 1.5', 'sdxl', context(768), /LoRA for Stable Diffusion 1\.5, but.*SDXL/],
  ['SD 2', 'sd15', context(1024), /LoRA for Stable Diffusion 2, but.*Stable Diffusion 1\.5/],
  ['SD 2', 'sdxl', context(1024), /LoRA for Stable Diffusion 2, but.*SDXL/],
  ['SDXL', 'sd15', context(2048), /LoRA for SDXL, but.*Stable Diffusion 1\.5/],
  ['SDXL', 'sd2', kohyaPair('lora_te2_text_model_encoder_layers_0_mlp_fc1'), /LoRA for SDXL, but.*Stable Diffusion 2/],
  ['SDXL, by what it says of itself', 'sd15', wide, /LoRA for SDXL/, { ss_base_model_version: 'sdxl_base_v1-0' }],
  ['SD 2, by what it says of itself', 'sd15', wide, /for Stable Diffusion 2/, {
    'modelspec.architecture': 'stable-diffusion-v2-512/lora',
  }],
  ['Flux', 'sdxl', kohyaPair('lora_unet_single_blocks_3_linear1'), /LoRA for Flux, but.*SDXL/],
  ['SD 3', 'sdxl', peftPair('transformer.transformer_blocks.0.attn.to_q'), /Stable Diffusion 3 or newer, but.*SDXL/],
])('a LoRA for %s is refused on %s: %#', async (_, name, tensors, words, metadata = {}) => {
  const file = await writeTensors(folder, tensors, new Map(Object.entries(metadata)));
  const error = await errorOf(readLora(file, models[name]));
  expect(error.code).toBe('adapter.other-architecture');
  expect(error.text.what).toMatch(words);
});

test('sizes alone, without a word of the family, are another base model', async () => {
  const error = await errorOf(readLora(await writeTensors(folder, wide), models.sd15));
  expect(error.code).toBe('adapter.does-not-fit');
  expect(error.text.what).toMatch(/1280/);
});

test('the written file says nothing of folder, file or machine', async () => {
  const file = path.join(folder, 'Maria Muster.safetensors');
  await exportKohyaLora(file, tinyLayers('sdxl', ['mid_block']), 'float16', {
    ...descriptionOf('sdxl'), trainingSteps: 400, learningRate: 1e-4, textEncoderLearningRate: 5e-5, seed: 7,
    optimizer: 'adamw', batchSize: 1, minSnrGamma: 5, priorLossWeight: 1, clipSkip: 1, trainingImageCount: 12,
  });
  const { metadata, dataOffsetBytes } = await readSafetensorsHeader(file);
  expect((await readFile(file)).subarray(0, dataOffsetBytes).toString())
    .not.toMatch(/maria|muster|likeness-forms|\/tmp|\/home|caption|dataset|folder|20\d\d-/i);
  expect(Object.fromEntries(metadata)).toMatchObject({
    ss_steps: '400', ss_learning_rate: '0.0001', ss_text_encoder_lr: '0.00005', ss_num_train_images: '12',
    ss_v2: 'False',
    ss_network_dim: '2', ss_network_alpha: '1.0', ss_network_args: '{"conv_dim":"3","conv_alpha":"6.0"}',
  });
  const [, hash] = /^0x(.{64})$/.exec(metadata.get('modelspec.hash_sha256')!)!;
  expect(metadata.get('sshs_model_hash')).toBe(hash);
  expect((await readSafetensors(file)).size).toBeGreaterThan(10);
});
