// The command line's words for instant portraits: poses, masks, likeness, and what is wrong usage.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Likeness } from '../../src-main/contract/faces.ts';
import type { Subject } from '../../src-main/contract/nouns.ts';
import { addFaceOptions, addFinishOptions, faceSettingsOf, optionOfFace } from '../../src-main/host/instant-options.ts';
import { bestFirst, likenessWords, whyNoWord } from '../../src-main/host/likeness-words.ts';
import { parsePose } from '../../src-main/host/pose-words.ts';
import { likenessProgram, runProgram } from '../../src-main/host/program.ts';
import { readRegionMask } from '../../src-main/host/region-mask.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-words-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('poses', () => {
  expect(parsePose('reference')).toEqual({ kind: 'reference' });
  expect(parsePose('none')).toEqual({ kind: 'none' });
  expect(parsePose('photo:C:\\me, 1.jpg')).toEqual({ kind: 'photo', name: 'C:\\me, 1.jpg' });
  expect(parsePose('portrait:abc')).toEqual({ kind: 'portrait', name: 'abc' });
  expect(parsePose('points:.4,.4, .6,.4,.5,.5,.42,.6,.58,-0.1')).toEqual({
    kind: 'points',
    points: [{ x: 0.4, y: 0.4 }, { x: 0.6, y: 0.4 }, { x: 0.5, y: 0.5 }, { x: 0.42, y: 0.6 }, { x: 0.58, y: -0.1 }],
  });
  for (const wrong of ['', 'left', 'photo:', 'points:', 'points:1,2,3', 'points:1,2,3,4,5,6,7,8,9,x',
    'points:1,2,3,4,5,6,7,8,9,', 'points:1,2,3,4,5,6,7,8,9,10,11', 'points:1,2,3,4,5,6,7,8,9,10,11,12']) {
    expect(() => parsePose(wrong), wrong).toThrow();
  }
});

test('every number of the face has an option, and what was not given is left to the model', () => {
  const parse = (...words: string[]) => {
    const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    return addFinishOptions(addFaceOptions(command)).parse(words, { from: 'user' }).opts<never>();
  };
  expect(faceSettingsOf(parse('--image-strength', '1.2', '--image-start', '0.1', '--image-end', '.9',
    '--identity-net-strength', '0', '--identity-net-start', '0', '--identity-net-end', '1', '--fast',
    '--face-pass', 'auto', '--face-pass-strength', '0.4', '--upscale', '2', '--upscale-strength', '0.3'))).toEqual({
    imageStrength: 1.2, imageStart: 0.1, imageEnd: 0.9, identityNetStrength: 0, identityNetStart: 0,
    identityNetEnd: 1, fast: true, facePass: 'auto', facePassStrength: 0.4, upscale: 2, upscaleStrength: 0.3,
  });
  expect(Object.values(faceSettingsOf(parse())).every((value) => value === undefined)).toBe(true);
  expect([optionOfFace(parse()), optionOfFace(parse('--upscale', '2'))]).toEqual([undefined, undefined]);
  expect(optionOfFace(parse('--identity-net-end', '1'))).toBe('--identity-net-end');
  expect(optionOfFace(parse('--pose', 'none'))).toBe('--pose');
  expect(optionOfFace(parse('--face-photo', 'a.jpg'))).toBe('--face-photo');
  for (const wrong of [['--image-strength', '2'], ['--image-start', '-1'], ['--upscale', '5'], ['--face-pass', 'x']]) {
    expect(() => parse(...wrong), wrong.join(' ')).toThrow();
  }
});

