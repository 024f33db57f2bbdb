// `likeness analyze FOLDER` on a folder as people have them: the photo, a copy of it, a page, a damaged file.

import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageOfText } from '../photos/drawn-pictures.ts';
import { runProgram } from './run-program.ts';

const root = join(import.meta.dirname, '..', '..');
const photo = await readFile(join(root, 'test', 'photos', 'astronaut.png'));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-analyze-'));
  await mkdir(join(folder, 'tmp'));
  await mkdir(join(folder, 'Ada'));
  const jpeg = await sharp(photo).resize(400).jpeg({ quality: 80 }).toBuffer();
  const files = { 'a.png': photo, 'b.jpg': jpeg, 'c.png': await pageOfText(), 'd.jpg': jpeg.subarray(0, 9000) };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'Ada', name), bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const likeness = (...words: string[]) => runProgram(folder, words);

test('one document with everything about each photo', async () => {
  const { code, output } = await likeness('analyze', 'Ada', '--json');
  expect(code).toBe(0);
  const { photos, refused } = JSON.parse(output) as { photos: Record<string, unknown>[]; refused: unknown[] };
  expect(photos).toMatchObject([
    {
      file: 'a.png', widthPx: 512, faceCount: 1, faces: [{ score: expect.any(Number) as number }], faceIndex: 0,
      verdict: { reasonCodes: [], actions: [] }, isUsed: true, sameAs: null, isAnotherPerson: false,
      measures: { facePx: expect.any(Number) as number, sharpness: expect.any(Number) as number, occlusions: [] },
      likeness: expect.any(Number) as number,
    },
    { file: 'b.jpg', sameAs: 'a.png', isUsed: false, verdict: { grade: 'left-out', actions: ['keep-this-one'] } },
    { file: 'c.png', faceCount: 0, measures: null, verdict: { reasonCodes: ['no-face', 'text-page'] }, likeness: null },
  ]);
  expect(refused).toMatchObject([{ file: 'd.jpg', error: { code: 'photos.damaged' } }]);
  // nothing of the photos is kept
  expect(await readdir(join(folder, 'tmp'))).toEqual([]);
});

test('a table that ends in a count', async () => {
  const { code, output } = await likeness('analyze', 'Ada');
  expect(code).toBe(0);
  expect(output).toContain('no face was found; it looks like a page of text');
  expect(output.trim().split('\n').at(-1)).toBe('1 good, 0 usable, 2 left out, 1 refused');
});
