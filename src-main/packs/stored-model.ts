// The folder of one model that is fetched: what of it is there, and the note of what was verified in it.

import { existsSync, statSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { CatalogueEntry } from '../contract/models.ts';
import { type PublishedFile, type PublishedModel, installedFilesOf } from './catalogue.ts';
import { partName } from './part-file.ts';

const noteName = 'likeness-model.json';
/** There while a model is being fetched. */
const wantedName = '.wanted';

interface NotedFile {
  readonly file: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

/** How a model stands, by its note and the sizes and times of its files; nothing of them is read. */
export async function storedState(model: PublishedModel, folder: string): Promise<CatalogueEntry['state']> {
  const noted = await readNote(folder);
  if (!noted) return existsSync(path.join(folder, wantedName)) ? 'partial' : 'available';
  const isSame = installedFilesOf(model).every(({ file }) => {
    const now = statSync(path.join(folder, file), { throwIfNoEntry: false });
    const then = noted.find((one) => one.file === file);
    return now !== undefined && now.size === then?.bytes && now.mtimeMs === then.modifiedAtMs;
  });
  return isSame ? 'installed' : 'damaged';
}

/** Says that this model is to be fetched, also after a restart. */
export async function noteWanted(folder: string): Promise<void> {
  await writeFile(path.join(folder, wantedName), '');
}

/** What was verified, with sizes and times by which a change is seen; archives are of no use from then on. */
export async function noteVerified(model: PublishedModel, folder: string): Promise<void> {
  const files = await Promise.all(installedFilesOf(model).map(async ({ file, sha256 }) => {
    const { size: bytes, mtimeMs: modifiedAtMs } = await stat(path.join(folder, file));
    return { file, bytes, modifiedAtMs, sha256 };
  }));
  await writeFile(path.join(folder, noteName), JSON.stringify({ id: model.id, files }, null, 2), { flush: true });
  await rm(path.join(folder, wantedName), { force: true });
  for (const { file, members } of model.files) if (members) await rm(path.join(folder, file), { force: true });
}

async function readNote(folder: string): Promise<NotedFile[] | undefined> {
  try {
    const note = JSON.parse(await readFile(path.join(folder, noteName), 'utf8')) as { files?: NotedFile[] };
    return Array.isArray(note.files) ? note.files : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes of its files that have come, whole or in part. */
export async function bytesThere(files: readonly PublishedFile[], folder: string): Promise<number> {
  const sizes = await Promise.all(files.map(async ({ file }) => {
    const whole = path.join(folder, file);
    return (await stat(whole).catch(() => stat(partName(whole))).catch(() => ({ size: 0 }))).size;
  }));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A file gets its name only when its hash was right, so that its size is enough here. */
export function isWhole(file: string, bytes: number | null): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && (bytes === null || found.size === bytes);
}

export function installedBytes(model: PublishedModel): number {
  return installedFilesOf(model).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

/** For reading: the home folder as ~. */
export function withHome(place: string): string {
  const home = os.homedir();
  return place.startsWith(home + path.sep) ? `~${place.slice(home.length)}` : place;
}
