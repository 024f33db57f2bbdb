// The app as electron-builder lays it out: what is inside and what is not, every fuse, and an engine that starts from
// the packed files on the packed Node. A folder stands in for Electron's, so that this runs everywhere and quickly.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { extractFile, listPackage } from '@electron/asar';
import { FuseV1Options } from '@electron/fuses';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PackedApp, packedApps, partsOf, sizeTable, wantedFuses, wrongFuses }
  from '../../src-main/app/launch/packed-app.ts';
import { installedPlaces } from '../../src-main/app/places.ts';
import { openEngine } from '../../src-main/studio/engine-client.ts';

const root = join(import.meta.dirname, '..', '..');
const output = mkdtempSync(join(tmpdir(), 'likeness-packed-'));
let app: PackedApp;
let archive: string;
let inside: string[];
let unpacked: string[];
let said: string;

beforeAll(() => {
  const dist = join(root, 'src-main', 'app', 'launch', 'dist.ts');
  const parameters = [dist, '--dir', '--stand-in', `-c.directories.output=${output}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: tmpdir(), encoding: 'utf8' });
  said = stdout + stderr;
  if (status !== 0) throw new Error(`Packing failed:\n${said}`);
  app = packedApps(output)[0]!;
  archive = join(app.resources, 'app.asar');
  inside = listPackage(archive, { isPack: false }).map((name) => name.replaceAll('\\', '/'));
  const folder = `${archive}.unpacked`;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  unpacked = entries.map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'));
});
afterAll(() => rmSync(output, { recursive: true, force: true }));

/** Names of the packages among these paths. */
const packagesIn = (paths: readonly string[]) => new Set(paths.flatMap((path) =>
  /^\/node_modules\/((?:@[^/]+\/)?[^@/]+)\//.exec(path)?.[1] ?? []));

test('the archive holds the page, the main process and its preload, and nothing to build or test with', () => {
  for (const file of ['/package.json', '/LICENSE', '/dist/renderer/index.html', '/dist/app/main.mjs',
    '/dist/app/preload.cjs']) expect(inside).toContain(file);
  const unwanted = inside.filter((path) =>
    /\.(map|ts|mts|cts|svelte|gyp|gypi|cc?|cpp|hpp|md5|obj|lib|tgz)$|\/(test|tests|__tests__|\.git|\.github)\//.test(path));
  expect(unwanted).toEqual([]);
  const built = new Set(inside.flatMap((path) => /^\/dist\/([^/]+)/.exec(path)?.[1] ?? []));
  expect(built).toEqual(new Set(['app', 'renderer']));
  expect(inside.filter((path) => /^\/(src-main|src-renderer|test|setup\.mjs|node_modules\/\.)/.test(path))).toEqual([]);
});

test('of packages only those are inside that load native code, and each is unpacked for plain Node', () => {
  const arch = `${process.platform}-${process.arch}`;
  const wanted = ['@img/colour', `@img/sharp-${arch}`, 'better-sqlite3', 'detect-libc', 'onnxruntime-common',
    'onnxruntime-node', 'semver', 'sharp'];
  const found = packagesIn(inside);
  // Windows has it within sharp's own
  found.delete(`@img/sharp-libvips-${arch}`);
  expect([...found].sort()).toEqual(wanted.sort());
  expect(packagesIn(unpacked)).toEqual(packagesIn(inside));
});

test('native files are those of this system alone', () => {
  const native = unpacked.filter((path) => /\.(node|so|dll|dylib)(\.[\d.]+)?$/.test(path));
  expect(native.length).toBeGreaterThanOrEqual(4);
  const here = process.platform === 'win32' ? /win32/ : process.platform === 'darwin' ? /darwin/ : /linux/;
  expect(native.filter((path) => !here.test(path) || !path.includes(process.arch))).toEqual([]);
  const node = readdirSync(join(app.resources, 'node'));
  expect(node).toEqual([process.platform === 'win32' ? 'node.exe' : 'node']);
});

test('no weights but the built-in model’s and the face networks’', () => {
  const weights = unpacked.filter((path) => /\.(safetensors|onnx|ckpt|pt|bin|gguf)$/.test(path));
  expect(weights.length).toBeGreaterThan(5);
  expect(weights.filter((path) => !/^\/resources\/(starter|faces)\//.test(path))).toEqual([]);
});

test('nothing inside tells of the machine that it was made on', () => {
  const texts = [extractFile(archive, join('dist', 'app', 'main.mjs')), extractFile(archive, 'package.json'),
    readFileSync(join(`${archive}.unpacked`, 'dist', 'app', 'engine.mjs'))];
  const told = texts.flatMap((text) => text.toString('latin1').split(root).slice(1).map((rest) => rest.slice(0, 80)));
  expect(told).toEqual([]);
});

test('every fuse of the binary is where it should be, and a wrong one is noticed', async () => {
  expect(await wrongFuses(app.binary)).toEqual([]);
  expect(Object.keys(wantedFuses)).toHaveLength(9);
  const fresh = join(root, 'dist', 'electron-folder', process.platform === 'win32' ? 'electron.exe' : 'electron');
  const asShipped = await wrongFuses(fresh);
  expect(asShipped).toEqual(expect.arrayContaining([FuseV1Options[FuseV1Options.RunAsNode]!, 'OnlyLoadAppFromAsar']));
});

test('the licences of all that ships are told in one file', () => {
  const text = readFileSync(installedPlaces(app.resources).licensesFile, 'utf8');
  const titles = ['Likeness 0', 'Node.js', 'Face networks', 'onnxruntime-node', 'sharp 0', 'svelte 5', 'zod 4',
    'better-sqlite3', 'phosphor-svelte', 'bits-ui', '@img/sharp-libvips'];
  for (const title of titles) expect(text, title).toMatch(new RegExp(`={80}\n${title}`));
  expect(text.length).toBeGreaterThan(100_000);
});

test('the size of each part is printed', () => {
  const parts = partsOf(app);
  expect(said).toContain(sizeTable(parts).split('\n').at(-1));
  const sum = parts.slice(0, -1).reduce((bytes, part) => bytes + part.bytes, 0);
  expect(sum).toBe(parts.at(-1)!.bytes);
  expect(parts.every(({ bytes }) => bytes > 0)).toBe(true);
  console.log(sizeTable(parts));
});

test('the engine starts from the packed files on the packed Node; what the main process loads is there', async () => {
  const places = installedPlaces(app.resources);
  for (const place of Object.values(places)) expect(existsSync(place), place).toBe(true);
  const log: string[] = [];
  const engine = openEngine({
    nodeFile: places.nodeFile, entryFile: places.engineFile, resourcesFolder: places.resourcesFolder,
    onState: () => undefined, onLog: (line) => log.push(line),
  });
  const result = await engine.run({ kind: 'doctor' }, new AbortController().signal)
    .catch((error: unknown) => { throw new Error(log.join('\n'), { cause: error }); })
    .finally(() => engine.close());
  expect(result).toMatchObject({
    kind: 'doctor', providers: expect.arrayContaining([expect.objectContaining({ name: 'cpu', works: true })]),
  });
  const script = `const Database = require('better-sqlite3'); const sharp = require('sharp');
    sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } }).webp().toBuffer().then((picture) =>
      console.log(new Database(':memory:').prepare('select 6 * 7').pluck().get(), picture.length > 0));`;
  const loaded = spawnSync(places.nodeFile, ['-e', script], {
    cwd: dirname(dirname(dirname(places.engineFile))), encoding: 'utf8',
  });
  expect([loaded.stdout.trim(), loaded.stderr]).toEqual(['42 true', '']);
});
