// Create worked in a browser: styles as pictures, weights and choices in a prompt, sizes and looks, what a batch comes
// to, its portraits as they finish, and settings taken over from a portrait; and what the studio is then asked for.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import { splitMask } from '../../src-renderer/state/region-mask.ts';
import { adapterId, job, jobId, photoId, portrait, portraitId, subjectId } from '../renderer/nouns.ts';
import { browserName, chromiumPath, patiently } from './browser.ts';
import { faceScene } from './face-scenes.ts';
import * as scenes from './scenes.ts';
import type { Scene } from './stage.ts';
import { useTheatre } from './theatre.ts';

type Asked = Record<string, unknown>;

describe.skipIf(!chromiumPath)(browserName, () => {
  const theatre = useTheatre();
  let page: Page;

  async function open(scene: Scene): Promise<void> {
    ({ page } = await theatre.open(scene));
    await page.getByRole('button', { name: 'Create', exact: true }).click();
  }

  const asked = (command: string): Asked[] => theatre.asked(command);
  const select = (text: string): Promise<void> => page.getByLabel('What to draw').evaluate(
    (field: HTMLTextAreaElement, words) => {
      field.focus();
      field.setSelectionRange(field.value.indexOf(words), field.value.indexOf(words) + words.length);
    }, text);
  async function start(): Promise<Asked> {
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => asked('portraits.create').length, patiently).toBe(1);
    return asked('portraits.create')[0]!;
  }

  test('styles are found, chosen and kept at hand by keys; a copy is changed, deleted and brought back', async () => {
    await open({ ...scenes.fullScene(), jobs: [] });
    await page.getByRole('button', { name: 'Choose styles' }).press('Enter');
    await page.keyboard.type('INK wash');
    const gallery = page.getByRole('tabpanel', { name: /^Styles/ });
    await expect.poll(() => gallery.locator('[data-tile]').count(), patiently).toBe(1);
    const card = gallery.getByRole('button', { name: 'Ink wash', exact: true });
    await card.focus();
    await page.keyboard.press('Space');
    expect(await card.getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.press('f');
    await expect.poll(() => asked('settings.set'), patiently).toEqual([{ favouriteStyleIds: ['ink-wash'] }]);

    await page.keyboard.press('e');
    const sheet = page.getByRole('dialog', { name: 'Ink wash' });
    await sheet.getByRole('button', { name: 'Copy and change' }).click();
    await sheet.getByLabel('Prompt', { exact: true }).fill('charcoal of {subject}');
    await sheet.getByRole('button', { name: 'Save style' }).click();
    await page.getByText('Saved Ink wash, mine').waitFor();
    expect(asked('styles.save')).toMatchObject([{ styleId: null, group: 'Yours', prompt: 'charcoal of {subject}' }]);
    await page.getByRole('button', { name: 'Leave out Ink wash, mine' }).waitFor();

    await gallery.getByRole('button', { name: 'Yours', exact: true }).click();
    await page.getByLabel('Search styles').fill('');
    await gallery.locator('[data-tile]').focus();
    await page.keyboard.press('Delete');
    await page.getByText('None yet. Write one, or copy any style and change it.').waitFor();
    await page.keyboard.press('Control+z');
    await gallery.locator('[data-tile]').waitFor();
    await page.getByRole('button', { name: 'Leave out Ink wash, mine' }).waitFor();
    expect(asked('portraits.remove')).toEqual([]);
  });

  test('weights by keys, choices, sizes, looks and styles make a sum that is said and asked for', async () => {
    await open({ ...scenes.fullScene(), jobs: [] });
    const prompt = page.getByLabel('What to draw');
    await prompt.fill('ohwx woman, soft light, {red|blue} scarf');
    await select('soft light');
    await page.keyboard.press('Control+ArrowUp');
    await page.keyboard.press('Control+ArrowUp');
    await page.keyboard.press('Control+ArrowDown');
    await page.getByRole('button', { name: 'More weight on the selected words' }).click();
    expect(await prompt.inputValue()).toBe('ohwx woman, (soft light:1.2), {red|blue} scarf');
    await page.getByLabel('Draw every choice').check();
    await page.getByRole('checkbox', { name: /^Ada 2/ }).check();
    await page.getByRole('button', { name: /^Portrait 128/ }).click();
    await page.getByText('Another size').click();
    await page.getByLabel('Width').fill('192');
    await page.getByLabel('Height').fill('192');
    await page.getByRole('button', { name: 'Add size' }).click();
    await page.getByRole('button', { name: 'Business headshot', exact: true }).click();
    // the studio knows the choices: (2 + 1) x 4 x 2 sizes x 2 looks
    await page.getByRole('button', { name: 'Create 48 portraits' }).waitFor();
    await page.getByText(/^1 prompt and 1 style × choices × 4 each × 2 sizes × 2 looks · about 2 min$/).waitFor();
    expect(await start()).toMatchObject({
      prompts: ['ohwx woman, (soft light:1.2), {red|blue} scarf'], styleIds: ['business'], everyChoice: true,
      adapterIds: [adapterId(1), adapterId(3)],
      sizes: [{ widthPx: 128, heightPx: 192 }, { widthPx: 192, heightPx: 192 }],
    });
    await page.getByRole('tab', { name: 'Portraits', selected: true }).waitFor();
  });

  test('what will be drawn and what has no room is said before it starts, and why it would be refused', async () => {
    const scene: Scene = { ...scenes.fullScene(), jobs: [], cutOff: ['grey background'] };
    await open(scene);
    await page.getByLabel('What to draw').fill('{subject} at sea\nin a {red|blue} coat');
    await page.getByLabel('Draw the 2 lines as prompts of their own').check();
    await page.getByText('“grey background”').waitFor();
    await page.getByText('What will be drawn').click();
    await page.getByText('ohwx woman at sea', { exact: true }).waitFor();
    await page.getByText('in a red coat', { exact: true }).waitFor();
    await page.getByText('For example; chance decides each time.').waitFor();

    const text = { safe: 'Nothing was drawn.', todo: 'Choose fewer.' };
    scene.refusals = { 'portraits.plan': new UserError('x.many', { what: 'That is too many at once.', ...text }) };
    await page.getByLabel('How many').fill('900');
    await page.locator('.start').getByText('That is too many at once.').waitFor();
  });

  test('portraits stream in and are rated, picked and varied where they appear, best first', async () => {
    await open(scenes.drawingScene());
    const tiles = page.getByRole('gridcell');
    await expect.poll(() => tiles.count(), patiently).toBe(8);
    const added = portrait(400, {
      jobId: jobId(9), createdAtMs: Date.UTC(2026, 10, 21),
      likeness: { cosine: 0.9, distance: 0.1, latentDistance: 0.1 },
    });
    theatre.stage.emit({ type: 'portrait-added', portrait: added });
    await page.getByRole('gridcell', { name: /^Portrait 9 of 9/ }).waitFor();
    await page.getByRole('button', { name: 'Best likeness first' }).click();
    const best = page.getByRole('gridcell', { name: /^Portrait 1 of 9.*0\.90/ });
    await best.focus();
    await page.keyboard.press('4');
    await page.keyboard.press('p');
    await expect.poll(() => asked('portraits.mark'), patiently).toEqual([
      { portraitIds: [portraitId(400)], rating: 4 }, { portraitIds: [portraitId(400)], flag: 'pick' },
    ]);
    await page.getByRole('button', { name: 'Vary them' }).click();
    await expect.poll(() => asked('portraits.again'), patiently)
      .toMatchObject([{ portraitIds: [portraitId(400)], how: 'vary' }]);
    // keys are about portraits that are seen
    await page.getByRole('tab', { name: /^Styles/ }).click();
    await page.keyboard.press('5');
    await page.keyboard.press('Delete');
    await page.getByRole('tab', { name: /^Portraits/ }).click();
    expect([asked('portraits.mark').length, asked('portraits.remove')]).toEqual([2, []]);
  });

  test('settings of a portrait of two bring back their parts, the pose and the picture it started from', async () => {
    const mask = splitMask({ position: 0.3, tiltDegrees: 0, isSwapped: true });
    await open({
      ...faceScene(), recipe: {
        start: { source: { photoId: photoId(1) }, strength: 0.35 },
        second: { subjectId: subjectId(3), adapterId: null, mask, pose: { kind: 'none' } },
      },
    });
    await page.getByRole('button', { name: /^Portraits \d/ }).click();
    await page.locator('[data-tile]').first().dblclick();
    await page.getByRole('dialog').getByRole('button', { name: 'Use these settings' }).click();
    await page.getByRole('button', { name: 'Start from photo-1.jpg', pressed: true }).waitFor();
    expect(await page.getByLabel('How much may change').inputValue()).toBe('35');
    expect(await start()).toMatchObject({
      second: { subjectId: subjectId(3), mask, pose: { kind: 'none' } }, count: 1,
      start: { source: { photoId: photoId(1) }, strength: 0.35 }, settings: { facePass: 'auto' },
    });
  });

  test('a batch that is not there any more leaves the styles in its place', async () => {
    await open({ ...scenes.fullScene(), jobs: [job('create', 8, { state: 'done', items: 52, itemsDone: 52 })] });
    await page.getByRole('tab', { name: 'Styles', selected: true }).waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('tab', { name: 'Styles' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByText('Portraits appear here as they finish').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Portraits');
  });
});
