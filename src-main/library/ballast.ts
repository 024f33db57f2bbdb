// A file of nothing that is given up when the disk is full: removing something needs room itself, for the database's
// log, and without it a full disk could not be emptied from within Likeness.

import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorDataOf } from '../contract/error-data.ts';

export const ballastBytes = 32 * 1024 * 1024;
/** Made only where the disk has much more than that. */
const roomFactor = 16;
const chunkBytes = 1024 * 1024;

function fileIn(libraryFolder: string): string {
  return join(libraryFolder, 'ballast');
}

/** Makes the ballast where it is missing and there is room for it; a disk without is left alone. */
export async function keepBallast(libraryFolder: string): Promise<void> {
  const file = fileIn(libraryFolder);
  const found = await stat(file).catch(() => undefined);
  if (found?.size === ballastBytes) return;
  try {
    const { bavail, bsize } = await statfs(libraryFolder);
    if (bavail * bsize < roomFactor * ballastBytes) return;
    await writeBallast(file);
  } catch {
    await rm(file, { force: true });
  }
}

async function writeBallast(file: string): Promise<void> {
  // a file with holes would hold no room, so it is written
  const handle = await open(file, 'w', 0o600);
  try {
    const chunk = Buffer.alloc(chunkBytes, 1);
    for (let written = 0; written < ballastBytes; written += chunkBytes) await handle.writeFile(chunk);
  } finally {
    await handle.close();
  }
}

/** Does what frees room; where the disk is full gives the ballast up and does it once more. */
export async function withBallast<T>(libraryFolder: string, change: () => Promise<T> | T): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (errorDataOf(error).code !== 'disk.full') throw error;
    await rm(fileIn(libraryFolder), { force: true });
    return await change();
  }
}
