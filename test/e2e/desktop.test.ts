// The desktop app itself: it opens on our own page, the page has the studio and nothing else, and no door is open.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron } from 'playwright-core';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findElectron } from '../../src-main/app/launch/electron-binary.ts';

const root = join(import.meta.dirname, '..', '..');
const userFolder = mkdtempSync(join(tmpdir(), 'likeness-desktop-'));
const complaints: string[] = [];
let desktop: ElectronApplication;
let page: Page;

beforeAll(async () => {
  const executablePath = findElectron(root);
  if (executablePath === undefined) throw new Error('Electron’s binary is not here.');
  desktop = await _electron.launch({
    executablePath,
    args: [root, `--user-data-dir=${userFolder}`],
    env: {
      ...(process.env as Record<string, string>),
      LIKENESS_NODE: process.execPath,
      LIKENESS_LIBRARY: join(userFolder, 'library'),
    },
  });
  page = await desktop.firstWindow();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.waitForLoadState('load');
});

afterAll(async () => {
  await desktop?.close();
  rmSync(userFolder, { recursive: true, force: true });
});

test('opens on our own page, which shows the studio', async () => {
  expect(page.url()).toBe('app://ui/index.html');
  await page.locator('#studio > *').first().waitFor();
});

test('the page has the studio’s bridge and nothing of Node', async () => {
  const found = await page.evaluate(`({
    bridge: Object.keys(window.likeness).sort(),
    node: [typeof require, typeof process, typeof module, typeof Buffer],
  })`);
  const bridge = ['call', 'importFiles', 'startDrag', 'subscribe', 'subscribeDesktop'];
  expect(found).toEqual({ bridge, node: Array(4).fill('undefined') });
});

test('a subject that is made is there', async () => {
  const subjects = await page.evaluate(`(async () => {
    await window.likeness.call('subjects.create', { name: 'Ada', hasConsent: true });
    return window.likeness.call('subjects.list', {});
  })()`);
  expect(subjects).toMatchObject({ ok: true, result: [{ name: 'Ada' }] });
});

test('no way out: no network, no window, no navigation, no file', async () => {
  const attempts = await page.evaluate(`Promise.all([
    fetch('https://example.com').then(() => 'open', () => 'shut'),
    fetch('file:///etc/hosts').then(() => 'open', () => 'shut'),
    fetch('app://ui/../package.json').then((answer) => answer.ok ? 'open' : 'shut', () => 'shut'),
    Promise.resolve(window.open('about:blank') === null ? 'shut' : 'open'),
  ])`);
  expect(attempts).toEqual(Array(4).fill('shut'));
  await page.evaluate(`void (location.href = 'https://example.com')`).catch(() => undefined);
  expect(page.url()).toBe('app://ui/index.html');
});

test('the page has no name looked up, and its session keeps nothing on the disk', async () => {
  const found = await desktop.evaluate(async ({ app, BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    const { session } = window!.webContents;
    const lookedUp = await session.resolveHost('localhost.example').then(() => true, () => false);
    const rules = app.commandLine.getSwitchValue('host-resolver-rules');
    return { lookedUp, isPersistent: session.isPersistent(), rules };
  });
  expect(found).toEqual({ lookedUp: false, isPersistent: false, rules: 'MAP * ~NOTFOUND' });
});

test('every permission is refused to the page, save copying', async () => {
  const asked = await page.evaluate(`Promise.all([
    navigator.permissions.query({ name: 'camera' }).then(({ state }) => state),
    navigator.permissions.query({ name: 'geolocation' }).then(({ state }) => state),
    navigator.permissions.query({ name: 'notifications' }).then(({ state }) => state),
    navigator.clipboard.readText().then(() => 'granted', () => 'denied'),
  ])`);
  expect(asked).toEqual(Array(4).fill('denied'));
});

test('a menu item reaches the page, in the language of the page', async () => {
  const labels = () => desktop.evaluate(({ Menu }) => Menu.getApplicationMenu()!.items.map(({ label }) => label));
  const heard = page.evaluate(`new Promise((resolve) => window.likeness.subscribeDesktop(resolve))`);
  await desktop.evaluate(({ Menu }) => Menu.getApplicationMenu()!.getMenuItemById('shortcuts')!.click());
  expect(await heard).toEqual({ type: 'menu', action: 'shortcuts' });
  await page.evaluate(`window.likeness.call('settings.set', { language: 'zh-Hans' })`);
  expect(await labels()).toContain('文件');
  await page.evaluate(`window.likeness.call('settings.set', { language: 'en' })`);
  expect(await labels()).toContain('File');
});

test('a window whose process ends is opened again', async () => {
  await desktop.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]!.webContents.forcefullyCrashRenderer();
  });
  const isBack = () => desktop.evaluate(({ BrowserWindow }) => {
    const { webContents } = BrowserWindow.getAllWindows()[0]!;
    return !webContents.isCrashed() && !webContents.isLoading();
  });
  await expect.poll(isBack, { timeout: 30_000 }).toBe(true);
});

test('the window’s switches are the safe ones', async () => {
  const preferences = await desktop.evaluate(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    const contents = window?.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
    return contents.getLastWebPreferences();
  });
  const { contextIsolation, sandbox, nodeIntegration, webSecurity } = preferences;
  expect([contextIsolation, sandbox, nodeIntegration, webSecurity]).toEqual([true, true, false, true]);
});

test('the page’s own security policy was never violated by the page', () => {
  expect(complaints.filter((text) => /Content Security Policy/.test(text) && !/example\.com/.test(text))).toEqual([]);
});
