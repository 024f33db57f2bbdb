// A model with a vocabulary of its own through the whole studio: what of a prompt is cut off, and a taught
// checkpoint's file for other programs, which read every file with CLIP's vocabulary.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import type { SubjectId } from '../../src-main/contract/ids.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { toFloat32 } from '../../src-main/tensor/half.ts';
import { type ClipTokenizer, openClipTokenizer } from '../../src-main/text/tokenizer.ts';
import { openRealStudio, projectResources, projectRoot } from './real-studio.ts';
import { giveOwnVocabulary, tokenTable } from './small-vocabulary.ts';
import { writeTinyPack } from './tiny-pack.ts';

let folder: string;
let studio: Studio;
let pack: ShelvedPack;
let subjectId: SubjectId;
let own: ClipTokenizer;
const clip = await openClipTokenizer(join(projectResources, 'tokenizer'));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-own-words-'));
  const place = await writeTinyPack(join(folder, 'pack'));
  own = await giveOwnVocabulary(place, ['photo of a person']);
  studio = await openRealStudio(join(folder, 'library'));
  pack = await studio.packs.add(place);
  await studio.run('settings.set', { provider: 'cpu' });
  subjectId = (await studio.run('subjects.create', { name: 'Ada', hasConsent: true })).id;
  const bytes = await readFile(join(projectRoot, 'test', 'photos', 'astronaut.png'));
  await studio.run('photos.import', { subjectId, fileName: 'astronaut.png', bytes });
  for (const job of await studio.run('jobs.list', {})) await studio.settled(job.id);
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

test('what does not fit is counted in the model\'s own pieces', async () => {
  const word = 'xylophonist';
  expect(own.encode(word).length).toBeGreaterThan(clip.encode(word).length);
  const prompt = Array.from({ length: Math.floor(75 / own.encode(word).length) + 1 }, () => word).join(' ');
  expect(clip.encode(prompt).length).toBeLessThanOrEqual(75);
  const { cutOff } = await studio.run('portraits.plan', {
    subjectId, adapterId: null, packId: pack.id, prompts: [prompt], count: 1,
  });
  expect(cutOff).toEqual([expect.stringContaining(word)]);
});

test('a taught checkpoint keeps the model\'s rows, and its file for others has CLIP\'s', async () => {
  const job = await studio.settled((await studio.run('looks.teach', {
    subjectId, packId: pack.id, method: 'dreambooth', settings: {
      trainingSteps: 2, snapshotEverySteps: 2, batchSize: 1, gradientAccumulationSteps: 1, resolutionPx: 64,
      warmupSteps: 0, previewCount: 0, recompute: 'none', prior: 'none', textEncoderLearningRate: 1e-3,
    },
  })).id);
  expect(job).toMatchObject({ state: 'done', error: null });
  const look = (await studio.run('looks.list', { subjectId })).find(({ id }) => id === job.adapterId)!;
  const { exportId } = await studio.run('looks.export', { adapterId: look.id, format: 'checkpoint' });
  const written = await readSafetensors(studio.openExport(exportId)!.file);
  const record = studio.library.adapters.get(look.id)!;
  const kept = await readSafetensors(studio.library.pathOf(record.fileSha256));
  const name = `cond_stage_model.transformer.${tokenTable}`;
  const [table, ownTable] = [written.get(name)!, toFloat32(kept.get(name)!)];
  expect([table.shape[0], ownTable.shape[0]]).toEqual([49_408, own.vocabularySize]);
  const width = table.shape[1]!;
  const row = (numbers: ArrayLike<number>, id: number): number[] => (
    Array.from({ length: width }, (_, i) => numbers[id * width + i]!));
  const numbers = toFloat32(table).data as Float32Array;
  const ownNumbers = ownTable.data as Float32Array;
  for (const text of ['photo of a person', 'smiling']) {
    expect(clip.encodePrompt(text).map((id) => row(numbers, id)))
      .toEqual(own.encodePrompt(text).map((id) => row(ownNumbers, id)));
  }
  // a word that is one token of CLIP's only: the mean of its pieces
  const [whole] = clip.encode('sks');
  const pieces = own.encode('sks');
  expect(pieces.length).toBeGreaterThan(1);
  row(numbers, whole!).forEach((value, i) => {
    const mean = pieces.reduce((sum, id) => sum + row(ownNumbers, id)[i]!, 0) / pieces.length;
    expect(value).toBeCloseTo(mean, 3);
  });
  // all else is as it is kept
  const other = 'model.diffusion_model.input_blocks.0.0.weight';
  expect(written.get(other)).toEqual(kept.get(other));
});
