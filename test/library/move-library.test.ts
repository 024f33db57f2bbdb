// Moving a library: everything arrives byte for byte, the place is remembered, and wherever it is cut short one whole
// library is found.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openLibrary } from '../../src-main/library/library.ts';
import { placeOfLibrary, readPlace, writePlace } from '../../src-main/library/library-place.ts';
import { type MoveProgress, finishMove, moveLibrary } from '../../src-main/library/move-library.ts';
import { type Filled, everythingOf, fill } from './filled-library.ts';

let root: string;
let home: string;
let ada: Filled;
let expected: object;
let filled: string;
beforeAll(async () => {
  filled = await mkdtemp(join(tmpdir(), 'likeness-filled-'));
  const library = await openLibrary(filled);
  ada = await fill(library, 'Ada');
  await library.backUp('asked', Date.UTC(2026, 10, 26));
  library.close();
  expected = await contentOf(filled);
});
afterAll(() => rm(filled, { recursive: true, force: true }));
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'likeness-move-'));
  home = join(root, 'home');
  await cp(filled, home, { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function contentOf(folder: string): Promise<object> {
  const library = await openLibrary(folder);
  const content = everythingOf(library, ada);
  expect(await library.checkFiles()).toMatchObject({ missing: [], damaged: [] });
  library.close();
  return content;
}

/** Hash of every file of the library's store and its notes and backups. */
async function treeOf(folder: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const part of ['files', 'notes', 'backups']) {
    for (const entry of await readdir(join(folder, part), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      tree[file.slice(folder.length)] = createHash('sha256').update(await readFile(file)).digest('hex');
    }
  }
  return tree;
}

test('a moved library is the same one at the new place, and nothing of it is left at the old one', async () => {
  await writeFile(join(home, 'of-another-program.txt'), 'stays');
  const tree = await treeOf(home);
  const told: MoveProgress[] = [];
  const to = join(root, 'disk', 'new');
  const place = await moveLibrary(home, to, { defaultFolder: home, onProgress: (progress) => told.push(progress) });
  expect(place).toBe(to);
  expect(await treeOf(to)).toEqual(tree);
  expect(placeOfLibrary(home)).toBe(to);
  expect((await readdir(home)).sort()).toEqual(['library-place.json', 'of-another-program.txt']);
  expect(told.at(-1)).toMatchObject({ filesDone: told.length, files: told.length });
  expect(told.at(-1)!.bytesDone).toBe(told.at(-1)!.bytes);
  expect(await contentOf(to)).toEqual(expected);
  // and back, beside what is there
  expect(await moveLibrary(to, home, { defaultFolder: home })).toBe(join(home, 'Likeness'));
  expect(placeOfLibrary(home)).toBe(join(home, 'Likeness'));
  expect(await readdir(join(root, 'disk'))).toEqual([]);
});

test('a folder that holds other things gets the library as a folder of its own', async () => {
  const disk = join(root, 'disk');
  await mkdir(disk);
  await writeFile(join(disk, 'holiday.jpg'), 'x');
  expect(await moveLibrary(home, disk, {})).toBe(join(disk, 'Likeness'));
  expect(await contentOf(join(disk, 'Likeness'))).toEqual(expected);
});

test.each([
  ['inside the library', () => join(home, 'files', 'deeper'), 'library.place-inside'],
  ['the library itself', () => home, 'library.place-inside'],
  ['taken', () => join(root, 'taken'), 'library.place-taken'],
])('%s is no place to move to', async (_, to, code) => {
  await mkdir(join(root, 'taken', 'Likeness', 'x'), { recursive: true });
  await expect(moveLibrary(home, to(), { defaultFolder: home })).rejects.toMatchObject({ code });
  expect(await contentOf(home)).toEqual(expected);
});

test('an open library is not moved', async () => {
  const library = await openLibrary(home);
  await expect(moveLibrary(home, join(root, 'new'), {})).rejects.toMatchObject({ code: 'library.in-use' });
  library.close();
});

test('a move that is stopped while it copies leaves the library where it was', async () => {
  const stop = new AbortController();
  const to = join(root, 'new');
  await expect(moveLibrary(home, to, {
    defaultFolder: home, signal: stop.signal, onProgress: ({ filesDone }) => filesDone === 3 && stop.abort(),
  })).rejects.toThrow();
  expect(placeOfLibrary(home)).toBe(home);
  expect(await readdir(root)).toEqual(['home']);
  expect(await contentOf(home)).toEqual(expected);
});

test('a move that was cut short after the switch is finished at the next start', async () => {
  const to = join(root, 'new');
  const copy = await treeOf(home);
  await moveLibrary(home, to, {});
  // as a crash leaves it: the switch is made, and half of the old one is there
  await mkdir(join(home, 'files', 'ab'), { recursive: true });
  await writeFile(join(home, 'files', 'ab', 'rest'), 'x');
  await writePlace(home, { place: to, leftBehind: home });
  expect(placeOfLibrary(home)).toBe(to);
  await finishMove(home);
  expect(await readdir(home)).toEqual(['library-place.json']);
  expect(readPlace(home)).toEqual({ place: to, leftBehind: null });
  expect(await treeOf(to)).toEqual(copy);
});

/** Moves in a process of its own, which is killed when it has copied so many files, or so long after the last one. */
async function killedMove(to: string, afterFiles: number, afterMs: number): Promise<void> {
  const module = pathToFileURL(join(import.meta.dirname, '../../src-main/library/move-library.ts')).href;
  const script = `
    import { moveLibrary } from ${JSON.stringify(module)};
    const say = (progress) => process.stdout.write(progress.filesDone + ' ' + progress.files + '\\n');
    await moveLibrary(${JSON.stringify(home)}, ${JSON.stringify(to)},
      { defaultFolder: ${JSON.stringify(home)}, onProgress: say });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  for await (const text of child.stdout.setEncoding('utf8')) {
    const [done, all] = String(text).trim().split('\n').at(-1)!.split(' ').map(Number) as [number, number];
    if (done < Math.min(afterFiles, all)) continue;
    setTimeout(() => child.kill('SIGKILL'), afterMs);
    break;
  }
  child.stdout.resume();
  await ended;
}

test('killed at any point of a move, one whole library is left, and the next move goes through', async () => {
  const tree = await treeOf(home);
  for (const [afterFiles, afterMs] of [[1, 0], [20, 0], [Infinity, 0], [Infinity, 2], [Infinity, 6]] as const) {
    const to = join(root, `new-${afterFiles}-${afterMs}`);
    const from = placeOfLibrary(home);
    await killedMove(to, afterFiles, afterMs);
    await finishMove(home);
    const place = placeOfLibrary(home);
    expect([from, to]).toContain(place);
    expect(await treeOf(place)).toEqual(tree);
    // what a cut-off copy left goes with the next move to that place
    if (place !== to) await moveLibrary(place, to, { defaultFolder: home });
    expect((await readdir(root)).filter((name) => name.endsWith('.moving'))).toEqual([]);
    expect(placeOfLibrary(home)).toBe(to);
    expect(await treeOf(to)).toEqual(tree);
  }
  expect(await contentOf(placeOfLibrary(home))).toEqual(expected);
});

test('a whole copy that a crash left before the switch is not left lying around', async () => {
  const to = join(root, 'new');
  await cp(home, to, { recursive: true });
  const database = createHash('sha256').update(await readFile(join(to, 'library.db'))).digest('hex');
  await writeFile(join(to, 'moved-from.json'), JSON.stringify({ from: home, database }));
  expect(await moveLibrary(home, to, { defaultFolder: home })).toBe(to);
  expect(await readdir(to)).not.toContain('moved-from.json');
  // one that somebody works with is let alone
  await writeFile(join(to, 'moved-from.json'), JSON.stringify({ from: to, database: 'another' }));
  expect(await contentOf(to)).toEqual(expected);
});

test('a disk that is not connected is told, and no new library is begun in its stead', async () => {
  const to = join(root, 'new');
  await moveLibrary(home, to, { defaultFolder: home });
  await rm(to, { recursive: true });
  expect(() => placeOfLibrary(home)).toThrow('not there now');
});

test('a kept file that was damaged before is moved as it is', async () => {
  const [folder] = await readdir(join(home, 'files'));
  const [name] = await readdir(join(home, 'files', folder!));
  await writeFile(join(home, 'files', folder!, name!), 'rotten');
  const place = await moveLibrary(home, join(root, 'new'), {});
  expect(await readFile(join(place, 'files', folder!, name!), 'utf8')).toBe('rotten');
  expect((await stat(place)).isDirectory()).toBe(true);
});
