// Takes shared libraries, and the licences beside them, out of an archive that was checked as a whole (a NuGet package,
// a Python wheel: both are zips). No path in the archive is followed: each file goes under its base name.

import { constants } from 'node:fs';
import { type FileHandle, chmod, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { syncFolder } from '../checkpoint/atomic-file.ts';
import { brokenArchive } from './download-errors.ts';
import { type ZipEntry, entryStreams, readEntries } from './zip-entries.ts';

export interface UnpackedFile {
  readonly name: string;
  readonly bytes: number;
}

/** Where a file of the archive goes: the name of it and its folder; undefined for what stays in the archive. */
export type PlaceOf = (pathInArchive: string) => { readonly folder: string; readonly name: string } | undefined;

/** What `placeOf` takes of an archive, with sizes. Throws download.archive where it is none. */
export async function listLibraries(archive: string, placeOf: PlaceOf): Promise<UnpackedFile[]> {
  return await withArchive(archive, async (_handle, entries) => entries.flatMap(({ name, bytes }) => {
    const place = placeOf(name);
    return place ? [{ name: place.name, bytes }] : [];
  }));
}

/** Writes them, each whole or not at all. Throws download.archive, what the disk throws, or the signal's reason. */
export async function unpackLibraries(archive: string, placeOf: PlaceOf, signal: AbortSignal): Promise<UnpackedFile[]> {
  return await withArchive(archive, async (handle, entries) => {
    const written: UnpackedFile[] = [];
    const folders = new Set<string>();
    for (const entry of entries) {
      const place = placeOf(entry.name);
      if (!place) continue;
      signal.throwIfAborted();
      await unpack({ archive, handle, entry, file: path.join(place.folder, place.name), signal });
      folders.add(place.folder);
      written.push({ name: place.name, bytes: entry.bytes });
    }
    for (const folder of folders) await syncFolder(folder);
    return written;
  });
}

async function withArchive<T>(
  archive: string, work: (handle: FileHandle, entries: readonly ZipEntry[]) => Promise<T>,
): Promise<T> {
  const handle = await open(archive, 'r');
  try {
    const entries = await readEntries(handle).catch(() => { throw brokenArchive(path.basename(archive)); });
    return await work(handle, entries);
  } finally {
    await handle.close();
  }
}

interface Unpacking {
  readonly archive: string;
  readonly handle: FileHandle;
  readonly entry: ZipEntry;
  readonly file: string;
  readonly signal: AbortSignal;
}

async function unpack({ archive, handle, entry, file, signal }: Unpacking): Promise<void> {
  const streams = await entryStreams(archive, handle, entry).catch(() => undefined);
  if (!streams) throw brokenArchive(path.basename(archive));
  const out = await open(`${file}.part`, 'w');
  let [bytes, sum] = [0, 0];
  const measure = new Transform({
    transform(some: Buffer, _encoding, done) {
      bytes += some.length;
      sum = crc32(some, sum);
      done(bytes > entry.bytes ? new Error('It is larger than it says.') : null, some);
    },
  });
  try {
    await pipeline([...streams, measure, out.createWriteStream({ flush: true })], { signal });
    if (bytes !== entry.bytes || sum !== entry.crc32) throw new Error('It is damaged.');
    // readable and loadable by everybody, as a package would lay it
    await chmod(`${file}.part`, constants.S_IRUSR | constants.S_IWUSR | constants.S_IRGRP | constants.S_IROTH);
    await rename(`${file}.part`, file);
  } catch (error) {
    await rm(`${file}.part`, { force: true });
    signal.throwIfAborted();
    throw isDisk(error) ? error : brokenArchive(path.basename(archive));
  } finally {
    await out.close().catch(() => undefined);
  }
}

const isDisk = (error: unknown): boolean => (
  error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code)));
