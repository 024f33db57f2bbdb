// The main process from its first line to quitting, bundled as it ships, with Electron stood in for and everything
// else real: the studio, its database, the built page's files on disk.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { externalPackages } from '../../src-main/app/launch/build.ts';
import { electronStandIn } from './electron-stand-in.ts';

const root = join(import.meta.dirname, '..', '..');
const cache = join(root, 'node_modules', '.cache');
const electron = electronStandIn();
let project: string;

/** Builds main.mjs with the stand-in for Electron, into a folder laid out like the project. */
async function layOut(): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'likeness-main-'));
  mkdirSync(join(folder, 'dist', 'renderer'), { recursive: true });
  writeFileSync(join(folder, 'dist', 'renderer', 'index.html'), '<!doctype html>the page');
  symlinkSync(join(root, 'resources'), join(folder, 'resources'), 'junction');
  const names = Object.keys(electron.module).map((name) => `export const ${name} = electron.${name};`);
  await build({
    entryPoints: { main: join(root, 'src-main', 'app', 'main.ts') },
    outdir: join(folder, 'dist', 'app'), outExtension: { '.js': '.mjs' },
    bundle: true, platform: 'node', format: 'esm', target: 'node24', logLevel: 'warning',
    external: externalPackages.filter((name) => name !== 'electron'),
    plugins: [{
      name: 'electron-stand-in',
      setup: (builder) => {
        builder.onResolve({ filter: /^electron$/ }, () => ({ path: 'electron', namespace: 'stand-in' }));
        const contents = `const electron = globalThis.electronStandIn;\n${names.join('\n')}`;
        builder.onLoad({ filter: /.*/, namespace: 'stand-in' }, () => ({ contents }));
      },
    }],
  });
  return folder;
}

beforeAll(async () => {
  project = await layOut();
  vi.stubEnv('LIKENESS_LIBRARY', join(project, 'library'));
  vi.stubGlobal('electronStandIn', electron.module);
  await import(pathToFileURL(join(project, 'dist', 'app', 'main.mjs')).href);
  await vi.waitUntil(() => electron.windows.length > 0 || electron.errors.length > 0, { timeout: 60_000 });
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const page = () => electron.windows[0]!.webContents;
const ownFrame = { url: 'app://ui/index.html', parent: null };
const call = (sender: unknown, frame: unknown, command: string, request: unknown) =>
  electron.calls.get('likeness:call')!(
    { sender, senderFrame: frame } as never, command as never, request as never,
  ) as Promise<{ ok: boolean; result?: unknown; error?: { code: string } }>;

test('one window opens, shut on every side, and nothing went wrong', () => {
  expect(electron.errors).toEqual([]);
  expect(electron.windows).toHaveLength(1);
  const preferences = electron.windows[0]!.options['webPreferences'];
  expect(preferences).toMatchObject({ contextIsolation: true, sandbox: true, nodeIntegration: false });
  expect(electron.schemes).toEqual([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
});

test('every permission but copying is refused', () => {
  const { sessionHandlers } = electron;
  const decisions: boolean[] = [];
  const request = sessionHandlers.get('setPermissionRequestHandler')!;
  for (const permission of ['media', 'openExternal', 'clipboard-sanitized-write']) {
    request(page() as never, permission as never, ((isGranted: boolean) => decisions.push(isGranted)) as never);
  }
  expect(decisions).toEqual([false, false, true]);
  expect(sessionHandlers.get('setPermissionCheckHandler')!(null as never, 'media' as never)).toBe(false);
  expect(sessionHandlers.get('setDevicePermissionHandler')!()).toBe(false);
});

test('the page goes nowhere and opens nothing', () => {
  const isPrevented = (name: string, url: string): boolean => {
    const preventDefault = vi.fn();
    page().emit(name, { url, preventDefault });
    return preventDefault.mock.calls.length > 0;
  };
  for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate', 'will-attach-webview']) {
    expect(isPrevented(name, 'https://example.com/'), name).toBe(true);
  }
  expect(isPrevented('will-navigate', 'app://ui/index.html')).toBe(false);
  expect(page().openHandler?.({ url: 'app://ui/index.html' })).toEqual({ action: 'deny' });
});

test('the page is served over its own scheme, and nothing beside it', async () => {
  const get = (url: string) => electron.handlers.get('app')!(new Request(url) as never) as Promise<Response>;
  expect(await (await get('app://ui/index.html')).text()).toBe('<!doctype html>the page');
  expect((await get('app://ui/../../package.json')).status).toBe(404);
  expect((await get(`app://ui/media/photo/${'0'.repeat(32)}`)).status).toBe(404);
});

test('the page’s calls reach the studio, strangers’ do not, and events come back', async () => {
  const made = await call(page(), ownFrame, 'subjects.create', { name: 'Ada', hasConsent: true });
  expect(made).toMatchObject({ ok: true, result: { name: 'Ada' } });
  expect(page().sent).toContainEqual(['likeness:event', expect.objectContaining({ type: 'subject-changed' })]);

  const strangers: [unknown, unknown][] = [
    [page(), null],
    [page(), { ...ownFrame, parent: {} }],
    [page(), { ...ownFrame, url: 'https://example.com/' }],
    [{ id: 99 }, ownFrame],
  ];
  for (const [sender, frame] of strangers) {
    const refused = await call(sender, frame, 'subjects.list', {});
    expect(refused.error?.code).toBe('app.sender-refused');
  }
});

test('quitting waits for the studio to close, once', async () => {
  const preventDefault = vi.fn();
  electron.app.emit('will-quit', { preventDefault });
  expect(preventDefault).toHaveBeenCalledTimes(1);
  await vi.waitUntil(() => electron.app.quits > 0, { timeout: 60_000 });
  electron.app.emit('will-quit', { preventDefault });
  expect(preventDefault).toHaveBeenCalledTimes(1);
});
