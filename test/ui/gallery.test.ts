// The gallery in a browser: rows that fill the width, choosing by mouse and keys, marks, filters, the large view,
// portraits side by side, saving; and what it looks like to axe and to the security policy.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { StyleId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import { adapterId, job, jobId, photoId, portrait, portraitId } from '../renderer/nouns.ts';
import { accessibilityProblems, browserName, chromiumPath, cutTexts, patiently, smallWindow } from './browser.ts';
import * as scenes from './scenes.ts';
import type { Scene } from './stage.ts';
import { useTheatre } from './theatre.ts';

const sizes = [[512, 512], [512, 768], [768, 512]] as const;
/** The newest first: number 1, 2, 3 … */
const portraits: Portrait[] = Array.from({ length: 260 }, (_, index) => portrait(index + 1, {
  jobId: jobId(8), adapterId: index % 10 === 9 ? null : adapterId(1 + (index % 2)), createdAtMs: 9e11 - index * 1e6,
  seed: 1000 + index, styleId: (['film', 'winter'] as StyleId[])[index % 3] ?? null,
  prompt: index % 2 ? 'ohwx woman by the sea' : 'ohwx woman in the city', rating: index % 4, flag: 'none',
  widthPx: sizes[index % 3]![0], heightPx: sizes[index % 3]![1], hasBefore: index === 1, nearestPhotoId: photoId(2),
  likeness: { cosine: index % 7 === 6 ? null : 0.35 + (index % 9) * 0.04, distance: 0.7, latentDistance: 0.5 },
}));

const scene = (settings: Scene['settings'] = {}): Scene => ({ ...scenes.fullScene(), portraits, settings });

