// Exactly the bytes that were asked for, or a message that the file is cut off.

import { type FileHandle, open } from 'node:fs/promises';

import { truncatedFile, unreadableFile } from './file-errors.ts';

/** One system call reads at most 2 GB. */
const mostAtOnce = 1 << 30;

/** Reads `length` bytes from `offset` of an open file; `file` names it in the error. */
export async function readBytes(handle: FileHandle, file: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, mostAtOnce), offset + done);
    if (bytesRead === 0) throw truncatedFile(file, offset + done, offset + length);
    done += bytesRead;
  }
  return bytes;
}

/** Opens a file for one read. */
export async function readFileBytes(file: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(file, 'r').catch((cause: unknown) => { throw unreadableFile(file, cause); });
  try {
    return await readBytes(handle, file, offset, length);
  } finally {
    await handle.close();
  }
}
