// SHA-256 of large files, computed once: it counts for as long as size and time of change are what they were.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { unreadableFile } from '../checkpoint/file-errors.ts';

export interface FileFingerprint {
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

export interface HashedFile extends FileFingerprint {
  readonly sha256: string;
}

/** Where hashes are remembered between starts. */
export interface HashMemory {
  hashOf(path: string): HashedFile | undefined;
  setHash(path: string, known: HashedFile): void;
}

/** Remembered where the file is as it was; throws checkpoint.file-missing and the like, and an AbortError. */
export async function hashedFile(file: string, memory: HashMemory, signal?: AbortSignal): Promise<HashedFile> {
  const { size: sizeBytes, mtimeMs: modifiedAtMs } = await stat(file).catch((cause: unknown) => {
    throw unreadableFile(file, cause);
  });
  const known = memory.hashOf(file);
  if (known?.sizeBytes === sizeBytes && known.modifiedAtMs === modifiedAtMs) return known;
  const hashed = { sizeBytes, modifiedAtMs, sha256: await sha256Of(file, signal) };
  memory.setHash(file, hashed);
  return hashed;
}

/** Of all its bytes; throws checkpoint.file-missing and the like, and an AbortError. */
export async function sha256Of(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20, signal })) {
      hash.update(bytes as Uint8Array);
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw unreadableFile(file, cause);
  }
  return hash.digest('hex');
}
