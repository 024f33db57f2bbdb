// The whole slice in the page, with every real part behind it: a photo goes in, a face is found, a look is taught on a
// tiny model with random weights, portraits come out, and the look is saved as a LoRA file.

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Download, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, serveStudio } from '../../src-main/host/serve.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from '../studio/real-studio.ts';
import { writeTinyInstantPack } from '../studio/tiny-pack.ts';
import { browserName, buildPage, chromiumPath, openBrowser, openPage, patiently } from './browser.ts';

const root = path.join(import.meta.dirname, '../..');
const photoFile = path.join(root, 'test/photos/astronaut.png');

/** The project's resources with one tiny model in the place of the packs. */
async function tinyResources(folder: string): Promise<string> {
  for (const name of ['faces', 'styles', 'tokenizer']) {
    await cp(path.join(root, 'resources', name), path.join(folder, name), { recursive: true });
  }
  await mkdir(path.join(folder, 'packs'));
  for (const name of ['companions.json', 'catalogue.json', 'cuda.json']) {
    await cp(path.join(root, 'resources/packs', name), path.join(folder, 'packs', name));
  }
  await writeTinyInstantPack(path.join(folder, 'tiny'));
  const starterFile = path.join(root, 'resources/packs/starter.json');
  const starter = JSON.parse(await readFile(starterFile, 'utf8')) as Record<string, object>;
  await writeFile(path.join(folder, 'packs/tiny.json'), JSON.stringify({
    ...starter, id: 'tiny', folder: 'tiny', name: 'Tiny model', description: 'Draws noise.', license: 'MIT',
    trainingDefaults: { lora: { rank: 2, loraAlpha: 2, trainingSteps: 8, batchSize: 1, resolutionPx: 64 } },
    generationDefaults: { ...starter.generationDefaults, widthPx: 64, heightPx: 64, samplingSteps: 2 },
  }));
  return folder;
}

async function bytesOf(download: Download): Promise<Buffer> {
  return await readFile(await download.path());
}

