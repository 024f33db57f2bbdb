// Prompts for one or two text encoders: padding, cutting, and learned words where they stand.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import { UserError } from '../../src-main/contract/errors.ts';
import type { LearnedToken } from '../../src-main/text/learned-words.ts';
import { cutOffText } from '../../src-main/text/cut-off.ts';
import { promptEncoder } from '../../src-main/text/prompt-encoder.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';

const tokenizer = await openClipTokenizer(fileURLToPath(new URL('../../resources/tokenizer', import.meta.url)));
const [start, end, firstNew] = [49406, 49407, 49408];
const learnedTokens: readonly LearnedToken[] = [
  { word: 'Zqxa', vectors: 1 }, { word: 'zqxa-doll', vectors: 3 }, { word: '<qv*+>', vectors: 1 },
  { word: '小明明', vectors: 1 },
];
const [zqxa, doll, angled, chinese] = [[firstNew], [1, 2, 3].map((i) => firstNew + i), [firstNew + 4], [firstNew + 5]];
const learned = promptEncoder(tokenizer, { architecture: 'sd15', learnedTokens });

/** The ids between start and end. */
function idsOf(text: string, encoder = learned): number[] {
  const [ids] = encoder.encode(text) as [readonly number[]];
  expect(ids.length).toBe(77);
  expect(ids[0]).toBe(start);
  return ids.slice(1, ids.indexOf(end));
}

test.each([['sd15', [end]], ['sd2', [0]], ['sdxl', [end, 0]]] as const)('%s has its padding', (architecture, pads) => {
  const prompts = promptEncoder(tokenizer, { architecture }).encode('a photo');
  const words = tokenizer.encode('a photo');
  expect(prompts).toEqual(pads.map((pad) => [start, ...words, end, ...new Array<number>(73).fill(pad)]));
});

test('a long prompt is cut at 75 tokens, and what is left out is counted', () => {
  const encoder = promptEncoder(tokenizer, { architecture: 'sdxl', learnedTokens });
  const text = `${'a '.repeat(74)}zqxa-doll a`;
  for (const ids of encoder.encode(text)) {
    expect(ids.length).toBe(77);
    expect(ids.slice(-2)).toEqual([doll[0], end]);
  }
  expect(encoder.droppedTokens(text)).toBe(3);
  expect(encoder.droppedTokens('a '.repeat(75))).toBe(0);
});

test.each([
  ['photo of zqxa', ['photo of', zqxa]],
  ['ZQXA, smiling', [zqxa, ', smiling']],
  ['(zqxa:1.2) and "Zqxa"\'s', ['(', zqxa, ':1.2) and "', zqxa, '"\'s']],
  ['zqxa\'s dog', [zqxa, '\'s dog']],
  ['zqxa_zqxa', [zqxa, '_', zqxa]],
  ['a zqxa-doll on zqxa\u00a0&amp; zqxa', ['a', doll, 'on', zqxa, '&', zqxa]],
  ['the <QV*+> style', ['the', angled, 'style']],
  ['x<qv*+>y', ['x', angled, 'y']],
  ['小明明的照片', [chinese, '的照片']],
] as const)('learned words are found: %s', (text, parts) => {
  expect(idsOf(text)).toEqual(parts.flatMap((part) => (typeof part === 'string' ? tokenizer.encode(part) : part)));
});

test.each(['zqxab', 'azqxa', 'zqxa2', '9zqxa-dolls', 'zqxaé', '小明'])('%s is another word', (text) => {
  const found = idsOf(text);
  expect(found.filter((id) => id >= firstNew && id !== zqxa[0])).toEqual([]);
  if (text !== '9zqxa-dolls') expect(found).toEqual(tokenizer.encode(text));
});

test('texts without learned words are encoded as the tokenizer does', () => {
  for (const text of ['', 'schÃ¶n &amp;amp; <b>', 'a  b\nc', 'x'.repeat(50)]) {
    expect(idsOf(text)).toEqual(tokenizer.encode(text));
  }
});

test('ids begin behind a table that has more rows than the vocabulary', () => {
  const encoder = promptEncoder(tokenizer, { architecture: 'sd15', learnedTokens, vocabularySize: 49500 });
  expect(encoder.newTokens).toBe(6);
  expect(idsOf('zqxa 小明明', encoder)).toEqual([49500, 49505]);
});

test.each([
  ['text.word-known', ['photo']], ['text.word-known', ['Photo ']], ['text.word-known', ['z']],
  ['text.word-known', ['<|endoftext|>']], ['text.word-empty', [' \ufeff\u0007 ']], ['text.word-empty', ['']],
  ['text.word-taken', ['zqxa', 'ZQXA']],
] as const)('%s: %j', (code, words) => {
  const tokens = words.map((word) => ({ word, vectors: 1 }));
  const refusal = (): unknown => promptEncoder(tokenizer, { architecture: 'sd15', learnedTokens: tokens });
  expect(refusal).toThrow(UserError);
  try {
    refusal();
  } catch (error) {
    expect((error as UserError).code).toBe(code);
  }
});

test('emphasis weighs the tokens of its words, learned ones as well; start, end and padding count as they do', () => {
  const { ids, weights } = learned.encodeWeighted('a (zqxa-doll:1.3), [red] hat');
  const words = [
    ...tokenizer.encode('a'), ...doll, ...tokenizer.encode(','), ...tokenizer.encode('red'), ...tokenizer.encode('hat'),
  ];
  expect(ids).toEqual([[start, ...words, end, ...new Array<number>(75 - words.length).fill(end)]]);
  const own = [1, 1.3, 1.3, 1.3, 1, 1 / 1.1, 1];
  expect(weights).toHaveLength(77);
  expect(weights!.slice(1, 1 + own.length)).toEqual(own.map((weight) => expect.closeTo(weight, 12)));
  expect([weights![0], ...weights!.slice(1 + own.length)].every((weight) => weight === 1)).toBe(true);
});

test('without emphasis a prompt is its caption, and escaped brackets are letters', () => {
  const encoder = promptEncoder(tokenizer, { architecture: 'sdxl', learnedTokens });
  expect(encoder.encodeWeighted('Photo of Zqxa, smiling')).toEqual({ ids: encoder.encode('Photo of Zqxa, smiling') });
  expect(encoder.encodeWeighted('ada \\(smiling\\)')).toEqual({ ids: encoder.encode('ada (smiling)') });
  // a caption is read letter for letter
  expect(idsOf('(red:1.3)')).toEqual(tokenizer.encode('(red:1.3)'));
});

test('emphasis takes no room, and what does not fit is named in the prompt\'s own words', () => {
  const encoder = promptEncoder(tokenizer, { architecture: 'sd15', learnedTokens });
  const full = 'a '.repeat(70);
  expect(encoder.droppedTokens(`${full}(a (a:1.2) [a] a a)`)).toBe(0);
  expect(cutOffText(encoder, `${full}(a (a:1.2) [a] a a)`)).toBe('');
  expect(cutOffText(encoder, `${full}(a b:1.2) zqxa-doll Big Hats, red`)).toBe('Big Hats, red');
  expect(cutOffText(encoder, `${full}a b c zqxa-doll, red`)).toBe('zqxa-doll, red');
  expect(cutOffText(encoder, 'x'.repeat(2000))).toBe('x'.repeat(2000));
  const { weights } = encoder.encodeWeighted(`${full}a a a a (b c:2)`);
  expect(weights!.slice(-3)).toEqual([1, 2, 1]);
});
