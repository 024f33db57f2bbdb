// The whole way by keyboard alone, on the starter pack with every real part behind the page: first steps, photos, a
// look, portraits, stars, a comparison, a ZIP of pictures, and the person removed again without a trace in the library.

import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzipSync } from 'fflate';
import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, serveStudio } from '../../src-main/host/serve.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from '../studio/real-studio.ts';
import { browserName, buildPage, chromiumPath, openBrowser, openPage, patiently } from './browser.ts';

const root = path.join(import.meta.dirname, '../..');
const photoFile = path.join(root, 'test/photos/astronaut.png');

/** Three photos of one person: pieces of one picture, each of its own light and size. */
async function threePhotos(folder: string): Promise<string[]> {
  const { width, height } = await sharp(photoFile).metadata();
  return await Promise.all([0, 1, 2].map(async (index) => {
    const file = path.join(folder, `photo-${index + 1}.jpg`);
    const margin = index * 0.02;
    await sharp(photoFile)
      .extract({
        left: Math.round(margin * width), top: 0, width: Math.round((1 - 2 * margin) * width),
        height: Math.round((1 - margin) * height),
      })
      .modulate({ brightness: 1 + 0.08 * (index - 1) }).jpeg({ quality: 95 - index }).toFile(file);
    return file;
  }));
}

/** Presses a key until the element has the focus, as somebody without a mouse does. */
async function walkTo(page: Page, target: Locator, key: string, most: number): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses <= most; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} did not reach ${String(target)} in ${most} steps.`);
}

async function tabTo(page: Page, target: Locator): Promise<void> {
  await walkTo(page, target, 'Tab', 150);
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, page.getByRole('button', { name, exact: typeof name === 'string' }).first());
  await page.keyboard.press('Enter');
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

describe.skipIf(!chromiumPath)(browserName, () => {
  let folder: string;
  let pageFolder: string;
  let photos: string[];
  let studio: Studio;
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'likeness-way-'));
    photos = await threePhotos(folder);
    pageFolder = await buildPage();
    studio = await openRealStudio(path.join(folder, 'library'));
    server = await serveStudio(studio, pageFolder);
    browser = await openBrowser();
    ({ page, complaints } = await openPage(browser, server.url));
    page.setDefaultTimeout(120_000);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
    await rm(pageFolder, { recursive: true, force: true });
  });

  test('the first steps end in a first portrait', async () => {
    await press(page, 'Continue');
    await press(page, 'Continue');
    await tabTo(page, page.getByLabel('Name'));
    await page.keyboard.type('Ada');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press(page, /Choose photos/)]);
    await chooser.setFiles(photos);
    await tabTo(page, page.getByLabel(/This is me/));
    await page.keyboard.press('Space');
    await press(page, 'Add subject');
    const sketch = page.getByRole('img', { name: 'First sketch of Ada' });
    await expect.poll(() => sketch.evaluate((image: HTMLImageElement) => image.naturalWidth), patiently).toBe(128);
    await press(page, 'See the photos');
    await expect.poll(() => page.locator('[data-tile] .face').count(), patiently).toBe(3);
  });

  test('a look is taught', async () => {
    await page.keyboard.press('t');
    await tabTo(page, page.locator('summary', { hasText: 'Advanced' }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.locator('summary', { hasText: 'Optimiser' }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByLabel('Steps', { exact: true }));
    await page.keyboard.press('Control+a');
    await page.keyboard.type('12');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: 'Try it' }).waitFor();
    await press(page, 'Try it');
  });

  test('portraits are drawn with it in a style', async () => {
    await tabTo(page, page.getByRole('searchbox', { name: 'Search styles' }));
    await page.keyboard.type('pencil');
    await tabTo(page, page.locator('.groups [data-tile][tabindex="0"]'));
    await walkTo(page, page.getByRole('button', { name: 'Pencil sketch', exact: true }), 'ArrowRight', 20);
    await page.keyboard.press('Space');
    await tabTo(page, page.getByLabel('How many'));
    await page.keyboard.press('Control+a');
    await page.keyboard.type('3');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('link', { name: 'Contact sheet' }).waitFor();
    const [subject] = await studio.run('subjects.list', {});
    const drawn = await studio.run('portraits.list', { subjectId: subject!.id });
    expect(drawn.filter(({ styleId, adapterId }) => styleId === 'pencil' && adapterId !== null)).toHaveLength(3);
  });

  test('they are rated, picked and compared, and what was done can be undone', async () => {
    await press(page, /^Portraits/);
    await tabTo(page, page.locator('main [data-tile]').first());
    await page.keyboard.press('4');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('x');
    const marks = async (): Promise<string[]> => {
      const { portraits } = await studio.run('portraits.page', {});
      return portraits.slice(0, 2).map(({ rating, flag }) => `${rating} ${flag}`);
    };
    await expect.poll(marks, patiently).toEqual(['4 none', '0 reject']);
    await page.keyboard.press('Control+z');
    await expect.poll(marks, patiently).toEqual(['4 none', '0 none']);
    await page.keyboard.press('Control+a');
    await page.keyboard.press('c');
    await page.getByRole('dialog').getByText('Differences').waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await marks())[0], patiently).toBe('4 pick');
    await page.keyboard.press('Escape');
  });

  test('they leave as a ZIP of pictures without a name', async () => {
    await tabTo(page, page.locator('main [data-tile][tabindex="0"]'));
    await page.keyboard.press('Control+a');
    await page.keyboard.press('e');
    const [download] = await Promise.all([page.waitForEvent('download'), press(page, /^Save \d+ pictures as ZIP$/)]);
    const pictures = unzipSync(await readFile(await download.path()));
    const names = Object.keys(pictures);
    expect(names.length).toBeGreaterThanOrEqual(3);
    for (const picture of Object.values(pictures)) {
      const { format, width, xmpAsString } = await sharp(picture).metadata();
      expect({ format, width }).toEqual({ format: 'png', width: 128 });
      // the first sketch began as a photo, and is marked as such
      expect(xmpAsString).toMatch(/(compositeWithT|t)rainedAlgorithmicMedia/);
      expect(Buffer.from(picture).includes('Ada')).toBe(false);
    }
    await page.keyboard.press('Escape');
  });

  test('the person is removed, the receipt says what went, and nothing of them is left', async () => {
    const before = await filesIn(path.join(folder, 'library', 'files'));
    expect(before.length).toBeGreaterThan(10);
    await page.keyboard.press('s');
    await press(page, 'More for Ada');
    await walkTo(page, page.getByRole('menuitem', { name: 'Delete this subject…' }), 'ArrowDown', 10);
    await page.keyboard.press('Enter');
    await press(page, 'Delete for good');
    const receipt = page.getByRole('dialog', { name: 'Deleted for good' });
    await receipt.waitFor();
    expect(await receipt.locator('dl > div').allInnerTexts()).toContainEqual(expect.stringMatching(/photos\s+3$/i));
    await press(page, 'Done');
    expect(await studio.run('subjects.list', {})).toEqual([]);
    expect(await filesIn(path.join(folder, 'library', 'files'))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
