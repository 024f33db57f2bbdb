// Every kind of bad input has its own code and a plain sentence, and leaves nothing in the store.

import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import { preparePhoto } from '../../src-main/photos/import-photo.ts';
import { findPhotos, listPhotos } from '../../src-main/photos/list-photos.ts';
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
  const error: unknown = await preparePhoto(file).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  const { code: found, text } = error as UserError;
  expect(found).toBe(code);
  expect(text.what).toContain(name);
  expect(text.what).toContain(says);
  expect(text.what).not.toContain(folder); // messages name the file, not the folder
});

test('a missing file, a folder and a dangling link are unreadable', async () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'folder.jpg'));
  symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'link.jpg'));
  for (const name of ['missing.jpg', 'folder.jpg', 'link.jpg']) {
    expect(await codeOf(() => preparePhoto(path.join(folder, name))), name).toBe('photos.cannot-read');
  }
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

test('chosen files stay, folders are walked, each file comes once, and a whole disk is refused', async () => {
  const folder = temporaryFolder();
  const jpeg = await raw(picture).jpeg().toBuffer();
  mkdirSync(path.join(folder, 'b', 'c'), { recursive: true });
  const names = ['notes.txt', '2.jpg', '10.jpg', 'b/inner', 'b/c/deep.jpg', 'b/.hidden.jpg', 'b/film.mp4'];
  for (const name of names) writeFileSync(path.join(folder, name), name === 'b/film.mp4' ? isoFile('mp42') : jpeg);
  writeFileSync(path.join(folder, 'notes.txt'), 'text');
  // a link to the folder above would be walked for ever
  symlinkSync(folder, path.join(folder, 'b', 'loop'));
  const found = async (...places: string[]): Promise<string[]> =>
    (await findPhotos(places.map((place) => path.join(folder, place)))).map((file) => path.relative(folder, file));
  expect(await found('.')).toEqual(['2.jpg', '10.jpg', 'b/inner', 'b/c/deep.jpg']);
  expect(await found('notes.txt', 'b', '2.jpg', 'b/inner', 'missing.jpg'))
    .toEqual(['notes.txt', 'b/inner', 'b/c/deep.jpg', '2.jpg', 'missing.jpg']);
  expect(await codeOf(() => findPhotos([folder], 3))).toBe('photos.too-many');
  expect(await codeOf(() => findPhotos([]))).toBe('photos.none-found');
});

test.skipIf(process.platform === 'win32')('a named pipe is refused without waiting for its writer', async () => {
  const folder = temporaryFolder();
  const pipe = path.join(folder, 'pipe.jpg');
  execFileSync('mkfifo', [pipe, path.join(folder, 'pipe')]);
  expect(await codeOf(() => preparePhoto(pipe))).toBe('photos.cannot-read');
  expect(await codeOf(() => findPhotos([folder]))).toBe('photos.none-found');
});

test('a kind is found from few bytes without reading past them', () => {
  expect(pictureKind(new Uint8Array(0))).toBeUndefined();
  expect(pictureKind(Uint8Array.of(0xff, 0xd8, 0xff))?.supported).toBe('jpeg');
  expect(pictureKind(Buffer.from('RIFF\x10\0\0\0WAVE'))).toBeUndefined();
});
