// Where a window can be opened, what it may do, and what its preload lets through.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { whyNoWindow } from '../../src-main/app/launch/electron-binary.ts';
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
  expect(asked.filter(isAllowedPermission)).toEqual([]);
  expect(isAllowedPermission('clipboard-sanitized-write')).toBe(true);
});

/** A stand-in for Electron's side of a preload, which records what the script exposes and listens to. */
async function runPreload() {
  const built = await build({
    entryPoints: [join(sources, 'preload', 'preload.ts')], bundle: true, write: false, format: 'cjs', platform: 'node',
    external: ['electron'],
  });
  const listeners = new Set<(event: unknown, message: unknown) => void>();
  const exposed: Record<string, never> = {};
  const invoked: unknown[][] = [];
  const electron = {
    contextBridge: { exposeInMainWorld: (name: string, api: never) => void (exposed[name] = api) },
    ipcRenderer: {
      invoke: async (...parts: unknown[]) => invoked.push(parts),
      on: (_channel: string, listener: () => void) => listeners.add(listener),
      off: (_channel: string, listener: () => void) => listeners.delete(listener),
    },
  };
  const require = (name: string) => {
    if (name !== 'electron') throw new Error(`A sandboxed preload cannot require ${name}.`);
    return electron;
  };
  runInNewContext(built.outputFiles[0]?.text ?? '', { require, module: { exports: {} }, exports: {} });
  return { exposed, invoked, listeners };
}

test('the preload exposes call and subscribe, nothing of Electron, and no event object', async () => {
  const { exposed, invoked, listeners } = await runPreload();
  expect(Object.keys(exposed)).toEqual(['likeness']);
  const bridge = exposed['likeness'] as unknown as {
    call(command: unknown, request: unknown): Promise<unknown>;
    subscribe(listener: (...parts: unknown[]) => void): () => void;
  };
  expect(Object.keys(bridge).sort()).toEqual(['call', 'subscribe']);

  await bridge.call('jobs.list', { a: 1 });
  expect(invoked).toEqual([['likeness:call', 'jobs.list', { a: 1 }]]);

  const heard: unknown[][] = [];
  const end = bridge.subscribe((...parts) => heard.push(parts));
  for (const listener of listeners) listener({ sender: 'raw event' }, { type: 'x' });
  expect(heard).toEqual([[{ type: 'x' }]]);
  end();
  expect(listeners.size).toBe(0);
});

test('only one file touches ipcMain, and the window takes its switches from the policy', () => {
  const read = (name: string) => readFileSync(join(sources, 'app', name), 'utf8');
  expect(read('ipc.ts')).toContain("ipcMain.handle('likeness:call'");
  expect(read('main.ts')).not.toContain('ipcMain');
  expect(read('main.ts')).toContain('...webPreferences');
});
