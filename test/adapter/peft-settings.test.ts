// The scales of LoRAs that hold no alpha: PEFT's settings beside the file and diffusers' in its metadata.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { readLora } from '../../src-main/adapter/read-lora.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { errorOf, models, numbered, writeTensors } from './tiny-adapters.ts';

const attention = 'mid_block.attentions.0.transformer_blocks.0.attn1';
let folder: string;

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-peft-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

/** A file with to_q of rank 2, to_k of rank 4 and to_v of rank 2. */
function tensorsOf(prefix: string): Record<string, Tensor> {
  return Object.fromEntries([['to_q', 2], ['to_k', 4], ['to_v', 2]].flatMap(([name, rank]) => [
    [`${prefix}${attention}.${name}.lora_A.weight`, numbered([rank as number, 64])],
    [`${prefix}${attention}.${name}.lora_B.weight`, numbered([64, rank as number])],
  ]));
}

async function alphas(settings: object): Promise<Record<string, number>> {
  const file = await writeTensors(folder, tensorsOf('base_model.model.'));
  await writeFile(path.join(folder, 'adapter_config.json'), JSON.stringify(settings));
  return await alphasOf(file);
}

async function alphasOf(file: string): Promise<Record<string, number>> {
  const { layers } = await readLora(file, models.sd15);
  return Object.fromEntries(layers.map(({ modulePath, loraAlpha }) => [modulePath.slice(-4), loraAlpha]));
}

test('single layers have their own rank and alpha', async () => {
  const settings = { r: 2, lora_alpha: 6, rank_pattern: { to_k: 4 }, alpha_pattern: { 'attn1.to_k': 1, to_v: 3 } };
  expect(await alphas(settings)).toEqual({ to_q: 6, to_k: 1, to_v: 3 });
});

test('patterns match whole parts of a path from its end, anchored ones all of it', async () => {
  const rank = { r: 2, lora_alpha: 6, rank_pattern: { to_k: 4 } };
  expect(await alphas({ ...rank, alpha_pattern: { o_q: 1, 'q': 2 } })).toMatchObject({ to_q: 6 });
  expect(await alphas({ ...rank, alpha_pattern: { '^to_q': 1 } })).toMatchObject({ to_q: 6 });
  const whole = `^${attention.replaceAll('.', '\\.')}\\.to_q$`;
  expect(await alphas({ ...rank, alpha_pattern: { [whole]: 1 } })).toMatchObject({ to_q: 1, to_v: 6 });
});

test('rank-stabilised settings divide by the root of each rank', async () => {
  const settings = { r: 2, lora_alpha: 6, rank_pattern: { to_k: 4 }, use_rslora: true };
  const { to_q: q, to_k: k } = await alphas(settings);
  expect(q).toBeCloseTo(6 * Math.sqrt(2), 10);
  expect(k).toBe(12);
});

test.each<[string, object, RegExp]>([
  ['a rank that the matrices do not have', { r: 2, lora_alpha: 6 }, /say rank 2, its matrices 4/],
  ['an expression that could run for ever', { r: 4, lora_alpha: 6, rank_pattern: { '(a+)+$': 1 } }, /cannot be read/],
  ['settings that are none', { r: 'two' }, /cannot be read/],
  ['DoRA', { r: 2, lora_alpha: 6, use_dora: true }, /use_dora/],
])('%s is refused', async (_, settings, words) => {
  expect((await errorOf(alphas(settings))).text.what).toMatch(words);
});

test('diffusers keeps the settings of each network in the metadata', async () => {
  const text = 'text_encoder.text_model.encoder.layers.0.mlp.fc2';
  const tensors = {
    ...tensorsOf('unet.'), [`${text}.lora_A.weight`]: numbered([2, 128]), [`${text}.lora_B.weight`]: numbered([64, 2]),
  };
  const write = (settings: unknown): Promise<string> =>
    writeTensors(folder, tensors, new Map([['lora_adapter_metadata', JSON.stringify(settings)]]));
  const unet = { 'unet.r': 2, 'unet.lora_alpha': 6, 'unet.rank_pattern': { to_k: 4 }, 'unet.alpha_pattern': {} };
  expect(await alphasOf(await write({ ...unet, 'text_encoder.r': 2, 'text_encoder.lora_alpha': 16 })))
    .toEqual({ to_q: 6, to_k: 6, to_v: 6, '.fc2': 16 });
  // what is said of one network says nothing of another
  expect(await alphasOf(await write(unet))).toMatchObject({ '.fc2': 2 });
  expect((await errorOf(write([]).then(alphasOf).then(() => write('x')).then(alphasOf))).code).toBe('adapter.broken');
});
