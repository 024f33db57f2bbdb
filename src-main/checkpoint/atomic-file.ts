// Writes a file so that its name only ever shows a whole one: temporary file in the same folder, fsync, rename,
// fsync of the folder. A failure at any moment leaves the old file, or none.

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import { quote } from './file-errors.ts';

/**
 * Calls `write` with a new file beside `file` and puts it in place when all its bytes are on the disk.
 * Refuses with a UserError when the disk is full or the folder cannot be written to; nothing half-written stays.
 */
export async function writeFileAtomically(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.partial`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeError(file, error);
  }
}

/** Makes a rename in this folder survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders, and its rename is durable without
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function writeError(file: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new UserError('file.disk-full', {
      what: `The disk is full: ${quote(file)} could not be written.`,
      safe: 'No half-written file was left, and an earlier file of that name is unchanged.',
      todo: 'Free some space or choose another disk, then try again.',
    }, { file: path.basename(file) });
  }
  if (code && ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR'].includes(code)) {
    return new UserError('file.not-writable', {
      what: `${quote(file)} could not be written (${code}).`,
      safe: 'Nothing was changed.',
      todo: 'Choose a folder that exists and that you may write to.',
    }, { file: path.basename(file), reason: code });
  }
  return error;
}
