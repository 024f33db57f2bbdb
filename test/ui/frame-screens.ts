// The screens of the frame: first steps, the wall of people, deleting one, the queue, settings and what lies over them.

import type { Page } from 'playwright-core';
import { catalogue, cuda } from '../renderer/model-nouns.ts';
import * as scenes from './scenes.ts';
import type { Scene } from './stage.ts';

export interface Screen {
  readonly name: string;
  readonly scene: () => Scene;
  readonly act?: (page: Page) => Promise<void>;
}

/** Everybody's portraits, models, settings, shortcuts. */
const openRest = (index: number) => async (page: Page): Promise<void> =>
  page.locator('nav .rest button').nth(index).click();
const openWall = async (page: Page): Promise<void> => page.locator('nav .title').click();
const openQueue = async (page: Page): Promise<void> => page.locator('footer .work').click();

async function openMenu(page: Page): Promise<void> {
  await openWall(page);
  await page.locator('.below button').first().click();
  await page.locator('[role=menuitem]').first().waitFor();
}

async function askToRemove(page: Page): Promise<void> {
  await openMenu(page);
  await page.locator('[role=menuitem]').last().click();
  await page.locator('dialog .bad').waitFor();
}

function busyQueue(): Scene {
  const scene = scenes.teachingScene();
  const waiting = scene.jobs!.find(({ state }) => state === 'waiting')!;
  return { ...scene, isQueuePaused: true, jobs: [...scene.jobs!, { ...waiting, ...scenes.another, position: 3 }] };
}

export const frameScreens: Screen[] = [
  { name: 'first steps', scene: scenes.emptyScene },
  {
    name: 'first steps, what this computer can do', scene: () => ({ ...scenes.emptyScene(), catalogue: catalogue() }),
    act: async (page) => page.locator('.bottom .primary').click(),
  },
  {
    name: 'first steps, the first person', scene: scenes.emptyScene,
    act: async (page) => {
      await page.locator('ol button').last().click();
      await page.locator('input[type=file]').setInputFiles({
        name: 'me.png', mimeType: 'image/png', buffer: Buffer.from('a picture'),
      });
      await page.locator('input[type=checkbox]').check();
    },
  },
  { name: 'subjects, none yet', scene: () => ({ ...scenes.emptyScene(), settings: { hasSeenWelcome: true } }) },
  { name: 'subjects, with a menu', scene: scenes.teachingScene, act: openMenu },
  {
    name: 'everybody’s portraits', scene: scenes.fullScene,
    act: async (page) => {
      await openRest(0)(page);
      await page.locator('main h1').waitFor();
      await page.locator('main [data-tile] img').first().waitFor();
    },
  },
  { name: 'deleting somebody', scene: scenes.fullScene, act: askToRemove },
  {
    name: 'deleted, the receipt', scene: scenes.fullScene,
    act: async (page) => {
      await askToRemove(page);
      await page.locator('dialog .bad').click();
      await page.locator('dialog .button.primary').waitFor();
    },
  },
  { name: 'queue, paused', scene: scenes.pausedScene, act: openQueue },
  { name: 'queue, stopped, in order', scene: busyQueue, act: openQueue },
  {
    name: 'settings, the machine', scene: () => ({ ...scenes.longScene(), cuda: cuda({ state: 'missing' }) }),
    act: async (page) => {
      await openRest(2)(page);
      await page.locator('main summary').first().waitFor();
      for (const summary of await page.locator('main summary').all()) await summary.click();
      await page.locator('td.refused').first().waitFor();
      await page.locator('main .acts .button').first().waitFor();
    },
  },
  {
    name: 'settings, the report', scene: scenes.fullScene,
    act: async (page) => {
      await openRest(2)(page);
      await page.locator('.line .button.small').first().click();
      await page.locator('dialog pre').waitFor();
    },
  },
  { name: 'shortcuts', scene: scenes.fullScene, act: openRest(3) },
  {
    name: 'new subject, not filled in', scene: scenes.fullScene,
    act: async (page) => {
      await page.locator('nav .head .icon').click();
      await page.locator('dialog .button.primary').click();
    },
  },
];
