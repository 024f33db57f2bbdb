// `likeness styles` and `likeness export portraits|sheet` on a real library, in this process.

import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openHostStudio } from '../../src-main/host/open-host-studio.ts';
import { likenessProgram, runProgram } from '../../src-main/host/program.ts';
import { keepPortraits } from '../studio/kept-portraits.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'likeness-saving-'));
const library = path.join(folder, 'library');
const styles = path.join(library, 'styles');
const out = (name: string): string => path.join(folder, 'out', name);

/** Runs the words as the program does; what it prints and its exit code. */
async function likeness(...words: string[]): Promise<{ code: number; output: string }> {
  let output = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
  const quiet = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    const usage = await runProgram(likenessProgram('1.2.3'), [...words, '--library', library]);
    return { code: usage || Number(process.exitCode ?? 0), output };
  } finally {
    process.exitCode = 0;
    write.mockRestore();
    quiet.mockRestore();
  }
}

async function documentOf(...words: string[]): Promise<Record<string, unknown>> {
  const { code, output } = await likeness(...words, '--json');
  expect(code, output).toBe(0);
  return JSON.parse(output) as Record<string, unknown>;
}

beforeAll(async () => {
  const studio = await openHostStudio(library);
  const { id } = await studio.run('subjects.create', { name: 'Ada', hasConsent: true });
  const ids = await keepPortraits(studio.library, id, [
    { cosine: 0.3, styleId: 'winter' }, { cosine: 0.8, styleId: 'winter' }, { cosine: 0.5 }, {},
  ]);
  await studio.run('portraits.mark', { portraitIds: [ids[0]!, ids[2]!], rating: 4, flag: 'pick' });
  await studio.close();
  await mkdir(path.join(folder, 'out'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('styles are listed by group, copied into a file that can be changed, and removed', async () => {
  expect((await likeness('styles', 'folder')).output).toBe(`${styles}\n`);
  const { file } = await documentOf('styles', 'copy', 'winter');
  expect(file).toBe(path.join(styles, 'winter-2.json'));
  const copied = JSON.parse(await readFile(file as string, 'utf8')) as Record<string, object>;
  expect(copied).toMatchObject({ name: { en: 'Winter (copy)', 'zh-Hans': '冬日（副本）' } });
  await writeFile(file as string, JSON.stringify({ ...copied, name: 'Deep winter' }));
  await writeFile(path.join(styles, 'broken.json'), '{');
  const { output } = await likeness('styles');
  expect(output).toMatch(/^Business\n {2}business +Business headshot\n/);
  expect(output).toMatch(/\n {2}winter-2 +Deep winter {2}\(yours\)\n/);
  expect(output).toContain('The style file "broken.json" cannot be used');
  const listed = await documentOf('styles', 'list') as {
    styles: { id: string; isBuiltIn: boolean }[]; problems: object[];
  };
  expect(listed.styles.filter(({ isBuiltIn }) => !isBuiltIn).map(({ id }) => id)).toEqual(['winter-2']);
  expect(listed.problems).toHaveLength(1);
  expect(await documentOf('styles', 'copy', 'winter', '--name', 'My snow')).toMatchObject({ style: { id: 'my-snow' } });
  await documentOf('styles', 'remove', 'winter-2');
  expect((await readdir(styles)).toSorted()).toEqual(['broken.json', 'my-snow.json']);
  for (const words of [['remove', 'winter'], ['remove', 'No such'], ['copy', 'nothing']]) {
    expect((await likeness('styles', ...words)).code, words.join(' ')).toBe(1);
  }
});

test('portraits come as a ZIP or as one picture, the most alike first', async () => {
  const all = await documentOf('export', 'portraits', '--subject', 'Ada', '--out', out('all.zip'));
  expect(all).toMatchObject({ subject: 'Ada', portraits: 4, file: out('all.zip') });
  const files = unzipSync(await readFile(out('all.zip')));
  expect(Object.keys(files)).toEqual(['portrait-01.png', 'portrait-02.png', 'portrait-03.png', 'portrait-04.png']);
  const best = await documentOf(
    'export', 'portraits', '--subject', 'Ada', '--best', '1', '--format', 'jpeg', '--long-edge', '64',
    '--with-settings', '--visible-label', '--file-name', 'seed {seed} {style}', '--out', path.join(folder, 'out'));
  expect(best).toMatchObject({ portraits: 1, file: out('seed 2 Winter.jpg') });
  const metadata = await sharp(out('seed 2 Winter.jpg')).metadata();
  expect(metadata).toMatchObject({ format: 'jpeg', width: 48, height: 64 });
  expect(metadata.exif!.includes(Buffer.from('Seed', 'utf16le').swap16())).toBe(true);
  const picks = await documentOf(
    'export', 'portraits', '--subject', 'Ada', '--picks', '--rating', '4', '--style', 'winter',
    '--out', out('pick.png'));
  expect(picks).toMatchObject({ portraits: 1 });
});

test('a sheet of the best, and words for what cannot be', async () => {
  const sheet = await documentOf('export', 'sheet', '--subject', 'Ada', '--best', '3', '--out', out('sheet.png'));
  expect(sheet).toMatchObject({ portraits: 3 });
  expect((await sharp(out('sheet.png')).metadata()).width).toBe(12 + 3 * 236);
  const none = await likeness('export', 'portraits', '--subject', 'Ada', '--rating', '5', '--json');
  expect([none.code, (JSON.parse(none.output) as { error: { code: string } }).error.code])
    .toEqual([1, 'portraits.none-chosen']);
  for (const words of [
    ['export', 'portraits', '--subject', 'Ada', '--format', 'kohya'], ['export', '--subject', 'Ada', '--format', 'png'],
    ['export', 'sheet', '--subject', 'Ada', '--format', 'png'], ['styles', 'copy'], ['styles', 'list', 'winter'],
  ]) expect((await likeness(...words)).code, words.join(' ')).toBe(2);
});
