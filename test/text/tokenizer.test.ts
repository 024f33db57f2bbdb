// The prompt's way to token ids: repairs, word splitting, byte pairs, padding. Expected texts are ftfy 6.1.1's.

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import { cleanPrompt } from '../../src-main/text/fix-text.ts';
import { repairMojibake } from '../../src-main/text/mojibake.ts';
import { openClipTokenizer, vocabularyJson } from '../../src-main/text/tokenizer.ts';

const folder = fileURLToPath(new URL('../../resources/tokenizer', import.meta.url));

test.each([
  ['schÃ¶n cafÃ©', 'schön café'], ['â€œsmartâ€\u009d donâ€™t', '“smart” don’t'], ['ä¸\u00adæ–‡', '中文'], ['ðŸ™‚', '🙂'],
  ['ÃƒÂ¼ber', 'über'], ['voilÃ le travail Ã©tÃ©', 'voilà le travail été'], ['РџСЂРёРІРµС‚', 'Привет'],
  ['caf√© ‚Äì', 'café –'],
  ['Žižek and naÃ¯ve', 'Žižek and naïve'], ['\u0093quoted\u0094', '\u0093quoted\u0094'],
])('mojibake %j is taken back to %j', (broken, whole) => {
  expect(repairMojibake(broken)).toBe(whole);
});

test.each([
  'café', 'naïve façade', 'Ünder Größe', '“quotes” – dash… ™ ©', 'CAFÉ™', 'нії дії мрії', 'Привет, мир',
  '∑∫√∞≠≤≥', '中文 한국어',
  'l’été à la plage', '25°C ½ × µm', '£5 €10', 'señor ¿qué? ¡hola!', 'IRMÃ…', '¬¬ √2',
])('%j is left as it was typed', (text) => {
  expect(repairMojibake(text)).toBe(text);
});

test.each([
  ['  A\u001c B\u00a0\u3000C  ', 'a b c'], ['&amp;amp; &lt;b&gt;', '& <b>'], ['<b> &amp;eacute;', '<b> é'],
  ['&EACUTE;', 'é'],
  ['ﬁne ŉ ﬅ', 'fine \'n ſt'], ['ｗｉｄｅ：', 'wide:'], ['\u001b[31mred\u001b[0m\u0007', 'red'], ['\ufeffbom', 'bom'],
  ['e\u0301', 'é'], ['&#1;a&#xfdd0;b', 'ab'], ['&#128;', '€'], ['line\u2028two\r\nthree', 'line two three'],
  ['AT&T &copy', 'at&t ©'],
])('%j is cleaned to %j', (text, cleaned) => {
  expect(cleanPrompt(text)).toBe(cleaned);
});

test('the vocabulary that follows from the merges is Stable Diffusion\'s vocab.json, byte for byte', async () => {
  const merges = (await readFile(path.join(folder, 'merges.txt'), 'utf8')).split('\n').slice(1).filter((line) => line);
  const json = vocabularyJson(merges);
  expect(createHash('sha256').update(json).digest('hex'))
    .toBe('e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349');
  expect(JSON.parse(json)['<|startoftext|>']).toBe(49406);
});

test('a prompt is 77 ids: start, the first 75, end, padding', async () => {
  const tokenizer = await openClipTokenizer(folder);
  expect(tokenizer.vocabularySize).toBe(49408);
  expect(tokenizer.encode('a photo of a cat')).toEqual([320, 1125, 539, 320, 2368]);
  const short = tokenizer.encodePrompt('a cat');
  expect(short.slice(0, 5)).toEqual([49406, 320, 2368, 49407, 49407]);
  expect(tokenizer.encodePrompt('a cat', 0).slice(3, 6)).toEqual([49407, 0, 0]);
  const long = tokenizer.encodePrompt('cat '.repeat(200));
  expect([short.length, long.length, long[75], long[76]]).toEqual([77, 77, 2368, 49407]);
});

test('a missing or damaged tokenizer is refused', async () => {
  const broken = await mkdtemp(path.join(tmpdir(), 'likeness-tokenizer-'));
  await expect(openClipTokenizer(broken)).rejects.toMatchObject({ code: 'text.tokenizer-damaged' });
  await writeFile(path.join(broken, 'merges.txt'), '<!doctype html>');
  await expect(openClipTokenizer(broken)).rejects.toMatchObject({ code: 'text.tokenizer-damaged' });
  await rm(broken, { recursive: true });
});
