// Textual-inversion files in and out, alone and inside a LoRA: every form means the same rows, and what does not fit
// the model is refused in words.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { LearnedEmbedding } from '../../src-main/adapter/learned-embedding.ts';
import { readEmbedding } from '../../src-main/adapter/read-embedding.ts';
import { readLora } from '../../src-main/adapter/read-lora.ts';
import { writeEmbedding } from '../../src-main/adapter/write-embedding.ts';
import { exportKohyaLora } from '../../src-main/adapter/write-lora.ts';
import { readSafetensors, readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { dictionaryOf, torchZip } from '../checkpoint/torch-writer.ts';
import { descriptionOf, errorOf, models, numbered, tinyLayers, writeTensors } from './tiny-adapters.ts';

const golden = fileURLToPath(new URL('../golden/ti-files/', import.meta.url));
let folder: string;

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-embeddings-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

const encodersOf = (...widths: number[]) => ({ textEncoders: widths.map((width) => ({
  weights: new Map([['text_model.embeddings.token_embedding.weight', numbered([3, width])]]),
})) });
const [one, two] = [encodersOf(64), encodersOf(64, 20)];
const embedding = (...widths: number[]): LearnedEmbedding =>
  ({ word: 'zqx', rows: widths.map((width, i) => numbered([2, width], i)) });
const plain = ({ rows }: LearnedEmbedding): unknown[] =>
  rows.map(({ dtype, shape, data }) => [dtype, shape.join(), ...data]);
const read = (file: string, model = one): Promise<LearnedEmbedding> => readEmbedding(path.join(folder, file), model);

test('the same rows in four files of other programs are the same rows', async () => {
  const files = ['kohya_vec4.safetensors', 'diffusers_vec4.safetensors', 'webui_vec4.pt'];
  const width = (await readSafetensorsHeader(golden + files[0])).tensors.get('emb_params')!.shape[1]!;
  const all = await Promise.all(files.map((file) => readEmbedding(golden + file, encodersOf(width))));
  expect(all.map(({ word }) => word)).toEqual(['kohya_vec4', '<sks-style>', 'webui_vec4']);
  expect(plain(all[1]!)).toEqual(plain(all[0]!));
  expect(plain(all[2]!)).toEqual(plain(all[0]!));
  const single = ['kohya_vec1.safetensors', 'diffusers_vec1.safetensors', 'diffusers_vec1.bin'];
  const rows = await Promise.all(
    single.map(async (file) => plain(await readEmbedding(golden + file, encodersOf(width)))));
  expect(rows[0]![0]).toHaveLength(2 + width);
  expect(rows[1]).toEqual(rows[0]);
  expect(rows[2]).toEqual(rows[0]);
});

test.each([['a1111', [64]], ['a1111', [64, 20]], ['diffusers', [64]], ['diffusers', [64, 20]]] as const)(
  'written as %s for encoders of width %j, it is read back', async (form, widths) => {
    const learned = embedding(...widths);
    const model = encodersOf(...widths);
    const files = await writeEmbedding(path.join(folder, 'zqx.safetensors'), learned, form, descriptionOf('sdxl'));
    expect(files.map((file) => path.basename(file))).toEqual(
      form === 'diffusers' && widths.length === 2 ? ['zqx.safetensors', 'zqx_2.safetensors'] : ['zqx.safetensors']);
    expect((await readdir(folder)).sort()).toEqual(files.map((file) => path.basename(file)).sort());
    for (const file of files) {
      const back = await readEmbedding(file, model);
      expect([back.word, plain(back)]).toEqual(['zqx', plain(learned)]);
    }
    const names = await Promise.all(files.map(async (file) => [...(await readSafetensors(file)).keys()]));
    const byEncoder = widths.length === 2 ? [['clip_g', 'clip_l']] : [['emb_params']];
    expect(names).toEqual(form === 'a1111' ? byEncoder : widths.map(() => ['zqx']));
  });

test('a single row is a vector in diffusers, and half precision is read', async () => {
  const row = { word: 'zqx', rows: [numbered([1, 64])] };
  const [file] = await writeEmbedding(path.join(folder, 'a.safetensors'), row, 'diffusers');
  expect((await readSafetensors(file!)).get('zqx')!.shape).toEqual([64]);
  expect(plain(await read('a.safetensors'))).toEqual(plain(row));
  const half = new Map([['emb_params', toFloatDType(row.rows[0]!, 'float16')]]);
  await writeSafetensors(path.join(folder, 'b.safetensors'), half);
  expect(plain(await read('b.safetensors'))).toEqual(plain(row));
});

test('the numbered encoders of the advanced trainer are read', async () => {
  const { rows } = embedding(64, 20);
  const file = await writeTensors(folder, { text_encoders_0: rows[0]!, text_encoders_1: rows[1]! });
  expect(plain(await readEmbedding(file, two))).toEqual(plain({ word: '', rows }));
});

test('the metadata says what the file is and nothing of where it was made', async () => {
  const file = path.join(folder, 'Maria.safetensors');
  await writeEmbedding(file, embedding(64), 'a1111', descriptionOf('sd15'));
  const { metadata, dataOffsetBytes } = await readSafetensorsHeader(file);
  expect(metadata.get('modelspec.architecture')).toBe('likeness-miniature-v1/textual-inversion');
  expect(metadata.get('modelspec.trigger_phrase')).toBe('zqx');
  expect((await readFile(file)).subarray(0, dataOffsetBytes).toString()).not.toMatch(/maria|tmp|20\d\d-/i);
});

test.each<[string, Record<string, Tensor>, string, RegExp, ReturnType<typeof encodersOf>]>([
  ['another width', { emb_params: numbered([2, 1024]) }, 'adapter.other-architecture',
    /for Stable Diffusion 2, but.*rows of 64 numbers/, one],
  ['two encoders for one', { clip_l: numbered([2, 768]), clip_g: numbered([2, 1280]) }, 'adapter.other-architecture',
    /for SDXL, but/, one],
  ['one encoder of another width for two', { emb_params: numbered([2, 768]) }, 'adapter.other-architecture',
    /for Stable Diffusion 1\.5, but/, two],
  ['half of two files', { zqx: numbered([2, 64]) }, 'adapter.half-an-embedding', /given_2\.safetensors/, two],
  ['encoders with different numbers of rows', { clip_l: numbered([2, 64]), clip_g: numbered([3, 20]) },
    'adapter.broken', /different numbers/, two],
  ['NaN', { emb_params: float32Tensor([1, 64], new Float32Array(64).fill(NaN)) }, 'adapter.broken', /not finite/, one],
  ['whole numbers', { emb_params: { dtype: 'int32', shape: [1, 64], data: new Int32Array(64) } }, 'adapter.broken',
    /int32/, one],
  ['a cube', { emb_params: numbered([1, 2, 32]) }, 'adapter.broken', /1 by 2 by 32/, one],
  ['no rows', { emb_params: numbered([0, 64]) }, 'adapter.broken', /0 by 64/, one],
  ['more rows than a prompt holds', { emb_params: numbered([80, 64]) }, 'adapter.broken', /80 rows/, one],
  ['a LoRA', { 'lora_te_a.alpha': numbered([1]) }, 'adapter.not-an-embedding', /a LoRA/, one],
  ['many tensors', { a: numbered([2, 64]), b: numbered([2, 64]) }, 'adapter.not-an-embedding', /another kind/, one],
  ['one huge tensor', { a: numbered([1000, 2000]) }, 'adapter.not-an-embedding', /another kind/, one],
])('%s is refused', async (_, tensors, code, words, model) => {
  const error = await errorOf(readEmbedding(await writeTensors(folder, tensors), model));
  expect(error.code).toBe(code);
  expect(error.text.what).toMatch(words);
});

test('a torch file that names anything but numbers is refused', async () => {
  const { value, bytes } = dictionaryOf(new Map([['zqx', numbered([2, 64])]]));
  await writeFile(path.join(folder, 'good.pt'), torchZip(value, bytes));
  expect((await read('good.pt')).word).toBe('zqx');
  await writeFile(path.join(folder, 'bad.pt'), 'cos\nsystem\n(S"echo"\ntR.');
  expect((await errorOf(read('bad.pt'))).code).toMatch(/^checkpoint\./);
  await cp(path.join(golden, 'webui_vec4.pt'), path.join(folder, 'cut.pt'));
  await writeFile(path.join(folder, 'cut.pt'), (await readFile(path.join(folder, 'cut.pt'))).subarray(0, 900));
  expect((await errorOf(read('cut.pt'))).code).toMatch(/^checkpoint\./);
});

test.each(['sd15', 'sdxl'] as const)('%s: words that were learned with a LoRA lie in its file', async (name) => {
  const file = path.join(folder, 'look.safetensors');
  const widths = models[name].textEncoders.map(({ config }) => config.hiddenSize);
  const embeddings = [embedding(...widths), { word: 'a.b', rows: widths.map((width) => numbered([1, width], 5)) }];
  const layers = tinyLayers(name, ['mid_block.attentions']);
  await exportKohyaLora(file, layers, 'float16', { ...descriptionOf(name), embeddings });
  const { tensors } = await readSafetensorsHeader(file);
  const names = [...tensors.keys()].filter((key) => key.startsWith('bundle_emb.zqx.'));
  const parts = name === 'sdxl' ? ['clip_g', 'clip_l'] : ['emb_params'];
  expect(names).toEqual(parts.map((part) => `bundle_emb.zqx.${part}`));
  const back = await readLora(file, models[name]);
  expect(back.layers).toHaveLength(layers.length);
  expect(new Map(back.embeddings.map((one) => [one.word, plain(one)])))
    .toEqual(new Map(embeddings.map((one) => [one.word, plain(one)])));
});

test.each<[string, Record<string, Tensor>, string, RegExp]>([
  ['another width', { 'bundle_emb.zqx.emb_params': numbered([2, 32]) }, 'adapter.does-not-fit', /32 numbers/],
  ['two encoders for one', {
    'bundle_emb.zqx.clip_l': numbered([2, 64]), 'bundle_emb.zqx.clip_g': numbered([2, 64]),
  }, 'adapter.does-not-fit', /text encoders/],
  ['NaN', { 'bundle_emb.zqx.clip_l': float32Tensor([1, 64], new Float32Array(64).fill(NaN)) }, 'adapter.broken', /finite/],
])('words in a LoRA with %s are refused', async (_, words, code, message) => {
  const file = path.join(folder, 'look.safetensors');
  await exportKohyaLora(file, tinyLayers('sd15', ['mid_block.attentions.0.proj_in']), 'float32', descriptionOf('sd15'));
  const given = await writeTensors(folder, { ...Object.fromEntries(await readSafetensors(file)), ...words });
  const error = await errorOf(readLora(given, models.sd15));
  expect(error.code).toBe(code);
  expect(error.text.what).toMatch(message);
});
