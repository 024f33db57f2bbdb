// Every method on SD 2 and SDXL through the engine: photos in, a file out whose tensors are those of its kind, and
// previews on the way. Miniatures with CLIP's whole vocabulary, so that real prompts can be read.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Architecture } from '../../src-main/checkpoint/architecture.ts';
import { readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import type { Method, TrainingSettings } from '../../src-main/contract/settings.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { tinyModel, writeModelFolder } from '../checkpoint/tiny-models.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { runEngine } from './engine-process.ts';
import { teachRequest } from './teach-requests.ts';

const vocabulary = 49_408;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-architectures-'));
  for (const architecture of ['sd2', 'sdxl'] as const) await writeModel(architecture);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The miniature with a row for each of CLIP's tokens. */
async function writeModel(architecture: Architecture): Promise<void> {
  const model = tinyModel(architecture);
  const table = 'text_model.embeddings.token_embedding.weight';
  const textEncoders = model.textEncoders.map(({ weights, config }, index) => ({
    config, weights: new Map([
      ...weights, [table, toFloatDType(randomTensor([vocabulary, config.hiddenSize], index, -0.1, 0.1), 'float16')],
    ]),
  }));
  const json = Object.fromEntries(Object.entries(model.json).map(([name, own]) => (
    [name, name.startsWith('text') ? { ...own, vocab_size: vocabulary } : own])));
  await writeModelFolder(join(folder, architecture), { ...model, textEncoders, json });
}

const quick: TrainingSettings = {
  trainingSteps: 2, snapshotEverySteps: 2, batchSize: 1, gradientAccumulationSteps: 1, previewCount: 1,
};

test.each([
  ['sd2', 'lora', { vectorCount: 1 }, /^(lora_unet_|lora_te_|bundle_emb\.zqxface\.emb_params)/],
  ['sd2', 'dreambooth', { prior: 'prediction' }, /^(model\.diffusion_model|first_stage_model|cond_stage_model\.model)\./],
  ['sd2', 'textual-inversion', { vectorCount: 2 }, /^emb_params$/],
  ['sdxl', 'lora', { vectorCount: 1, useBuckets: true, recompute: 'blocks' },
    /^(lora_unet_|lora_te1_|lora_te2_|bundle_emb\.zqxface\.clip_[lg])/],
  ['sdxl', 'dreambooth', { textEncoderLearningRate: 1e-4, prior: 'none' },
    /^(model\.diffusion_model|first_stage_model|conditioner\.embedders)\./],
  ['sdxl', 'textual-inversion', { vectorCount: 2 }, /^clip_[lg]$/],
] as const)('%s, %s', async (architecture, method, settings, names) => {
  const place = join(folder, `${architecture}-${method}`);
  const request = await teachRequest(place, method satisfies Method, join(folder, architecture), {
    ...quick, ...settings,
  });
  const run = await runEngine(request);
  expect(run.error).toBeUndefined();
  expect(run.losses).toHaveLength(2);
  expect(run.losses.every(({ loss }) => loss > 0)).toBe(true);
  expect(run.snapshots).toMatchObject([{ step: 2, isBest: true, previewFiles: [expect.any(String)] }]);
  if (run.result?.kind !== 'teach') throw new Error('There is no result.');
  const { tensors } = await readSafetensorsHeader(run.result.adapterFile);
  expect([...tensors.keys()].filter((name) => !names.test(name))).toEqual([]);
  expect(tensors.size).toBeGreaterThan(0);
});
