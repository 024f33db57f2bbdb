// SD 2 and SDXL as single files and folders, in safetensors and in torch files, and SD 1 in torch files: whatever the
// names and the format, it is the same model; and what it predicts is read off the file.

import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type Checkpoint, openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { readTensor } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { float32Tensor, type Tensor, tensorBytes } from '../../src-main/tensor/tensor.ts';
import { isTensorReference, type WeightTable } from '../../src-main/tensor/weights.ts';
import { singleFileOf, type TinyModel, tinyModel, writeModelFolder } from './tiny-models.ts';
import { dictionaryOf, ordered, type Picklable, torchLegacy, torchZip } from './torch-writer.ts';

let folder: string;

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-architectures-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

const models = { sd15: tinyModel('sd15'), sd2: tinyModel('sd2'), sdxl: tinyModel('sdxl') };

const errorOf = (promise: Promise<unknown>): Promise<UserError> => promise.then(
  () => { throw new Error('nothing was refused'); },
  (error: unknown) => { if (error instanceof UserError) return error; throw error; });

/** Names whose numbers differ, or that only one side has. */
async function differences(actual: WeightTable, expected: ReadonlyMap<string, Tensor>): Promise<string[]> {
  const wrong = [...expected.keys()].filter((name) => !actual.has(name));
  for (const [name, source] of actual) {
    const own = await readTensor(source);
    const other = expected.get(name);
    const isSame = other?.dtype === own.dtype && other.shape.join() === own.shape.join()
      && Buffer.compare(tensorBytes(other), tensorBytes(own)) === 0;
    if (!isSame) wrong.push(name);
  }
  return wrong;
}

async function expectSameModel(checkpoint: Checkpoint, model: TinyModel): Promise<void> {
  expect(checkpoint.architecture).toBe(model.architecture);
  expect(checkpoint.unetConfig).toEqual(model.unetConfig);
  expect(checkpoint.vaeConfig).toEqual(model.vaeConfig);
  expect(checkpoint.textEncoders.map(({ config }) => config)).toEqual(model.textEncoders.map(({ config }) => config));
  expect(await differences(checkpoint.unet, model.unet)).toEqual([]);
  expect(await differences(checkpoint.vae, model.vae)).toEqual([]);
  for (const [i, { weights }] of model.textEncoders.entries()) {
    expect(await differences(checkpoint.textEncoders[i]!.weights, weights)).toEqual([]);
  }
}

async function writeSingle(model: TinyModel, more: Record<string, Tensor> = {}, metadata?: Map<string, string>) {
  const file = path.join(folder, 'model.safetensors');
  await writeSafetensors(file, new Map([...singleFileOf(model), ...Object.entries(more)]), metadata);
  return file;
}

test.each(['sd15', 'sd2', 'sdxl'] as const)('%s: a single file without any config is the whole model', async (name) => {
  const checkpoint = await openCheckpoint(await writeSingle(models[name]));
  await expectSameModel(checkpoint, models[name]);
  expect(checkpoint.layout).toBe('single-file');
  expect(checkpoint.schedulerConfig.predictionType).toBe('epsilon');
  const inMemory = [checkpoint.unet, checkpoint.vae, ...checkpoint.textEncoders.map(({ weights }) => weights)]
    .flatMap((table) => [...table].filter(([, source]) => !isTensorReference(source)).map(([key]) => key));
  // OpenCLIP's projection lies the other way round in the file
  expect(inMemory).toEqual(name === 'sdxl' ? ['text_projection.weight'] : []);
});

test.each(['sd15', 'sd2', 'sdxl'] as const)('%s: a diffusers folder is the same model', async (name) => {
  await writeModelFolder(folder, models[name]);
  for (const part of ['tokenizer', 'tokenizer_2']) {
    await mkdir(path.join(folder, part));
    await writeFile(path.join(folder, part, 'merges.txt'), '');
  }
  const checkpoint = await openCheckpoint(folder);
  await expectSameModel(checkpoint, models[name]);
  expect(checkpoint.tokenizerFolder).toBe(path.join(folder, 'tokenizer'));
  expect(checkpoint.tokenizer2Folder).toBe(path.join(folder, 'tokenizer_2'));
});

test('SD 2 in the names of Stability\'s later code is the same model', async () => {
  const file = path.join(folder, 'model.safetensors');
  await writeSafetensors(file, singleFileOf(models.sd2, true));
  await expectSameModel(await openCheckpoint(file), models.sd2);
});

