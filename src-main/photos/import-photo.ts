// A photo comes in: read, decoded once to prove that it is whole, two previews made. The user's own file is opened for
// reading only and never written, moved or linked to.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { maximumPhotoBytes } from '../contract/studio.ts';
import { decodePhoto, decodeWithin, encodeThumbnail, readPictureHeader } from './decode.ts';
import { cannotRead, systemCode, tooLarge } from './photo-errors.ts';
import { type PhotoSource, openPhotoSource } from './photo-source.ts';
import type { SupportedKind } from './picture-kind.ts';
import type { RgbPicture } from './pixels.ts';

/** Longest edge of the preview and of the thumbnail. */
const previewEdgePx = 1024;
const thumbnailEdgePx = 256;

/** A photo that is known to be whole, with what the library keeps of it. */
export interface PreparedPhoto {
  /** Name that the file had, without folders. */
  readonly fileName: string;
  readonly kind: SupportedKind;
  /** As they came. */
  readonly bytes: Uint8Array;
  /** As seen, orientation applied. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** WebP without metadata, at most 1024 and 256 pixels long. */
  readonly preview: Uint8Array;
  readonly thumbnail: Uint8Array;
}

/** Bytes with the name to use in messages, e.g. from a browser. */
export interface PhotoBytes {
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

async function readWhole(file: string): Promise<Uint8Array> {
  const name = path.basename(file);
  try {
    // a named pipe is opened without waiting for its writer, and then refused
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const entry = await handle.stat();
      if (!entry.isFile()) throw cannotRead(name, 'not a file');
      if (entry.size > maximumPhotoBytes) throw tooLarge(name, entry.size, maximumPhotoBytes);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error);
    throw code === '' || code.includes('.') ? error : cannotRead(name, code);
  }
}

async function photoBytes(source: string | PhotoBytes): Promise<PhotoBytes> {
  if (typeof source === 'string') return { fileName: path.basename(source), bytes: await readWhole(source) };
  const { fileName, bytes } = source;
  if (bytes.length > maximumPhotoBytes) throw tooLarge(fileName, bytes.length, maximumPhotoBytes);
  // a browser may send a path of any system; only its last part is kept
  return { fileName: path.posix.basename(fileName.replaceAll('\\', '/')) || 'photo', bytes };
}

/**
 * Reads a photo and decodes all of it, which proves that it is whole, and makes its previews. The file is only read.
 *
 * Throws a UserError whose code begins with 'photos.'.
 */
export async function preparePhoto(source: string | PhotoBytes): Promise<PreparedPhoto> {
  const { fileName, bytes } = await photoBytes(source);
  const { kind, width, height } = await readPictureHeader(bytes, fileName);
  const picture = await decodeWithin(bytes, fileName, previewEdgePx);
  return {
    fileName, kind, bytes, widthPx: width, heightPx: height,
    preview: await encodeThumbnail(picture, previewEdgePx), thumbnail: await encodeThumbnail(picture, thumbnailEdgePx),
  };
}

/** Decodes a photo file as `decodePhoto` does; for photos in the store and for portraits. */
export async function openPhoto(file: string): Promise<RgbPicture> {
  return await decodePhoto(await readWhole(file), path.basename(file));
}

/** A photo file to decode as far as it is needed. */
export async function readPhotoSource(file: string): Promise<PhotoSource> {
  return await openPhotoSource(await readWhole(file), path.basename(file));
}
