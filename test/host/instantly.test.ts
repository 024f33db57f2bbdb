// Portraits without teaching from a terminal: the whole way, two people, poses, and a message of its own for every bad
// input.

import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { runProgram } from './run-program.ts';

const root = join(import.meta.dirname, '..', '..');
const astronaut = join(root, 'test', 'photos', 'astronaut.png');
const small = ['--provider', 'cpu', '--count', '1', '--sampling-steps', '1', '--json'];
/** Whether the model that comes with Likeness has an InstantID of its own. */
const hasInstantId = existsSync(join(root, 'resources', 'starter', 'instant_id', 'face_encoder'));
let folder: string;

const likeness = (...words: string[]) => runProgram(folder, words);

async function document<T>(...words: string[]): Promise<T> {
  const { code, output, errors } = await likeness(...words);
  expect(code, errors).toBe(0);
  return JSON.parse(output) as T;
}

async function refusal(...words: string[]): Promise<string> {
  const { code, output, errors } = await likeness(...words);
  expect(code, errors).toBe(1);
  return (JSON.parse(output) as { error: { code: string } }).error.code;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-instantly-'));
  for (const name of ['tmp', 'Ada', 'Bo', 'grey']) await mkdir(join(folder, name));
  await copyFile(astronaut, join(folder, 'Ada', 'one.png'));
  await sharp(astronaut).extract({ left: 100, top: 0, width: 260, height: 260 }).flop()
    .toFile(join(folder, 'Bo', 'bo.png'));
  const grey = sharp({ create: { width: 300, height: 150, channels: 3, background: '#888' } }).png();
  await grey.toFile(join(folder, 'grey', 'grey.png'));
  await writeTinyPack(join(folder, 'pack'));
  for (const name of ['Ada', 'Bo']) await document('import', '--photos', name, '--json');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ada = ['--subject', 'Ada', '--instant'];

test('bad input: each has its own message, and nothing is drawn', async () => {
  const cases: [string[], string][] = [
    [[...ada, '--pack', 'pack'], 'portraits.not-instant'],
    [[...ada, '--with', 'Nobody'], 'subjects.unknown'],
    [['--subject', 'Ada', '--with', 'Bo'], 'looks.unknown'],
    [[...ada, '--with', 'Bo', '--mask', join('grey', 'grey.png')], 'mask.other-shape'],
    [[...ada, '--with', 'Bo', '--mask', 'nowhere.png'], 'photos.cannot-read'],
    [[...ada, '--pose', `photo:${join('grey', 'grey.png')}`], 'instant-id.pose-no-face'],
    [[...ada, '--pose', 'photo:nowhere.png'], 'portraits.unknown-pose'],
    [[...ada, '--pose', 'portrait:1'], 'portraits.unknown-pose'],
    [[...ada, '--face-photo', 'two.png'], 'portraits.unknown-face'],
  ];
  for (const [words, code] of cases) {
    expect(await refusal('generate', ...words, ...small, '--out', 'never'), words.join(' ')).toBe(code);
  }
  const missing = await likeness('portraits', '--photos', 'Ada', '--method', 'instantid', '--pack', 'pack', ...small);
  expect(missing.code).toBe(1);
  // what is missing is named, and what to do about it
  expect(missing.errors).toMatch(/cannot draw a face without teaching yet\. .*SDXL/);
  expect(missing.errors).toContain('likeness models add PATH');
  expect(await readdir(folder)).not.toContain('never');
});

test.runIf(hasInstantId)('photos without a face, and points where no portrait is', async () => {
  expect(await refusal('portraits', '--photos', 'grey', '--method', 'instantid', ...small)).toBe('photos.no-face');
  expect(await refusal('generate', ...ada, ...small, '--pose', 'points:3,3,3.2,3,3.1,3.1,3,3.2,3.2,3.2'))
    .toBe('instant-id.points-outside');
});

interface Drawn {
  readonly file: string;
  readonly isWithLook: boolean;
  readonly instantly: { readonly pose: { readonly kind: string } } | null;
  readonly likeness: { readonly level: string | null; readonly engine: string; readonly words: string };
  readonly second: { readonly subject: string; readonly likeness: { readonly words: string } } | null;
}

test.runIf(hasInstantId)('the whole way without teaching: portraits, twins, contact sheet, report', async () => {
  const report = await document<{
    method: string; facePhotos: string[]; heldOut: string[]; contactSheet: string;
    portraits: { seed: number; withLook: Drawn; withoutLook: Drawn }[];
    likeness: { nearerWithLook: { latentDistance: { of: number } } };
  }>('portraits', '--photos', 'Ada', '--method', 'instantid', ...small, '--count', '2', '--out', 'out');
  expect(report).toMatchObject({ method: 'instantid', facePhotos: ['one.png'], heldOut: [] });
  expect(report.portraits.map(({ seed }) => seed)).toEqual([1, 2]);
  const [first] = report.portraits;
  expect(first!.withLook).toMatchObject({ isWithLook: false, instantly: { pose: { kind: 'reference' } } });
  expect(first!.withLook.likeness).toMatchObject({ engine: 'built-in', words: expect.any(String) as string });
  expect(first!.withoutLook.instantly).toBeNull();
  expect(report.likeness.nearerWithLook.latentDistance.of).toBe(2);
  expect((await readdir(join(folder, 'out'))).sort()).toEqual(['contact-sheet.png', 'seed-1-instant.png',
    'seed-1-without.png', 'seed-2-instant.png', 'seed-2-without.png']);
  expect(await readdir(join(folder, 'tmp'))).toEqual([]);
});

test.runIf(hasInstantId)('two people, a pose from a file that comes into no library, and a finish', async () => {
  const { portraits, method } = await document<{ portraits: Drawn[]; method: string }>(
    'generate', ...ada, ...small, '--with', 'Bo', '--prompt', '{subject} and {subject2}', '--compare',
    '--pose', `photo:${astronaut}`, '--image-strength', '0.9', '--upscale', '2', '--out', 'two');
  expect(method).toBe('instantid');
  const both = portraits.find(({ instantly }) => instantly)!;
  expect(both).toMatchObject({
    instantly: { pose: { kind: 'points' } }, second: { subject: 'Bo' },
    settings: { imageStrength: 0.9, upscale: 2 }, widthPx: 256,
  });
  expect((await readdir(join(folder, 'two'))).sort()).toEqual(expect.arrayContaining(
    ['seed-1-instant-before.png', 'seed-1-instant.png', 'seed-1-without.png']));
  const { photos } = await document<{ photos: unknown[] }>('analyze', '--subject', 'Ada', '--json');
  expect(photos).toHaveLength(1);
});

test.runIf(hasInstantId)('the report for a reader: likeness in words, best first', async () => {
  const { code, output, errors } = await likeness(
    'batch', ...ada, ...small.filter((word) => word !== '--json'), '--count', '2', '--out', 'plain');
  expect(code, errors).toBe(0);
  const [title, ...rows] = output.trim().split('\n');
  expect(title).toBe(`2 portraits are in ${join(folder, 'plain')}, best first:`);
  expect(rows).toHaveLength(2);
  for (const row of rows) expect(row).toMatch(/^ {2}(0\.\d\d|no face found).* seed-\d-instant\.png$/);
});
