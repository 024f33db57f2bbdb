// Where a window can be opened, what it may do, and what its preload lets through.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { whyNoWindow } from '../../src-main/app/launch/electron-binary.ts';
import type { StudioBridge } from '../../src-main/contract/studio.ts';
import { isAllowedPermission, webPreferences } from '../../src-main/app/page-policy.ts';

const sources = join(import.meta.dirname, '..', '..', 'src-main');

test('no window without a display, none for root on Linux, always one elsewhere', () => {
  const linux = { platform: 'linux', userId: 1000 } as const;
  expect(whyNoWindow({ ...linux, environment: {} })).toMatch(/no display/);
  expect(whyNoWindow({ ...linux, environment: { DISPLAY: ':0' } })).toBeUndefined();
  expect(whyNoWindow({ ...linux, environment: { WAYLAND_DISPLAY: 'wayland-0' } })).toBeUndefined();
  expect(whyNoWindow({ ...linux, userId: 0, environment: { DISPLAY: ':0' } })).toMatch(/root/);
  expect(whyNoWindow({ platform: 'darwin', userId: 501, environment: {} })).toBeUndefined();
  expect(whyNoWindow({ platform: 'win32', userId: undefined, environment: {} })).toBeUndefined();
});

test('the window is shut on every side', () => {
  const open = ['nodeIntegration', 'nodeIntegrationInWorker', 'nodeIntegrationInSubFrames', 'webviewTag',
    'allowRunningInsecureContent', 'experimentalFeatures'] as const;
  expect(open.filter((name) => webPreferences[name] !== false)).toEqual([]);
  const shut = ['contextIsolation', 'sandbox', 'webSecurity'] as const;
  expect(shut.filter((name) => webPreferences[name] !== true)).toEqual([]);
  const asked = ['media', 'geolocation', 'notifications', 'openExternal', 'fileSystem', 'clipboard-read', 'usb'];
  expect(asked.filter((name) => isAllowedPermission(name, 'app://ui/'))).toEqual([]);
  expect(isAllowedPermission('clipboard-sanitized-write', 'app://ui/')).toBe(true);
  expect(isAllowedPermission('clipboard-sanitized-write', 'https://ui/')).toBe(false);
});

/** A stand-in for Electron's side of a preload, which records what the script exposes and listens to. */
async function runPreload() {
  const built = await build({
    entryPoints: [join(sources, 'preload', 'preload.ts')], bundle: true, write: false, format: 'cjs', platform: 'node',
    external: ['electron'],
  });
  const listeners = new Map<string, Set<(event: unknown, message: unknown) => void>>();
  const listenersOf = (channel: string) => {
    const known = listeners.get(channel) ?? new Set();
    listeners.set(channel, known);
    return known;
  };
  const exposed: Record<string, Required<StudioBridge>> = {};
  const sent: unknown[][] = [];
  const electron = {
    contextBridge: { exposeInMainWorld: (name: string, api: never) => void (exposed[name] = api) },
    ipcRenderer: {
      invoke: async (...parts: unknown[]) => void sent.push(parts),
      send: (...parts: unknown[]) => void sent.push(parts),
      on: (channel: string, listener: () => void) => listenersOf(channel).add(listener),
      off: (channel: string, listener: () => void) => listenersOf(channel).delete(listener),
    },
    webUtils: {
      getPathForFile(file: unknown) {
        if (typeof file !== 'object') throw new TypeError('not a file');
        return (file as { place: string }).place;
      },
    },
  };
  const require = (name: string) => {
    if (name !== 'electron') throw new Error(`A sandboxed preload cannot require ${name}.`);
    return electron;
  };
  runInNewContext(built.outputFiles[0]?.text ?? '', { require, module: { exports: {} }, exports: {} });
  return { exposed, sent, listenersOf };
}

test('the preload exposes the bridge, nothing of Electron, and no event object', async () => {
  const { exposed, sent, listenersOf } = await runPreload();
  expect(Object.keys(exposed)).toEqual(['likeness']);
  const bridge = exposed['likeness']!;
  expect(Object.keys(bridge).sort()).toEqual(['call', 'importFiles', 'startDrag', 'subscribe', 'subscribeDesktop']);

  await bridge.call('jobs.list', { a: 1 });
  bridge.startDrag(['1', '2']);
  expect(sent).toEqual([['likeness:call', 'jobs.list', { a: 1 }], ['likeness:drag', { portraitIds: ['1', '2'] }]]);

  const channels = [['subscribe', 'likeness:event'], ['subscribeDesktop', 'likeness:desktop']] as const;
  for (const [subscribe, channel] of channels) {
    const heard: unknown[][] = [];
    const end = bridge[subscribe]((...parts: unknown[]) => heard.push(parts));
    for (const listener of listenersOf(channel)) listener({ sender: 'raw event' }, { type: 'x' });
    expect(heard).toEqual([[{ type: 'x' }]]);
    end();
    expect(listenersOf(channel).size).toBe(0);
  }
});

test('a dropped file’s path goes to the main process and never back to the page', async () => {
  const { exposed, sent } = await runPreload();
  const files = [{ place: '/home/ada/me.jpg' }, { place: '' }, 'no file', undefined] as unknown as File[];
  const answer = await exposed['likeness']!.importFiles('5', files);
  expect(sent).toEqual([['likeness:import', { subjectId: '5', paths: ['/home/ada/me.jpg', '', '', ''] }]]);
  expect(answer).toBeUndefined();
});

test('only one file touches ipcMain, and the window takes its switches from the policy', () => {
  const folder = join(sources, 'app');
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  expect(names.filter((name) => read(name).includes('ipcMain'))).toEqual(['ipc.ts']);
  expect(read('window.ts')).toContain('...webPreferences');
  // nothing is logged to anybody, and no page of the web is ever opened by its own word
  const forbidden = /crashReporter|autoUpdater|nodeIntegration: true|enableBlinkFeatures|setAsDefaultProtocolClient|webviewTag: true/;
  expect(names.filter((name) => forbidden.test(read(name)))).toEqual([]);
});
