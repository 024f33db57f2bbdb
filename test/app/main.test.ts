// TRUST by item, on the main process as it ships: what the window may do, where it may go, who is heard, and that
// every other door is shut. Electron is stood in for, everything else is real.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type LaunchedApp, launchApp, ownFrame } from './launched-app.ts';

let app: LaunchedApp;
beforeAll(async () => {
  app = await launchApp();
});
afterAll(() => app.end());

const page = () => app.electron.windows[0]!.webContents;

test('one window opens on our own page, with every switch on its safe side, and nothing went wrong', () => {
  const { electron } = app;
  expect([electron.errors, electron.messages]).toEqual([[], []]);
  expect(electron.windows).toHaveLength(1);
  const [window] = electron.windows;
  expect(window!.address).toBe('app://ui/index.html');
  expect(window!.options['webPreferences']).toMatchObject({
    contextIsolation: true, sandbox: true, webSecurity: true, nodeIntegration: false, nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false, webviewTag: false, plugins: false, allowRunningInsecureContent: false,
    experimentalFeatures: false, navigateOnDragDrop: false, spellcheck: false,
  });
  expect(window!.options).toMatchObject({ minWidth: 1024, minHeight: 680, show: false });
  expect(electron.app.isSandboxed).toBe(true);
});

test('the scheme has an origin of its own, no way round the policy and no service workers', () => {
  expect(app.electron.schemes).toEqual([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
});

test('the window’s session is in memory alone, and Chromium looks no name up', () => {
  const [, own] = app.electron.sessions;
  expect([own!.partition.startsWith('persist:'), own!.options]).toEqual([false, { cache: false }]);
  expect(app.electron.windows[0]!.options['webPreferences']).toMatchObject({ session: own });
  expect(app.electron.app.switches).toContainEqual(['host-resolver-rules', 'MAP * ~NOTFOUND']);
  expect(own!.handlers.get('setSpellCheckerEnabled')).toBe(false);
});

test.each([0, 1])('session %i: every permission, device and certificate is refused, save copying of our page', (at) => {
  const { handlers } = app.electron.sessions[at]!;
  const decisions: boolean[] = [];
  const ask = (permission: string, requestingUrl: string) => handlers.get('setPermissionRequestHandler')!(
    page() as never, permission as never, ((isGranted: boolean) => decisions.push(isGranted)) as never,
    { requestingUrl } as never);
  for (const permission of ['media', 'openExternal', 'fileSystem', 'clipboard-read']) ask(permission, ownFrame.url);
  ask('clipboard-sanitized-write', 'https://example.com/');
  ask('clipboard-sanitized-write', ownFrame.url);
  expect(decisions).toEqual([false, false, false, false, false, true]);
  const check = handlers.get('setPermissionCheckHandler')!;
  expect(check(null as never, 'media' as never, 'app://ui/' as never)).toBe(false);
  expect(check(null as never, 'clipboard-sanitized-write' as never, 'app://ui/' as never)).toBe(true);
  expect(handlers.get('setDevicePermissionHandler')!()).toBe(false);
  expect(handlers.get('setDisplayMediaRequestHandler')).toBeNull();
  const verdict = vi.fn();
  handlers.get('setCertificateVerifyProc')!({} as never, verdict as never);
  expect(verdict).toHaveBeenCalledWith(-2);
  const pairing = vi.fn();
  handlers.get('setBluetoothPairingHandler')!({} as never, pairing as never);
  expect(pairing).toHaveBeenCalledWith({ confirmed: false });
});

test('no device is chosen, no stranger’s certificate or log-in is let pass', () => {
  const preventDefault = vi.fn();
  const answer = vi.fn();
  const [, own] = app.electron.sessions;
  own!.emit('select-hid-device', { preventDefault }, {}, answer);
  own!.emit('select-usb-device', { preventDefault }, {}, answer);
  own!.emit('select-serial-port', { preventDefault }, [], page(), answer);
  page().emit('select-bluetooth-device', { preventDefault }, [], answer);
  app.electron.app.emit('certificate-error', { preventDefault }, page(), 'https://x/', '', {}, answer);
  app.electron.app.emit('select-client-certificate', { preventDefault }, page(), 'https://x/', [], answer);
  app.electron.app.emit('login', { preventDefault });
  expect(preventDefault).toHaveBeenCalledTimes(7);
  expect(answer.mock.calls).toEqual([[], [], [''], [''], [false], []]);
});

test('no request of the page leaves the machine, nor reads a file', () => {
  const isCancelled = (url: string): boolean => {
    const answer = vi.fn();
    for (const one of app.electron.sessions) one.requestFilters[0]!({ url } as never, answer as never);
    const [first, second] = answer.mock.calls.map(([verdict]) => verdict.cancel as boolean);
    expect(first).toBe(second);
    return first!;
  };
  const strangers = ['https://example.com/', 'http://127.0.0.1/', 'ws://x/', 'wss://x/', 'file:///etc/passwd', 'ftp://x/',
    'data:text/html,x', 'chrome://gpu/', 'blob:https://example.com/1', 'app://ui.example/', 'app://x@ui/', 'about:blank', ''];
  expect(strangers.filter((url) => !isCancelled(url))).toEqual([]);
  expect(['app://ui/index.html', 'blob:app://ui/1'].filter(isCancelled)).toEqual([]);
});

test('the page goes nowhere and opens nothing', () => {
  const isPrevented = (name: string, url: string): boolean => {
    const preventDefault = vi.fn();
    page().emit(name, { url, preventDefault });
    return preventDefault.mock.calls.length > 0;
  };
  for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate', 'will-attach-webview']) {
    for (const url of ['https://example.com/', 'app://ui.example/', 'file:///', 'javascript:1', 'no address']) {
      expect(isPrevented(name, url), `${name} ${url}`).toBe(true);
    }
  }
  expect(isPrevented('will-navigate', 'app://ui/index.html')).toBe(false);
  expect(page().openHandler?.({ url: 'app://ui/index.html' })).toEqual({ action: 'deny' });
});

test('a file is saved where its user says, and only one of ours', () => {
  const [, own] = app.electron.sessions;
  const save = (url: string) => {
    const [preventDefault, setSaveDialogOptions] = [vi.fn(), vi.fn()];
    const item = { getURL: () => url, getFilename: () => 'portrait-1.png', setSaveDialogOptions };
    own!.emit('will-download', { preventDefault }, item);
    return [preventDefault.mock.calls.length, setSaveDialogOptions.mock.calls];
  };
  expect(save('https://example.com/a.exe')).toEqual([1, []]);
  const [prevented, [[options]]] = save(`app://ui/media/export/${'0'.repeat(32)}`) as [number, [[{ defaultPath: string }]]];
  expect(prevented).toBe(0);
  expect(options.defaultPath).toMatch(/downloads[/\\]portrait-1\.png$/);
});

test('the page is served over its own scheme, with its policy, and nothing beside it', async () => {
  const index = await app.get('app://ui/index.html');
  expect(await index.text()).toBe('<!doctype html>the page');
  expect(index.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect((await app.get('app://ui/../../package.json')).status).toBe(404);
  expect((await app.get(`app://ui/media/photo/${'0'.repeat(32)}`)).status).toBe(404);
});

test('the page’s calls reach the studio and events come back', async () => {
  const made = await app.call('subjects.create', { name: 'Ada', hasConsent: true });
  expect(made).toMatchObject({ ok: true, result: { name: 'Ada' } });
  expect(page().sent).toContainEqual(['likeness:event', expect.objectContaining({ type: 'subject-changed' })]);
});

test('on every channel only the main frame of our own page in our own window is heard', async () => {
  expect([...app.electron.calls.keys()].sort()).toEqual(['likeness:call', 'likeness:drag', 'likeness:import']);
  const strangers: [unknown, unknown][] = [
    [page(), null],
    [page(), { ...ownFrame, parent: {} }],
    [page(), { ...ownFrame, url: 'https://example.com/' }],
    [{ id: 99 }, ownFrame],
  ];
  for (const [sender, frame] of strangers) {
    const refused = [
      await app.send('likeness:call', sender, frame, 'subjects.list', {}),
      await app.send('likeness:call', sender, frame, 'desktop.showLibrary', {}),
      await app.send('likeness:import', sender, frame, { subjectId: '0'.repeat(32), paths: ['/etc'] }),
    ];
    expect(refused.map(({ error }) => error?.code)).toEqual(Array(3).fill('app.sender-refused'));
    await app.send('likeness:drag', sender, frame, { portraitIds: ['0'.repeat(32)] });
  }
  expect([app.electron.opened, page().drags]).toEqual([[], []]);
});
