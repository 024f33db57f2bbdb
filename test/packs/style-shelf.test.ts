// The shelf of styles over a real folder: the user's own files beside the built-in ones, changed under it while it is
// open, broken ones reported, and what saving and removing write.

import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeEach, expect, test } from 'vitest';

import type { StyleId } from '../../src-main/contract/ids.ts';
import { type StyleShelf, openStyleShelf } from '../../src-main/packs/style-shelf.ts';
import { stylesFor } from '../../src-main/packs/styles.ts';

const resources = fileURLToPath(new URL('../../resources', import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), 'likeness-shelf-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

let shelf: StyleShelf;
beforeEach(async () => {
  await rm(path.join(folder, 'styles'), { recursive: true, force: true });
  shelf = await openStyleShelf(resources, path.join(folder, 'styles'));
});

const own = { name: 'Red hat', group: 'Mine', prompt: 'photo of {subject}, a red hat', negativePrompt: 'blurry' };
const ids = () => shelf.list().map(({ id }) => id as string);
const put = (name: string, content: string | Uint8Array) => writeFile(path.join(shelf.folder, name), content);
const written = (id: string, rest: object = {}) => JSON.stringify({
  id, name: 'N', group: 'G', general: { prompt: 'a hat', negativePrompt: '' }, ...rest,
});
const mine = () => shelf.list().filter(({ isBuiltIn }) => !isBuiltIn).map(({ id }) => id as string);

test('a file of the user\'s is there at once, changes at once and goes at once', async () => {
  const before = ids().length;
  await put('any name.JSON', written('hats', { order: 5 }));
  expect(ids()[0]).toBe('hats');
  expect(ids()).toHaveLength(before + 1);
  await put('any name.JSON', written('caps', { order: 5 }));
  expect(mine()).toEqual(['caps']);
  await rm(path.join(shelf.folder, 'any name.JSON'));
  expect(mine()).toEqual([]);
  await rm(shelf.folder, { recursive: true });
  expect(ids()).toHaveLength(before);
});

test('broken files are reported by name and hide no other', async () => {
  await put('a.json', '{');
  await put('b.json', written('b', { colour: 'red' }));
  await put('c.json', written('business'));
  await put('d.json', written('good'));
  await put('e.json', written('good'));
  await put('f.json', `"${'x'.repeat(70_000)}"`);
  await put('.hidden.json', '{');
  await put('notes.txt', 'not a style');
  expect(mine()).toEqual(['good']);
  const problems = shelf.problems();
  expect(problems.map(({ code }) => code)).toEqual(Array(5).fill('styles.damaged'));
  const files = problems.map(({ parameters }) => parameters['file']);
  expect(files).toEqual(['a.json', 'b.json', 'c.json', 'e.json', 'f.json']);
  expect(problems[2]!.message).toContain('"business" is taken');
  expect(problems[4]!.message).toContain('64 KB');
});

test('a saved style is one more file in the same form, and opens again', async () => {
  const saved = await shelf.save(null, own);
  expect(saved).toMatchObject({ id: 'red-hat', isBuiltIn: false, pictureId: null, order: 10_000 });
  expect(await readdir(shelf.folder)).toEqual(['red-hat.json']);
  expect(JSON.parse(await readFile(path.join(shelf.folder, 'red-hat.json'), 'utf8'))).toEqual({
    id: 'red-hat', name: { en: 'Red hat', 'zh-Hans': 'Red hat' }, group: { en: 'Mine', 'zh-Hans': 'Mine' },
    order: 10_000, starter: { prompt: own.prompt, negativePrompt: 'blurry' },
    general: { prompt: own.prompt, negativePrompt: 'blurry' },
  });
  const again = await openStyleShelf(resources, shelf.folder);
  expect(again.list()).toEqual(shelf.list());
  expect((await shelf.save(null, own)).id).toBe('red-hat-2');
  await put('style.json', 'a broken file keeps its name');
  expect((await shelf.save(null, { ...own, name: '红帽子' })).id).toBe('style-2');
  expect((await shelf.save(null, { ...own, name: 'Business' })).id).toBe('business-2');
});

test('saving over a style keeps its file, its place and what the user did not touch', async () => {
  await put('mine.json', written('hats', { order: 3, name: { en: 'Hats', 'zh-Hans': '帽子' } }));
  const renamed = await shelf.save('hats' as StyleId, { ...own, name: 'Hats', prompt: 'two hats' });
  expect(renamed).toMatchObject({ order: 3, name: { en: 'Hats', 'zh-Hans': '帽子' }, general: { prompt: 'two hats' } });
  expect(await readdir(shelf.folder)).toEqual(['mine.json']);
  const gone = await shelf.save('not-there' as StyleId, own);
  expect(gone.id).toBe('not-there');
});

test('a copy keeps what the original says to each family of models, and its group\'s two names', async () => {
  const original = shelf.list().find(({ id }) => id === 'business')!;
  for (const family of ['starter', 'general'] as const) {
    const copy = await shelf.save(null, {
      name: 'My business', group: '商务', prompt: original[family].prompt, negativePrompt: 'hat',
    });
    expect(copy).toMatchObject({ group: { en: 'Business', 'zh-Hans': '商务' } });
    expect(copy[family]).toEqual({ prompt: original[family].prompt, negativePrompt: 'hat' });
    const other = family === 'starter' ? 'general' : 'starter';
    expect(copy[other]).toEqual(original[other]);
  }
});

test('people may stand anywhere in a style of the user\'s, or nowhere', async () => {
  for (const prompt of ['a hat', '{subject} and {subject} in a mirror', '{subject} with {subject2}, {red|blue}']) {
    expect((await shelf.save(null, { ...own, prompt })).general.prompt).toBe(prompt);
  }
});

test('a copy by hand has all that the style has, under a free name', async () => {
  const original = shelf.list().find(({ id }) => id === 'winter')!;
  const copy = await shelf.copy('winter' as StyleId, null);
  expect(copy).toMatchObject({ id: 'winter-2', name: { en: 'Winter (copy)', 'zh-Hans': '冬日（副本）' }, order: 10_000 });
  expect([copy.starter, copy.general, copy.group]).toEqual([original.starter, original.general, original.group]);
  expect(shelf.fileOf(copy.id)).toBe('winter-2.json');
  expect(shelf.fileOf('winter' as StyleId)).toBeUndefined();
  await expect(shelf.copy('nothing' as StyleId, null)).rejects.toMatchObject({ code: 'styles.unknown' });
});

test('built-in styles stay as they are, and what is not there cannot be removed', async () => {
  await expect(shelf.save('business' as StyleId, own)).rejects.toMatchObject({ code: 'styles.built-in' });
  await expect(shelf.remove('business' as StyleId)).rejects.toMatchObject({ code: 'styles.built-in' });
  await expect(shelf.remove('nothing' as StyleId)).rejects.toMatchObject({ code: 'styles.unknown' });
  expect(await readdir(shelf.folder)).toEqual([]);
});

test('sample pictures: the built-in ones as they are, a user\'s own decoded, small, gone with it', async () => {
  const builtIn = shelf.list().find(({ id }) => id === 'winter')!;
  const file = await readFile(path.join(resources, 'styles', 'pictures', 'winter.webp'));
  expect(Buffer.from((await shelf.picture(builtIn.pictureId!))!.bytes).equals(file)).toBe(true);

  const big = await sharp({ create: { width: 900, height: 600, channels: 3, background: '#c03040' } })
    .withExif({ IFD0: { Artist: 'Somebody' } }).jpeg().toBuffer();
  await put('hats.json', written('hats'));
  await put('hats.jpg', big);
  const { pictureId } = shelf.list().find(({ id }) => id === 'hats')!;
  const shown = await sharp((await shelf.picture(pictureId!))!.bytes).metadata();
  expect(shown).toMatchObject({ format: 'webp', width: 256, height: 171 });
  expect(shown.exif).toBeUndefined();
  await put('hats.jpg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const changed = shelf.list().find(({ id }) => id === 'hats')!.pictureId!;
  expect(changed).not.toBe(pictureId);
  expect(await shelf.picture(changed)).toBeUndefined();
  expect(await shelf.picture('0'.repeat(32))).toBeUndefined();
  await shelf.remove('hats' as StyleId);
  expect(await readdir(shelf.folder)).toEqual([]);
});

test('the page gets names in its language and the words of its model', async () => {
  await shelf.save(null, own);
  const shown = stylesFor(shelf.list(), { isBuiltIn: true }, 'zh-Hans');
  expect(shown.find(({ id }) => id === 'pencil')).toMatchObject({
    name: '铅笔素描', group: '动漫与插画', prompt: 'pencil drawing of {subject}', isBuiltIn: true,
  });
  expect(shown.at(-1)).toEqual({
    id: 'red-hat', ...own, isBuiltIn: false, pictureId: null,
  });
});