describe.skipIf(!chromiumPath)(browserName, () => {
  let folder: string;
  let pageFolder: string;
  let studio: Studio;
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'likeness-slice-'));
    await mkdir(path.join(folder, 'resources'));
    pageFolder = await buildPage();
    studio = await openRealStudio(path.join(folder, 'library'), {
      resourcesFolder: await tinyResources(path.join(folder, 'resources')),
    });
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

  test('a person is added with a photo, and the face is found', async () => {
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Name').fill('Ada');
    await page.getByLabel('woman').check();
    await page.locator('input[type=file]').setInputFiles(photoFile);
    await page.getByLabel(/This is me/).check();
    await page.getByRole('button', { name: 'Add subject' }).click();
    await page.getByRole('img', { name: 'First sketch of Ada' }).waitFor();
    await page.getByRole('button', { name: 'See the photos' }).click();

    await page.locator('[data-tile] .face').waitFor();
    expect(await page.locator('.below').innerText()).toMatch(/Good|Usable/);
    expect(await page.locator('[data-tile] img').evaluate((image: HTMLImageElement) => image.naturalWidth))
      .toBeGreaterThan(100);
    const subjects = await studio.run('subjects.list', {});
    expect(subjects).toMatchObject([{ name: 'Ada', classWord: 'woman', hasConsent: true }]);
  });

  test('a file that is no photo is refused with its reason', async () => {
    await page.locator('input[type=file]').setInputFiles({
      name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('only words'),
    });
    await page.locator('.refused li').waitFor();
    expect(await page.locator('.refused').innerText()).toContain('notes.jpg');
    await page.locator('.refused button').click();
    expect(await page.locator('[data-tile]').count()).toBe(1);
  });

  test('a look is taught, with its loss as it falls or not', async () => {
    await page.getByRole('button', { name: 'Teach this face' }).click();
    await page.getByText('Advanced').click();
    await page.locator('summary', { hasText: 'Optimiser' }).click();
    await page.getByLabel('Steps', { exact: true }).fill('12');
    await page.locator('summary', { hasText: 'Saving' }).click();
    await page.getByLabel('Snapshot every', { exact: true }).fill('6');
    await page.getByLabel('Previews', { exact: true }).fill('2');
    await page.getByRole('button', { name: 'Teach this face' }).click();
    await page.getByRole('button', { name: 'Try it' }).waitFor();
    await page.locator('main .result').getByText(/^Best at step (6|12), likeness/).waitFor();
    const preview = page.locator('main .picture img');
    await expect.poll(() => preview.evaluate((image: HTMLImageElement) => image.naturalWidth), patiently).toBe(64);
    expect(await page.locator('main .seeds button').count()).toBe(2);

    const chart = page.getByRole('img', { name: /Chart of 12 steps/ });
    await chart.waitFor();
    const box = (await chart.boundingBox())!;
    await page.mouse.move(box.x + 70, box.y + 60);
    await page.locator('figcaption').getByText('Step 1', { exact: true }).waitFor();
  });

  test('portraits come one by one and can be opened, saved and deleted', async () => {
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByRole('button', { name: 'Pencil sketch', exact: true }).click();
    await page.getByLabel('How many').fill('2');
    await page.getByLabel('Seed', { exact: true }).fill('7');
    // the studio's own plan, through every part
    await page.getByText('What will be drawn').click();
    await page.locator('form ol li').filter({ hasText: 'woman' }).first().waitFor();
    await page.getByRole('button', { name: 'Create 2 portraits' }).click();
    await page.getByRole('link', { name: 'Contact sheet' }).waitFor();
    const tiles = page.locator('.results [data-tile]');
    expect(await tiles.count()).toBe(2);

    const sheetLink = page.getByRole('link', { name: 'Contact sheet' });
    const [sheet] = await Promise.all([page.waitForEvent('download'), sheetLink.click()]);
    expect((await bytesOf(sheet)).subarray(1, 4).toString()).toBe('PNG');

    await tiles.first().dblclick();
    await page.locator('dialog .stage img').first().waitFor();
    expect(await page.locator('dialog .details').innerText()).toMatch(/Seed\s+7/);
    await page.locator('dialog').getByRole('button', { name: 'Save…' }).click();
    await page.getByLabel('Write the settings into the file').check();
    const [picture] = await Promise.all([
      page.waitForEvent('download'), page.getByRole('button', { name: 'Save the picture' }).click(),
    ]);
    expect(picture.suggestedFilename()).toMatch(/^portrait-\d+\.png$/);
    expect((await bytesOf(picture)).toString('latin1')).toContain('parameters');
    await page.keyboard.press('Escape');

    await tiles.first().focus();
    await page.keyboard.press('4');
    await expect.poll(async () => (await studio.run('portraits.page', {})).portraits.map(({ rating }) => rating).sort())
      .toContain(4);
    await page.keyboard.press('Delete');
    await page.locator('.notice').getByText('1 portrait deleted').waitFor();
    await page.keyboard.press('Control+z');
    await expect.poll(() => tiles.count(), patiently).toBe(2);
  });

  test('a portrait is drawn instantly from the photo, in a pose of the user’s, and its face again', async () => {
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('Instantly', { exact: true }).click();
    await page.getByLabel('How many').fill('1');
    await page.getByRole('button', { name: 'Three-quarter left' }).click();
    await page.getByText('Advanced', { exact: true }).click();
    await page.getByText('Always', { exact: true }).click();
    await page.locator('main form .start button').click();
    await page.locator('main .results').getByText(/1 portrait of Ada/).waitFor();
    await page.getByRole('link', { name: 'Contact sheet' }).waitFor();
    await page.locator('main .results [data-tile]').first().dblclick();
    const details = page.locator('dialog .details');
    expect(await details.innerText()).toMatch(/none, the photos alone[^]*Instantly\s+yes[^]*Pose\s+placed by hand/);
    await page.getByRole('button', { name: 'Compare with before' }).click();
    await expect.poll(
      () => page.locator('dialog .before').evaluate((image: HTMLImageElement) => image.naturalWidth), patiently,
    ).toBe(64);
    await page.keyboard.press('Escape');
  });

  test('the look is saved as a LoRA file that other programs read', async () => {
    await page.getByRole('button', { name: /^Looks/ }).click();
    await page.getByRole('button', { name: 'Export…' }).click();
    const save = page.getByRole('link', { name: 'Save the file' });
    await save.waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), save.click()]);
    expect(file.suggestedFilename()).toBe('ada.safetensors');
    const bytes = await bytesOf(file);
    const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString();
    expect(header).toContain('lora_unet_down_blocks_0');
    expect(header).not.toContain(folder);
    await page.keyboard.press('Escape');
  });

  test('a word is learned, pauses, goes on, is stopped early and kept, and leaves as an embedding', async () => {
    await page.getByRole('button', { name: 'Teach this face' }).click();
    await page.locator('label', { has: page.locator('input[value=textual-inversion]') }).click();
    await page.locator('main form .start button').click();
    await page.getByRole('button', { name: 'Stop and keep' }).waitFor();
    await page.locator('main').getByRole('button', { name: 'Pause' }).click();
    await page.locator('main .progress').getByText(/^Paused at step \d+ of 2000/).waitFor();
    await page.locator('main').getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('heading', { name: 'Learning Ada’s face' }).waitFor();
    await page.locator('main').getByRole('button', { name: 'Stop and keep' }).click();
    await page.getByRole('button', { name: 'Try it' }).waitFor();

    await page.locator('main .acts').getByRole('button', { name: 'Export…' }).click();
    const save = page.getByRole('link', { name: 'Save the file' });
    await save.waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), save.click()]);
    const bytes = await bytesOf(file);
    expect(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()).toContain('emb_params');
    await page.keyboard.press('Escape');
    const looks = await studio.run('looks.list', { subjectId: (await studio.run('subjects.list', {}))[0]!.id });
    expect(looks.map(({ method }) => method).sort()).toEqual(['lora', 'textual-inversion']);
  });

  test('everything is still there after a reload, and nothing went wrong on the way', async () => {
    await page.reload();
    await page.locator('header h1').waitFor();
    // the counts follow the name when their lists have come
    await page.locator('header nav', { hasText: /Photos\s*1\s*Teach\s*Looks\s*2\s*Portraits\s*4/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('the person is deleted with all that is theirs, and the receipt says what went', async () => {
    await page.keyboard.press('s');
    await page.getByRole('button', { name: 'More for Ada' }).click();
    await page.getByRole('menuitem', { name: 'Delete this subject…' }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    const receipt = page.getByRole('dialog', { name: 'Deleted for good' });
    await receipt.waitFor();
    expect(await receipt.locator('dl > div').allInnerTexts()).toContainEqual(expect.stringMatching(/^Looks\s+2$/));
    await receipt.getByRole('button', { name: 'Done' }).click();
    await page.getByText('Nobody here yet').waitFor();
    expect(await studio.run('subjects.list', {})).toEqual([]);
    expect((await studio.run('portraits.page', {})).total).toBe(0);
    expect(complaints).toEqual([]);
  });
});
