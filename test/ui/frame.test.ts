// The frame in a real Chromium: the first steps, the wall, deleting somebody, the order of the queue, settings, and the
// page behind a desktop's bridge.

import type { Page, Route } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src-main/contract/work.ts';
import { job, jobId, portrait, subject, subjectId } from '../renderer/nouns.ts';
import { accessibilityProblems, browserName, chromiumPath, cutTexts, patiently } from './browser.ts';
import { bridgeScript } from './desktop-bridge.ts';
import * as scenes from './scenes.ts';
import { library } from './stage-answers.ts';
import type { Scene } from './stage.ts';
import { useTheatre } from './theatre.ts';

const asPicture = { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from('a picture') };
const waiting = (number: number): Job => job('create', number, { state: 'waiting', items: number, position: number });
const queued = (): Scene => ({
  ...scenes.fullScene(), jobs: [waiting(21), waiting(22), waiting(23), ...scenes.failingScene().jobs!],
});

describe.skipIf(!chromiumPath)(browserName, () => {
  const theatre = useTheatre();
  let page: Page;

  async function open(scene: Scene, script?: string): Promise<void> {
    ({ page } = await theatre.open(scene, script === undefined ? {} : { script }));
  }

  const asked = (command: string): Record<string, unknown>[] => theatre.asked(command);
  const button = (name: string | RegExp): ReturnType<Page['getByRole']> => page.getByRole('button', { name });
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };

  test('the first steps: dropped photos bring their step, and end in a first portrait', async () => {
    await open(scenes.emptyScene());
    expect(await page.getByRole('navigation', { name: 'Subjects' }).count()).toBe(0);
    await button('Continue').click();
    await page.getByRole('heading', { name: 'What this computer can do' }).waitFor();
    await page.locator('main').evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['x'], 'me.png', { type: 'image/png' }));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
    });
    await page.getByText('1 photo chosen').waitFor();
    await page.getByLabel('Name').fill('Mina');
    await page.getByLabel(/This is me/).check();
    await page.getByLabel(/Whose permission/).fill('Mina herself');
    await press('Enter');
    await page.getByText('Drawing a first sketch…').first().waitFor();
    expect(asked('subjects.create')).toMatchObject([{ name: 'Mina', hasConsent: true, consentNote: 'Mina herself' }]);
    await expect.poll(() => asked('portraits.create'), patiently).toMatchObject([{ adapterId: null, count: 1 }]);

    const sketch = portrait(7, { jobId: jobId(9), subjectId: subject(9).id });
    theatre.stage.emit({ type: 'portrait-added', portrait: sketch });
    await page.getByRole('img', { name: 'First sketch of Mina' }).waitFor();
    await button('See the photos').click();
    await page.getByRole('navigation', { name: 'Subjects' }).waitFor();
    expect(asked('settings.set')).toEqual([{ hasSeenWelcome: true }]);
  });

  test('the first steps are skipped for good, and shown again on request', async () => {
    await open(scenes.emptyScene());
    await button('Skip').click();
    await page.getByText('Nobody here yet').waitFor();
    await page.reload();
    await page.getByText('Nobody here yet').waitFor();
    await press('Control+,');
    await button('Show the first steps again').click();
    await page.getByRole('heading', { name: /Portraits of a person/ }).waitFor();
  });

  test('the wall by keys: arrows walk, Enter opens, the menu deletes, and the receipt can be copied', async () => {
    await open(scenes.fullScene());
    await press('s');
    await button(/^Ada\. 12 photos/).focus();
    await press('ArrowRight');
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    expect(focused).toMatch(/^Bo\..*No permission yet/);
    await press('Enter');
    await page.getByRole('heading', { name: 'Bo', level: 1 }).waitFor();

    await press('s');
    await button('More for Ada').focus();
    await press('Enter');
    await page.getByRole('menuitem', { name: 'Delete this subject…' }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await press('End', 'Enter');
    const dialog = page.getByRole('dialog', { name: 'Delete Ada?' });
    await dialog.getByLabel('Keep the portraits').check();
    await dialog.getByRole('button', { name: 'Delete for good' }).click();
    const receipt = page.getByRole('dialog', { name: 'Deleted for good' });
    await receipt.getByText('Portraits that were kept').waitFor();
    expect(asked('subjects.remove')).toEqual([{ subjectId: subjectId(1), keepPortraits: true }]);
    await receipt.getByRole('button', { name: 'Copy the receipt' }).click();
    await receipt.getByText('Receipt copied').waitFor();
    await receipt.getByRole('button', { name: 'Done' }).click();
    expect(await button(/^Ada/).count()).toBe(0);
  });

  test('whoever leaves a page that is still read is not taken back to it', async () => {
    await open(scenes.fullScene());
    await press('s');
    const held: Route[] = [];
    await page.route('**/api/photos.list', (route) => void held.push(route));
    await button(/^Bo\./).click();
    await page.getByRole('heading', { name: 'Bo', level: 1 }).waitFor();
    // what the page asks is heard of here a moment later
    await expect.poll(() => held.length, patiently).toBeGreaterThan(0);
    await press('s');
    await button('More for Ada').waitFor();
    // the last that is read of Bo; and what follows from it has two frames to be seen
    const answer = page.waitForResponse('**/api/photos.list');
    for (const route of held) await route.continue();
    await (await answer).finished();
    await page.evaluate(() => new Promise((resolve) => {
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    }));
    expect(await button('More for Ada').count()).toBe(1);
  });

  test('a wall of many is searched by name', async () => {
    const people = Array.from({ length: 12 }, (_, index) => ({ ...subject(index + 1), coverPhotoId: null }));
    await open({ ...scenes.fullScene(), subjects: people });
    await press('s');
    await page.getByRole('searchbox').fill('subject 12');
    await expect.poll(() => page.locator('main [data-tile]').count(), patiently).toBe(1);
    await page.getByRole('searchbox').fill('nobody');
    await page.getByText('Nobody is called “nobody”.').waitFor();
  });

  test('permission is withdrawn, undone and noted', async () => {
    await open(scenes.fullScene());
    // the note is slow on its way; what comes after it is to stay behind it
    await page.route('**/api/subjects.change', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await route.continue();
    }, { times: 1 });
    await page.getByLabel(/Whose permission/).fill('Ada, by letter');
    await page.getByLabel(/Whose permission/).blur();
    await button('Withdraw').click();
    await page.getByText('No permission given').waitFor();
    await press('Control+z');
    await page.getByText('Permission given').waitFor();
    expect(asked('subjects.change')).toMatchObject([
      { consentNote: 'Ada, by letter' }, { hasConsent: false }, { hasConsent: true },
    ]);
  });

  test('the queue is put in order by keys and by dragging, paused, tried again and cleared', async () => {
    await open(queued());
    await press('q');
    const drawer = page.getByRole('complementary', { name: 'Queue' });
    const order = async (): Promise<string[]> =>
      (await drawer.locator('.job', { has: page.locator('.grip') }).locator('.title').allInnerTexts());
    expect(await order()).toEqual(['21 portraits of Ada', '22 portraits of Ada', '23 portraits of Ada']);
    await drawer.getByRole('button', { name: 'Cancel: 23 portraits of Ada' }).focus();
    await press('Alt+ArrowUp');
    await expect.poll(order, patiently).toEqual(['21 portraits of Ada', '23 portraits of Ada', '22 portraits of Ada']);
    await drawer.locator('.job').nth(2).dragTo(drawer.locator('.job').nth(0), { targetPosition: { x: 60, y: 4 } });
    await expect.poll(order, patiently).toEqual(['22 portraits of Ada', '21 portraits of Ada', '23 portraits of Ada']);
    expect(asked('jobs.reorder').at(-1)).toEqual({ jobId: jobId(22), beforeJobId: jobId(21) });

    await drawer.getByRole('button', { name: 'Pause the queue' }).click();
    await drawer.getByText(/The queue is paused/).waitFor();
    await drawer.getByRole('button', { name: /^Try again/ }).first().click();
    await expect.poll(() => asked('jobs.retry').length, patiently).toBe(1);
    await drawer.getByRole('button', { name: 'Clear: Failed' }).click();
    await drawer.getByRole('heading', { name: /^Failed/ }).waitFor({ state: 'detached' });
  });

  test('settings by keys: a choice out of a list, switches, the library and the report', async () => {
    await open(scenes.fullScene());
    await press('Control+,');
    await page.getByLabel('Theme').focus();
    await press('Enter', 'ArrowDown', 'Enter');
    await expect.poll(() => page.locator('html').getAttribute('data-theme'), patiently).toBe('light');
    await page.getByRole('switch', { name: /Write “AI”/ }).focus();
    await press('Space');
    await expect.poll(() => asked('settings.set'), patiently).toEqual([{ theme: 'light' }, { visibleLabel: true }]);

    await button('Look at every file').click();
    await page.getByText(/All 412 files are whole/).waitFor();
    await button('Back up now').click();
    await page.locator('.notice').getByText('Backup made and verified').waitFor();
    await button('Show the report').click();
    await page.getByRole('dialog').getByText(/linux x64, 2 processor cores/).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  test('what a start had to mend is told, and read once', async () => {
    const recovery = {
      from: 'backup' as const, atMs: 2, backupAtMs: 1, subjects: 3, photos: 36, portraits: 180, looks: 4,
    };
    await open({ ...scenes.fullScene(), library: { ...library(), recovery } });
    const told = page.getByRole('alert', { name: 'Library' });
    await told.getByText('What came back: 3 people, 36 photos, 4 looks, 180 portraits. The broken file was put aside.')
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await told.getByRole('button', { name: 'Dismiss' }).click();
    await told.waitFor({ state: 'detached' });
  });

  test('twice as large text loses nothing, on the pages of the frame', async () => {
    await open(scenes.fullScene());
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    for (const keys of [['q'], ['q', 's'], ['Control+,']]) {
      await press(...keys);
      expect(await cutTexts(page), keys.join()).toEqual([]);
    }
  });

  test('on the desktop: files go over the bridge, the menu works the page, and the library moves', async () => {
    await open(scenes.fullScene(), bridgeScript);
    await page.locator('main').evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['x'], 'dropped.png', { type: 'image/png' }));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
    });
    await page.locator('main').getByText('Adding photos: 3 of 8').waitFor();
    expect(asked('photos.import')).toEqual([]);
    await button('Add photos').click();
    await page.evaluate(() => (window as never as { menu(action: string): void }).menu('settings'));
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await button('Move…').click();
    await page.getByText('Move the library to ~/Pictures?').waitFor();
    await page.getByRole('button', { name: 'Move', exact: true }).click();
    await page.locator('.notice').getByText('The library is now in ~/Pictures').waitFor();
    const calls = await page.evaluate(() => (window as never as { desktopCalls: string[] }).desktopCalls);
    expect(calls).toEqual(['importFiles 1', 'desktop.choosePhotos', 'desktop.chooseFolder', 'desktop.moveLibrary']);
  });

  test('a photo that was chosen for somebody new can be taken out again', async () => {
    await open(scenes.fullScene());
    await press('n');
    await page.locator('dialog input[type=file]').setInputFiles([asPicture, { ...asPicture, name: 'other.png' }]);
    await page.getByRole('dialog').getByText('2 photos chosen').waitFor();
    await button('Do not add other.png').click();
    await page.getByRole('dialog').getByText('1 photo chosen').waitFor();
  });
});
