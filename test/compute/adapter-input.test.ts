// Adapter files on their way into a pipeline: LoRA on every network, embeddings, and both in one file.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { layersFromFlat } from '../../src-main/adapter/lora-layers.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { adapterOf, readAdapter } from '../../src-main/compute/adapter-input.ts';
import { textLoraModules, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { promptEncoder } from '../../src-main/text/prompt-encoder.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { randomLora, tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';

const checkpoint = tinySdxlCheckpoint();
let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-adapter-')); });
afterAll(async () => { await rm(folder, { recursive: true }); });

test('an embedding becomes new rows of both encoders, under the word that its owner gave it', async () => {
  const file = path.join(folder, 'zqx.safetensors');
  const rows = [randomTensor([2, 8], 1), randomTensor([2, 12], 2)] as const;
  await writeSafetensors(file, new Map([['clip_l', rows[0]], ['clip_g', rows[1]]]));
  const method = 'textual-inversion';
  const { form, numbers, learnedTokens } = await readAdapter({ method, file, word: 'qxa' }, checkpoint);
  expect(learnedTokens).toEqual([{ word: 'qxa', vectors: 2 }]);
  expect(form).toEqual({ unet: [], textEncoders: [[], []], newTokens: 2 });
  expect(numbers.newRows).toEqual(rows.map(({ data }) => data));
  const own = await readAdapter({ method, file, word: '' }, checkpoint);
  expect(own.learnedTokens).toEqual([{ word: 'zqx', vectors: 2 }]);
});

test('layers and embeddings together run in a pipeline, and each word has its own rows', async () => {
  const modules = unetLoraModules(checkpoint.unetConfig, 'attention', { rank: 1, loraAlpha: 1 });
  const textModules = textLoraModules(checkpoint.textEncoders[1]!.config, { rank: 2, loraAlpha: 1 });
  const embeddings = ['qxa', 'qxb'].map((word, i) => (
    { word, rows: [randomTensor([i + 1, 8], 10 + i), randomTensor([i + 1, 12], 20 + i)] }));
  const { form, numbers, learnedTokens } = adapterOf([
    ...layersFromFlat('unet', modules, randomLora(modules, 3)),
    ...layersFromFlat('textEncoder2', textModules, randomLora(textModules, 4)),
  ], embeddings, checkpoint);
  expect(form.textEncoders.map((each) => each.length)).toEqual([0, textModules.length]);
  const tokenizer = await openClipTokenizer('resources/tokenizer');
  const [ids] = promptEncoder(tokenizer, { architecture: 'sdxl', learnedTokens, vocabularySize: 40 }).encode('qxb qxa');
  expect(ids!.slice(1, 4)).toEqual([41, 42, 40]);
  const pipeline = openPipeline(checkpoint, { provider: 'cpu', threads: 1, adapter: form });
  const prompt = [ids!, ids!].map((each) => each.map((id) => (id > 1000 ? 39 : id)));
  const { context, pooled } = await pipeline.encodeText([prompt], { ...numbers, strength: 1 });
  const other = { ...numbers, newRows: numbers.newRows!.map((rows) => rows.toReversed()) };
  const changed = await pipeline.encodeText([prompt], { ...other, strength: 1 });
  expect([context.shape, pooled!.shape]).toEqual([[1, 77, 20], [1, 6]]);
  expect(changed.context).not.toEqual(context);
  await pipeline.release();
});
