// Which files of a folder to offer as photos. A file counts when its name or its first bytes say that it is a picture,
// so that a photo without an extension is found, and a HEIC or a broken JPEG is reported instead of passed over.

import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { cannotRead, folderEmpty, folderMissing, systemCode } from './photo-errors.ts';
import { pictureKind, signatureBytes } from './picture-kind.ts';

const pictureExtensions = new Set([
  '.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.gif', '.tif', '.tiff', '.bmp', '.heic', '.heif', '.avif', '.jxl',
  '.svg', '.psd', '.dng', '.cr2', '.cr3', '.nef', '.arw', '.orf', '.rw2', '.raf',
]);

async function beginsLikeAPicture(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(signatureBytes), 0, signatureBytes, 0);
      return pictureKind(buffer.subarray(0, bytesRead)) !== undefined;
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}

/**
 * Paths of the pictures in a folder (not in the folders inside it), in natural order of their names.
 *
 * Hidden files are passed over. Throws photos.folder-missing, photos.cannot-read, or photos.folder-empty when there
 * is no picture.
 */
export async function listPhotos(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    const code = systemCode(error);
    throw code === 'ENOENT' || code === 'ENOTDIR' ? folderMissing(folder) : cannotRead(folder, code);
  });
  const photos: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.') || !(entry.isFile() || entry.isSymbolicLink())) continue;
    const file = path.join(folder, entry.name);
    const isNamedLikeOne = pictureExtensions.has(path.extname(entry.name).toLowerCase());
    if (isNamedLikeOne || await beginsLikeAPicture(file)) photos.push(file);
  }
  if (photos.length === 0) throw folderEmpty(folder);
  const order = new Intl.Collator('en', { numeric: true });
  return photos.sort((a, b) => order.compare(path.basename(a), path.basename(b)));
}
