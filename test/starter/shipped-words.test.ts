// The phrases that a new word of the starter pack starts from: words that the pack knows, few enough for the word, and
// found in pictures by the pack's own networks.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import { openProviderChooser } from '../../src-main/compute/provider-choice.ts';
import { reporterFor } from '../../src-main/compute/reporter.ts';
import { teach } from '../../src-main/compute/teach.ts';
import type { HairColour, SkinTone } from '../../src-main/starter/colours.ts';
import { portraitAttributes, renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';
import { rowsOfTokens } from '../../src-main/training/starting-rows.ts';
import { teachRequest } from '../compute/teach-requests.ts';

const packFolder = path.resolve('resources/starter');
const pack = JSON.parse(await readFile('resources/packs/starter.json', 'utf8'));
const phrases: string[][] = pack.describingPhrases;
const parts = { resourcesFolder: path.resolve('resources'), chooser: openProviderChooser() };
let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'likeness-shipped-words-')); });
afterAll(() => rm(folder, { recursive: true, force: true }));

const tokenizer = () => openClipTokenizer(path.join(packFolder, 'tokenizer'));

test('a word has room for one of each list, and the pack knows every phrase as one token', async () => {
  expect(phrases.length).toBeLessThanOrEqual(pack.trainingDefaults['textual-inversion'].vectorCount);
  const { encode } = await tokenizer();
  for (const phrase of phrases.flat()) expect([phrase, encode(phrase)]).toEqual([phrase, [expect.any(Number)]]);
  for (const list of phrases) expect(new Set(list).size).toBe(list.length);
});

/** Files of pictures that show these, of different people. */
async function pictures(skinTone: SkinTone, hairColour: HairColour): Promise<string[]> {
  const files: string[] = [];
  for (let seed = 700_000; files.length < 2; seed++) {
    const { style, hat, hairStyle, ...drawn } = portraitAttributes(seed);
    const isShown = style === 'photo' && hat === 'none' && hairStyle === 'long'
      && drawn.hairColour === hairColour && drawn.skinTone === skinTone;
    if (!isShown) continue;
    const { rgb, width, height } = await renderPortrait(seed);
    const file = path.join(folder, `${seed}.png`);
    await sharp(rgb, { raw: { width, height, channels: 3 } }).png().toFile(file);
    files.push(file);
  }
  return files;
}

/** The words whose rows an untaught look has: those that were found. */
async function foundIn(files: readonly string[], lists: readonly string[][]): Promise<string[]> {
  const request = await teachRequest(path.join(folder, path.parse(files[0]!).name), 'textual-inversion', packFolder, {
    trainingSteps: 1, snapshotEverySteps: 1, previewCount: 0, warmupSteps: 0, newTokenLearningRate: 0,
    vectorCount: lists.length, resolutionPx: 128, noiseOffset: 0, minSnrGamma: 0, minTimestep: 400, captionDropout: 0,
  });
  const [image] = request.images;
  const images = files.map((file) => ({ ...image!, file, caption: 'photo of zqxface person', repeats: 1 }));
  const result = await teach(
    { ...request, images, describingPhrases: lists }, reporterFor(1, () => undefined), parts, () => undefined);
  if (result.kind !== 'teach') throw new Error('Nothing was taught.');
  const rows = (await readSafetensors(result.adapterFile)).get('emb_params')!;
  const { textEncoders } = await openCheckpoint(packFolder);
  const { encode } = await tokenizer();
  return await Promise.all(lists.map(async (list, row) => {
    const [known] = await rowsOfTokens(textEncoders, [list.map((word) => encode(word)[0]!)], list.length);
    const width = known!.shape[1]!;
    const rowAt = ({ data }: Tensor, i: number) => (data as Float32Array).subarray(i * width, (i + 1) * width);
    const own = rowAt(rows, row);
    const distances = list.map((_, i) => rowAt(known!, i).reduce((sum, value, k) => sum + (value - own[k]!) ** 2, 0));
    return list[distances.indexOf(Math.min(...distances))]!;
  }));
}

// tones beside each other are told apart by light, too
test.each<[SkinTone, HairColour, RegExp]>([['pale', 'red', /^(pale|fair|light)$/], ['dark', 'black', /^(dark|brown)$/]])(
  'of people with %s skin and long %s hair these are found', async (skinTone, hairColour, skin) => {
    const found = await foundIn(await pictures(skinTone, hairColour), phrases);
    expect(found).toEqual([
      expect.stringMatching(skin), 'skin', expect.stringMatching(/^(long|wavy)$/), hairColour, 'hair',
    ]);
  });
