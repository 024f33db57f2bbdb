// Every screen, in both themes, both languages and both window sizes: axe finds nothing, no text is cut (nor would be
// in a wordier language), nothing breaks the security policy, and no request leaves the page's own server. With
// SCREENSHOTS=folder a picture of each is kept there.

import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StudioSettings } from '../../src-main/contract/settings.ts';
import {
  accessibilityProblems, browserName, buildPage, chromiumPath, cutTexts, largeWindow, lengthenTexts, openBrowser,
  openPage, patiently, smallWindow,
} from './browser.ts';
import * as faces from './face-scenes.ts';
import { frameScreens, type Screen } from './frame-screens.ts';
import { modelScreens } from './model-screens.ts';
import * as scenes from './scenes.ts';
import { openStage } from './stage.ts';

const keptIn = process.env['SCREENSHOTS'];
const tab = (index: number) => async (page: Page): Promise<void> =>
  page.locator('header nav button').nth(index).click();
const openCreate = async (page: Page): Promise<void> => page.locator('header > button').nth(1).click();
const openFirst = async (page: Page): Promise<void> => page.locator('[data-tile]').nth(3).dblclick();

const openRun = async (page: Page): Promise<void> => {
  await tab(1)(page);
  await page.locator('main .picture img').waitFor();
  await page.locator('main figcaption b').first().waitFor();
};
const openTeachForm = (method: string) => async (page: Page): Promise<void> => {
  await tab(1)(page);
  await page.locator('.next .button').click();
  await page.locator('label', { has: page.locator(`input[value=${method}]`) }).click();
};

const openInstantly = async (page: Page): Promise<void> => {
  await openCreate(page);
  await page.locator('input[value=instantly]').check({ force: true });
};

const screens: Screen[] = [
  { name: 'photos', scene: scenes.fullScene, act: async (page) => page.locator('[data-tile]').nth(3).click() },
  {
    name: 'photos, none yet',
    scene: () => ({ ...scenes.fullScene(), photos: [], looks: [], portraits: [], jobs: [] }),
  },
  {
    name: 'photos, a caption without its word', scene: scenes.fullScene,
    act: async (page) => {
      await page.locator('[data-tile]').nth(2).click();
      const details = page.locator('aside textarea');
      if (await details.count() === 0) await page.locator('header > button').last().click();
      await details.fill('a woman at the sea');
      await page.locator('.chip.missing').waitFor();
    },
  },
  { name: 'photos, long names', scene: scenes.longScene },
  { name: 'large photo', scene: scenes.fullScene, act: openFirst },
  {
    name: 'teach, quick likeness with a word, everything folded out', scene: scenes.fullScene,
    act: async (page) => {
      await openTeachForm('lora')(page);
      await page.locator('.word input[type=checkbox]').check();
      for (const summary of await page.locator('summary').all()) await summary.click();
      await page.locator('.advanced .fields input[type=number]').first().fill('1');
      await page.locator('[aria-invalid=true]').first().waitFor();
    },
  },
  {
    name: 'teach, best likeness with pictures of the class', scene: scenes.fullScene,
    act: async (page) => {
      await openTeachForm('dreambooth')(page);
      await page.locator('label', { has: page.locator('input[value=images]') }).click();
    },
  },
  { name: 'teach, a word for it', scene: scenes.fullScene, act: openTeachForm('textual-inversion') },
  {
    name: 'teach, going on from a look', scene: scenes.fullScene,
    act: async (page) => {
      await tab(2)(page);
      await page.locator('.looks .actions .button').nth(2).click();
      for (const summary of await page.locator('summary').all()) await summary.click();
      await page.locator('.fields input:disabled').first().waitFor();
    },
  },
  { name: 'teach, preparing', scene: scenes.preparingScene, act: tab(1) },
  { name: 'teach, running', scene: scenes.teachingScene, act: openRun },
  { name: 'teach, running, long names', scene: scenes.longScene, act: openRun },
  { name: 'teach, paused', scene: scenes.pausedScene, act: openRun },
  { name: 'teach, stopping', scene: scenes.finishingScene, act: openRun },
  { name: 'teach, done', scene: scenes.fullScene, act: openRun },
  {
    name: 'teach, failed and refused', scene: scenes.failingScene,
    act: async (page) => {
      await openTeachForm('lora')(page);
      await page.locator('.button.large').click();
      await page.locator('.notice.error').waitFor();
    },
  },
  { name: 'looks', scene: scenes.fullScene, act: tab(2) },
  { name: 'looks, none yet', scene: () => ({ ...scenes.fullScene(), looks: [] }), act: tab(2) },
  {
    name: 'looks, compared', scene: scenes.fullScene,
    act: async (page) => {
      await tab(2)(page);
      await page.locator('main .head .button').first().click();
      await page.locator('dialog tbody tr').first().waitFor();
    },
  },
  {
    name: 'export', scene: scenes.fullScene,
    act: async (page) => {
      await tab(2)(page);
      await page.locator('.looks .actions .button').nth(1).click();
      await page.locator('dialog a.button.primary').waitFor();
    },
  },
  {
    name: 'export of a whole model', scene: scenes.fullScene,
    act: async (page) => {
      await tab(2)(page);
      await page.locator('.looks .actions .button').nth(5).click();
      await page.locator('dialog button.primary').waitFor();
    },
  },
  {
    name: 'create, a batch planned', scene: () => ({ ...scenes.fullScene(), jobs: [], cutOff: ['grey background'] }),
    act: async (page) => {
      await openCreate(page);
      for (const at of [0, 4]) await page.locator('.groups [data-tile]').nth(at).click();
      await page.locator('form textarea').first().fill('ohwx woman, {red|blue} scarf\nat sea');
      await page.locator('form .warning').waitFor();
    },
  },
  {
    name: 'create, a style to copy', scene: scenes.fullScene,
    act: async (page) => {
      await openCreate(page);
      await page.locator('.groups [data-tile]').nth(2).focus();
      await page.keyboard.press('e');
      await page.locator('dialog .button.primary').click();
      await page.locator('dialog input').first().fill('');
      await page.locator('dialog .button.primary').click();
      await page.locator('dialog [aria-invalid=true]').waitFor();
    },
  },
  { name: 'create, drawing', scene: scenes.drawingScene, act: openCreate },
  {
    name: 'portraits', scene: scenes.fullScene,
    act: async (page) => {
      await tab(3)(page);
      await page.locator('[data-tile]').nth(3).click();
    },
  },
  {
    name: 'large portrait', scene: scenes.fullScene,
    act: async (page) => {
      await tab(3)(page);
      await openFirst(page);
    },
  },
  { name: 'photos, judged', scene: faces.faceScene, act: async (page) => page.locator('[data-tile]').nth(3).click() },
  {
    name: 'photos, which face', scene: faces.faceScene,
    act: async (page) => {
      await page.locator('li:nth-child(3) .acts button').first().click();
      await page.locator('dialog [data-tile]').first().waitFor();
    },
  },
  {
    name: 'create, instantly, posed by hand, everything folded out', scene: faces.faceScene,
    act: async (page) => {
      await openInstantly(page);
      await page.locator('.pose .chips button').nth(1).click();
      await page.locator('.spot').first().waitFor();
      for (const summary of await page.locator('form summary').all()) await summary.click();
      await page.locator('input[value=auto]').check({ force: true });
    },
  },
  {
    name: 'create, instantly, two people', scene: faces.faceScene,
    act: async (page) => {
      await openInstantly(page);
      await page.locator('.second select').first().selectOption({ index: 2 });
      await page.locator('.second .pose').waitFor();
    },
  },
  {
    name: 'create, instantly, parts are missing', scene: faces.lackingScene,
    act: async (page) => {
      await openInstantly(page);
      await page.locator('.how select').last().selectOption('sdxl');
      await page.locator('.missing').waitFor();
    },
  },
  {
    name: 'large portrait, before and after', scene: faces.faceScene,
    act: async (page) => {
      await tab(3)(page);
      await page.locator('[data-tile]').first().dblclick();
      await page.locator('dialog .bar button').first().click();
      await page.locator('dialog .before').waitFor();
    },
  },
  ...frameScreens,
  ...modelScreens,
];