describe.skipIf(!chromiumPath)(browserName, () => {
  const theatre = useTheatre();
  let page: Page;

  async function open(settings: Scene['settings'] = {}, size?: { width: number; height: number }): Promise<void> {
    ({ page } = await theatre.open(scene(settings), size === undefined ? {} : { size }));
    await page.locator('header nav button').nth(3).click();
    await page.locator('[data-index="0"] img').waitFor();
  }

  const asked = (command: string): unknown[] => theatre.asked(command);
  const tile = (index: number) => page.locator(`[data-index="${index}"]`);
  const chosen = (): Promise<number[]> => page.locator('[aria-selected=true]')
    .evaluateAll((tiles) => tiles.map((each) => Number(each.getAttribute('data-index'))));
  const focused = (): Promise<number> =>
    page.evaluate(() => Number(document.activeElement?.getAttribute('data-index') ?? -1));
  const ids = (...numbers: number[]): string[] => numbers.map((number) => portraitId(number));

  test('choosing by mouse: one, a stretch, one more, a rubber band; by keys: arrows, Shift, all, none', async () => {
    await open();
    const box = (await page.locator('[role=grid]').boundingBox())!;
    const rights = await page.locator('[role=row]').first().locator('[data-index]')
      .evaluateAll((tiles) => tiles.map((each) => each.getBoundingClientRect().right));
    expect(Math.max(...rights)).toBeCloseTo(box.x + box.width, 0);
    // of 260 portraits only those around the screen are there
    expect(await page.locator('[data-index]').count()).toBeLessThan(80);

    await tile(1).click();
    await tile(4).click({ modifiers: ['Shift'] });
    expect(await chosen()).toEqual([1, 2, 3, 4]);
    await tile(2).click({ modifiers: ['ControlOrMeta'] });
    expect(await chosen()).toEqual([1, 3, 4]);
    await page.getByRole('toolbar', { name: '3 selected' }).waitFor();
    const [from, to] = [(await tile(0).boundingBox())!, (await tile(1).boundingBox())!];
    await page.mouse.move(from.x + 30, from.y + 40);
    await page.mouse.down();
    await page.mouse.move(to.x + 20, to.y + 60, { steps: 4 });
    await page.locator('.band').waitFor();
    await page.mouse.up();
    expect(await chosen()).toEqual([0, 1]);

    await tile(0).click();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(async () => [await chosen(), await focused()], patiently).toEqual([[1, 2], 2]);
    await page.keyboard.press('Control+a');
    await page.getByRole('toolbar', { name: '260 selected' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await chosen()).toEqual([]);
    await page.keyboard.press('End');
    await expect.poll(focused, patiently).toBe(259);
    await tile(259).locator('img').waitFor();
    await page.keyboard.press('Home');
    await expect.poll(focused, patiently).toBe(0);
  });

  test('stars, pick and reject by keys and on the picture; Ctrl Z takes them back; Delete and undo', async () => {
    await open();
    await tile(4).click();
    await page.keyboard.press('5');
    await page.keyboard.press('p');
    await expect.poll(() => tile(4).getAttribute('aria-label'), patiently).toMatch(/5 stars, picked$/);
    await tile(2).hover();
    await tile(2).getByRole('button', { name: 'Reject' }).click();
    await page.locator('.notice').getByText('Rejected').waitFor();
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await expect.poll(() => tile(4).getAttribute('aria-label'), patiently).toMatch(/5 stars$/);
    expect(asked('portraits.mark')).toMatchObject([
      { portraitIds: ids(5), rating: 5 }, { portraitIds: ids(5), flag: 'pick' },
      { portraitIds: ids(3), flag: 'reject' },
      { portraitIds: ids(3), flag: 'none' }, { portraitIds: ids(5), flag: 'none' },
    ]);

    await tile(0).click();
    await tile(1).click({ modifiers: ['Shift'] });
    await page.keyboard.press('Delete');
    await page.locator('[role=status]', { hasText: /^258 portraits/ }).waitFor();
    await page.locator('.notice').getByRole('button', { name: 'Undo' }).last().click();
    await page.locator('[role=status]', { hasText: /^260 portraits/ }).waitFor();
    expect(asked('portraits.remove')).toMatchObject([{ portraitIds: ids(1, 2) }, { restore: true }]);
  });

  test('filters: chips say what is asked, words of the prompt, nothing fits, order', async () => {
    await open();
    await page.getByRole('button', { name: 'Style', exact: true }).click();
    await page.getByRole('checkbox', { name: /Without a style/ }).check();
    await page.locator('[role=status]', { hasText: '86 of 260' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').fill('CITY');
    await page.locator('[role=status]', { hasText: '43 of 260' }).waitFor();
    await page.getByRole('combobox', { name: 'Sort' }).selectOption('rating');
    await expect.poll(() => tile(0).getAttribute('aria-label'), patiently).toMatch(/2 stars/);
    await page.getByRole('searchbox').fill('zebra');
    await page.getByText('No portrait fits these filters').waitFor();
    await page.locator('main').getByRole('button', { name: 'Clear filters' }).last().click();
    await page.locator('[role=status]', { hasText: '260 portraits' }).waitFor();
    expect(await page.getByRole('searchbox').inputValue()).toBe('');

    await page.getByRole('button', { name: 'Small' }).click();
    await expect.poll(() => tile(0).evaluate((each) => each.clientHeight), patiently).toBeLessThan(140);
    await expect.poll(() => asked('settings.set'), patiently).toEqual([{ tileSize: 'small' }]);
  });

  test('large view: along the strip, marks, before and after, zoom; varied and enlarged', async () => {
    await open();
    await tile(0).click();
    await page.keyboard.press('Enter');
    const bar = page.locator('dialog .bar');
    await bar.getByText('1 of 260').waitFor();
    await page.keyboard.press('ArrowRight');
    await bar.getByText('2 of 260').waitFor();
    await page.keyboard.press('b');
    await page.getByRole('slider', { name: /before/i }).waitFor();
    await page.keyboard.press('b');
    await page.keyboard.press('z');
    await expect.poll(() => page.locator('dialog .frame').evaluate((each) => each.style.transform), patiently)
      .toMatch(/^scale\((?!1\))/);
    await page.keyboard.press('3');
    await page.keyboard.press('x');
    await expect.poll(() => asked('portraits.mark').length, patiently).toBe(2);
    await page.keyboard.press('v');
    await page.keyboard.press('u');
    await expect.poll(() => asked('portraits.again'), patiently).toMatchObject([
      { portraitIds: ids(2), how: 'vary' }, { portraitIds: ids(2), how: 'upscale' }]);
    await page.keyboard.press('End');
    await bar.getByText('260 of 260').waitFor();
    await page.getByRole('button', { name: '259 of 260' }).click();
    await bar.getByText('259 of 260').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await chosen()).toEqual([258]);
  });

  test('side by side: zoomed in step, differences, another one in a place, the winner is kept', async () => {
    await open();
    await tile(0).click();
    await tile(2).click({ modifiers: ['Shift'] });
    await page.keyboard.press('c');
    const slots = page.locator('[data-candidate]');
    await slots.nth(2).waitFor();
    await page.keyboard.press('+');
    await expect.poll(() => page.locator('dialog .frame').evaluateAll((frames) =>
      new Set(frames.map((each) => (each as HTMLElement).style.transform)).size), patiently).toBe(1);
    expect(await page.locator('dialog table').innerText()).toMatch(/Seed\s+1000\s+1001\s+1002/);
    expect(await page.locator('dialog table').innerText()).not.toContain('Sampler');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('dialog table').innerText(), patiently).toMatch(/Seed\s+1000\s+1003\s+1002/);
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.locator('.notice').getByText('Picked one, rejected 2').waitFor();
    expect(asked('portraits.mark')).toMatchObject([
      { portraitIds: ids(1, 3), flag: 'reject' }, { portraitIds: ids(4), flag: 'pick' }]);
  });

  test('saving: the sheet asks for what it says, and the file is downloaded when the job is done', async () => {
    await open();
    await tile(0).click();
    await tile(1).click({ modifiers: ['Shift'] });
    await page.keyboard.press('e');
    await page.getByText('WebP', { exact: true }).click();
    await page.getByRole('button', { name: '2048 px' }).click();
    await page.getByLabel('Name').fill('a/b');
    expect(await page.getByRole('button', { name: 'Save 2 pictures as ZIP' }).isDisabled()).toBe(true);
    await page.getByLabel('Name').fill('{seed}-{style}');
    await page.getByRole('switch', { name: 'Write the settings into the file' }).click();
    await page.getByRole('button', { name: 'Save 2 pictures as ZIP' }).click();
    await page.getByText('Writing 0 of 2').waitFor();
    expect(asked('portraits.export')).toMatchObject([{
      portraitIds: ids(1, 2), format: 'webp', longEdgePx: 2048, withSettings: true, fileName: '{seed}-{style}',
    }]);
    const exportId = portraitId(77) as never;
    const outcome = { kind: 'export' as const, exportId, fileName: 'portraits.zip', sizeBytes: 9 };
    const [download] = await Promise.all([page.waitForEvent('download'), theatre.stage.emit({
      type: 'job-changed', job: job('export', 71, { state: 'done', itemsDone: 2, items: 2, outcome, endedAtMs: 9 }),
    })]);
    expect(download.url()).toContain(`media/export/${exportId as string}`);
    await page.locator('dialog').waitFor({ state: 'detached' });
    theatre.complaints.length = 0;
  });

  test.each([['dark', 'en'], ['light', 'zh-Hans']] as const)('axe and cut texts: %s, %s', async (theme, language) => {
    await open({ theme, language }, smallWindow);
    await tile(0).click();
    await tile(2).click({ modifiers: ['Shift'] });
    await tile(1).hover();
    const check = async (): Promise<void> => {
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await cutTexts(page)).toEqual([]);
    };
    await check();
    await page.keyboard.press('c');
    await page.locator('[data-candidate]').nth(2).waitFor();
    await check();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('e');
    await page.locator('dialog form').waitFor();
    await check();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.locator('.chip-button').first().click();
    await page.locator('.chip-panel').waitFor();
    await check();
  });
});
