// Files by their content: written beside their place, synced, renamed, the folder synced, so that a crash leaves
// either the whole file or none under its name. What a crash leaves are '.part' files, which `removeParts` clears.

import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { syncFolder } from '../checkpoint/atomic-file.ts';

export type ContentId = string;

/** The sha256 of the bytes as 64 hex digits. */
export function contentId(bytes: Uint8Array): ContentId {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function isFile(file: string): Promise<boolean> {
  return await stat(file).then((entry) => entry.isFile(), () => false);
}

/**
 * Writes a new file so that it is there whole or not at all, creating its folder; 'readonly' takes the write
 * permission away. A file of that name is replaced. Throws the system's error.
 */
export async function writeWhole(file: string, bytes: Uint8Array, access?: 'readonly'): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true });
  const part = path.join(folder, `.${randomUUID()}.part`);
  try {
    const handle = await open(part, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (access === 'readonly') await chmod(part, 0o444);
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Removes what interrupted writes left under `folder`; returns how many files went. */
export async function removeParts(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const parts = entries.filter((entry) => entry.isFile() && /^\.[0-9a-f-]{36}\.part$/.test(entry.name));
  for (const entry of parts) await rm(path.join(entry.parentPath, entry.name), { force: true });
  return parts.length;
}
