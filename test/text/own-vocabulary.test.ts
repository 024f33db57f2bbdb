// A model's own vocabulary in CLIP's scheme: fewer merges, other numbers, files of its own.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { packMerges, packVocabulary, writeTokenizer } from '../../src-main/starter/pack-vocabulary.ts';
import { rowsInClipOrder } from '../../src-main/text/clip-order.ts';
import { promptEncoder } from '../../src-main/text/prompt-encoder.ts';
import {
  type ClipTokenizer, clipTokenizer, openClipTokenizer, partsOfToken, readMerges,
} from '../../src-main/text/tokenizer.ts';

const resources = fileURLToPath(new URL('../../resources', import.meta.url));
const clipFolder = path.join(resources, 'tokenizer');
const folder = await mkdtemp(path.join(tmpdir(), 'likeness-vocabulary-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const clip = await openClipTokenizer(clipFolder);
const clipMerges = await readMerges(clipFolder);
const captions = [
  'photo of an elderly man with a long white beard, wearing round sunglasses, in front of a bookshelf',
  'watercolour painting of a young woman, slicked back auburn hair, polka dot turtleneck, smiling',
];
const trainedIds = [...new Set(captions.flatMap((caption) => clip.encodePrompt(caption)))];
const { merges, tokenizer: own, trainedIds: ownIds } = await packVocabulary(resources, trainedIds, 3_000);

function tokensOf(tokenizer: ClipTokenizer, text: string): string[] {
  const tokenOf = new Map([...tokenizer.ids].map(([token, id]) => [id, token]));
  return tokenizer.encode(text).map((id) => tokenOf.get(id)!);
}

/** What tokens spell: bytes back from the characters that stand for them. */
function spelled(tokens: readonly string[]): string {
  const byteOf = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    byteOf.set(String.fromCodePoint(isPrintable ? byte : next++), byte);
  }
  const bytes = tokens.flatMap((token) => partsOfToken(token).flatMap((part) => (
    part.endsWith('</w>') ? [byteOf.get(part.slice(0, -4))!, 0x20] : [byteOf.get(part)!])));
  return Buffer.from(bytes).toString('utf8').trimEnd();
}

test('it has as many tokens as asked, start and end last, and each trained token under a number of its own', () => {
  expect(own.vocabularySize).toBe(3_000);
  expect([own.startId, own.endId]).toEqual([2_998, 2_999]);
  expect(new Set(ownIds).size).toBe(trainedIds.length);
  expect(new Set(merges).size).toBe(3_000 - 514);
  // in CLIP's order
  const ranks = merges.map((merge) => clipMerges.indexOf(merge));
  expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
});

test('captions, parts of them in any order and the styles\' words are the very tokens of CLIP', () => {
  const shuffled = captions.map((caption) => caption.split(' ').reverse().join(' '));
  for (const text of [...captions, ...shuffled, 'a cinematic portrait photo, rim light', '']) {
    expect(tokensOf(own, text)).toEqual(tokensOf(clip, text));
  }
  const rows = (tokenizer: ClipTokenizer, ids: readonly number[], text: string) => (
    tokenizer.encodePrompt(text).map((id) => ids.indexOf(id)));
  for (const caption of captions) {
    expect(rows(own, ownIds, caption)).toEqual(rows(clip, trainedIds, caption));
    expect(rows(own, ownIds, caption)).not.toContain(-1);
  }
});

test('what it does not know comes in more pieces, and nothing of it is lost', () => {
  const texts = ['antidisestablishmentarianism zqxperson', 'naïve façade 中文 한국어 🙂', '3 1/2 % & (ok)', 'o’k'];
  for (const text of texts) {
    const tokens = tokensOf(own, text);
    expect(spelled(tokens)).toBe(spelled(tokensOf(clip, text)));
    expect(tokens.length).toBeGreaterThanOrEqual(clip.encode(text).length);
  }
  expect(own.encode('antidisestablishmentarianism').length).toBeGreaterThan(1);
});

test('wishes that do not fit are refused', () => {
  expect(() => packMerges(clipMerges, clip.ids.keys(), 600))
    .toThrow('48894 merges are needed, and there are 86 places');
});

test('its folder reads back as it was', async () => {
  const place = path.join(folder, 'tokenizer');
  await writeTokenizer(place, merges);
  const read = await openClipTokenizer(place);
  expect([...read.ids].sort()).toEqual([...own.ids].sort());
  expect(read.encodePrompt(captions[0]!)).toEqual(own.encodePrompt(captions[0]!));
  expect(JSON.parse(await readFile(path.join(place, 'special_tokens_map.json'), 'utf8')))
    .toMatchObject({ bos_token: '<|startoftext|>', eos_token: '<|endoftext|>' });
  expect((await readFile(path.join(place, 'merges.txt'), 'utf8')).split('\n')[0]).toBe('#version: 0.2');
});

test('numbers are vocab.json\'s, whatever their order; a damaged one is refused by its name', async () => {
  const place = path.join(folder, 'numbered');
  await writeTokenizer(place, merges);
  const file = path.join(place, 'vocab.json');
  const backwards = Object.fromEntries([...own.ids].map(([token, id]) => [token, 2_999 - id]));
  await writeFile(file, JSON.stringify(backwards));
  const read = await openClipTokenizer(place);
  expect([read.startId, read.endId, read.vocabularySize]).toEqual([1, 0, 3_000]);
  expect(read.encode(captions[0]!)).toEqual(own.encode(captions[0]!).map((id) => 2_999 - id));
  expect(read.encodePrompt('')).toEqual([1, ...Array.from({ length: 76 }, () => 0)]);
  // OpenCLIP pads with the exclamation mark, which is 0 only in CLIP's order
  expect(promptEncoder(read, { architecture: 'sd2' }).encode('')[0]!.slice(0, 4)).toEqual([1, 0, 2_999, 2_999]);

  const { '!': _first, ...without } = backwards;
  for (const broken of ['{"!": 0', 'null', '{}', JSON.stringify(without), JSON.stringify({ ...backwards, more: 5 }),
    JSON.stringify({ ...backwards, more: -1 }), JSON.stringify({ ...backwards, more: 'x' })]) {
    await writeFile(file, broken);
    await expect(openClipTokenizer(place)).rejects.toMatchObject({
      code: 'text.tokenizer-damaged', parameters: { folder: 'numbered', file: 'vocab.json' },
    });
  }
});

test('a learned word\'s rows follow the vocabulary, and weights stand where its tokens do', () => {
  const withWord = (tokenizer: ClipTokenizer, word: string) => (
    promptEncoder(tokenizer, { architecture: 'sd15', learnedTokens: [{ word, vectors: 2 }] }));
  const encoder = withWord(own, 'zqxface');
  const [ids] = encoder.encode('photo of zqxface');
  expect(ids!.slice(0, 6)).toEqual([2_998, ...own.encode('photo of'), 3_000, 3_001, 2_999]);
  const { ids: [weighted], weights } = encoder.encodeWeighted('photo of (zqxface:1.5)');
  expect(weighted).toEqual(ids);
  expect(weights!.slice(0, 6)).toEqual([1, 1, 1, 1.5, 1.5, 1]);
  // 'sks' is one token of CLIP's; here it is none
  expect(() => withWord(clip, 'sks')).toThrow('knows the word');
  expect(() => withWord(own, 'sks')).not.toThrow();
  expect(() => withWord(own, 'beard')).toThrow('knows the word');
});

test('in CLIP\'s order each token has its own row, or those of its pieces; CLIP\'s own order needs none', () => {
  const rows = rowsInClipOrder(own, clip)!;
  expect(rows).toHaveLength(49_408);
  for (const caption of captions) {
    expect(clip.encodePrompt(caption).map((id) => rows[id])).toEqual(own.encodePrompt(caption).map((id) => [id]));
  }
  const [whole] = clip.encode('sks');
  expect(rows[whole!]).toEqual(own.encode('sks'));
  expect(rowsInClipOrder(clip, clip)).toBeUndefined();
  const extended = clipTokenizer(clipMerges, new Map([...clip.ids, ['one more', 49_408]]));
  expect(rowsInClipOrder(extended, clip)).toBeUndefined();
});
