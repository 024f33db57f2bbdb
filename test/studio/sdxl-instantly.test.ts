// Portraits without teaching on an SDXL checkpoint, as a user comes to them: the checkpoint and InstantID's and
// antelopev2's files named where they lie, licences accepted, a photo added, portraits drawn and measured. Every part
// is real and tiny; antelopev2's detector sees spots.

import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { PackId, SubjectId } from '../../src-main/contract/ids.ts';
import { encodePng } from '../../src-main/photos/decode.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { tinyModel, writeModelFolder } from '../checkpoint/tiny-models.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { spottedPicture } from '../faces/tiny-antelope.ts';
import { tinyCatalogue, writeAntelopeFolder, writeInstantIdFolder } from '../packs/companion-files.ts';

const vocabulary = 49_408;
let folder: string;
let studio: Studio;
let subjectId: SubjectId;
let packId: PackId;

/** The miniature with a row for each of CLIP's tokens, so that real prompts can be read. */
async function writeSdxl(place: string): Promise<void> {
  const model = tinyModel('sdxl');
  const table = 'text_model.embeddings.token_embedding.weight';
  const textEncoders = model.textEncoders.map(({ weights, config }, index) => ({
    config, weights: new Map([
      ...weights, [table, toFloatDType(randomTensor([vocabulary, config.hiddenSize], index, -0.1, 0.1), 'float16')],
    ]),
  }));
  const json = Object.fromEntries(Object.entries(model.json).map(([name, own]) => (
    [name, name.startsWith('text') ? { ...own, vocab_size: vocabulary } : own])));
  await writeModelFolder(place, { ...model, textEncoders, json });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-sdxl-'));
  studio = await openRealStudio(join(folder, 'library'), { companionCatalogue: await tinyCatalogue() });
  await studio.run('settings.set', { provider: 'cpu' });
  await writeSdxl(join(folder, 'sdxl'));
  packId = (await studio.packs.add(join(folder, 'sdxl'))).id;
  subjectId = (await studio.run('subjects.create', { name: 'Ada', hasConsent: true })).id;
}, 60_000);
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function instantly() {
  const { packs } = await studio.run('studio.state', {});
  return packs.find(({ id }) => id === packId)!.instantly!;
}

test('the pack says what is missing, until all of it is there and agreed to', async () => {
  expect(await instantly()).toMatchObject({ isReady: false, isResearchOnly: true, canBeFast: false });
  expect((await instantly()).missing).toHaveLength(2);
  const models = join(folder, 'models');
  await mkdir(models);
  await writeAntelopeFolder(models);
  await writeInstantIdFolder(models, await openCheckpoint(join(folder, 'sdxl')));
  expect(await studio.companions.add(models)).toHaveLength(4);
  expect((await instantly()).isReady).toBe(false);
  for (const licenseId of ['insightface-models', 'instantid-weights']) {
    await studio.run('licenses.accept', { licenseId });
  }
  expect(await instantly()).toEqual({ isReady: true, missing: [], isResearchOnly: true, canBeFast: false });
});

test('a face goes from a photo into a portrait, measured by networks that did not condition it', async () => {
  await studio.run('settings.set', { faceEngine: 'antelopev2' });
  const bytes = await encodePng(spottedPicture(640, 640, [{ colour: 'blue', x: 288, y: 288 }]));
  const { photo } = await studio.run('photos.import', { subjectId, fileName: 'a.png', bytes: new Uint8Array(bytes) });
  for (const { id } of await studio.run('jobs.list', {})) await studio.settled(id);
  await studio.run('photos.choose', { photoId: photo.id, userChoice: 'use' });
  const draw = async (imageStrength: number) => {
    const job = await studio.run('portraits.create', {
      subjectId, adapterId: null, packId, prompts: ['a hat'], count: 1, seed: 7, instantly: {},
      settings: { widthPx: 64, heightPx: 64, samplingSteps: 2, imageStrength },
    });
    expect(await studio.settled(job.id)).toMatchObject({ state: 'done', error: null });
    return studio.library.portraits.ofJob(job.id)[0]!;
  };
  const [strong, weak] = [await draw(1.5), await draw(0)];
  expect(strong.likeness.engine ?? 'built-in').toBe('built-in');
  const fileOf = ({ id }: typeof strong): string => studio.library.portraits.get(id)!.fileSha256;
  expect(fileOf(strong)).not.toBe(fileOf(weak));
}, 120_000);

test('without its files it is refused with what is missing, and nothing is drawn', async () => {
  await rename(join(folder, 'models'), join(folder, 'elsewhere'));
  const drawing = studio.run('portraits.create', {
    subjectId, adapterId: null, packId, prompts: ['a hat'], count: 1, instantly: {},
  });
  await expect(drawing).rejects.toMatchObject({ code: 'portraits.not-instant' });
  expect((await instantly()).missing.join(' ')).toContain('not where it was');
});
