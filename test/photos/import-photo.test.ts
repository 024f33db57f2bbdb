// What an import keeps, what it strips, and that the user's own file is left as it was.

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import { openPhoto, preparePhoto } from '../../src-main/photos/import-photo.ts';
import { codeOf, gradientPicture, raw, temporaryFolder } from './fixtures.ts';

test('what is kept of a photo is the file, byte for byte, and the original is untouched', async () => {
  const folder = temporaryFolder();
  const original = path.join(folder, 'Holiday 1.JPG');
  writeFileSync(original, await raw(gradientPicture(640, 480)).jpeg().toBuffer());
  const bytes = readFileSync(original);
  const before = statSync(original);
  const photo = await preparePhoto(original);
  expect(bytes.equals(photo.bytes)).toBe(true);
  expect([photo.widthPx, photo.heightPx, photo.fileName]).toEqual([640, 480, 'Holiday 1.JPG']);
  const after = statSync(original);
  expect([after.mtimeMs, after.size, after.ino, after.nlink]).toEqual(
    [before.mtimeMs, before.size, before.ino, before.nlink]);
  expect(readFileSync(original).equals(bytes)).toBe(true);
});

test('content decides the kind, not the name; of a name only the last part is kept', async () => {
  const bytes = await raw(gradientPicture(32, 32)).webp().toBuffer();
  expect(await preparePhoto({ fileName: 'C:\\me\\really.jpg', bytes })).toMatchObject({
    kind: 'webp', fileName: 'really.jpg',
  });
});

// A camera held upright stores a lying picture and the number 6: turn a quarter to the right.
test('orientation is applied to size, pixels and previews', async () => {
  const folder = temporaryFolder();
  const lying = raw(gradientPicture(60, 40));
  const bytes = await lying.withMetadata({ orientation: 6 }).png().toBuffer();
  const file = path.join(folder, 'upright.png');
  writeFileSync(file, bytes);
  const photo = await preparePhoto(file);
  const picture = await openPhoto(file);

  expect([photo.widthPx, photo.heightPx]).toEqual([40, 60]);
  expect([picture.width, picture.height]).toEqual([40, 60]);
  // the stored left bottom corner (red 0, green 255) is seen at the left top
  expect([...picture.data.slice(0, 3)]).toEqual([0, 255, 96]);
  const preview = await sharp(photo.thumbnail).metadata();
  expect([preview.width, preview.height]).toEqual([40, 60]);
});

test('previews fit their square, are WebP and carry no metadata', async () => {
  const bytes = await raw(gradientPicture(1500, 600))
    .withExif({ IFD0: { Copyright: 'secret owner' }, IFD3: { GPSLatitudeRef: 'N' } }).withXmp('<x>secret place</x>')
    .withIccProfile('p3').jpeg().toBuffer();
  expect(bytes.includes('secret owner')).toBe(true); // otherwise the next lines prove nothing
  const photo = await preparePhoto({ fileName: 'a.jpg', bytes });
  for (const [made, edgePx, height] of [[photo.thumbnail, 256, 103], [photo.preview, 1024, 410]] as const) {
    const preview = Buffer.from(made);
    const { format, width, height: seen, exif, xmp, icc } = await sharp(preview).metadata();
    expect({ format, width, seen }).toEqual({ format: 'webp', width: edgePx, seen: height });
    expect([exif, xmp, icc]).toEqual([undefined, undefined, undefined]);
    expect(preview.includes('secret')).toBe(false);
  }
});

test('colours go through the embedded profile to sRGB, or stay as stored when asked', async () => {
  const flat = { width: 8, height: 8, data: new Uint8Array(192).map((_, i) => [200, 40, 40][i % 3]!) };
  // tagging alone keeps the numbers: Display P3's red is outside of sRGB's, so it must become redder
  const bytes = await raw(flat).withIccProfile('p3', { attach: true }).png().toBuffer();
  const stored = await decodePhoto(bytes, 'p3.png', 'stored');
  const seen = await decodePhoto(bytes, 'p3.png');
  const plain = await decodePhoto(await raw(flat).png().toBuffer(), 'plain.png');
  expect([...plain.data.slice(0, 3)]).toEqual([200, 40, 40]);
  const difference = Math.max(...seen.data.slice(0, 3).map((value, i) => Math.abs(value - [200, 40, 40][i]!)));
  expect(difference).toBeLessThanOrEqual(2); // converted to P3 on writing and back on reading
  expect(stored.data[1]! - seen.data[1]!).toBeGreaterThan(5); // P3 needs more green for the same red
});

test('grey, 16-bit, transparent and CMYK pictures all become 8-bit RGB', async () => {
  const grey = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#808080' } })
    .toColourspace('b-w').png().toBuffer();
  const deep = await raw(gradientPicture(4, 4)).toColourspace('rgb16').png().toBuffer();
  const nothing = { r: 9, g: 9, b: 9, alpha: 0 };
  const clear = await sharp({ create: { width: 4, height: 4, channels: 4, background: nothing } }).png().toBuffer();
  const cmyk = await raw(gradientPicture(4, 4)).toColourspace('cmyk').jpeg().toBuffer();
  for (const colour of ['srgb', 'stored'] as const) {
    for (const bytes of [grey, deep, clear]) expect((await decodePhoto(bytes, 'x', colour)).data).toHaveLength(48);
    expect([...(await decodePhoto(grey, 'x', colour)).data.slice(0, 3)]).toEqual([128, 128, 128]);
    expect([...(await decodePhoto(clear, 'x', colour)).data.slice(0, 3)]).toEqual([255, 255, 255]);
  }
  expect((await decodePhoto(cmyk, 'x')).data).toHaveLength(48);
});

test('a preview is reduced as it is decoded, and damage anywhere in the file is still found', async () => {
  const noisy = gradientPicture(1600, 1200);
  noisy.data.forEach((value, i) => { noisy.data[i] = (value + (i * 7919) % 61) & 255; });
  const [jpeg, progressive] = [raw(noisy).jpeg(), raw(noisy).jpeg({ progressive: true })];
  for (const encode of [jpeg, progressive, raw(noisy).webp(), raw(noisy).png()]) {
    const bytes = await encode.toBuffer();
    await expect(preparePhoto({ fileName: 'whole', bytes })).resolves.toMatchObject({ widthPx: 1600 });
    for (const part of [0.5, 0.9, 0.99]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * part));
      const code = await codeOf(() => preparePhoto({ fileName: 'cut', bytes: cut }));
      expect(code, `${part}`).toBe('photos.damaged');
    }
  }
});
