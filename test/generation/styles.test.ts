// The styles that come with Likeness, and what is refused in a style file.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

import { UserError } from '../../src-main/contract/errors.ts';
import { loadStyles, shownStyle } from '../../src-main/generation/styles.ts';
import { backgroundColours, clothesColours } from '../../src-main/starter/colours.ts';
import { clothesKinds, hatKinds } from '../../src-main/starter/attributes.ts';
import { captionVocabulary } from '../../src-main/starter/captions.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'likeness-styles-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const styles = await loadStyles(fileURLToPath(new URL('../../resources/styles', import.meta.url)));

test('the styles that come with Likeness are sound, in order and named in both languages', () => {
  expect(styles.length).toBeGreaterThanOrEqual(6);
  expect(styles.map((style) => style.order)).toEqual(styles.map((style) => style.order).sort((a, b) => a - b));
  for (const style of styles) expect(style.name['zh-Hans']).toMatch(/\p{Script=Han}/u);
});

test('starter prompts use only words that the starter pack\'s captions teach', () => {
  const known = new Set([
    ...[...captionVocabulary.styles, ...clothesKinds, ...hatKinds, 'background', 'smiling', 'happy', 'serious'],
    ...Object.keys(backgroundColours), ...Object.keys(clothesColours),
    ...['of', 'a', 'an', 'and', 'with', 'wearing', '{subject}', 'sunglasses', 'glasses'],
  ].flatMap((phrase) => phrase.split(' ')));
  for (const { id, starter } of styles) {
    const words = `${starter.prompt} ${starter.negativePrompt}`.replaceAll(',', ' ').split(/\s+/).filter(Boolean);
    expect(words.filter((word) => !known.has(word)), id).toEqual([]);
  }
});

test('a style is shown in the user\'s language with the prompt of the pack\'s family', () => {
  const style = styles[0]!;
  expect(shownStyle(style, 'zh-Hans', 'general')).toEqual({
    id: style.id, name: style.name['zh-Hans'], group: style.group['zh-Hans'], ...style.general,
  });
  expect(shownStyle(style, 'en', 'starter')).toMatchObject({ name: style.name.en, prompt: style.starter.prompt });
});

test.each([
  ['no JSON', '{', 'not JSON'],
  ['no place for the subject', { starter: { prompt: 'photo', negativePrompt: '' } }, 'starter.prompt'],
  ['two places', { general: { prompt: '{subject} {subject}', negativePrompt: '' } }, 'general.prompt'],
  ['an unknown field', { colour: 'red' }, 'colour'],
  ['a missing language', { name: { en: 'X' } }, 'name.zh-Hans'],
])('a style file with %s is refused by name', async (_, change, reason) => {
  const file = path.join(folder, 'bad.json');
  await writeFile(file, typeof change === 'string' ? change : JSON.stringify({ ...styles[0], ...change }));
  const failing = loadStyles(folder);
  await expect(failing).rejects.toBeInstanceOf(UserError);
  await expect(failing).rejects.toThrow(`"bad.json"`);
  await expect(failing).rejects.toThrow(reason);
});

test('an id can be taken only once', async () => {
  await writeFile(path.join(folder, 'bad.json'), JSON.stringify(styles[0]));
  await writeFile(path.join(folder, 'twin.json'), JSON.stringify(styles[0]));
  await expect(loadStyles(folder)).rejects.toThrow('is taken by another style');
});
