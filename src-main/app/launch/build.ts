// Builds what runs outside Node's own TypeScript: the page (Vite) and the desktop app's files (esbuild), into dist/.
//   node setup.mjs build          builds what is older than its sources

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfStale } from './freshness.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const dist = join(root, 'dist');

/** Packages that stay outside the bundles: native ones, and Electron, which the app brings along. */
export const externalPackages = ['electron', 'onnxruntime-node', 'better-sqlite3', 'sharp'];

/** Builds src-renderer into dist/renderer when it is stale. Returns whether it built. */
export function buildPage(): Promise<boolean> {
  const paths = ['src-renderer', 'src-main/contract', 'vite.config.ts', 'package-lock.json'];
  const sources = paths.map((path) => join(root, path));
  return buildIfStale(join(dist, 'renderer', '.built'), sources, async () => {
    const { build } = await import('vite');
    const configFile = join(root, 'vite.config.ts');
    await build({ root: join(root, 'src-renderer'), configFile, logLevel: 'warn' });
  });
}

/** Bundles the desktop's main process, its preload and the engine into dist/app when they are stale. */
export function buildApp(): Promise<boolean> {
  const sources = ['src-main', 'package-lock.json'].map((path) => join(root, path));
  return buildIfStale(join(dist, 'app', '.built'), sources, () => bundleApp(join(dist, 'app')));
}

/**
 * Writes main.mjs, engine.mjs with its thread, and preload.cjs into `folder`. The preload must be CommonJS, because a
 * sandboxed preload is no module; it must also be one file, because it can require nothing but electron.
 */
export async function bundleApp(folder: string): Promise<void> {
  const { build } = await import('esbuild');
  // names of files in the bundles are told from the project's folder, wherever this is called
  const shared = {
    bundle: true, platform: 'node', target: 'node24', logLevel: 'warning', absWorkingDir: root,
  } as const;
  const modules = {
    ...shared,
    format: 'esm',
    external: externalPackages,
    outExtension: { '.js': '.mjs' },
    // CommonJS packages inside an ES module bundle still call require(); the name is ours alone.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  } as const;
  const source = (path: string): string => join(root, 'src-main', path);
  await Promise.all([
    build({ ...modules, entryPoints: { main: source('app/main.ts') }, outdir: folder }),
    build({ ...modules, entryPoints: { engine: source('compute/engine.ts') }, outdir: folder }),
    build({ ...modules, entryPoints: { 'analyze-worker': source('compute/analyze-worker.ts') }, outdir: folder }),
    build({
      ...shared,
      format: 'cjs',
      external: ['electron'],
      entryPoints: { preload: source('preload/preload.ts') },
      outdir: folder,
      outExtension: { '.js': '.cjs' },
    }),
  ]);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const page = await buildPage();
  const app = await buildApp();
  const isThere = existsSync(join(dist, 'renderer', 'index.html'));
  console.error(`Page ${page ? 'built' : 'up to date'}, app ${app ? 'built' : 'up to date'}, in dist/.`);
  process.exitCode = isThere ? 0 : 1;
}
