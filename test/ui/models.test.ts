// Models from elsewhere worked by mouse and by keys: fetching with licences, downloads in the queue, folders and VAEs
// of one's own, LoRAs beside a look, memory that is short, the machine.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { cuda, download, foundId } from '../renderer/model-nouns.ts';
import { pack, subjectId } from '../renderer/nouns.ts';
import { browserName, chromiumPath, cutTexts, patiently } from './browser.ts';
import { bridgeScript } from './desktop-bridge.ts';
import { modelScene, ownPack, shortScene } from './model-scenes.ts';
import type { Scene } from './stage.ts';
import { useTheatre } from './theatre.ts';

describe.skipIf(!chromiumPath)(browserName, () => {
  const theatre = useTheatre();
  let page: Page;

  async function open(scene: Scene, script?: string): Promise<void> {
    ({ page } = await theatre.open(scene, script === undefined ? {} : { script }));
  }
  const asked = (command: string): Record<string, unknown>[] => theatre.asked(command);
  const button = (name: string | RegExp): ReturnType<Page['getByRole']> => page.getByRole('button', { name });
  const openModels = async (): Promise<void> => button('Models').click();

  test('what is missing for portraits without teaching is fetched by keys, each licence first', async () => {
    const scene = { ...modelScene(), freeBytes: 1_000_000_000 };
    await open(scene);
    await openModels();
    await button('Get: InstantID').click();
    const dialog = page.getByRole('dialog', { name: 'Get InstantID' });
    await dialog.getByText(/^The disk has no room for it: 3\.\d GB are lacking/).waitFor();
    expect(await dialog.getByRole('button', { name: /^Download/ }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    scene.freeBytes = 84_000_000_000;
    await button('Settings').click();
    await openModels();
    await button(/^Get what is missing/).focus();
    await page.keyboard.press('Enter');
    // a model of its family is there already, so that SDXL itself need not come
    expect(await dialog.getByLabel(/SDXL base 1.0/).isChecked()).toBe(false);
    const start = dialog.getByRole('button', { name: /^Download/ });
    await dialog.getByText('Accept each licence first.').waitFor();
    expect(await start.isDisabled()).toBe(true);
    for (const box of await dialog.getByLabel(/I have read the licence/).all()) {
      await box.focus();
      await page.keyboard.press('Space');
    }
    await dialog.getByText('4.4 GB to download, 84.0 GB free on the disk').waitFor();
    await start.focus();
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(asked('licenses.accept').map(({ licenseId }) => licenseId)).toEqual([
      'insightface-models', 'instantid-weights',
    ]);
    await expect.poll(() => asked('models.get'), patiently).toEqual([
      { modelId: 'antelopev2' }, { modelId: 'instantid' },
    ]);
  });

  test('while only the sketch model is here, Create and Teach say that there are larger ones', async () => {
    const scene = { ...modelScene(), packs: [pack()], looks: [] };
    await open({ ...scene, catalogue: scene.catalogue.map((each) => ({ ...each, download: null })) });
    await button('Teach').first().click();
    await page.getByText(/^This is the small sketch model/).waitFor();
    theatre.stage.emit({ type: 'model-changed', model: scene.catalogue.find(({ id }) => id === 'sdxl-base')! });
    await button('Create').first().click();
    await page.locator('main').getByText('Downloading SDXL base 1.0, 24 %.').waitFor();
    await page.locator('main').getByRole('button', { name: 'Open Models' }).click();
    await page.getByRole('heading', { name: 'Get models' }).waitFor();
  });

  test('a download is seen in the status bar, paused in the queue, and discarded only after a question', async () => {
    await open(modelScene());
    await page.getByText('Downloading SDXL base 1.0, 24 %').waitFor();
    const base = modelScene().catalogue!.find(({ id }) => id === 'sdxl-base')!;
    theatre.stage.emit({
      type: 'model-changed', model: { ...base, download: download({ bytesDone: 3_469_039_167, etaSeconds: 60 }) },
    });
    await page.getByText('Downloading SDXL base 1.0, 50 %').waitFor();
    await page.keyboard.press('q');
    const queue = page.getByRole('complementary', { name: 'Queue' });
    await queue.getByText(/3\.5 GB of 6\.9 GB · 24\.0 MB a second · 60 s left/).waitFor();
    await queue.getByText('huggingface.co ended the connection.').waitFor();
    await queue.getByRole('button', { name: 'Pause: SDXL base 1.0' }).click();
    await queue.getByRole('button', { name: 'Discard: SDXL base 1.0' }).click();
    await queue.getByRole('group', { name: /^Discard the 1.7 GB/ }).waitFor();
    // the safe answer has the keyboard
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Keep');
    await queue.getByRole('group', { name: /^Discard the 1.7 GB/ }).getByRole('button', { name: 'Discard' }).click();
    await expect.poll(() => asked('models.cancel'), patiently).toEqual([{ modelId: 'sdxl-base' }]);
    await queue.getByRole('button', { name: 'Discard: SDXL base 1.0' }).waitFor({ state: 'detached' });
  });

  test('one’s own models: what cannot be used says why, a VAE is chosen, a folder added and forgotten', async () => {
    await open(modelScene(), bridgeScript);
    await openModels();
    await button('Not usable').click();
    await page.getByText('It is Flux, which is no Stable Diffusion.').waitFor();
    expect(await page.getByText('rim-light').count()).toBe(0);
    await page.getByLabel(`VAE of ${ownPack.name}`).selectOption({ label: 'vae-ft-mse-840000' });
    await page.locator('.notice').getByText(/has another VAE now/).waitFor();
    expect(asked('models.setVae')).toEqual([{ packId: ownPack.id, foundId: foundId(2) }]);
    await button('Add a folder…').click();
    await page.locator('.notice').getByText('Reading /media/models').waitFor();
    await button('Forget: ~/ComfyUI').click();
    await page.locator('.notice').getByText(/Forgot ~\/ComfyUI/).waitFor();
    await button('Another place…').click();
    await page.locator('.notice').getByText('Downloads are now kept in /media/downloads').waitFor();
    await button(/Read the whole text: MIT/).click();
    const calls = await page.evaluate(() => (window as never as { desktopCalls: string[] }).desktopCalls);
    expect(calls).toEqual(['desktop.chooseModels', 'desktop.chooseModelStore', 'desktop.openLicense']);
    expect(asked('models.forgetFolder')).toEqual([{ folderId: foundId(1) }]);
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    expect(await cutTexts(page)).toEqual([]);
  });

  test('a LoRA of one’s own is chosen, called by its word, and asked for with its strength', async () => {
    await open(modelScene());
    await button('Create').first().click();
    await page.getByRole('group', { name: 'Your LoRAs and embeddings' }).getByRole('button', { name: 'Add…' }).click();
    const dialog = page.getByRole('dialog', { name: 'LoRAs and embeddings' });
    await dialog.getByText('1 file for other families is not shown.').waitFor();
    await dialog.getByLabel(/film-grain/).check();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByLabel('Strength of film-grain').fill('0.6');
    await button('Put kodak into the prompt').click();
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => asked('portraits.create'), patiently).toMatchObject([
      { subjectId: subjectId(), prompts: ['kodak,'], addOns: [{ foundId: foundId(3), strength: 0.6 }] },
    ]);
  });

  test('what does not fit is refused in words, and what helps is one button away', async () => {
    const scene = shortScene();
    await open(scene);
    await page.getByRole('button', { name: 'Teach', exact: true }).click();
    await page.getByLabel('Model', { exact: true }).selectOption({ label: ownPack.name });
    await page.getByText('This does not fit: it needs 14.2 GB, and 8.0 GB are there.').waitFor();
    const start = page.getByRole('button', { name: 'Teach this face' });
    expect(await start.isDisabled()).toBe(true);
    delete scene.memory;
    await button(/^Do this: 768 pixels/).click();
    await page.getByText('Needs 7.4 GB of your 12.0 GB of graphics memory').first().waitFor();
    await start.click();
    await expect.poll(() => asked('looks.teach'), patiently).toMatchObject(
      [{ packId: ownPack.id, settings: { resolutionPx: 768 } }]);
  });

  test('the machine is looked at once, and tried again when asked', async () => {
    await open(modelScene());
    await page.keyboard.press('Control+,');
    await button('Test again').click();
    await expect.poll(() => asked('machine.examine'), patiently).toEqual([{ isAnew: false }, { isAnew: true }]);
    await page.getByText('10 of 11 trials right, 1 refused').click();
    await button('Only those that are not right').click();
    await expect.poll(() => page.locator('tbody tr:visible').count(), patiently).toBe(1);
    await page.getByLabel('Number type').click();
    await page.getByRole('option', { name: '32-bit (float32)' }).click();
    await expect.poll(() => asked('settings.set'), patiently).toEqual([{ precision: 'float32' }]);
  });

  test('CUDA’s libraries: licences first, then how far they are, what came of it, and away with them', async () => {
    const tell = (changes: Parameters<typeof cuda>[0]) =>
      theatre.stage.emit({ type: 'cuda-libraries', libraries: cuda({ isFetched: true, ...changes }) });
    await open(modelScene());
    await page.keyboard.press('Control+,');
    await button('Get them, 1.4 GB: CUDA’s libraries').click();
    await page.getByText(/About 1\.4 GB come from NuGet .+ in ~\/\.local\/share\/likeness-cuda/).waitFor();
    expect(await button('Download 1.4 GB').isDisabled()).toBe(true);
    for (const box of await page.getByLabel('I have read the licence and accept it').all()) await box.check();
    await button('Download 1.4 GB').click();
    await expect.poll(() => asked('machine.getCudaLibraries'), patiently).toEqual([{}]);
    expect(asked('licenses.accept').map(({ licenseId }) => licenseId)).toEqual(['nvidia-cuda', 'nvidia-cudnn']);
    tell({ state: 'fetching', bytesDone: 700_000_000 });
    await page.getByText('700 MB of 1.4 GB').waitFor();
    await button('Pause: CUDA’s libraries').click();
    await button('Go on: CUDA’s libraries').waitFor();
    const note = 'Other programs have taken the card’s memory. Close them, and try again.';
    tell({ state: 'failed', note, bytesDone: 1_430_000_000 });
    await page.getByText(note).waitFor();
    await button('Try again: CUDA’s libraries').waitFor();
    await button('Remove: CUDA’s libraries').click();
    await page.getByRole('group', { name: /^Remove CUDA’s libraries/ }).getByRole('button', { name: 'Remove' }).click();
    await expect.poll(() => asked('machine.removeCudaLibraries'), patiently).toEqual([{}]);
    await button('Get them, 1.4 GB: CUDA’s libraries').waitFor();
  });
});
