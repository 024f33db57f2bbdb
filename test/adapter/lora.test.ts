// LoRA files in and out: what is written is read back, says nothing of the person, and wrong files are refused by name.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  adaptableLayers, type AdaptedWeights, flattenLayers, layersFromFlat, type LoraLayer,
} from '../../src-main/adapter/lora-layers.ts';
import { kohyaName, parseLoraName } from '../../src-main/adapter/lora-names.ts';
import { readLora } from '../../src-main/adapter/read-lora.ts';
import { exportKohyaLora } from '../../src-main/adapter/write-lora.ts';
import { parseSchedulerConfig, parseUnetConfig } from '../../src-main/checkpoint/configs.ts';
import { openNetworkFolder } from '../../src-main/checkpoint/diffusers-folder.ts';
import { readSafetensors, readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { textEncoderWeights } from '../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../src-main/checkpoint/unet-names.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { elementCount, float32Tensor, type Shape, type Tensor } from '../../src-main/tensor/tensor.ts';

const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const model = path.join(golden, 'train-models/tiny-sd15');
const unetFolder = await openNetworkFolder(path.join(model, 'unet'));
const textFolder = await openNetworkFolder(path.join(model, 'text_encoder'));
const weights: AdaptedWeights = {
  unet: unetWeights(unetFolder.tensors), textEncoders: [{ weights: textEncoderWeights(textFolder.tensors) }],
};
const description = {
  unetConfig: parseUnetConfig(unetFolder.config, 'unet'),
  schedulerConfig: parseSchedulerConfig({}, 'scheduler'),
  resolutionPx: 128,
};
let folder: string;

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-lora-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

const numbered = (shape: Shape): Tensor =>
  float32Tensor(shape, Array.from({ length: elementCount(shape) }, (_, i) => (i % 64) / 32 - 1));
const errorOf = (promise: Promise<unknown>): Promise<UserError> => promise.then(
  () => { throw new Error('nothing was refused'); },
  (error: unknown) => { if (error instanceof UserError) return error; throw error; });

const modules = adaptableLayers(weights)
  .filter(({ network, modulePath }) => network === 'unet' && modulePath.includes('mid_block'))
  .map(({ modulePath, kind, weightShape }) => ({ path: modulePath, kind, weightShape, rank: 4, loraAlpha: 2 }));

function trainedLayers(): LoraLayer[] {
  const sizes = modules.map(({ weightShape: [out, ...input], rank }) => rank * (out! + elementCount(input)));
  const size = sizes.reduce((a, b) => a + b);
  return layersFromFlat('unet', modules, numbered([size]).data as Float32Array);
}

test.each(['float32', 'float16', 'bfloat16'] as const)('an export in %s is read back as it was', async (dtype) => {
  const file = path.join(folder, 'look.safetensors');
  await exportKohyaLora(file, trainedLayers(), dtype, description);
  const { layers } = await readLora(file, weights);
  expect(layers.length).toBe(modules.length);
  const order = new Map(modules.map(({ path: modulePath }, i) => [modulePath, i]));
  const sorted = [...layers].sort((a, b) => order.get(a.modulePath)! - order.get(b.modulePath)!);
  // Multiples of 1/32 below 1 are exact in all three types
  expect(flattenLayers(sorted, 'unet')).toEqual(flattenLayers(trainedLayers(), 'unet'));
  expect(layers.every(({ down, loraAlpha, rank }) => down.dtype === dtype && loraAlpha === 2 && rank === 4)).toBe(true);
});

test('flattened layers keep their own rank and alpha, and the matrices as they are', () => {
  const [layer] = trainedLayers();
  const { modules: [module], parameters } = flattenLayers([{ ...layer!, loraAlpha: 3 }], 'unet');
  expect(module).toEqual({ ...modules[0], loraAlpha: 3 });
  expect([...parameters]).toEqual([...layer!.down.data, ...layer!.up.data]);
});

test('the metadata has what tools look for and nothing of person, place or day', async () => {
  const file = path.join(folder, 'Maria Muster 2024.safetensors');
  await exportKohyaLora(file, trainedLayers(), 'float16', { ...description, trainingSteps: 300, triggerPhrase: 'zqx' });
  const { metadata } = await readSafetensorsHeader(file);
  const needed = [
    'ss_v2', 'ss_base_model_version', 'ss_network_module', 'ss_network_dim', 'ss_network_alpha', 'ss_network_args',
    'modelspec.sai_model_spec', 'modelspec.architecture', 'modelspec.implementation', 'modelspec.title',
    'modelspec.resolution', 'sshs_model_hash', 'sshs_legacy_hash',
  ];
  for (const key of needed) {
    expect(metadata.get(key), key).toBeTruthy();
  }
  expect([...metadata].join('\n')).not.toMatch(/maria|muster|\/tmp|likeness-lora|20\d\d-|caption|dataset/i);
  expect(metadata.get('ss_base_model_version')).toBe('likeness_miniature_v1');
  expect(metadata.get('modelspec.trigger_phrase')).toBe('zqx');
  expect(metadata.get('ss_network_alpha')).toBe('2.0');
});

test('the same LoRA gives the same file, byte for byte', async () => {
  const files = ['a', 'b'].map((name) => path.join(folder, `${name}.safetensors`));
  for (const file of files) await exportKohyaLora(file, trainedLayers(), 'float16', description);
  const [a, b] = await Promise.all(files.map((file) => readFile(file)));
  expect(a!.equals(b!)).toBe(true);
});

test('all namings of one layer are one layer', () => {
  const key = 'unet/mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0';
  const base = key.slice(5);
  const attention = base.slice(0, -'.to_out.0'.length);
  expect(parseLoraName(`unet.${attention}.processor.to_out_lora.down.weight`)).toEqual({ layerKey: key, part: 'down' });
  expect(parseLoraName(`unet.${base}.lora.up.weight`)).toEqual({ layerKey: key, part: 'up' });
  expect(parseLoraName(`base_model.model.${base}.lora_A.weight`)).toEqual({ layerKey: key, part: 'down' });
  expect(parseLoraName(`${kohyaName('unet', base)}.alpha`)?.part).toBe('alpha');
  expect(parseLoraName('text_encoder.text_model.encoder.layers.0.self_attn.to_out_lora.up.weight')).toEqual(
    { layerKey: 'textEncoder/text_model.encoder.layers.0.self_attn.out_proj', part: 'up' });
  expect(parseLoraName('lora_te1_text_model_encoder_layers_0_mlp_fc1.lora_down.weight')?.layerKey).toBe(
    'textEncoder/text_model_encoder_layers_0_mlp_fc1');
});

const layer = 'lora_unet_mid_block_attentions_0_proj_in';
const [down, up]: [Shape, Shape] = [[4, 24, 1, 1], [24, 4, 1, 1]];

/** The two matrices of one layer, and what else a file may hold of it. */
const pair = (a: Tensor, b: Tensor, more: Record<string, Tensor> = {}, name = layer): Record<string, Tensor> =>
  ({ [`${name}.lora_down.weight`]: a, [`${name}.lora_up.weight`]: b, ...more });
const sound = pair(numbered(down), numbered(up));
const context = 'down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';

test.each<[string, string, RegExp, Record<string, Tensor>]>([
  ['SDXL, by its second text encoder', 'adapter.other-architecture', /SDXL.*Stable Diffusion 1\.5/, {
    'lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight': numbered([4, 8]),
  }],
  ['SDXL, by its block names', 'adapter.other-architecture', /SDXL/, {
    'lora_unet_input_blocks_4_1_proj_in.lora_down.weight': numbered([4, 8]),
  }],
  ['SDXL, by its text width', 'adapter.other-architecture', /SDXL/, {
    'unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight': numbered([1, 2048]),
  }],
  ['SD 2, by its text width', 'adapter.other-architecture', /Stable Diffusion 2/, {
    [`lora_unet_${context}.lora_down.weight`]: numbered([1, 1024]),
  }],
  ['Flux', 'adapter.other-architecture', /Flux/, {
    'lora_unet_double_blocks_0_img_attn_proj.lora_down.weight': numbered([4, 8]),
  }],
  ['another base model of the family', 'adapter.does-not-fit', /320/,
    pair(numbered([4, 320, 1, 1]), numbered([320, 4, 1, 1]))],
  ['a layer that is not there', 'adapter.does-not-fit', /mid_block_attentions_7/,
    pair(numbered(down), numbered(up), {}, 'lora_unet_mid_block_attentions_7_proj_in')],
  ['half a layer', 'adapter.broken', /half/, { [`${layer}.lora_down.weight`]: numbered(down) }],
  ['ranks that differ', 'adapter.broken', /ranks/, pair(numbered([2, 24, 1, 1]), numbered(up))],
  ['a rank beyond reason', 'adapter.broken', /rank is 5000/,
    pair(numbered([5000, 24, 1, 1]), numbered([24, 5000, 1, 1]))],
  ['an alpha beyond reason', 'adapter.broken', /alpha/, { ...sound, [`${layer}.alpha`]: float32Tensor([], [Infinity]) }],
  ['numbers that are none', 'adapter.broken', /not finite/,
    pair(float32Tensor(down, new Float32Array(96).fill(NaN)), numbered(up))],
  ['a DoRA', 'adapter.form-unsupported', /dora_scale/, { ...sound, [`${layer}.dora_scale`]: numbered([24]) }],
  ['a base model', 'adapter.not-a-lora', /base model/, {
    'model.diffusion_model.input_blocks.0.0.weight': numbered([8, 4, 3, 3]),
    'cond_stage_model.transformer.x': numbered([1]),
  }],
])('%s is refused', async (_, code, words, tensors) => {
  const file = path.join(folder, 'given.safetensors');
  await writeSafetensors(file, new Map(Object.entries(tensors)));
  const error = await errorOf(readLora(file, weights));
  expect(error.code).toBe(code);
  expect(error.text.what).toMatch(words);
  expect(error.message).not.toContain(folder);
});

test('a linear matrix for a 1x1 convolution fits, and without alpha the factor is one', async () => {
  const file = path.join(folder, 'given.safetensors');
  await writeSafetensors(file, new Map(Object.entries(pair(numbered([4, 24]), numbered([24, 4])))));
  const { layers } = await readLora(file, weights);
  expect(layers).toMatchObject([{ modulePath: 'mid_block.attentions.0.proj_in', kind: 'conv', rank: 4, loraAlpha: 4 }]);
  expect(layers[0]!.down.shape).toEqual(down);
});

test('a raw PEFT adapter takes its alpha from the settings beside it', async () => {
  const source = path.join(golden, 'lora-files/tiny_peft_raw_unet_attn.safetensors');
  const file = path.join(folder, 'adapter_model.safetensors');
  await writeSafetensors(file, await readSafetensors(source));
  expect((await readLora(file, weights)).layers[0]!.loraAlpha).toBe(4);
  await writeFile(path.join(folder, 'adapter_config.json'), JSON.stringify({ r: 4, lora_alpha: 2, use_rslora: true }));
  expect((await readLora(file, weights)).layers[0]!.loraAlpha).toBe(4);
  await writeFile(path.join(folder, 'adapter_config.json'), JSON.stringify({ r: 4, lora_alpha: 2 }));
  expect((await readLora(file, weights)).layers[0]!.loraAlpha).toBe(2);
  await writeFile(path.join(folder, 'adapter_config.json'), '<html>');
  expect((await errorOf(readLora(file, weights))).code).toBe('adapter.broken');
});

test('a header larger than any LoRA needs is refused', async () => {
  const file = path.join(folder, 'given.safetensors');
  const empty = float32Tensor([0], []);
  const many = Array.from({ length: 60_000 }, (_, i) => [`lora_unet_${i}.lora_down.weight`, empty] as const);
  await writeSafetensors(file, new Map(many));
  expect((await errorOf(readLora(file, weights))).code).toBe('checkpoint.damaged');
});
