// The page worked by keys alone, and what happens around it: focus, undo, retry, dropping, pasting, a lost studio.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
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

  const focusedTile = (): Promise<number> => page.evaluate(() =>
    [...document.querySelectorAll('[data-tile]')].indexOf(document.activeElement as HTMLElement));
  const asked = (command: string): unknown[] => theatre.asked(command);
  /** Presses Tab until the element with this text or label has focus. */
  async function tabTo(name: string | RegExp): Promise<void> {
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press('Tab');
      const label = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        return element?.getAttribute('aria-label') ?? element?.innerText ?? '';
      });
      if (typeof name === 'string' ? label.trim() === name : name.test(label)) return;
    }
    throw new Error(`Tab never reached ${String(name)}.`);
  }

  test('photos: arrows walk, Space opens, Esc gives focus back, X leaves out, Ctrl Z undoes', async () => {
    await open(scenes.fullScene());
    await tabTo(/^photo-1\.jpg/);
    await page.keyboard.press('ArrowRight');
    expect(await focusedTile()).toBe(1);
    await page.keyboard.press('ArrowDown');
    expect(await focusedTile()).toBe(4);

    await page.keyboard.press('Space');
    await page.locator('dialog .stage img').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await focusedTile()).toBe(4);

    await page.keyboard.press('x');
    await page.locator('.notice').getByText('Left out photo-5.jpg').waitFor();
    await page.keyboard.press('Control+z');
    await page.locator('.notice').getByText('Undone').waitFor();
    expect(asked('photos.choose')).toMatchObject([{ userChoice: 'leave-out' }, { userChoice: null }]);
  });

  test('the focus ring is there and is the accent', async () => {
    await open(scenes.fullScene());
    await tabTo('Models');
    const ring = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement!);
      return `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}`;
    });
    expect(ring).toBe('solid 2px rgb(226, 165, 74)');
  });

  test('panels open and close by key, letters stay letters in a field', async () => {
    await open(scenes.fullScene());
    await page.keyboard.press('?');
    await page.locator('dialog kbd').first().waitFor();
    await page.keyboard.press('Escape');
    // keys belong to the sheet until it is gone
    await page.locator('dialog kbd').first().waitFor({ state: 'hidden' });
    await page.keyboard.press('q');
    await page.getByRole('complementary', { name: 'Queue' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+b');
    expect(await page.getByRole('navigation', { name: 'Subjects' }).count()).toBe(0);

    await page.keyboard.press('c');
    await page.getByLabel('What to draw').focus();
    await page.keyboard.type('a quiet cabin in tints of blue?');
    expect(await page.getByLabel('What to draw').inputValue()).toBe('a quiet cabin in tints of blue?');
    expect(await page.getByRole('complementary', { name: 'Queue' }).count()).toBe(0);
  });

  test('portraits: Enter opens, arrows go on, Delete removes there too, and undo is at hand', async () => {
    await open(scenes.fullScene());
    await page.getByRole('button', { name: /^Portraits/ }).focus();
    await page.keyboard.press('Enter');
    await tabTo(/^Portrait 1 of 60/);
    await page.keyboard.press('Enter');
    await page.locator('dialog .bar').getByText('1 of 60').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.locator('dialog .bar').getByText('2 of 60').waitFor();
    await page.keyboard.press('Delete');
    await page.locator('dialog .bar').getByText('2 of 59').waitFor();
    await page.locator('dialog .notice').getByRole('button', { name: 'Undo' }).click();
    await page.locator('dialog .bar').getByText('3 of 60').waitFor();
    const removed = [scenes.manyPortraits[58]!.id];
    expect(asked('portraits.remove')).toMatchObject([{ portraitIds: removed }, { restore: true }]);
  });

  test('a refusal says what happened, what is safe and what to do, and can be tried again', async () => {
    await open(scenes.failingScene());
    await page.keyboard.press('t');
    await tabTo('Teach another look');
    await page.keyboard.press('Enter');
    await tabTo('Teach this face');
    await page.keyboard.press('Enter');
    const notice = page.locator('.notice.error');
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(/disk is full[^]*Free some space[^]*is kept/);
    await notice.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => asked('looks.teach').length, patiently).toBe(2);
  });

  test('dropped and pasted pictures are added to the subject', async () => {
    await open(scenes.failingScene());
    await page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['x'], 'dropped.png', { type: 'image/png' }));
      window.dispatchEvent(new DragEvent('dragenter', { dataTransfer: transfer }));
    });
    await page.getByText('Let go to add the photos').waitFor();
    await page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['x'], 'dropped.png', { type: 'image/png' }));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
      window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, cancelable: true }));
    });
    await expect.poll(() => asked('photos.import').length, patiently).toBe(2);
    expect(asked('photos.import')).toMatchObject([{ fileName: 'dropped.png' }, { fileName: 'dropped.png' }]);
    await page.locator('.refused li').nth(1).waitFor();
  });

  test('live progress moves the bar, the step and the curve', async () => {
    await open(scenes.teachingScene());
    await page.keyboard.press('t');
    const job = scenes.teachingScene().jobs![0]!;
    theatre.stage.emit({
      type: 'job-progress', jobId: job.id, lossPoints: [{ step: 240, loss: 0.01 }],
      progress: { phase: 'teaching', step: 240, steps: 300, loss: 0.01, etaSeconds: 30 },
    });
    await page.locator('main').getByText('step 240/300 · 30 s left').waitFor();
    expect(await page.locator('main [role=progressbar]').getAttribute('aria-valuenow')).toBe('80');
    await page.getByText('Step 240', { exact: true }).waitFor();
  });

  test('a fallback is told in the status bar, with a why', async () => {
    await open({ ...scenes.longScene(), settings: { provider: 'webgpu' } });
    const device = page.locator('footer .device');
    expect(await device.innerText()).toContain('not the device you asked for');
    await device.click();
    expect(await page.locator('dialog').innerText()).toContain('the driver of this graphics card is too old');
  });

  test('a studio that has gone is told', async () => {
    await open(scenes.fullScene());
    await theatre.stage.server.close();
    await page.locator('footer').getByText(/does not answer/).waitFor();
  });
});
