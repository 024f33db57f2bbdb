// Faces worked by mouse and by keys: choosing one, near-duplicates, portraits drawn instantly with a pose, two people
// with their parts, before and after, licences; and what the studio is then asked for.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { FacePointsInPicture, RegionMask } from '../../src-main/contract/faces.ts';
import { adapterId, photoId, subjectId } from '../renderer/nouns.ts';
import { browserName, chromiumPath, cutTexts, patiently, smallWindow } from './browser.ts';
import { faceScene, lackingScene } from './face-scenes.ts';
import type { Scene } from './stage.ts';
import { useTheatre } from './theatre.ts';

interface Asked {
  instantly: { pose: { kind: string; points: FacePointsInPicture } };
  second: { mask: RegionMask };
  [field: string]: unknown;
}

describe.skipIf(!chromiumPath)(browserName, () => {
  const theatre = useTheatre();
  let page: Page;

  async function open(scene: Scene): Promise<void> {
    ({ page } = await theatre.open(scene));
  }

  const asked = (command: string): Asked[] => theatre.asked(command);
  const dragBy = async (selector: string, x: number, y: number): Promise<void> => {
    await page.locator(selector).scrollIntoViewIfNeeded();
    const box = (await page.locator(selector).boundingBox())!;
    const [startX, startY] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(startX, startY);
    await page.mouse.down();
    await page.mouse.move(startX + x, startY + y, { steps: 4 });
    await page.mouse.up();
  };
  async function openInstantly(): Promise<void> {
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('Instantly', { exact: true }).click();
    await page.getByLabel('What to draw').fill('{subject} at sea');
  }
  async function start(): Promise<Asked> {
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => asked('portraits.create').length, patiently).toBe(1);
    return asked('portraits.create')[0]!;
  }

  test('one of several faces is chosen by keys alone, and the choice is undone', async () => {
    await open(faceScene());
    await page.getByRole('button', { name: 'Choose face…: photo-3.jpg' }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Which face is it?' }).waitFor();
    await page.getByRole('button', { name: 'Face 1 of 3' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByText('Face chosen in photo-3.jpg').waitFor();
    await page.keyboard.press('Control+z');
    await page.locator('.notice').getByText('Undone').waitFor();
    expect(asked('photos.chooseFace')).toEqual([
      { photoId: photoId(3), faceIndex: 1 }, { photoId: photoId(3), faceIndex: null },
    ]);
  });

  test('a near-duplicate leads to the other photo, and can be kept in its place', async () => {
    await open(faceScene());
    await page.getByRole('list', { name: 'Photos of this subject' })
      .getByRole('button', { name: 'Show photo-2.jpg' }).click();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(/^photo-2\.jpg/);
    await page.getByRole('button', { name: 'Keep this one: photo-5.jpg' }).click();
    await page.getByText('Kept photo-5.jpg, left out photo-2.jpg').waitFor();
    expect(asked('photos.choose')).toEqual([
      { photoId: photoId(5), userChoice: 'use' }, { photoId: photoId(2), userChoice: 'leave-out' },
    ]);
  });

  test('photos say what they cover and what was measured', async () => {
    await open(faceScene());
    const coverage = page.getByRole('list', { name: 'What the photos cover' });
    await coverage.getByText('turned to the right of the picture: none yet').waitFor();
    await coverage.getByText('in little light: 1 photo').waitFor();
    await page.locator('[data-tile]').nth(3).click();
    await page.locator('aside').getByText('leans a little to the right').waitFor();
    await page.locator('aside').getByText('the eyes', { exact: true }).waitFor();
  });

  test('an instant portrait: points are dragged by mouse, and what is seen is asked for', async () => {
    await open(faceScene());
    await openInstantly();
    await page.getByRole('button', { name: 'Three-quarter right' }).click();
    const stageBox = (await page.locator('.pose .stage').boundingBox())!;
    const before = await page.locator('.spot.point-2').boundingBox();
    await dragBy('.spot.point-2', stageBox.width * 0.1, 0);
    const after = await page.locator('.spot.point-2').boundingBox();
    expect((after!.x - before!.x) / stageBox.width).toBeCloseTo(0.1, 1);
    await dragBy('.spot.grip', -stageBox.width * 0.05, stageBox.height * 0.1);
    await page.getByLabel('Likeness', { exact: true }).fill('1.1');
    const { instantly, adapterId: look, settings } = await start();
    expect([look, instantly.pose.kind, settings]).toEqual([null, 'points', { imageStrength: 1.1 }]);
    const [left, right, nose] = instantly.pose.points;
    expect(nose.x - (left.x + right.x) / 2).toBeGreaterThan(0.12);
    expect(nose.x).toBeCloseTo((after!.x + 12 - stageBox.x) / stageBox.width - 0.05, 1);
  });

  test('a pose is made by keys alone: a point, the head, its size and tilt, and the sliders', async () => {
    await open(faceScene());
    await openInstantly();
    await page.getByRole('radio', { name: 'Placed by hand' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: /^Nose: 50 % from the left/ }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: /^Nose: 51 % from the left/ }).waitFor();
    await page.getByRole('button', { name: /^Whole head: 50 %/ }).focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('+');
    await page.keyboard.press(']');
    await page.keyboard.press(']');
    expect(await page.getByLabel('Tilt', { exact: true }).inputValue()).toBe('4');
    await page.getByLabel('Turn', { exact: true }).focus();
    for (let presses = 0; presses < 12; presses++) await page.keyboard.press('ArrowLeft');
    const { instantly } = await start();
    const [left, right, nose, mouthLeft, mouthRight] = instantly.pose.points;
    expect(nose.x).toBeLessThan((left.x + right.x) / 2);
    expect((left.x + right.x + mouthLeft.x + mouthRight.x) / 4).toBeCloseTo(0.45, 1);
    expect(right.y).toBeGreaterThan(left.y);
  });

  test('a pose from a photo shows the photo behind the points; free asks for no pose', async () => {
    await open(faceScene());
    await openInstantly();
    await page.getByRole('button', { name: 'Pose of photo-1.jpg' }).click();
    await page.locator('.pose .stage img').waitFor();
    await page.getByRole('button', { name: 'Pose of photo-1.jpg', pressed: true }).waitFor();
    await page.getByText('Free', { exact: true }).click();
    expect((await start()).instantly).toEqual({ pose: { kind: 'none' } });
  });

  test('two people: a line by keys, a brush by mouse, sides changed, and a place in the prompt', async () => {
    await open(faceScene());
    await openInstantly();
    await page.getByLabel('Second person').selectOption({ label: 'Bo' });
    const line = page.getByRole('slider', { name: 'Line between the two' });
    await line.focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('ArrowUp');
    expect(await line.getAttribute('aria-valuetext')).toBe('45 % from the left, tilted by 2°');
    await dragBy('.where .grip', 40, 0);
    expect(Number(await line.getAttribute('aria-valuenow'))).toBeGreaterThan(50);
    await page.getByRole('button', { name: 'Change sides' }).click();
    await page.getByRole('button', { name: 'Paint Ada' }).click();
    const box = (await page.locator('.where .stage').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.5);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.6, { steps: 3 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Insert {subject2}' }).click();
    const { second, prompts } = await start();
    expect(second).toMatchObject({ subjectId: subjectId(2), adapterId: null, pose: { kind: 'reference' } });
    expect(prompts).toEqual(['{subject} and {subject2} at sea']);
    const at = (x: number, y: number): number => second.mask.values[Math.floor(y * 32) * 32 + Math.floor(x * 32)]!;
    expect([at(0.05, 0.05), at(0.2, 0.55), at(0.95, 0.95)]).toEqual([1, 0, 0]);
  });

  test('without instant drawing two people need a look each', async () => {
    await open(faceScene());
    await page.keyboard.press('c');
    await page.getByLabel('What to draw').fill('x');
    await page.getByLabel('Second person').selectOption({ label: 'Bo' });
    await page.getByText('Choose a look for the second person, or Instantly.').waitFor();
    await page.getByLabel('Look of Bo').selectOption({ label: 'Bo, quick likeness' });
    expect((await start()).second).toMatchObject({ subjectId: subjectId(2), adapterId: adapterId(7) });
  });

  test('a model that lacks parts says which, and does not draw', async () => {
    await open(lackingScene());
    await openInstantly();
    await page.getByLabel('Model', { exact: true }).selectOption({ label: 'SDXL base 1.0' });
    await page.getByText('InstantID (InstantID IdentityNet): 2.5 GB, for research only.').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: 'Open Models' }).click();
    await page.getByRole('heading', { name: 'Models', exact: true }).waitFor();
    expect(asked('portraits.create')).toEqual([]);
  });

  test('likeness is in words with its range; before and after lie under a slider; settings are taken', async () => {
    await open(faceScene());
    await page.getByRole('button', { name: /^Portraits/ }).click();
    await page.getByLabel('Sort').selectOption('likeness');
    await page.getByRole('gridcell', { name: 'Portrait 4 of 4, not alike 0.08' }).waitFor();
    const tile = page.getByRole('gridcell', { name: 'Portrait 1 of 4, like photos of her 0.61' });
    await tile.dblclick();
    const details = page.locator('dialog .details');
    await details.getByText('as alike as two photos of her').waitFor();
    await details.getByText('0.50 to 0.68').first().waitFor();
    await details.getByText('Measured by the built-in face networks').first().waitFor();
    await page.getByRole('button', { name: 'Compare with before' }).click();
    const slider = page.getByLabel('How much of the picture shows it as it was before');
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    expect(await slider.inputValue()).toBe('51');
    const { width } = (await page.locator('dialog .before').boundingBox())!;
    expect(await page.locator('dialog .before').evaluate((image) => getComputedStyle(image).clipPath)).toContain('49%');
    expect(width).toBeGreaterThan(200);
    await details.getByRole('button', { name: 'Use these settings' }).click();
    await page.getByRole('button', { name: /^Nose: 52 %/ }).waitFor();
    expect(await page.getByLabel('Second person').inputValue()).toBe(subjectId(3));
  });

  test('Teach’s first card leads to Create, ready to draw instantly', async () => {
    await open(faceScene());
    await page.keyboard.press('t');
    await page.getByRole('button', { name: /^Instantly/ }).click();
    await page.getByRole('radio', { name: 'Instantly', checked: true }).waitFor();
    const looks = page.getByRole('group', { name: 'A look as well' });
    expect(await looks.getByRole('checkbox', { name: 'None, the photos alone' }).isChecked()).toBe(true);
  });

  test('nothing is lost at twice the size of text in the smallest window', async () => {
    ({ page } = await theatre.open(lackingScene(), { size: smallWindow }));
    await page.evaluate(() => void (document.documentElement.style.fontSize = '200%'));
    expect(await cutTexts(page), 'photos').toEqual([]);
    await openInstantly();
    await page.getByRole('button', { name: 'Three-quarter right' }).click();
    await page.getByLabel('Second person').selectOption({ label: 'Bo' });
    await page.getByText('Advanced', { exact: true }).click();
    expect(await cutTexts(page), 'create').toEqual([]);
    await page.getByRole('button', { name: 'Models' }).click();
    expect(await cutTexts(page), 'models').toEqual([]);
    await page.getByRole('button', { name: 'Ada' }).first().click();
    await page.locator('[data-tile]').nth(3).dblclick();
    expect(await cutTexts(page), 'large view').toEqual([]);
  });

  test('models say what instant portraits need; a licence is accepted before its networks are used', async () => {
    await open(lackingScene());
    await page.getByRole('button', { name: 'Models' }).click();
    const needs = page.locator('.needs').first();
    expect(await needs.innerText()).toMatch(/Instantly needs:[^]*SDXL base[^]*InstantID IdentityNet[^]*2\.5 GB/);
    const engine = page.getByRole('radio', { name: /^antelopev2/ });
    expect(await engine.isDisabled()).toBe(true);
    await page.getByLabel(/I have read the licence and accept it: InsightFace/).first().check();
    await engine.check();
    expect(asked('licenses.accept')).toEqual([{ licenseId: 'insightface-models', isAccepted: true }]);
    await expect.poll(() => asked('settings.set'), patiently).toEqual([{ faceEngine: 'antelopev2' }]);
    await page.getByText('likeness models add PATH').waitFor();
  });
});
