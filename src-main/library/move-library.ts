// Moves a closed library to another folder: everything is copied beside the new place and verified, the copy takes its
// name in one step, the new place is remembered, and only then does the old one go. A crash at any moment leaves one
// whole library where `placeOfLibrary` finds it.

import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { isSound, syncFile } from './backups.ts';
import { connectDatabase, eraseLog } from './database.ts';
import { readPlace, writePlace } from './library-place.ts';
import { noRoom, notCopied, placeInside, placeTaken, nothingToMove } from './move-errors.ts';

/** What a library's folder holds; another program's files beside it stay where they are. */
const entries = ['library.db', 'files', 'notes', 'backups', 'put-aside', 'runs', 'styles'];
/** Whose copy this is; gone once the move is done. */
const originName = 'moved-from.json';
/** What goes without being copied. */
const passing = [originName, 'library.db-wal', 'library.db-shm', 'library.db.new', 'work', 'ballast'];

/** Kept free at the new place beside the library itself. */
const spareBytes = 64 * 1024 * 1024;

export interface MoveProgress {
  readonly files: number;
  readonly filesDone: number;
  readonly bytes: number;
  readonly bytesDone: number;
}

export interface MoveSettings {
  /** Where a library is looked for first: the new place is remembered there. Undefined: nothing is remembered. */
  readonly defaultFolder?: string;
  readonly onProgress?: (progress: MoveProgress) => void;
  /** Stops the copying; the library stays where it was. */
  readonly signal?: AbortSignal;
}

/**
 * Moves the library in `from` to `to`, which is made; where it holds something already, to a folder "Likeness" in it.
 * Returns the absolute new place. Throws library.in-use, library.broken, library.none, library.place-inside,
 * library.place-taken, library.no-room, library.move-failed; then the library is where it was.
 */
export async function moveLibrary(from: string, to: string, settings: MoveSettings = {}): Promise<string> {
  const source = resolve(from);
  if (!(await stat(join(source, 'library.db')).catch(() => undefined))) throw nothingToMove();
  const place = await freePlace(resolve(to), source);
  refuseNesting(source, place);
  const database = connectDatabase(join(source, 'library.db'));
  const copy = `${place}.moving`;
  try {
    eraseLog(database);
    await mkdir(dirname(place), { recursive: true });
    await rm(copy, { recursive: true, force: true });
    await copyAll(source, copy, settings);
    if (!isSound(join(copy, 'library.db'))) throw notCopied('library.db');
    await writeOrigin(copy, source);
  } catch (error) {
    database.close();
    await rm(copy, { recursive: true, force: true });
    throw error;
  }
  await switchTo(place, copy, source, settings.defaultFolder);
  database.close();
  await removeOld(source, settings.defaultFolder);
  return place;
}

/** Removes what a move that was cut short left at the old place; for the start. */
export async function finishMove(defaultFolder: string): Promise<void> {
  const { leftBehind } = readPlace(defaultFolder);
  if (leftBehind !== null) await removeOld(leftBehind, defaultFolder);
}

async function freePlace(to: string, source: string): Promise<string> {
  for (const place of [to, join(to, 'Likeness')]) {
    await removeAbandoned(place, source);
    if (await isFree(place)) return place;
  }
  throw placeTaken(join(to, 'Likeness'));
}

/** Says in a copy of whom it is, until it has taken the place of that. */
async function writeOrigin(copy: string, source: string): Promise<void> {
  const database = await hashOf(join(copy, 'library.db'));
  const text = JSON.stringify({ from: source, database });
  await writeFileAtomically(join(copy, originName), async (handle) => { await handle.writeFile(text); });
}

/** A copy that a crash left without anybody looking for it there, and that nobody has opened since. */
async function removeAbandoned(place: string, source: string): Promise<void> {
  try {
    const text = await readFile(join(place, originName), 'utf8');
    const origin = z.object({ from: z.literal(source), database: z.string() }).parse(JSON.parse(text));
    if (await hashOf(join(place, 'library.db')) !== origin.database) return;
  } catch {
    return;
  }
  await removeOld(place, undefined);
}

async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function refuseNesting(source: string, place: string): void {
  for (const [outer, inner] of [[source, place], [place, source]] as const) {
    const path = relative(outer, inner);
    if (path === '' || (!path.startsWith('..') && !isAbsolute(path))) throw placeInside(place);
  }
}

interface FileToCopy {
  /** Relative to the library. */
  readonly path: string;
  readonly sizeBytes: number;
}

async function copyAll(source: string, copy: string, { onProgress, signal }: MoveSettings): Promise<void> {
  const { files, folders } = await listLibrary(source);
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await refuseWithoutRoom(dirname(copy), bytes);
  for (const folder of ['', ...folders]) await mkdir(join(copy, folder), { recursive: true, mode: 0o700 });
  let bytesDone = 0;
  for (const [index, { path, sizeBytes }] of files.entries()) {
    signal?.throwIfAborted();
    await copyVerified(join(source, path), join(copy, path));
    bytesDone += sizeBytes;
    onProgress?.({ files: files.length, filesDone: index + 1, bytes, bytesDone });
  }
  for (const folder of [...folders, '']) await syncFolder(join(copy, folder));
}

async function listLibrary(source: string): Promise<{ files: FileToCopy[]; folders: string[] }> {
  const files: FileToCopy[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const found = await stat(join(source, entry)).catch(() => undefined);
    if (found?.isFile()) files.push({ path: entry, sizeBytes: found.size });
    if (!found?.isDirectory()) continue;
    folders.push(entry);
    for (const inner of await readdir(join(source, entry), { recursive: true, withFileTypes: true })) {
      const path = join(relative(source, inner.parentPath), inner.name);
      if (inner.isDirectory()) folders.push(path);
      else if (inner.isFile()) files.push({ path, sizeBytes: (await stat(join(source, path))).size });
    }
  }
  return { files, folders };
}

async function refuseWithoutRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes + spareBytes) throw noRoom(bytes + spareBytes, bavail * bsize);
}

/** Copies by reference where the disk can, syncs, and reads both again. */
async function copyVerified(source: string, target: string): Promise<void> {
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  await syncFile(target);
  const copied = await hashOf(target);
  if (copied !== basename(source) && copied !== await hashOf(source)) throw notCopied(basename(source));
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

async function switchTo(
  place: string, copy: string, leftBehind: string, defaultFolder: string | undefined,
): Promise<void> {
  // an empty folder that the user chose would be in the way
  await rmdir(place).catch(() => undefined);
  await rename(copy, place);
  await syncFolder(dirname(place));
  if (defaultFolder !== undefined) {
    await writePlace(defaultFolder, { place: resolve(defaultFolder) === place ? null : place, leftBehind });
  }
  await rm(join(place, originName), { force: true });
}

async function removeOld(source: string, defaultFolder: string | undefined): Promise<void> {
  // the database first: what is left without one is not taken for a library
  for (const entry of ['library.db', ...passing, ...entries]) {
    await rm(join(source, entry), { recursive: true, force: true });
  }
  await rmdir(source).catch(() => undefined);
  if (defaultFolder === undefined) return;
  await writePlace(defaultFolder, { place: readPlace(defaultFolder).place, leftBehind: null });
}

