// Files of the library, each named by the SHA-256 of its bytes: files/ab/abcdef….
// A file is written beside its place, synced, renamed, and its folder synced; only then may a row speak of it.
// So a crash leaves at most files without a row, which the sweep at start removes.

import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder } from '../checkpoint/atomic-file.ts';

const sha256Pattern = /^[0-9a-f]{64}$/;
const temporaryPrefix = '.part-';
/** Where lies what a check or a start could not use. */
export const asideFolderName = 'put-aside';

/** What a sweep removed. */
export interface Swept {
  readonly files: number;
  readonly bytes: number;
}

export interface FileStore {
  /** Keeps the bytes; the same bytes are kept once. */
  put(bytes: Uint8Array): Promise<{ sha256: string; sizeBytes: number }>;
  /** Moves a file of the same disk into the store; the same bytes are kept once. Nothing is held in memory. */
  take(file: string): Promise<{ sha256: string; sizeBytes: number }>;
  /** Whether a whole file of this name is there. */
  has(sha256: string): Promise<boolean>;
  /** Absolute path of a file that is kept. */
  pathOf(sha256: string): string;
  /** The bytes, or undefined when the file is missing; refuses links and anything not a plain file. */
  read(sha256: string): Promise<Uint8Array | undefined>;
  /** Reads a file again, all of it. */
  verify(sha256: string): Promise<'sound' | 'missing' | 'damaged'>;
  /** Moves a file out of the store into the library's folder of things that were put aside. */
  putAside(sha256: string, libraryFolder: string): Promise<void>;
  /**
   * Removes every file that `isKept` does not know, and what a crash left half written; with a library folder files are
   * put aside there instead.
   */
  sweep(isKept: (sha256: string) => boolean, asideIn?: string): Promise<Swept>;
}

/** A store in `folder`, which is made when missing. */
export async function openFileStore(folder: string): Promise<FileStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (sha256: string): string => {
    if (!sha256Pattern.test(sha256)) throw new Error('A stored file is named by 64 hexadecimal digits.');
    return join(folder, sha256.slice(0, 2), sha256);
  };
  return {
    pathOf,
    async put(bytes) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const path = pathOf(sha256);
      if (!(await hasWholeFile(path, bytes.byteLength))) await writeDurably(path, bytes);
      return { sha256, sizeBytes: bytes.byteLength };
    },
    take: (file) => takeFile(file, pathOf),
    has: async (sha256) => (await lstat(pathOf(sha256)).catch(() => undefined))?.isFile() === true,
    read: (sha256) => readPlainFile(pathOf(sha256)),
    verify: (sha256) => verify(pathOf(sha256), sha256),
    putAside: (sha256, libraryFolder) => moveAside(pathOf(sha256), libraryFolder),
    sweep: (isKept, asideIn) => sweep(folder, isKept, asideIn),
  };
}

async function verify(path: string, sha256: string): Promise<'sound' | 'missing' | 'damaged'> {
  const handle = await openPlain(path);
  if (!handle) return 'missing';
  try {
    const hash = createHash('sha256');
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
      hash.update(chunk as Uint8Array);
    }
    return hash.digest('hex') === sha256 ? 'sound' : 'damaged';
  } catch {
    // a sector that cannot be read
    return 'damaged';
  } finally {
    await handle.close();
  }
}

/** Writes a file so that after a power cut it is there whole or not at all. Leaves nothing behind when it fails. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `${temporaryPrefix}${randomBytes(8).toString('hex')}`);
  try {
    await writeAndSync(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

async function takeFile(
  file: string, pathOf: (sha256: string) => string,
): Promise<{ sha256: string; sizeBytes: number }> {
  const handle = await open(file, 'r+');
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
      hash.update(chunk as Uint8Array);
      sizeBytes += (chunk as Uint8Array).byteLength;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const sha256 = hash.digest('hex');
  const path = pathOf(sha256);
  if (!(await hasWholeFile(path, sizeBytes))) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(file, path);
    await syncFolder(dirname(path));
    await syncFolder(dirname(dirname(path)));
  }
  return { sha256, sizeBytes };
}

async function writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await writeAll(handle, bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  // one write may be cut short, e.g. by a disk that is nearly full
  for (let offset = 0; offset < bytes.byteLength;) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.byteLength - offset);
    offset += bytesWritten;
  }
}

async function hasWholeFile(path: string, sizeBytes: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === sizeBytes;
}

async function readPlainFile(path: string): Promise<Uint8Array | undefined> {
  const handle = await openPlain(path);
  if (!handle) return undefined;
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** A file to be read; undefined where there is none, or a link, or anything else that is no plain file. */
async function openPlain(path: string): Promise<FileHandle | undefined> {
  // O_NOFOLLOW is not known on Windows, where making a link needs a right of its own
  const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => undefined);
  if (!handle || (await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}

async function moveAside(path: string, libraryFolder: string): Promise<void> {
  const aside = join(libraryFolder, asideFolderName, 'files');
  await mkdir(aside, { recursive: true, mode: 0o700 });
  await rename(path, join(aside, basename(path)));
}

async function sweep(
  folder: string, isKept: (sha256: string) => boolean, asideIn: string | undefined,
): Promise<Swept> {
  let [files, bytes] = [0, 0];
  for (const prefix of await readdir(folder, { withFileTypes: true })) {
    if (!prefix.isDirectory() || !/^[0-9a-f]{2}$/.test(prefix.name)) continue;
    for (const name of await readdir(join(folder, prefix.name))) {
      const isOurs = sha256Pattern.test(name) || name.startsWith(temporaryPrefix);
      if (!isOurs || isKept(name)) continue;
      const path = join(folder, prefix.name, name);
      bytes += (await lstat(path)).size;
      if (asideIn !== undefined && sha256Pattern.test(name)) await moveAside(path, asideIn);
      else await rm(path, { force: true });
      files++;
    }
  }
  return { files, bytes };
}
