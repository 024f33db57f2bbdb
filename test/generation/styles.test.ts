// The styles that come with Likeness, word by word, and what is refused in a style file.

import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';

import { UserError } from '../../src-main/contract/errors.ts';
import { loadStyles, parseStyle, shownStyle } from '../../src-main/generation/styles.ts';
import { captionOf, captionVocabulary } from '../../src-main/starter/captions.ts';
import { drawIdentity } from '../../src-main/starter/identity.ts';
import { drawScene } from '../../src-main/starter/scene.ts';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'likeness-styles-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const resources = fileURLToPath(new URL('../../resources', import.meta.url));
const stylesFolder = path.join(resources, 'styles');
const styles = await loadStyles(stylesFolder);

test('there are many styles in many groups, in order, each with names of its own in both languages', () => {
  expect(styles.length).toBeGreaterThanOrEqual(42);
  expect(styles.map(({ order }) => order)).toEqual(styles.map(({ order }) => order).toSorted((a, b) => a - b));
  const groups = new Set(styles.map(({ group }) => group.en));
  expect(groups.size).toBeGreaterThanOrEqual(10);
  for (const name of groups) {
    const members = styles.filter(({ group }) => group.en === name);
    expect(members.length, name).toBeGreaterThanOrEqual(4);
    expect(new Set(members.map(({ group }) => group['zh-Hans'])).size, name).toBe(1);
  }
  for (const language of ['en', 'zh-Hans'] as const) {
    expect(new Set(styles.map(({ name }) => name[language])).size).toBe(styles.length);
  }
  for (const style of styles) {
    expect(`${style.name['zh-Hans']}${style.group['zh-Hans']}`).toMatch(/^\p{Script=Han}+$/u);
  }
});

test('each prompt has one place for the subject, is said once, and fits the text encoder', async () => {
  const tokenizer = await openClipTokenizer(path.join(resources, 'tokenizer'));
  for (const family of ['starter', 'general'] as const) {
    const prompts = styles.map((style) => style[family].prompt);
    expect(new Set(prompts).size, family).toBe(prompts.length);
    for (const { id, [family]: { prompt, negativePrompt } } of styles) {
      expect(prompt.split('{subject}'), id).toHaveLength(2);
      const filled = prompt.replace('{subject}', 'ohwxface ohwxface ohwxface woman');
      expect(tokenizer.encode(filled).length, id).toBeLessThanOrEqual(75);
      expect(tokenizer.encode(negativePrompt).length, id).toBeLessThanOrEqual(60);
    }
  }
});

test('no style uses a sign that means something in a prompt', () => {
  for (const { id, starter, general } of styles) {
    for (const { prompt, negativePrompt } of [starter, general]) {
      expect(`${prompt} ${negativePrompt}`.replace('{subject}', ''), id).not.toMatch(/[(){}[\]|\\<>:]/);
    }
  }
});

test('starter prompts use only words that the starter pack\'s captions teach', () => {
  const taught = new Set(['{subject}', 'of', 'a', 'an']);
  for (let seed = 0; seed < 3000; seed++) {
    const random = seededRandom(seed, 1);
    const identity = drawIdentity(random);
    const caption = captionOf({ ...identity, ...drawScene(random, identity) }, random, '{subject}');
    for (const word of caption.replaceAll(',', ' ').split(/\s+/)) taught.add(word);
  }
  for (const phrase of captionVocabulary.styles) {
    expect([...taught], phrase).toEqual(expect.arrayContaining(phrase.split(' ')));
  }
  for (const { id, starter } of styles) {
    const words = `${starter.prompt} ${starter.negativePrompt}`.replaceAll(',', ' ').split(/\s+/).filter(Boolean);
    expect(words.filter((word) => !taught.has(word)), id).toEqual([]);
  }
});

test('every style has a small sample picture without metadata, and all of them together are small', async () => {
  const files = await readdir(path.join(stylesFolder, 'pictures'));
  expect(files.toSorted()).toEqual(styles.map(({ id }) => `${id}.webp`).toSorted());
  const pictures = await Promise.all(files.map((file) => readFile(path.join(stylesFolder, 'pictures', file))));
  expect(pictures.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(250_000);
  expect(new Set(pictures.map((bytes) => bytes.toString('base64'))).size).toBe(styles.length);
  const { width, height, format, exif, xmp } = await sharp(pictures[0]!).metadata();
  expect([width, height, format, exif, xmp]).toEqual([192, 192, 'webp', undefined, undefined]);
});

test('a style is shown in the user\'s language with the prompt of the pack\'s family', () => {
  const style = styles[0]!;
  expect(shownStyle(style, 'zh-Hans', 'general')).toEqual({
    id: style.id, name: style.name['zh-Hans'], group: style.group['zh-Hans'], ...style.general, isBuiltIn: true,
    pictureId: null,
  });
  expect(shownStyle(style, 'en', 'starter')).toMatchObject({ name: style.name.en, prompt: style.starter.prompt });
});

test.each([
  ['no JSON', '{', 'not JSON'],
  ['no prompt', { starter: { prompt: ' ', negativePrompt: '' } }, 'starter.prompt'],
  ['no place for the subject', { starter: { prompt: 'a hat', negativePrompt: '' } }, 'starter.prompt'],
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

test('a user may write less: one language, one prompt for every model, no order', () => {
  const text = '\uFEFF{"id": "mine", "name": "Mine", "group": "我的", '
    + '"general": {"prompt": "a hat", "negativePrompt": ""}}';
  expect(parseStyle('mine.json', text, 'own')).toEqual({
    id: 'mine', name: { en: 'Mine', 'zh-Hans': 'Mine' }, group: { en: '我的', 'zh-Hans': '我的' }, order: 10_000,
    general: { prompt: 'a hat', negativePrompt: '' }, starter: { prompt: 'a hat', negativePrompt: '' },
  });
  expect(() => parseStyle('mine.json', text, 'whole')).toThrow('"mine.json"');
});
