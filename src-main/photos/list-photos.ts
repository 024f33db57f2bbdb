// Which files of a folder to offer as photos. A file counts when its name or its first bytes say that it is a picture,
// so that a photo without an extension is found, and a HEIC or a broken JPEG is reported instead of passed over.
// Hidden files, and what systems and programs keep beside photos, are passed over.

import { constants, type Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { cannotRead, folderEmpty, folderMissing, nothingChosen, systemCode, tooManyPhotos } from './photo-errors.ts';
import { pictureKind, signatureBytes } from './picture-kind.ts';

/** More in one go is a slip of the hand, such as a whole disk. */
const mostPhotosAtOnce = 10_000;

const pictureExtensions = new Set([
  '.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.gif', '.tif', '.tiff', '.bmp', '.heic', '.heif', '.avif', '.jxl',
  '.svg', '.psd', '.dng', '.cr2', '.cr3', '.nef', '.arw', '.orf', '.rw2', '.raf',
]);

/** Folders with copies that programs make for themselves: macOS archives, Synology. */
const foldersOfPrograms = new Set(['__macosx', '@eadir']);

async function beginsLikeAPicture(file: string): Promise<boolean> {
  try {
    // a named pipe is opened without waiting for its writer
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!(await handle.stat()).isFile()) return false;
      const { buffer, bytesRead } = await handle.read(new Uint8Array(signatureBytes), 0, signatureBytes, 0);
      return pictureKind(buffer.subarray(0, bytesRead))?.isStill ?? false;
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}

async function isPhoto(folder: string, entry: Dirent): Promise<boolean> {
  if (isHidden(entry) || !(entry.isFile() || entry.isSymbolicLink())) return false;
  if (pictureExtensions.has(path.extname(entry.name).toLowerCase())) return true;
  return await beginsLikeAPicture(path.join(folder, entry.name));
}

function isHidden({ name }: Dirent): boolean {
  return name.startsWith('.') || foldersOfPrograms.has(name.toLowerCase());
}

/** `name` is what the folder is called in a message. */
async function entriesOf(folder: string, name = folder): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    const code = systemCode(error);
    throw code === 'ENOENT' || code === 'ENOTDIR' ? folderMissing(name) : cannotRead(name, code);
  });
  const order = new Intl.Collator('en', { numeric: true });
  return entries.sort((a, b) => order.compare(a.name, b.name));
}

async function photosIn(folder: string, entries: readonly Dirent[]): Promise<string[]> {
  const photos: string[] = [];
  for (const entry of entries) if (await isPhoto(folder, entry)) photos.push(path.join(folder, entry.name));
  return photos;
}

/**
 * Paths of the pictures in a folder (not in the folders inside it), in natural order of their names.
 *
 * Throws photos.folder-missing, photos.cannot-read, or photos.folder-empty when there is no picture.
 */
export async function listPhotos(folder: string): Promise<string[]> {
  const photos = await photosIn(folder, await entriesOf(folder));
  if (photos.length === 0) throw folderEmpty(folder);
  return photos;
}

/**
 * Paths of photos among files and folders that a person chose: every file that was chosen itself, be it a picture or
 * not, so that it can be said why it is none; of folders and those inside them the pictures, natural order, the
 * files of a folder before its folders. Each file once. Links to folders are not followed.
 *
 * Throws photos.none-found, photos.too-many above `most`, photos.cannot-read. A folder inside that cannot be read is
 * passed over.
 */
export async function findPhotos(places: readonly string[], most = mostPhotosAtOnce): Promise<string[]> {
  const found = new Set<string>();
  const add = (files: readonly string[]): void => {
    for (const file of files) found.add(file);
    if (found.size > most) throw tooManyPhotos(most);
  };
  for (const place of places.map((one) => path.resolve(one))) {
    const isFolder = await stat(place).then((entry) => entry.isDirectory(), () => false);
    // the page hears of it, and no path
    if (isFolder) await walk(place, await entriesOf(place, path.basename(place)), add);
    else add([place]);
  }
  if (found.size === 0) throw nothingChosen();
  return [...found];
}

async function walk(folder: string, entries: readonly Dirent[], add: (files: string[]) => void): Promise<void> {
  add(await photosIn(folder, entries));
  for (const entry of entries) {
    if (!entry.isDirectory() || isHidden(entry)) continue;
    const inner = path.join(folder, entry.name);
    await walk(inner, await entriesOf(inner).catch(() => []), add);
  }
}
