// A folder that the engine may write into for one job: on the library's own disk, and gone when the job ends,
// however it ends. What a crash left is cleared when the studio opens.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';

/** Runs `work` with a fresh folder. */
export async function withWorkFolder<T>(libraryFolder: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = path.join(libraryFolder, 'work', randomBytes(8).toString('hex'));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function clearWorkFolders(libraryFolder: string): Promise<void> {
  await rm(path.join(libraryFolder, 'work'), { recursive: true, force: true });
}

/** A result's path. The engine is parsed, not trusted: only a file directly in its own folder is taken. */
export function resultFile(folder: string, file: string): string {
  if (path.dirname(path.resolve(file)) === path.resolve(folder)) return path.resolve(file);
  throw new Error('The engine named a result outside its folder.');
}

/** A result file's bytes. */
export async function readResult(folder: string, file: string): Promise<Uint8Array> {
  return await readFile(resultFile(folder, file));
}

/** The same error with a safer sentence about what this kind of job leaves untouched; codes and parameters stay. */
export function duringJob(error: unknown, doing: string): unknown {
  const data = errorDataOf(error);
  if (data.code !== 'engine.stopped') return error;
  const what = `The engine stopped while ${doing} (${data.parameters['reason'] ?? 'no reason given'}).`;
  return new UserError(data.code, { what, safe: data.safe, todo: data.todo }, data.parameters);
}
