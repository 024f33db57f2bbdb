// Sheets of flat colours, decoded again by sharp: where pictures and letters are, and how the sheet is labelled.

import sharp from 'sharp';
import { expect, test } from 'vitest';

import { contactSheet } from '../../src-main/generation/contact-sheet.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';

function flat(width: number, height: number, colour: readonly [number, number, number]): RgbPicture {
  return rgbPicture(width, height, Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!));
}

function tileOf(colour: readonly [number, number, number], seed: number) {
  return { picture: flat(64, 64, colour), label: `seed ${seed}` };
}

const red = [200, 10, 10] as const;
const blue = [10, 10, 200] as const;
const rows = [
  { title: 'Photos', tiles: [{ picture: flat(40, 80, red), label: 'one' }] },
  { title: 'Empty', tiles: [] },
  { title: 'Without the look', tiles: [1, 2, 3].map((seed) => tileOf(blue, seed)) },
  { title: 'With <the> "look" & 写真', tiles: [1, 2, 3].map((seed) => tileOf(red, seed)) },
];

async function decoded(png: Uint8Array) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const colourAt = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  return { ...info, colourAt, data };
}

test('pictures stand in rows, wrapped and centred, each column on one line', async () => {
  const sheet = await decoded(await contactSheet(rows, { tileEdgePx: 80, columns: 2, hasPhotos: true }));
  // two columns; rows of 1, 2 and 2 lines of tiles, three titles
  expect([sheet.width, sheet.height, sheet.channels]).toEqual([12 + 2 * 92, 12 + 3 * 30 + 5 * (80 + 22 + 12), 3]);
  // the tall photo is in the middle of its square, with paper left and right of it
  expect(sheet.colourAt(12 + 40, 42 + 40)).toEqual([...red]);
  expect(sheet.colourAt(12 + 10, 42 + 40)).toEqual([244, 244, 242]);
  // first tile of the second row, and the third wrapped below it
  const second = 42 + 114 + 30;
  for (const [x, y] of [[52, second + 40], [144, second + 40], [52, second + 114 + 40]]) {
    expect(sheet.colourAt(x!, y!)).toEqual([...blue]);
  }
  expect(sheet.colourAt(144, second + 114 + 40)).toEqual([244, 244, 242]);
});

test('titles and labels are drawn', async () => {
  const lettered = await decoded(await contactSheet(rows, { tileEdgePx: 80, hasPhotos: true }));
  const bare = await decoded(await contactSheet(
    rows.map((row) => ({ title: '', tiles: row.tiles.map((tile) => ({ ...tile, label: '' })) })),
    { tileEdgePx: 80, hasPhotos: true }));
  const dark = ({ data }: { data: Buffer }) => data.filter((value) => value < 100).length;
  // a machine may lack fonts for Chinese but every system has some letters
  expect(dark(lettered) - dark(bare)).toBeGreaterThan(500);
});

test('the sheet says what it is made of', async () => {
  const xmp = async (hasPhotos: boolean) =>
    (await sharp(await contactSheet(rows, { tileEdgePx: 32, hasPhotos })).metadata()).xmp!.toString();
  expect(await xmp(false)).toContain('digitalsourcetype/trainedAlgorithmicMedia<');
  expect(await xmp(true)).toContain('digitalsourcetype/compositeWithTrainedAlgorithmicMedia<');
});

test('a sheet without pictures is refused', async () => {
  await expect(contactSheet([{ title: 'None', tiles: [] }], { hasPhotos: false })).rejects.toThrow('needs pictures');
});

test('a second line under each picture makes room for itself, and Chinese letters are cut by their width', async () => {
  const more = '相似度 0.71 · seed 1';
  const two = rows.map((row) => ({ ...row, tiles: row.tiles.map((tile) => ({ ...tile, more })) }));
  const options = { tileEdgePx: 80, columns: 2, hasPhotos: false };
  const [single, double] = await Promise.all([rows, two].map(async (all) => decoded(await contactSheet(all, options))));
  expect(double!.height - single!.height).toBe(5 * 18);
  const long = [{ title: '', tiles: [{ ...tileOf(red, 1), label: '写'.repeat(40) }, tileOf(red, 2)] }];
  const cut = await decoded(await contactSheet(long, { ...options, tileEdgePx: 140 }));
  // nothing of the first label stands under the second picture
  const under = Array.from({ length: 30 * 18 }, (_, i) => cut.colourAt(240 + (i % 30), 186 + Math.floor(i / 30)));
  expect(under.every((colour) => Math.min(...colour) > 200)).toBe(true);
});