test.each(['sd15', 'sdxl'] as const)('%s: a .ckpt with wrapper and averages is the same model', async (name) => {
  const { value, bytes } = dictionaryOf(new Map([
    ...singleFileOf(models[name]),
    ['model_ema.diffusion_modelinput_blocks00weight', float32Tensor([1], [9])] as const,
  ]));
  const stateDict: Picklable = {
    call: ordered, values: [[...value].map(([key, tensor]) => ({ tuple: [key, tensor] }))],
  };
  const wrapped = new Map<Picklable, Picklable>([['epoch', 2], ['global_step', 840000], ['state_dict', stateDict]]);
  const file = path.join(folder, 'model.ckpt');
  await writeFile(file, torchZip(wrapped, bytes));
  await expectSameModel(await openCheckpoint(file), models[name]);
});

test('a legacy torch file is the same model, under any name', async () => {
  const { value, storages } = dictionaryOf(singleFileOf(models.sd15), true);
  const file = path.join(folder, 'model.safetensors');
  await writeFile(file, torchLegacy(value, storages));
  await expectSameModel(await openCheckpoint(file), models.sd15);
});

test('a folder with .bin weights, some of a variant, some in shards, is the same model', async () => {
  await writeModelFolder(folder, models.sdxl, async (stem, weights) => {
    const { value, bytes } = dictionaryOf(weights);
    await writeFile(`${stem}.bin`, torchZip(value, bytes));
  }, 'pytorch_model');
  const unet = path.join(folder, 'unet');
  const vae = path.join(folder, 'vae/diffusion_pytorch_model');
  await rename(`${vae}.bin`, `${vae}.fp16.bin`);
  const weightMap: Record<string, string> = {};
  const entries = [...models.sdxl.unet];
  for (const [i, shard] of [entries.slice(0, 200), entries.slice(200)].entries()) {
    const name = `diffusion_pytorch_model-0000${i + 1}-of-00002.bin`;
    const { value, bytes } = dictionaryOf(new Map(shard));
    await writeFile(path.join(unet, name), torchZip(value, bytes));
    for (const [key] of shard) weightMap[key] = name;
  }
  await rm(path.join(unet, 'diffusion_pytorch_model.bin'));
  await writeFile(path.join(unet, 'diffusion_pytorch_model.bin.index.json'), JSON.stringify({ weight_map: weightMap }));
  await expectSameModel(await openCheckpoint(folder), models.sdxl);
});

test('safetensors come before .bin', async () => {
  await writeModelFolder(folder, models.sd2);
  await writeFile(path.join(folder, 'unet/diffusion_pytorch_model.bin'), 'not read');
  await expectSameModel(await openCheckpoint(folder), models.sd2);
});

const mark = float32Tensor([0], []);
const tellingBias = 'model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias';
const wide = float32Tensor([64], Float32Array.from({ length: 64 }, (_, i) => (i % 2 ? 0.1 : -0.1)));
const narrow = float32Tensor([64], Float32Array.from({ length: 64 }, (_, i) => (i % 2 ? 0.08 : -0.08)));

test.each<[string, keyof typeof models, Record<string, Tensor>, Record<string, string>, object]>([
  ['SD 2 whose norm spreads wide', 'sd2', { [tellingBias]: wide }, {}, { predictionType: 'v_prediction' }],
  ['SD 2 whose norm does not', 'sd2', { [tellingBias]: narrow }, {}, { predictionType: 'epsilon' }],
  ['SD 1 whose norm spreads wide', 'sd15', { [tellingBias]: wide }, {}, { predictionType: 'epsilon' }],
  ['metadata against the weights', 'sd2', { [tellingBias]: wide }, { 'modelspec.prediction_type': 'epsilon' },
    { predictionType: 'epsilon' }],
  ['metadata alone', 'sdxl', {}, { 'modelspec.predict_key': 'v' }, { predictionType: 'v_prediction' }],
  ['ComfyUI\'s marks', 'sdxl', { v_pred: mark, ztsnr: mark }, {},
    { predictionType: 'v_prediction', rescaleBetasZeroSnr: true, timestepSpacing: 'trailing' }],
  ['no mark', 'sdxl', {}, {}, { predictionType: 'epsilon', rescaleBetasZeroSnr: false, timestepSpacing: 'leading' }],
])('%s says what is predicted', async (_, name, more, metadata, expected) => {
  const file = await writeSingle(models[name], more, new Map(Object.entries(metadata)));
  const { schedulerConfig, unetConfig } = await openCheckpoint(file);
  expect(schedulerConfig).toMatchObject(expected);
  // SD 2 was trained at 768 pixels to predict v
  const isLarge = name === 'sd2' && schedulerConfig.predictionType === 'v_prediction';
  expect(unetConfig.sampleSize).toBe({ sd15: 64, sd2: isLarge ? 96 : 64, sdxl: 128 }[name]);
});

