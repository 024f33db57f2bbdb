// The folder that a teach job keeps its snapshots in, on the library's own disk: it outlives pauses, failures and
// restarts, and goes when the job is done. What a cancelled job had is kept until the next start, for its retry.

import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { JobId } from '../contract/ids.ts';
import { removeFolder } from '../library/erasure.ts';
import type { Swept } from '../library/file-store.ts';
import type { Library } from '../library/library.ts';

function runsFolder(libraryFolder: string): string {
  return path.join(libraryFolder, 'runs');
}

/** The job's own folder, made when missing. */
export async function openRunFolder(libraryFolder: string, jobId: JobId): Promise<string> {
  const folder = path.join(runsFolder(libraryFolder), jobId);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Whether a run in this folder has anything to go on from. */
export async function hasSnapshot(folder: string): Promise<boolean> {
  return await stat(path.join(folder, 'CURRENT')).then((found) => found.isFile(), () => false);
}

export async function removeRunFolder(libraryFolder: string, jobId: JobId): Promise<void> {
  await rm(path.join(runsFolder(libraryFolder), jobId), { recursive: true, force: true });
}

/** The same for a receipt: says how much that was. */
export async function eraseRunFolder(libraryFolder: string, jobId: JobId): Promise<Swept> {
  return await removeFolder(path.join(runsFolder(libraryFolder), jobId));
}

/** Removes the folders of jobs that will not go on; for the start, before the queue. */
export async function clearEndedRuns(library: Library): Promise<void> {
  const goesOn = new Set(['waiting', 'running', 'paused', 'failed']);
  for (const name of await readdir(runsFolder(library.folder)).catch(() => [])) {
    const id = name as JobId;
    const job = library.jobs.get(id);
    if (job && goesOn.has(job.state)) continue;
    await removeRunFolder(library.folder, id);
    if (job?.state === 'cancelled') library.snapshots.clear(id);
  }
}
