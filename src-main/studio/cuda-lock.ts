// Only one Likeness at a time may change the folder of CUDA's libraries: who does so is written into a file there. The
// file of one that was killed counts for nothing, also where another program has its number by now. Linux alone.

import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fetchedElsewhere } from './cuda-errors.ts';

const lockFile = (folder: string): string => path.join(folder, 'fetching.lock');

/** Throws machine.cuda-busy. */
export async function takeLock(folder: string): Promise<void> {
  const holder = await lockHolder(folder);
  if (holder !== undefined) throw fetchedElsewhere(holder);
  await rm(lockFile(folder), { force: true });
  const own = `${process.pid} ${await startOf(process.pid)}`;
  await writeFile(lockFile(folder), own, { flag: 'wx' }).catch(async (error: unknown) => {
    // another one was a moment faster
    const faster = await lockHolder(folder);
    throw faster === undefined ? error : fetchedElsewhere(faster);
  });
}

export const releaseLock = (folder: string): Promise<void> => rm(lockFile(folder), { force: true });

/** The other process that changes the folder now; undefined where none does. */
export async function lockHolder(folder: string): Promise<number | undefined> {
  const [id, start] = (await readFile(lockFile(folder), 'utf8').catch(() => '')).split(' ');
  const processId = Number(id);
  if (!start || processId === process.pid || await startOf(processId) !== start) return undefined;
  return processId;
}

/** When a process was started, in the kernel's ticks (proc(5), stat, field 22); '' where there is none. */
async function startOf(processId: number): Promise<string> {
  const stat = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => '');
  // the program's name is in brackets and may hold anything
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
