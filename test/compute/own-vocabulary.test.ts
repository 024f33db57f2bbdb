// A model with a vocabulary of its own beside the same model with CLIP's: the same words, rows and numbers of other
// places draw and learn the very same.

import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import { create } from '../../src-main/compute/create.ts';
import { openProviderChooser } from '../../src-main/compute/provider-choice.ts';
import { reporterFor } from '../../src-main/compute/reporter.ts';
import { teach } from '../../src-main/compute/teach.ts';
import { createRequestSchema, type NewCreateRequest } from '../../src-main/contract/engine-create.ts';
import type { NewEngineReport } from '../../src-main/contract/engine.ts';
import { generationDefaultsFor } from '../../src-main/packs/default-settings.ts';
import { openPhoto } from '../../src-main/photos/import-photo.ts';
import { giveOwnVocabulary } from '../studio/small-vocabulary.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { root } from './engine-process.ts';
import { teachRequest } from './teach-requests.ts';

type Words = 'clip' | 'own';
let folder: string;
let count = 0;
const parts = { resourcesFolder: join(root, 'resources'), chooser: openProviderChooser() };
const negativePrompt = 'a beard';
const prompt = 'photo of an elderly woman, (blue background:1.3), sepia';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-vocabulary-'));
  await writeTinyPack(join(folder, 'clip'));
  await cp(join(folder, 'clip'), join(folder, 'own'), { recursive: true });
  await giveOwnVocabulary(join(folder, 'own'), [prompt, negativePrompt, 'photo of a person, a.png b.png c.png']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Of the picture's pixels. */
async function drawn(words: Words, changes: Partial<NewCreateRequest> = {}, asked = prompt): Promise<string> {
  const outputFolder = join(folder, `out-${count++}`);
  await mkdir(outputFolder);
  const reports: NewEngineReport[] = [];
  await create(createRequestSchema.parse({
    kind: 'create', checkpointPath: join(folder, words), provider: 'cpu', modelName: 'Tiny', version: '0.0.0',
    adapter: null, items: [{ key: 'a', prompt: asked, negativePrompt, seed: 3, adapterStrength: 1 }],
    settings: { ...generationDefaultsFor(64), samplingSteps: 2, guidanceScale: 3 }, start: null, references: [],
    outputFolder, ...changes,
  }), reporterFor(1, (report) => reports.push(report)), parts);
  const portrait = reports.flatMap((report) => (
    report.type === 'item' && report.item.kind === 'portrait' ? [report.item] : []))[0]!;
  return createHash('sha256').update((await openPhoto(portrait.file)).data).digest('hex');
}

async function taught(words: Words): Promise<{ file: string; losses: number[] }> {
  const request = await teachRequest(join(folder, `look-${words}`), 'textual-inversion', join(folder, words), {
    trainingSteps: 3, snapshotEverySteps: 3, previewCount: 0, warmupSteps: 0, newTokenLearningRate: 0.5, batchSize: 1,
    gradientAccumulationSteps: 1,
  });
  const reports: NewEngineReport[] = [];
  const result = await teach(request, reporterFor(1, (report) => reports.push(report)), parts, () => undefined);
  if (result.kind !== 'teach') throw new Error('Nothing was taught.');
  return {
    file: result.adapterFile,
    losses: reports.flatMap((report) => (report.type === 'progress' ? report.lossPoints : [])).map(({ loss }) => loss),
  };
}

test('known words draw the very picture that they draw with CLIP\'s vocabulary', async () => {
  const picture = await drawn('own');
  expect(picture).toEqual(await drawn('clip'));
  // words that it lacks are words all the same
  expect(await drawn('own', {}, `${prompt} xylophonist`)).not.toEqual(picture);
});

test('a new word learns the same numbers, and its look draws the same', async () => {
  const [own, clip] = [await taught('own'), await taught('clip')];
  expect(own.losses).toHaveLength(3);
  expect(own.losses).toEqual(clip.losses);
  const rowsOf = async ({ file }: typeof own) => (await readSafetensors(file)).get('emb_params')!;
  expect(await rowsOf(own)).toEqual(await rowsOf(clip));
  const look = { adapter: { method: 'textual-inversion' as const, file: own.file, word: 'zqxface' } };
  expect(await drawn('own', look, 'photo of zqxface person'))
    .toEqual(await drawn('clip', look, 'photo of zqxface person'));
});

test('a model with fewer rows than its tokenizer has tokens is refused, and says what is missing', async () => {
  await rm(join(folder, 'own', 'tokenizer'), { recursive: true });
  await expect(drawn('own')).rejects.toMatchObject({
    code: 'text.other-vocabulary', parameters: { file: 'own', tokens: 49_408, rows: 2_600 },
  });
});