test('a folder\'s scheduler_config.json is taken at its word', async () => {
  await writeModelFolder(folder, models.sd2);
  await mkdir(path.join(folder, 'scheduler'));
  const config = { prediction_type: 'v_prediction', rescale_betas_zero_snr: true, timestep_spacing: 'trailing' };
  await writeFile(path.join(folder, 'scheduler/scheduler_config.json'), JSON.stringify(config));
  expect((await openCheckpoint(folder)).schedulerConfig).toMatchObject({
    predictionType: 'v_prediction', rescaleBetasZeroSnr: true, timestepSpacing: 'trailing',
  });
});

test.each<[string, string, string, (tensors: Map<string, Tensor>) => void]>([
  ['EDM', 'checkpoint.wrong-kind', 'EDM', (tensors) => tensors.set('edm_mean', mark)],
  ['SDXL without its middle attention', 'checkpoint.wrong-kind', 'layers taken out', (tensors) => {
    for (const name of tensors.keys()) if (name.includes('middle_block.1.')) tensors.delete(name);
  }],
  ['SDXL whose attentions differ in depth', 'checkpoint.wrong-kind', 'layers taken out', (tensors) => {
    const block = 'model.diffusion_model.output_blocks.0.1.transformer_blocks.';
    for (const [name, tensor] of tensors) {
      if (name.startsWith(`${block}0.`)) tensors.set(name.replace(`${block}0.`, `${block}7.`), tensor);
    }
  }],
  ['SDXL without its second projection', 'checkpoint.incomplete', 'text_projection',
    (tensors) => tensors.delete('conditioner.embedders.1.model.text_projection')],
  ['SDXL without its text encoders', 'checkpoint.wrong-kind', 'UNet', (tensors) => {
    for (const name of tensors.keys()) if (name.startsWith('conditioner.')) tensors.delete(name);
  }],
  ['SDXL with numbers of one byte', 'checkpoint.dtype-unsupported', 'int8', (tensors) => {
    const name = 'model.diffusion_model.out.2.bias';
    tensors.set(name, { dtype: 'int8', shape: [4], data: Int8Array.of(1, 2, 3, 4) });
  }],
])('%s is refused by name', async (_, code, words, change) => {
  const tensors = singleFileOf(models.sdxl);
  change(tensors);
  const file = path.join(folder, 'given.safetensors');
  await writeSafetensors(file, tensors);
  const error = await errorOf(openCheckpoint(file));
  expect(error.code).toBe(code);
  expect(error.text.what).toContain(words);
});

test('folders: the refiner, SDXL without its second encoder, and encoders of another model', async () => {
  await writeModelFolder(folder, models.sdxl);
  const [first, second] = ['text_encoder', 'text_encoder_2'].map((name) => path.join(folder, name)) as [string, string];
  await rename(first, `${first}_gone`);
  expect((await errorOf(openCheckpoint(folder))).parameters).toMatchObject({ kind: 'sdxl-refiner' });
  await rename(`${first}_gone`, first);
  await rename(second, `${second}_gone`);
  expect((await errorOf(openCheckpoint(folder))).code).toBe('checkpoint.incomplete');
  await rename(`${second}_gone`, second);
  const config = JSON.parse(await readFile(path.join(folder, 'unet/config.json'), 'utf8')) as Record<string, unknown>;
  const plain = { ...config, addition_embed_type: null };
  await writeFile(path.join(folder, 'unet/config.json'), JSON.stringify({ ...plain, cross_attention_dim: 64 }));
  expect((await errorOf(openCheckpoint(folder))).code).toBe('checkpoint.parts-disagree');
});

test('a torch file that holds something else is named, a hostile one refused', async () => {
  const file = path.join(folder, 'model.ckpt');
  const lora = dictionaryOf(new Map([['lora_unet_mid_block.lora_down.weight', float32Tensor([1, 1], [1])]]));
  await writeFile(file, torchZip(lora.value, lora.bytes));
  expect((await errorOf(openCheckpoint(file))).code).toBe('checkpoint.is-adapter');
  const hostile = { call: { global: ['os', 'system'] }, values: ['true'] } as const;
  await writeFile(file, torchZip(new Map([['x', hostile]]), new Map()));
  expect((await errorOf(openCheckpoint(file))).code).toBe('checkpoint.pickle-unsafe');
});
