// Pictures and broken files made on the fly for the tests of photos/, faces/ and dataset/.

import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';
import { onTestFinished } from 'vitest';
import sharp, { type Sharp } from 'sharp';
import type { RgbPicture } from '../../src-main/photos/pixels.ts';

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = path.join(os.tmpdir(), `likeness-test-${randomUUID()}`);
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Red grows along x, green along y, blue is constant: where a pixel came from can be read from it. */
export function gradientPicture(width: number, height: number): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set([Math.round((255 * x) / (width - 1)), Math.round((255 * y) / (height - 1)), 96], (y * width + x) * 3);
    }
  }
  return { width, height, data };
}

export function raw(picture: RgbPicture): Sharp {
  const { width, height, data } = picture;
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function pngChunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const chunk = Buffer.alloc(named.length + 8);
  chunk.writeUInt32BE(body.length, 0);
  named.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(named), named.length + 4);
  return chunk;
}

/** A whole and valid grey PNG of any size, a decompression bomb when large: a row of zeros deflates to nothing. */
export function greyPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // one bit a pixel, greyscale
  const rowBytes = 1 + Math.ceil(width / 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(rowBytes * height))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Runs what should fail and returns the error's code, or 'no error'. */
export async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'no error';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
