// The desktop app's files can be bundled, stay apart by process, and where they lie agrees with the packaging.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, sep } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleApp } from '../../src-main/app/launch/build.ts';
import { installedPlaces } from '../../src-main/app/places.ts';
import { openEngine } from '../../src-main/studio/engine-client.ts';

const root = join(import.meta.dirname, '..', '..');
// Below node_modules, so that the bundles find the packages that stay outside them.
const cache = join(root, 'node_modules', '.cache');
let project: string;
const read = (name: string) => readFileSync(join(project, 'dist', 'app', name), 'utf8');

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  project = mkdtempSync(join(cache, 'likeness-bundle-'));
  symlinkSync(join(root, 'resources'), join(project, 'resources'), 'junction');
  await bundleApp(join(project, 'dist', 'app'));
});
afterAll(() => rmSync(project, { recursive: true }));

/** Packages that a bundle still loads when it runs. */
function loaded(text: string): string[] {
  const names = [...text.matchAll(/(?:from|import|require\()\s*["']([a-z@][^"']*)["']/g)].map((match) => match[1] ?? '');
  return names.filter((name) => !name.startsWith('node:'));
}

test('the main process loads the library’s database and Electron, and never ONNX Runtime', () => {
  const names = loaded(read('main.mjs'));
  expect(names).toContain('electron');
  expect(names).toContain('better-sqlite3');
  expect(names).not.toContain('onnxruntime-node');
});

test('the engine loads ONNX Runtime, and neither Electron nor the database', () => {
  const names = loaded(read('engine.mjs'));
  expect(names).toContain('onnxruntime-node');
  expect(names).not.toContain('electron');
  expect(names).not.toContain('better-sqlite3');
});

test('the engine’s thread for photos loads ONNX Runtime, and neither Electron nor the database', () => {
  const names = loaded(read('analyze-worker.mjs'));
  expect(names).toContain('onnxruntime-node');
  expect(names).not.toContain('electron');
  expect(names).not.toContain('better-sqlite3');
});

test('the bundled engine answers as a process of its own, and looks at many photos on threads', async () => {
  const log: string[] = [];
  const engine = openEngine({
    nodeFile: process.execPath,
    entryFile: join(project, 'dist', 'app', 'engine.mjs'),
    resourcesFolder: join(project, 'resources'),
    onState: () => undefined,
    onLog: (line) => log.push(line),
  });
  try {
    const result = await engine.run({ kind: 'doctor' }, new AbortController().signal);
    const cpu = { name: 'cpu', works: true };
    expect(result).toMatchObject({ kind: 'doctor', providers: expect.arrayContaining([expect.objectContaining(cpu)]) });
    const file = join(root, 'test', 'photos', 'astronaut.png');
    const photos = Array.from({ length: 8 }, (_, i) => ({ key: String(i), file }));
    const request = { kind: 'analyze', photos, cropEdgePx: 64, modelResolutionPx: 128, outputFolder: project } as const;
    const found = new Set<string>();
    await engine.run(request, new AbortController().signal, {
      onItem: (item) => Promise.resolve(void (item.kind === 'photo' && item.faceCount === 1 && found.add(item.key))),
    });
    expect(found.size).toBe(8);
  } catch (error) {
    throw new Error(`The engine did not answer:\n${log.join('\n')}`, { cause: error });
  } finally {
    await engine.close();
  }
});

test('the preload loads Electron and nothing else', () => {
  expect(new Set(loaded(read('preload.cjs')))).toEqual(new Set(['electron']));
});

test('an installed app looks where the packaging puts things', () => {
  const packaging = readFileSync(join(root, 'electron-builder.yml'), 'utf8');
  const places = installedPlaces('/opt/likeness/resources');
  expect(places.engineFile.split(sep).slice(-4).join('/')).toBe('app.asar.unpacked/dist/app/engine.mjs');
  expect(packaging).toMatch(/asarUnpack:[^]*- dist\/app\/engine\.mjs\s+- dist\/app\/analyze-worker\.mjs[^]*- resources\/\*\*/);
  expect(places.nodeFile).toMatch(/resources[/\\]node[/\\]node(\.exe)?$/);
  expect(packaging).toMatch(/from: dist\/node\s+to: node/);
});

// The fuses of Electron's security checklist: each names a door, and this is its shut side.
test('the packaging shuts every fuse that opens the binary', () => {
  const packaging = readFileSync(join(root, 'electron-builder.yml'), 'utf8');
  const off = ['runAsNode', 'enableNodeOptionsEnvironmentVariable', 'enableNodeCliInspectArguments',
    'loadBrowserProcessSpecificV8Snapshot', 'grantFileProtocolExtraPrivileges'];
  const on = ['enableCookieEncryption', 'enableEmbeddedAsarIntegrityValidation', 'onlyLoadAppFromAsar'];
  for (const fuse of off) expect(packaging).toContain(`${fuse}: false`);
  for (const fuse of on) expect(packaging).toContain(`${fuse}: true`);
});