test('likeness in words, of whom it is', () => {
  const likeness = (cosine: number | null, level: Likeness['level']): Likeness => (
    { cosine, distance: null, latentDistance: null, level });
  expect(likenessWords(likeness(0.912, 'as-two-photos'), 'woman')).toBe('0.91, as alike as two of her own photos');
  expect(likenessWords(likeness(0.86, 'nearly'), 'man')).toBe('0.86, nearly as alike as two of his own photos');
  expect(likenessWords(likeness(0.7, 'some'), 'person')).toBe('0.70, somewhat alike');
  expect(likenessWords(likeness(0.1, 'none'), 'person')).toBe('0.10, no more alike than anybody');
  expect(likenessWords(likeness(0.9, null), 'person')).toBe('0.90');
  expect(likenessWords(likeness(null, null), 'person')).toBe('no face found');
  const photos = { low: 0.9986, median: 0.9993, high: 0.9996 };
  const ada = (isOneMoment: boolean) => ({ name: 'Ada', likenessRange: { ...photos, isOneMoment } }) as Subject;
  expect(whyNoWord(likeness(0.9, null), ada(true))).toMatch(/photos of Ada are as alike as photos of one moment/);
  expect(whyNoWord(likeness(0.9, null), ada(false))).toBeNull();
  expect(whyNoWord(likeness(0.99, 'as-two-photos'), ada(true))).toBeNull();
  expect(whyNoWord(likeness(null, null), ada(true))).toBeNull();
  const all = [null, 0.2, 0.9, null].map((cosine, i) => ({ i, portrait: { likeness: likeness(cosine, null) } }));
  expect(bestFirst(all).map(({ i }) => i)).toEqual([2, 1, 0, 3]);
});

/** A mask with white right of `split`, which is a share of its width. */
async function mask(name: string, width: number, height: number, split: number): Promise<string> {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) data.fill(i % width >= split * width ? 255 : 0, 3 * i, 3 * i + 3);
  const file = join(folder, name);
  await sharp(data, { raw: { width, height, channels: 3 } }).png().toFile(file);
  return file;
}

test('a mask becomes a grid of at most 64 cells an edge, its edge where it was', async () => {
  const size = { widthPx: 512, heightPx: 256 };
  const wide = await readRegionMask(await mask('wide.png', 512, 256, 0.25), size);
  expect([wide.columns, wide.rows]).toEqual([64, 32]);
  expect([wide.values[0], wide.values[63], wide.values[31 * 64 + 40]]).toEqual([0, 1, 1]);
  expect(wide.values.slice(0, 64).reduce((sum, value) => sum + value, 0)).toBeCloseTo(48, 0);
  const tiny = await readRegionMask(await mask('tiny.png', 4, 2, 0.5), size);
  expect(tiny).toEqual({ columns: 4, rows: 2, values: [0, 0, 1, 1, 0, 0, 1, 1] });
});

test('a mask of another shape, one with room for one person only, and what is no picture', async () => {
  const size = { widthPx: 512, heightPx: 512 };
  await expect(readRegionMask(await mask('other.png', 64, 32, 0.5), size)).rejects.toMatchObject(
    { code: 'mask.other-shape', parameters: { width: 64, height: 32, widthPx: 512, heightPx: 512 } });
  for (const split of [0, 1]) {
    await expect(readRegionMask(await mask(`${split}.png`, 32, 32, split), size))
      .rejects.toMatchObject({ code: 'mask.empty' });
  }
  await expect(readRegionMask(join(folder, 'nowhere.png'), size)).rejects.toMatchObject({ code: 'photos.cannot-read' });
  await expect(readRegionMask(import.meta.filename, size)).rejects.toMatchObject({ code: 'photos.not-a-picture' });
});

test('what says something of nobody is wrong usage', async () => {
  const wrong = [
    ['generate', '--subject', 'A', '--pose', 'none'], ['generate', '--subject', 'A', '--image-strength', '0.5'],
    ['generate', '--subject', 'A', '--with-look', 'x'], ['batch', '--subject', 'A', '--instant', '--mask', 'm.png'],
    ['generate', '--adapter', 'a.safetensors', '--instant'], ['generate', '--adapter', 'a.safetensors', '--with', 'B'],
    ['generate', '--subject', 'A', '--instant', '--pose', 'points:1,2'],
    ['portraits', '--photos', 'x', '--face-photo', 'a.jpg'], ['portraits', '--photos', 'x', '--method', 'magic'],
  ];
  for (const words of wrong) {
    const program = likenessProgram('1.0.0');
    const said: string[] = [];
    for (const command of [program, ...program.commands]) {
      command.configureOutput({ writeErr: (text) => said.push(text) });
    }
    expect(await runProgram(program, words), words.join(' ')).toBe(2);
    expect(said.join(''), words.join(' ')).toMatch(/error: /);
  }
});
