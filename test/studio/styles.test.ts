// Styles through the whole studio: commands, events when the folder changes, batches with a style of the user's own,
// sample pictures behind their addresses.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StyleId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Style } from '../../src-main/contract/nouns.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';

const root = path.join(import.meta.dirname, '..', '..');
const folder = await mkdtemp(path.join(tmpdir(), 'likeness-own-styles-'));
const stylesFolder = path.join(folder, 'library', 'styles');
const own = { name: 'Red hat', group: 'Mine', prompt: 'photo of {subject}, a red hat', negativePrompt: 'blurry' };

let studio: Studio;
let subjectId: SubjectId;
const listeners = new Set<(event: StudioEvent) => void>();

async function open(): Promise<void> {
  studio = await openRealStudio(path.join(folder, 'library'));
  studio.subscribe((event) => listeners.forEach((listen) => listen(event)));
}

beforeAll(async () => {
  await open();
  ({ id: subjectId } = await studio.run('subjects.create', { name: 'Ada', hasConsent: true, classWord: 'woman' }));
  await studio.run('queue.pause', { isPaused: true });
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

/** The next event that says so. */
function stylesChanged(): Promise<void> {
  return new Promise((resolve) => {
    const listen = (event: StudioEvent): void => {
      if (event.type !== 'styles-changed') return;
      listeners.delete(listen);
      resolve();
    };
    listeners.add(listen);
  });
}

const find = async (id: string): Promise<Style | undefined> => (
  (await studio.run('styles.list', {})).find((style) => style.id === id));

/** The prompts of a batch that is queued and never drawn. */
async function promptsOf(styleIds: string[], packId: string): Promise<string[]> {
  const job = await studio.run('portraits.create', {
    subjectId, packId: packId as never, adapterId: null, styleIds: styleIds as StyleId[], count: 1, seed: 1,
  });
  const items = studio.library.jobs.items(job.id).map(({ parameters }) => JSON.parse(parameters) as { prompt: string });
  await studio.run('jobs.cancel', { jobId: job.id });
  return items.map(({ prompt }) => prompt);
}

test('a style is saved, drawn with, changed, removed, and made again under its old id', async () => {
  const told = stylesChanged();
  const saved = await studio.run('styles.save', own);
  await told;
  expect(saved).toEqual({ ...own, id: 'red-hat', isBuiltIn: false, pictureId: null });
  expect(await find('red-hat')).toEqual(saved);
  expect((await studio.run('studio.state', {})).styles).toContainEqual(saved);
  expect(await promptsOf(['red-hat', 'business'], 'starter')).toEqual([
    'photo of ohwx woman, a red hat', 'portrait photo of ohwx woman, wearing a black suit, grey background']);
  await studio.run('styles.save', { ...own, styleId: saved.id, prompt: 'a blue hat' });
  expect(await promptsOf(['red-hat'], 'starter')).toEqual(['photo of ohwx woman, a blue hat']);
  await studio.run('styles.remove', { styleId: saved.id });
  expect(await find('red-hat')).toBeUndefined();
  await expect(promptsOf(['red-hat'], 'starter')).rejects.toMatchObject({ code: 'styles.unknown' });
  expect((await studio.run('styles.save', { ...own, styleId: saved.id })).id).toBe(saved.id);
});

test('a file that is put into the folder is told of; one that is broken is a problem with its reason', async () => {
  const told = stylesChanged();
  await writeFile(path.join(stylesFolder, 'by hand.json'), JSON.stringify({
    id: 'by-hand', name: 'By hand', group: 'Mine', general: { prompt: 'photo of {subject}', negativePrompt: '' },
  }));
  await writeFile(path.join(stylesFolder, 'broken.json'), 'not JSON');
  await told;
  expect(await find('by-hand')).toMatchObject({ name: 'By hand', isBuiltIn: false });
  const { place, problems } = await studio.run('styles.folder', {});
  expect(place.endsWith(path.join('library', 'styles'))).toBe(true);
  const reported = problems.map(({ code, parameters }) => [code, parameters['file']]);
  expect(reported).toEqual([['styles.damaged', 'broken.json']]);
});

test('sample pictures stand behind their ids, and nothing else does', async () => {
  const winter = (await find('winter'))!;
  const media = (await studio.openMedia('style', winter.pictureId!))!;
  const kept = await readFile(path.join(root, 'resources', 'styles', 'pictures', 'winter.webp'));
  expect([media.contentType, Buffer.from(media.bytes).equals(kept)]).toEqual(['image/webp', true]);
  await sharp({ create: { width: 64, height: 64, channels: 3, background: '#336699' } })
    .png().toFile(path.join(stylesFolder, 'by hand.png'));
  const { pictureId } = (await find('by-hand'))!;
  expect((await studio.openMedia('style', pictureId!))!.contentType).toBe('image/webp');
  for (const id of ['0'.repeat(32), '../winter', '']) expect(await studio.openMedia('style', id)).toBeUndefined();
});

test('the user\'s styles are there after a restart, in the language of the page', async () => {
  await studio.close();
  await open();
  await studio.run('settings.set', { language: 'zh-Hans' });
  expect((await find('winter'))!.name).toBe('冬日');
  expect((await find('red-hat'))!.name).toBe('Red hat');
});
