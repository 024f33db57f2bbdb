// Screens of models from elsewhere: the Models page, what is shown before a download, add-ons, memory.

import type { Page } from 'playwright-core';
import type { Screen } from './frame-screens.ts';
import { modelScene, shortScene } from './model-scenes.ts';

const openModels = async (page: Page): Promise<void> => page.locator('nav .rest button').nth(1).click();

async function openCreate(page: Page): Promise<void> {
  await page.locator('header > button').nth(1).click();
  await page.locator('form textarea').first().fill('ohwx woman at sea');
}

export const modelScreens: Screen[] = [
  {
    name: 'models, from elsewhere and of one’s own', scene: modelScene,
    act: async (page) => {
      await openModels(page);
      await page.locator('.found li').nth(5).waitFor();
      await page.locator('.entry .button.plain').first().click();
      for (const summary of await page.locator('main summary').all()) await summary.click();
    },
  },
  {
    name: 'models, before a download', scene: modelScene,
    act: async (page) => {
      await openModels(page);
      await page.locator('.entry').nth(3).locator('.primary').click();
      await page.locator('dialog input[type=checkbox]').last().check();
    },
  },
  {
    name: 'create, with LoRAs of one’s own', scene: modelScene,
    act: async (page) => {
      await openCreate(page);
      await page.locator('.add-ons .line .button').first().click();
      await page.locator('dialog input[type=checkbox]').first().waitFor();
      for (const box of await page.locator('dialog input[type=checkbox]').all()) await box.check();
      await page.locator('dialog .primary').click();
      await page.locator('.memory summary').click();
      await page.locator('.gallery summary').click();
    },
  },
  {
    name: 'teach, memory is short', scene: shortScene,
    act: async (page) => {
      await page.locator('header nav button').nth(1).click();
      await page.locator('main select').first().selectOption({ index: 1 });
      await page.locator('.memory .button').first().waitFor();
      await page.locator('.memory summary').click();
    },
  },
];
