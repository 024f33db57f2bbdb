// `likeness subjects` and `likeness library` as a user meets them, on a library at its usual place.

import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { likenessProgram, runProgram } from '../../src-main/host/program.ts';

let data: string;
const usualPlace = (): string => join(data, 'likeness');

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'likeness-host-'));
  vi.stubEnv('XDG_DATA_HOME', data);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(data, { recursive: true, force: true });
});

/** What the words print, on standard output and as errors, and how they end. */
async function likeness(...words: string[]): Promise<{ output: string; errors: string; code: number }> {
  let [output, errors] = ['', ''];
  const program = likenessProgram('1.2.3');
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeErr: (text) => { errors += text; } });
  }
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => { output += String(text); return true; });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => { errors += String(text); return true; });
  const usage = await runProgram(program, words);
  vi.restoreAllMocks();
  const code = usage || Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { output, errors, code };
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse((await likeness(...words, '--json')).output) as T;
}

test('a person is added, renamed, agrees, takes it back and is removed with a receipt', async () => {
  expect((await likeness('subjects')).output).toBe('There is nobody in the library yet.\n');
  const { subject } = await json<{ subject: { name: string; hasConsent: boolean } }>(
    'subjects', 'add', 'Ada', '--class-word', 'woman', '--consent', '--note', 'herself');
  expect(subject).toMatchObject({ name: 'Ada', classWord: 'woman', hasConsent: true, consentNote: 'herself' });
  const renamed = await likeness('subjects', 'rename', 'Ada', 'Ada L');
  expect(renamed.output).toMatch(/^Ada L {2}0 photos.* consent since \d{4}/);
  expect((await likeness('subjects', 'consent', 'Ada L', '--withdraw')).output).toContain('no consent yet');
  expect((await likeness('subjects', 'consent', 'Ada L', '--note', 'again')).output).toContain(': again');
  await likeness('library', 'backup');
  const asked = await likeness('subjects', 'remove', 'Ada L');
  expect([asked.code, asked.output]).toEqual([1, '']);
  expect(asked.errors).toContain('Add --yes');
  expect((await json<{ subjects: unknown[] }>('subjects', 'list')).subjects).toHaveLength(1);
  const removed = await likeness('subjects', 'remove', 'Ada L', '--yes');
  expect(removed.output).toMatch(/Ada L was removed on .*\n.* 0 photos\n[^]*1 backups made anew without them/);
  const again = await likeness('subjects', 'remove', 'Ada L', '--yes');
  expect(again.errors).toContain('There is no subject');
});

test('words that are too few, too many or unknown are wrong usage', async () => {
  const wrong = [
    ['subjects', 'add'], ['subjects', 'rename', 'Ada'], ['subjects', 'list', 'Ada'], ['subjects', 'forget'],
    ['library', 'move'], ['library', 'restore'], ['library', 'state', 'x'], ['library', 'burn'],
  ];
  for (const words of wrong) expect((await likeness(...words)).code, words.join(' ')).toBe(2);
});

test('the library is backed up, gone back to, rebuilt, moved, and its loss is mended and told', async () => {
  await likeness('subjects', 'add', 'Bo', '--consent');
  const { backup } = await json<{ backup: { id: string } }>('library', 'backup');
  await likeness('subjects', 'add', 'Cy');
  expect((await likeness('library', 'restore', backup.id)).output).toContain(backup.id);
  const names = async () => (await json<{ subjects: { name: string }[] }>('subjects')).subjects.map(({ name }) => name);
  expect(await names()).toEqual(['Bo']);
  expect((await likeness('library', 'restore', '20010101-000000')).errors).toContain('There is no sound backup');
  expect(await json('library', 'check')).toMatchObject({ missing: 0, damaged: 0, isDatabaseSound: true });
  expect((await likeness('library', 'rebuild')).output).toContain('the notes beside the files');
  expect(await names()).toEqual(['Bo']);

  const disk = join(data, 'disk');
  expect(await json('library', 'move', disk)).toEqual({ place: disk });
  expect(await names()).toEqual(['Bo']);
  expect(await readdir(usualPlace())).toEqual(['library-place.json']);
  expect((await json<{ place: string }>('library')).place).toBe(disk);

  await truncate(join(disk, 'library.db'), 0);
  const mended = await likeness('subjects');
  expect(mended.output).toContain('Bo');
  expect(mended.errors).toContain('The database was damaged: it was made anew');
  expect((await likeness('library', 'diagnostics')).output).not.toContain('Bo');
  await rm(disk, { recursive: true });
  const missing = await likeness('subjects');
  expect([missing.code, missing.errors]).toEqual([1, expect.stringContaining('not there now')]);
});
