// Every call of the file system fails once, one after the other, in each of several ways, while a file is kept, taken
// in, a subject removed, a backup made: what was kept before is whole each time, nothing half-written is shown, and the
// operation done again succeeds.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { isSound } from '../../src-main/library/backups.ts';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import { type Way, fault } from './faulty-disk.ts';
import { fill } from './filled-library.ts';

vi.mock('node:fs/promises', async (original) =>
  (await import('./faulty-disk.ts')).faultyPromises(await original()));
vi.mock('node:fs', async (original) => (await import('./faulty-disk.ts')).faultyFunctions(await original()));

const ways: readonly Way[] = ['ENOSPC', 'EIO', 'short write'];

interface Scene {
  readonly folder: string;
  readonly library: Library;
  /** Files that were kept before, by name. */
  readonly kept: ReadonlyMap<string, string>;
}

async function scene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-faults-'));
  const library = await openLibrary(folder);
  await fill(library, 'Ada');
  library.notes.writeAll();
  return { folder, library, kept: await keptFiles(folder) };
}

async function keptFiles(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(join(folder, 'files'), { recursive: true, withFileTypes: true });
  const files = await Promise.all(entries.filter((entry) => entry.isFile()).map(async ({ parentPath, name }) => (
    [name, (await readFile(join(parentPath, name))).toString('latin1')] as const)));
  return new Map(files);
}

/** Every file with a whole name has the bytes that the name says; what was kept is there. */
async function expectWhole({ folder, library, kept }: Scene, removes: boolean): Promise<void> {
  const now = await keptFiles(folder);
  for (const [name, content] of now) {
    if (name.startsWith('.part-')) continue;
    expect(createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex')).toBe(name);
  }
  if (!removes) for (const name of kept.keys()) expect(now.has(name)).toBe(true);
  expect(library.isDatabaseSound()).toBe(true);
  for (const { id } of await library.backups.list()) expect(isSound(join(folder, 'backups', `${id}.db`))).toBe(true);
}

/**
 * Fails the first call, then the second, and so on (every sixth where the operation removes), until the operation comes
 * through without meeting its fault.
 * Returns how many faults there were.
 */
async function failEachCall(
  operation: (scene: Scene, attempt: number) => Promise<unknown>, { removes = false } = {},
): Promise<number> {
  let faults = 0;
  for (const way of removes ? ways.slice(0, 2) : ways) {
    let one = await scene();
    // a removal is mostly the same call over and over, and each needs somebody to remove
    for (let failing = 1; ; failing += removes ? 6 : 1) {
      Object.assign(fault, { failing, way, calls: 0, isOn: true });
      const error = await operation(one, faults).then(() => null, (thrown: unknown) => thrown as Error);
      const wasMet = fault.calls >= failing;
      fault.isOn = false;
      await expectWhole(one, removes);
      if (error) expect(error).toMatchObject({ code: expect.stringMatching(/ENOSPC|EIO|disk/) as string });
      if (way === 'short write') expect(error).toBeNull();
      await operation(one, faults);
      await expectWhole(one, removes);
      if (!wasMet) break;
      faults++;
      if (!removes) continue;
      await close(one);
      one = await scene();
    }
    await close(one);
  }
  return faults;
}

async function close({ library, folder }: Scene): Promise<void> {
  library.close();
  await rm(folder, { recursive: true, force: true });
}

test('keeping bytes', async () => {
  const faults = await failEachCall(async ({ library }, attempt) => {
    const sha256 = await library.keepFile(Buffer.from(`some bytes to keep ${attempt}`), 'image/png');
    fault.isOn = false;
    expect((await library.readFile(sha256))?.bytes.toString()).toBe(`some bytes to keep ${attempt}`);
  });
  expect(faults).toBeGreaterThan(12);
});

test('taking a file in', async () => {
  const faults = await failEachCall(async ({ library, folder }, attempt) => {
    const file = join(folder, 'from-the-engine');
    await writeFile(file, `a result ${attempt}`);
    const sha256 = await library.keepFileFrom(file, 'application/octet-stream');
    fault.isOn = false;
    expect((await library.readFile(sha256))?.bytes.toString()).toBe(`a result ${attempt}`);
  });
  expect(faults).toBeGreaterThan(8);
});

test('backing up', async () => {
  const faults = await failEachCall(async ({ library, folder }, attempt) => {
    const before = (await library.backups.list()).length;
    const { id } = await library.backUp('asked', Date.UTC(2026, 1, 1) + attempt * 1000);
    fault.isOn = false;
    expect(isSound(join(folder, 'backups', `${id}.db`))).toBe(true);
    expect((await readdir(join(folder, 'backups'))).filter((name) => name.startsWith('.'))).toEqual([]);
    expect((await library.backups.list()).length).toBeGreaterThanOrEqual(before > 3 ? 3 : before);
  });
  expect(faults).toBeGreaterThan(8);
});

test('removing somebody: whatever fails, the next attempt or start leaves nothing', async () => {
  const faults = await failEachCall(async ({ library, folder }) => {
    for (const { id } of library.subjects.list()) {
      await library.exclusively(() => library.freeing(() => library.eraseSubject(id, false, 1)));
    }
    await library.exclusively(() => library.finishErasures());
    fault.isOn = false;
    const left = await readdir(join(folder, 'files'), { recursive: true });
    expect(left.filter((name) => name.length > 2)).toEqual([]);
    expect((await readdir(join(folder, 'notes'))).filter((name) => name.length === 32)).toEqual([]);
  }, { removes: true });
  expect(faults).toBeGreaterThan(5);
});

test('notes that could not be written stay due, and are written at the next change', async () => {
  const { library, folder } = await scene();
  const [subject] = library.subjects.list();
  const note = join(folder, 'notes', subject!.id, 'subject.json');
  for (let failing = 1; failing < 12; failing++) {
    library.subjects.change(subject!.id, { name: `Ada ${failing}` });
    Object.assign(fault, { failing, way: 'ENOSPC', calls: 0, isOn: true });
    try {
      library.notes.writeAll();
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
    fault.isOn = false;
    // whole, be it the old one or the new one
    expect(() => JSON.parse(readFileSync(note, 'utf8')) as unknown).not.toThrow();
    library.notes.writeAll();
    expect(readFileSync(note, 'utf8')).toContain(`Ada ${failing}`);
  }
  await close({ library, folder, kept: new Map() });
});
