// Every kind of bad input has its own code and a plain sentence, and leaves nothing in the store.

import { createWriteStream, existsSync, readdirSync, writeFileSync, mkdirSync, chmodSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import { importPhoto } from '../../src-main/photos/import-photo.ts';
import { listPhotos } from '../../src-main/photos/list-photos.ts';
import { writeError } from '../../src-main/photos/photo-errors.ts';
import { pictureKind } from '../../src-main/photos/picture-kind.ts';
import { codeOf, gradientPicture, greyPng, raw, temporaryFolder } from './fixtures.ts';

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>';
const isoFile = (brand: string): Buffer => Buffer.concat([
  Buffer.from([0, 0, 0, 24]), Buffer.from(`ftyp${brand}\0\0\0\0mif1`, 'latin1'), Buffer.alloc(64)]);
const picture = gradientPicture(96, 64);

const firstHalf = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);

const badFiles: { name: string; bytes: () => Promise<Buffer> | Buffer; code: string; says: string }[] = [
  { name: 'text.jpg', bytes: () => Buffer.from('Dear diary, today'), code: 'photos.not-a-picture', says: 'not a pic' },
  { name: 'empty.png', bytes: () => Buffer.alloc(0), code: 'photos.not-a-picture', says: 'not a picture' },
  { name: 'page.png', bytes: () => Buffer.from('<!DOCTYPE html><html>'), code: 'photos.not-a-picture', says: 'not a' },
  { name: 'BMW.png', bytes: () => Buffer.from('BMW makes cars.'), code: 'photos.not-a-picture', says: 'not a picture' },
  { name: 'evil.jpg', bytes: () => Buffer.from(svg), code: 'photos.unsupported-kind', says: 'SVG' },
  { name: 'scan.jpg', bytes: () => raw(picture).tiff().toBuffer(), code: 'photos.unsupported-kind', says: 'TIFF' },
  { name: 'loop.jpg', bytes: () => raw(picture).gif().toBuffer(), code: 'photos.unsupported-kind', says: 'GIF' },
  { name: 'phone.jpg', bytes: () => isoFile('heic'), code: 'photos.unsupported-kind', says: 'HEIC' },
  { name: 'new.jpg', bytes: () => raw(picture).avif().toBuffer(), code: 'photos.unsupported-kind', says: 'AVIF' },
  { name: 'a.png', bytes: () => Buffer.from('%PDF-1.7\n'), code: 'photos.unsupported-kind', says: 'PDF' },
  { name: 'cut.jpg', bytes: async () => firstHalf(await raw(picture).jpeg().toBuffer()),
    code: 'photos.damaged', says: 'JPEG' },
  { name: 'stub.jpg', bytes: async () => (await raw(picture).jpeg().toBuffer()).subarray(0, 20),
    code: 'photos.damaged', says: 'JPEG' },
  { name: 'cut.png', bytes: () => greyPng(300, 300).subarray(0, 60), code: 'photos.damaged', says: 'PNG' },
  { name: 'cut.webp', bytes: async () => firstHalf(await raw(picture).webp({ lossless: true }).toBuffer()),
    code: 'photos.damaged', says: 'WebP' },
  { name: 'bomb.png', bytes: () => greyPng(20_000, 20_000), code: 'photos.too-many-pixels', says: '20000 x 20000' },
];

test.each(badFiles)('$name is refused as $code', async ({ name, bytes, code, says }) => {
  const folder = temporaryFolder();
  const file = path.join(folder, name);
  writeFileSync(file, await bytes());
  const error: unknown = await importPhoto(file, path.join(folder, 'store')).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  const { code: found, text } = error as UserError;
  expect(found).toBe(code);
  expect(text.what).toContain(name);
  expect(text.what).toContain(says);
  expect(text.what).not.toContain(folder); // messages name the file, not the folder
  expect(existsSync(path.join(folder, 'store'))).toBe(false);
});

test('a missing file, a folder and a dangling link are unreadable', async () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'folder.jpg'));
  symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'link.jpg'));
  for (const name of ['missing.jpg', 'folder.jpg', 'link.jpg']) {
    expect(await codeOf(() => importPhoto(path.join(folder, name), folder)), name).toBe('photos.cannot-read');
  }
});

test('a store that cannot be written says so', async () => {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'store'), 'a file stands where the folder should be');
  const bytes = await raw(picture).png().toBuffer();
  expect(await codeOf(() => importPhoto({ fileName: 'a.png', bytes }, path.join(folder, 'store'))))
    .toBe('photos.cannot-write');
});

// Linux's /dev/full answers every write as a full disk does; elsewhere the system's error is made by hand.
test('a full disk has its own sentence', async () => {
  const error = existsSync('/dev/full') ? await new Promise<Error>((resolve) => {
    createWriteStream('/dev/full').on('error', resolve).end('x');
  }) : Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  const shown = writeError(error, '/library');
  expect(shown).toBeInstanceOf(UserError);
  expect((shown as UserError).code).toBe('photos.disk-full');
  expect(writeError(new TypeError('ours'), '/library')).toBeInstanceOf(TypeError);
});

test('a folder lists pictures by name or content, in natural order, and nothing else', async () => {
  const folder = temporaryFolder();
  const jpeg = await raw(picture).jpeg().toBuffer();
  for (const name of ['b 10.jpg', 'b 9.jpg', 'no-extension', 'Upper.JPG']) writeFileSync(path.join(folder, name), jpeg);
  writeFileSync(path.join(folder, 'phone.heic'), isoFile('heic'));
  writeFileSync(path.join(folder, 'broken.png'), 'not a picture');
  writeFileSync(path.join(folder, 'notes.txt'), 'BMW');
  writeFileSync(path.join(folder, '.hidden.jpg'), jpeg);
  mkdirSync(path.join(folder, 'inner.jpg'));
  const names = (await listPhotos(folder)).map((file) => path.basename(file));
  expect(names).toEqual(['b 9.jpg', 'b 10.jpg', 'broken.png', 'no-extension', 'phone.heic', 'Upper.JPG']);
});

test('an empty folder, one without pictures, and one that is not there have their own codes', async () => {
  const folder = temporaryFolder();
  expect(await codeOf(() => listPhotos(folder))).toBe('photos.folder-empty');
  writeFileSync(path.join(folder, 'notes.txt'), 'nothing here');
  expect(await codeOf(() => listPhotos(folder))).toBe('photos.folder-empty');
  expect(await codeOf(() => listPhotos(path.join(folder, 'nowhere')))).toBe('photos.folder-missing');
  expect(await codeOf(() => listPhotos(path.join(folder, 'notes.txt')))).toBe('photos.folder-missing');
});

test('nothing of a failed import is left under a final name', async () => {
  const folder = temporaryFolder();
  const store = path.join(folder, 'store');
  mkdirSync(path.join(store, 'originals'), { recursive: true });
  chmodSync(store, 0o755);
  writeFileSync(path.join(store, 'thumbnails'), 'in the way');
  const bytes = await raw(picture).png().toBuffer();
  expect(await codeOf(() => importPhoto({ fileName: 'a.png', bytes }, store))).toBe('photos.cannot-write');
  expect(readdirSync(path.join(store, 'originals'))).toEqual([]);
});

test('a kind is found from few bytes without reading past them', () => {
  expect(pictureKind(new Uint8Array(0))).toBeUndefined();
  expect(pictureKind(Uint8Array.of(0xff, 0xd8, 0xff))?.supported).toBe('jpeg');
  expect(pictureKind(Buffer.from('RIFF\x10\0\0\0WAVE'))).toBeUndefined();
});