/** A picture of the page with all of its own pictures in it. */
async function keepPicture(page: Page, file: string): Promise<void> {
  await page.waitForTimeout(500);
  await page.screenshot({ path: file });
}

const dressings: { settings: Partial<StudioSettings>; size: typeof largeWindow }[] = [
  { settings: { theme: 'light', language: 'zh-Hans' }, size: largeWindow },
  { settings: { theme: 'dark', language: 'en' }, size: smallWindow },
];

describe.skipIf(!chromiumPath)(browserName, () => {
  let browser: Browser;
  let pageFolder: string;

  beforeAll(async () => {
    pageFolder = await buildPage();
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await rm(pageFolder, { recursive: true, force: true });
  });

  test.each(screens)('$name', async ({ name, scene, act }) => {
    for (const { settings, size } of dressings) {
      const shown = scene();
      const stage = await openStage({ ...shown, settings: { ...shown.settings, ...settings } }, pageFolder);
      const { page, complaints } = await openPage(browser, stage.server.url, size);
      const dressing = JSON.stringify({ ...settings, ...size });
      try {
        await act?.(page);
        if (keptIn) await keepPicture(page, path.join(keptIn, `${name}, ${settings.theme}.png`));
        expect(await page.locator('html').getAttribute('lang'), dressing).toBe(settings.language);
        expect(await accessibilityProblems(page), dressing).toEqual([]);
        expect(await cutTexts(page), dressing).toEqual([]);
        expect(complaints, dressing).toEqual([]);
        expect(await lengthenTexts(page), dressing).toBeGreaterThan(5);
        expect(await cutTexts(page), `${dressing}, longer texts`).toEqual([]);
      } finally {
        await page.context().close();
        await stage.server.close();
      }
    }
  });

  test('the checks themselves find a planted fault', async () => {
    const stage = await openStage(scenes.fullScene(), pageFolder);
    const { page, complaints } = await openPage(browser, stage.server.url);
    await page.evaluate(() => {
      const button = document.createElement('button');
      const narrow = document.createElement('div');
      narrow.textContent = 'a-text-that-is-much-too-long-for-its-box';
      narrow.style.width = '20px';
      document.querySelector('main')!.append(button, narrow);
      document.head.append(Object.assign(document.createElement('style'), { textContent: 'b { color: red }' }));
    });

    expect((await accessibilityProblems(page)).join()).toContain('button-name');
    expect((await cutTexts(page)).join()).toContain('a-text-that-is-much-too-long');
    await expect.poll(() => complaints.join(), patiently).toContain('style-src');
    await page.context().close();
    await stage.server.close();
  });
});
