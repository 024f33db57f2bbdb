// A photo comes in: read, decoded once to prove that it is whole, copied under the name of its content, two previews
// made. The user's own file is opened for reading only and never written, moved or linked to.

import { open } from 'node:fs/promises';
import path from 'node:path';
import { maximumPhotoBytes } from '../contract/studio.ts';
import { decodePhoto, encodeThumbnail, readPictureHeader } from './decode.ts';
import { cannotRead, systemCode, tooLarge, writeError } from './photo-errors.ts';
import { type PhotoSource, openPhotoSource } from './photo-source.ts';
import { type ContentId, contentId, isFile, writeWhole } from './photo-store.ts';
import type { SupportedKind } from './picture-kind.ts';
import type { RgbPicture } from './pixels.ts';

export const thumbnailEdgesPx = [256, 1024] as const;
export type ThumbnailEdgePx = (typeof thumbnailEdgesPx)[number];

const extensions: Readonly<Record<SupportedKind, string>> = { jpeg: '.jpg', png: '.png', webp: '.webp' };

export interface ImportedPhoto {
  /** sha256 of the file's bytes. */
  readonly id: ContentId;
  /** Name that the file had, without folders. */
  readonly fileName: string;
  readonly kind: SupportedKind;
  /** As seen, orientation applied. */
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
  /** The copy, byte for byte, read-only, named by content. */
  readonly file: string;
  readonly thumbnails: Readonly<Record<ThumbnailEdgePx, string>>;
  /** False when the same bytes were in the store already. */
  readonly isNew: boolean;
}

/** Bytes with the name to use in messages, e.g. from a browser. */
export interface PhotoBytes {
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

async function readWhole(file: string): Promise<Uint8Array> {
  const name = path.basename(file);
  try {
    const handle = await open(file, 'r');
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
  return { fileName: path.basename(fileName), bytes };
}

/**
 * Copies a photo into the store and makes its previews (WebP without metadata); the same bytes twice are one photo.
 *
 * Decodes the whole picture first, so that what is in the store is known to be good. Throws a UserError whose code
 * begins with 'photos.' and leaves nothing behind under a final name that is not whole.
 */
export async function importPhoto(source: string | PhotoBytes, storeFolder: string): Promise<ImportedPhoto> {
  const { fileName, bytes } = await photoBytes(source);
  const { kind } = await readPictureHeader(bytes, fileName);
  const picture = await decodePhoto(bytes, fileName);
  const id = contentId(bytes);
  const shard = id.slice(0, 2);
  const file = path.join(storeFolder, 'originals', shard, id + extensions[kind]);
  const thumbnails = {
    256: path.join(storeFolder, 'thumbnails', shard, `${id}-256.webp`),
    1024: path.join(storeFolder, 'thumbnails', shard, `${id}-1024.webp`),
  };
  const isNew = !(await isFile(file));
  try {
    for (const edgePx of thumbnailEdgesPx) await writeThumbnail(picture, edgePx, thumbnails[edgePx]);
    // last, so that a photo in `originals` always has its previews
    if (isNew) await writeWhole(file, bytes, 'readonly');
  } catch (error) {
    throw writeError(error, storeFolder);
  }
  const { width, height } = picture;
  return { id, fileName, kind, width, height, sizeBytes: bytes.length, file, thumbnails, isNew };
}

async function writeThumbnail(picture: RgbPicture, edgePx: ThumbnailEdgePx, file: string): Promise<void> {
  if (await isFile(file)) return;
  await writeWhole(file, await encodeThumbnail(picture, edgePx));
}

/** Decodes a photo file as `decodePhoto` does; for photos in the store and for portraits. */
export async function openPhoto(file: string): Promise<RgbPicture> {
  return await decodePhoto(await readWhole(file), path.basename(file));
}

/** A photo file to decode as far as it is needed. */
export async function readPhotoSource(file: string): Promise<PhotoSource> {
  return await openPhotoSource(await readWhole(file), path.basename(file));
}
