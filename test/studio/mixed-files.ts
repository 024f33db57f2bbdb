// Five hundred files as people have them, good and bad, made on the fly; with what an import has to say of each.

import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { findPhotos } from '../../src-main/photos/list-photos.ts';
import { greyPng } from '../photos/fixtures.ts';

/** 'good', or the code that it is refused with. */
export type Verdict = 'good' | `photos.${string}`;

/** A tiny picture that differs from those of all other numbers. */
function picture(number: number): Sharp {
  const background = { r: number & 255, g: (number * 7) & 255, b: 40 + (number >> 8) };
  return sharp({ create: { width: 24 + (number % 5), height: 18, channels: 3, background } });
}

const encoders = [
  (number: number) => picture(number).jpeg(), (number: number) => picture(number).png(),
  (number: number) => picture(number).webp(), (number: number) => picture(number).jpeg({ progressive: true }),
  (number: number) => picture(number).withMetadata({ orientation: 6 }).jpeg(),
  (number: number) => picture(number).toColourspace('cmyk').jpeg(),
] as const;
const extensions = ['.jpg', '.png', '.webp', '.JPG', '.jpeg', '.jpg'] as const;

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
const isoFile = (brand: string): Buffer => Buffer.concat([
  Buffer.from([0, 0, 0, 24]), latin(`ftyp${brand}\0\0\0\0mif1`), Buffer.alloc(64)]);

/** What is no photo, each under names that say it is one; `number` makes every file another. */
const bad: readonly (readonly [ending: string, verdict: Verdict, bytes: (number: number) => Buffer])[] = [
  ['.jpg', 'photos.not-a-picture', (number) => Buffer.from(`Dear diary, day ${number}`)],
  ['.png', 'photos.not-a-picture', () => Buffer.alloc(0)],
  ['.webp', 'photos.not-a-picture', (number) => latin(`RIFF\x10\0\0\0WAVE${number}`)],
  ['.jpg', 'photos.unsupported-kind', (number) => Buffer.from(`${svg}<!-- ${number} -->`)],
  ['.svg', 'photos.unsupported-kind', (number) => Buffer.from(`<?xml version="1.0"?>${svg}<!-- ${number} -->`)],
  ['.tif', 'photos.unsupported-kind', (number) => latin(`II*\0\x08\0\0\0${number}`)],
  ['.jpg', 'photos.unsupported-kind', (number) => latin(`MM\0*${number}`)],
  ['.gif', 'photos.unsupported-kind', (number) => latin(`GIF89a\x01\0\x01\0${number};`)],
  ['.jpg', 'photos.unsupported-kind', (number) => latin(`%PDF-1.7\n${number}`)],
  ['.heic', 'photos.unsupported-kind', () => isoFile('heic')],
  ['.jpg', 'photos.unsupported-kind', () => isoFile('mp42')],
  ['.png', 'photos.too-many-pixels', () => bomb()],
];

/** The header of a picture of 400 megapixels, and next to nothing behind it. */
function bomb(): Buffer {
  const bytes = greyPng(2, 2);
  const header = Buffer.from(bytes.subarray(0, 33));
  header.writeUInt32BE(20_000, 16);
  header.writeUInt32BE(20_000, 20);
  // the checksum of a changed header is checked as well
  header.writeUInt32BE(checksum(header.subarray(12, 29)), 29);
  return Buffer.concat([header, bytes.subarray(33)]);
}

function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Writes `count` files (a multiple of 100) into `folder`; returns the verdict of each to be looked at, by path. */
export async function writeMixedFiles(folder: string, count: number): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  const write = async (name: string, bytes: Uint8Array, verdict: Verdict): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, bytes);
    verdicts.set(file, verdict);
    return file;
  };
  await mkdir(join(folder, 'holiday.jpg', 'inner'), { recursive: true });
  for (let group = 0; group < count / 100; group++) await writeGroup(folder, group, verdicts, write);
  await passedOver(folder);
  return verdicts;
}

/** What an import of the folder says of each file, in its order: of the same bytes the first is added. */
export async function expectedOutcomes(folder: string, verdicts: ReadonlyMap<string, Verdict>): Promise<string[]> {
  const seen = new Set<string>();
  const words: string[] = [];
  for (const file of await findPhotos([folder])) {
    const verdict = verdicts.get(file)!;
    const content = verdict === 'good' ? createHash('sha256').update(await readFile(file)).digest('hex') : '';
    words.push(verdict !== 'good' ? verdict : seen.has(content) ? 'known' : 'added');
    seen.add(content);
  }
  return words;
}

type Write = (name: string, bytes: Uint8Array, verdict: Verdict) => Promise<string>;

/** A hundred: 42 good ones, 8 of them under wrong names, 10 copies, 36 bad ones, 6 cut short, 6 links and the like. */
async function writeGroup(folder: string, group: number, verdicts: Map<string, Verdict>, write: Write): Promise<void> {
  const encode = (number: number): Promise<Buffer> =>
    encoders[number % encoders.length]!(group * 100 + number).toBuffer();
  const here = `${group}`;
  const inside = join('holiday.jpg', group % 2 === 0 ? '' : 'inner', here);
  for (let number = 0; number < 42; number++) {
    const bytes = await encode(number);
    const ending = number < 8 ? ['.png', '.jpg', '.jpeg', ''][number % 4]! : extensions[number % extensions.length]!;
    await write(`${number % 3 === 0 ? inside : here}-good-${number}${ending}`, bytes, 'good');
    if (number < 10) await write(`${here}-copy-${number}.jpg`, bytes, 'good');
    const half = bytes.subarray(0, Math.ceil(bytes.length / 2));
    if (number < 6) await write(`${here}-cut-${number}.jpg`, half, 'photos.damaged');
  }
  for (let number = 0; number < 36; number++) {
    const [ending, verdict, bytesOf] = bad[number % bad.length]!;
    await write(`${here}-bad-${number}${ending}`, bytesOf(group * 100 + number), verdict);
  }
  const good = await write(`${here}-last.jpg`, await encode(99), 'good');
  const links: readonly (readonly [name: string, target: string, verdict: Verdict])[] = [
    ['link', good, 'good'], ['nowhere', join(folder, 'nowhere'), 'photos.cannot-read'],
    ['folder', join(folder, 'holiday.jpg'), 'photos.cannot-read'], ['device', '/dev/null', 'photos.cannot-read'],
  ];
  for (const [name, target, verdict] of links) {
    const file = join(folder, `${here}-${name}.jpg`);
    await symlink(target, file);
    verdicts.set(file, verdict);
  }
  const large = await write(`${here}-large.jpg`, Buffer.from([0xff, 0xd8, 0xff]), 'photos.too-large');
  await truncate(large, 129 * 1024 * 1024);
}

/** Beside photos and none of them: none of it is looked at. */
async function passedOver(folder: string): Promise<void> {
  const jpeg = await picture(1).jpeg().toBuffer();
  await mkdir(join(folder, '.thumbnails'));
  await mkdir(join(folder, '@eaDir'));
  for (const name of ['.hidden.jpg', join('.thumbnails', 'a.jpg'), join('@eaDir', 'a.jpg')]) {
    await writeFile(join(folder, name), jpeg);
  }
  await writeFile(join(folder, 'notes.txt'), 'BMW makes cars.');
  await writeFile(join(folder, 'film.mp4'), isoFile('mp42'));
  await writeFile(join(folder, 'paper.pdf'), '%PDF-1.7');
}
