// Teaching worked by keys and followed while it goes: methods, settings, pause and stop, previews, export, captions.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pack, snapshot } from '../renderer/nouns.ts';
import { browserName, chromiumPath, patiently } from './browser.ts';
import * as scenes from './scenes.ts';
import type { Scene } from './stage.ts';
import { useTheatre } from './theatre.ts';

describe.skipIf(!chromiumPath)(browserName, () => {
  const theatre = useTheatre({ mayComplain: true });
  let page: Page;

  async function open(scene: Scene): Promise<void> {
    ({ page } = await theatre.open(scene));
  }

  /** What the new word and its start become where nothing is put in. */
  const wordsLeftOut = () => Promise.all(['The word', 'It starts out as'].map((name) => (
    page.getByLabel(name, { exact: true }).getAttribute('placeholder'))));

  const asked = (command: string): unknown[] => theatre.asked(command);

  test('teach: method, slider, class and word by keys alone, and what is asked for', async () => {
    await open({ ...scenes.fullScene(), jobs: [] });
    await page.keyboard.press('t');
    await page.getByRole('radio', { name: /^Quick likeness/ }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('radio', { name: /^Best likeness/, checked: true }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.getByText('Close: 450 steps').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('radio', { name: 'With the model’s own answer', checked: true }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await wordsLeftOut()).toEqual(['ohwxface', 'woman']);
    await page.getByLabel('The word', { exact: true }).fill('sks-ada');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => asked('looks.teach'), patiently).toMatchObject([{
      method: 'lora', heldOutPhotoIds: [], warmStartAdapterId: null,
      settings: { trainingSteps: 450, prior: 'prediction', vectorCount: 4, newWord: 'sks-ada' },
    }]);
    await page.getByRole('heading', { name: 'Ada’s face comes next' }).waitFor();
  });

  test('a model with phrases finds the start of a new word in the photos, and says so', async () => {
    const own = { ...pack(), describingPhrases: [['fair', 'dark'], ['skin']] };
    await open({ ...scenes.fullScene(), packs: [own], jobs: [] });
    await page.keyboard.press('t');
    await page.getByRole('radio', { name: /^A word for it/ }).press('Space');
    expect(await wordsLeftOut()).toEqual(['ohwxface', 'found in the photos']);
  });

  test('advanced: a change is counted, its reset brings the default back, a wrong value holds the start', async () => {
    await open({ ...scenes.fullScene(), jobs: [] });
    await page.keyboard.press('t');
    await page.locator('summary').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('summary', { hasText: 'Network' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Rank', { exact: true }).fill('12');
    await page.locator('summary', { hasText: '1 changed' }).waitFor();
    await page.getByRole('button', { name: 'Back to the default: Rank' }).press('Enter');
    await page.locator('.changes').waitFor({ state: 'detached' });
    expect(await page.getByLabel('Rank', { exact: true }).inputValue()).toBe('');
    await page.getByLabel('Rank', { exact: true }).fill('1.5');
    await page.getByText('Must be a whole number, 1 to 128.').waitFor();
    expect(await page.getByRole('button', { name: 'Teach this face' }).isDisabled()).toBe(true);
  });

  test('a run pauses, stops and is cancelled from where it is seen, and says what was asked of it', async () => {
    await open(scenes.teachingScene());
    await page.keyboard.press('t');
    const main = page.locator('main');
    await main.getByRole('button', { name: 'Pause' }).press('Enter');
    await main.getByText(/^Pausing after this step/).waitFor();
    expect(await main.getByRole('button', { name: /Pause|Stop and keep/ }).count()).toBe(0);
    const [job] = scenes.teachingScene().jobs!;
    theatre.stage.emit({ type: 'job-changed', job: { ...job!, state: 'paused', request: null, progress: null } });
    await main.getByText('Paused at step 140 of 300. It goes on exactly from there.').waitFor();

    await page.keyboard.press('q');
    const queue = page.getByRole('complementary', { name: 'Queue' });
    await queue.getByRole('button', { name: 'Resume: Teaching Ada’s face' }).press('Enter');
    await main.getByText('Waits for its turn').first().waitFor();
    theatre.stage.emit({ type: 'job-changed', job: { ...job!, state: 'failed', endedAtMs: 9, error: null } });
    await queue.getByRole('button', { name: 'Keep the best: Teaching Ada’s face' }).press('Enter');
    const commands = (): string[] => theatre.stage.calls.map(({ command }) => command);
    await expect.poll(() => commands().filter((each) => each.startsWith('jobs.')), patiently)
      .toEqual(['jobs.list', 'jobs.pause', 'jobs.resume', 'jobs.finish']);
  });

  test('the preview follows the snapshots, goes back by key, and the chart tells of the one shown', async () => {
    await open(scenes.teachingScene());
    await page.keyboard.press('t');
    const badge = page.locator('main .badge.step');
    await badge.getByText('Step 140 · Likeness 0.56').waitFor();
    theatre.stage.emit({ type: 'snapshot-added', snapshot: snapshot(160, { likeness: 0.61, isBest: true }) });
    await badge.getByText('Step 160 · Likeness 0.61').waitFor();
    await page.locator('main .badge.best').waitFor();

    await page.getByRole('slider', { name: 'Snapshot' }).focus();
    for (const _ of [1, 2]) await page.keyboard.press('ArrowLeft');
    await badge.getByText('Step 120 · Likeness 0.58').waitFor();
    await page.locator('figcaption').getByText('Step 120', { exact: true }).waitFor();
    await page.getByRole('img', { name: 'Preview 1 at step 120' }).waitFor();
    theatre.stage.emit({ type: 'snapshot-added', snapshot: snapshot(180, { likeness: 0.6 }) });
    await page.locator('.log').getByText('Step 180').waitFor();
    await badge.getByText('Step 120 · Likeness 0.58').waitFor();
    await page.getByRole('button', { name: 'Latest' }).press('Enter');
    await badge.getByText('Step 180 · Likeness 0.60').waitFor();
    await page.getByRole('button', { name: 'Preview 2' }).press('Enter');
    await page.getByRole('img', { name: 'Preview 2 at step 180' }).waitFor();
  });

  test('export: formats by arrow keys, a small file at once, a whole model when asked', async () => {
    await open(scenes.fullScene());
    await page.getByRole('button', { name: /^Looks/ }).press('Enter');
    await page.getByRole('button', { name: 'Export…' }).first().press('Enter');
    await page.getByRole('link', { name: 'Save the file' }).waitFor();
    await page.getByRole('radio', { name: /^LoRA file/ }).focus();
    await page.keyboard.press('ArrowUp');
    await page.getByRole('radio', { name: /^Whole model/, checked: true }).waitFor();
    await page.getByRole('button', { name: 'Write the file' }).waitFor();
    expect(asked('looks.export')).toMatchObject([{ format: 'kohya', precision: 'float16' }]);
    await page.getByRole('button', { name: 'Write the file' }).press('Enter');
    await page.getByRole('link', { name: 'Save the file' }).waitFor();
    expect(asked('looks.export').at(-1)).toMatchObject({ format: 'checkpoint' });
  });

  test('a caption gets its trigger word back by the chip, counts more, and both are undone', async () => {
    await open(scenes.fullScene());
    await page.locator('[data-tile]').first().focus();
    const caption = page.getByRole('textbox', { name: 'Caption' });
    await caption.fill('a woman at sea');
    await page.getByRole('button', { name: 'Put ohwx into the caption' }).press('Enter');
    await page.locator('.chip').getByText('ohwx').waitFor();
    await page.getByRole('button', { name: 'Count it more often' }).press('Enter');
    await page.locator('.repeats').getByText('× 2').waitFor();
    await page.getByRole('heading', { name: 'photo-1.jpg' }).click();
    await page.keyboard.press('Control+z');
    await page.locator('.repeats').waitFor({ state: 'detached' });
    expect(asked('photos.setRepeats')).toMatchObject([{ repeats: 2 }, { repeats: 1 }]);
    await page.keyboard.press('Control+z');
    await expect.poll(() => caption.inputValue(), patiently).toBe('a woman at sea');
    expect(asked('photos.setCaption').slice(1)).toMatchObject([
      { caption: 'a woman at sea ohwx' }, { caption: 'a woman at sea' },
    ]);
  });
});
