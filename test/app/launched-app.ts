// The main process bundled as it ships, with Electron stood in for and everything else real: the studio, its database,
// the built page's files on disk. One a test file, since the process's own module is loaded once.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { vi } from 'vitest';
import { externalPackages } from '../../src-main/app/launch/build.ts';
import { type StandIn, electronStandIn } from './electron-stand-in.ts';

const root = join(import.meta.dirname, '..', '..');
const cache = join(root, 'node_modules', '.cache');

export interface Reply {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: string };
}

export interface LaunchedApp {
  readonly electron: StandIn;
  /** Laid out like the project; the library is in it. */
  readonly folder: string;
  /** As the page's own main frame. */
  call(command: string, request: unknown): Promise<Reply>;
  /** On any channel, from any sender. */
  send(channel: string, sender: unknown, frame: unknown, ...parts: unknown[]): Promise<Reply>;
  get(url: string): Promise<Response>;
  end(): Promise<void>;
}

export const ownFrame = { url: 'app://ui/index.html', parent: null };

/** Builds main.mjs with the stand-in for Electron, into a folder laid out like the project. */
async function layOut(electron: StandIn): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'likeness-main-'));
  mkdirSync(join(folder, 'dist', 'renderer'), { recursive: true });
  writeFileSync(join(folder, 'dist', 'renderer', 'index.html'), '<!doctype html>the page');
  for (const name of ['resources', 'package.json', 'LICENSE', 'src-main']) {
    symlinkSync(join(root, name), join(folder, name));
  }
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

/** Starts it; `prepare` may set the stand-in's answers and fill folder/library before the first line runs. */
export async function launchApp(
  prepare: (electron: StandIn, folder: string) => void | Promise<void> = () => undefined,
): Promise<LaunchedApp> {
  const electron = electronStandIn();
  const folder = await layOut(electron);
  electron.app.paths['appData'] = join(folder, 'settings');
  await prepare(electron, folder);
  vi.stubEnv('LIKENESS_LIBRARY', join(folder, 'library'));
  vi.stubEnv('LIKENESS_NODE', process.execPath);
  vi.stubGlobal('electronStandIn', electron.module);
  await import(pathToFileURL(join(folder, 'dist', 'app', 'main.mjs')).href);
  await vi.waitUntil(() => electron.windows.length > 0 || electron.errors.length > 0, { timeout: 60_000 });
  const page = () => electron.windows[0]!.webContents;
  const send: LaunchedApp['send'] = async (channel, sender, frame, ...parts) =>
    await electron.calls.get(channel)!({ sender, senderFrame: frame } as never, ...parts as never[]) as Reply;
  return {
    electron, folder, send,
    call: (command, request) => send('likeness:call', page(), ownFrame, command, request),
    get: async (url) => await electron.sessions[1]!.schemes.get('app')!(new Request(url) as never) as Response,
    async end() {
      const quits = electron.app.quits;
      electron.app.emit('will-quit', { preventDefault: () => undefined });
      await vi.waitUntil(() => electron.app.quits > quits, { timeout: 60_000 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
