// The folder in which models that were fetched are kept, on whatever drive it lies. A place that was used before and is
// not there now is away: nothing may be fetched into its empty mount point, or into a new folder of its name.

import { mkdir, readdir, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { answers } from './found-files.ts';

/** There from the first download on, whatever else is removed. */
const markName = '.likeness-models';

export async function markPlace(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, markName), '');
}

/**
 * Whether a place that was used before is away: it does not answer, or it is empty, or its parent is away or empty. A
 * folder that is missing beside others was removed by somebody, and may be made again.
 */
export async function isAway(folder: string): Promise<boolean> {
  if (await answers(path.join(folder, markName))) return false;
  const around = await answers(folder) ? folder : path.dirname(folder);
  return await namesIn(around) === 0;
}

async function namesIn(folder: string): Promise<number> {
  return await answers(folder) ? (await readdir(folder).catch(() => [])).length : 0;
}

/** On the drive of a folder that need not be there yet; null where nobody says. */
export async function freeBytesOf(folder: string): Promise<number | null> {
  for (let place = folder; ; place = path.dirname(place)) {
    const room = await statfs(place).catch(() => undefined);
    if (room) return room.bavail * room.bsize;
    if (place === path.dirname(place)) return null;
  }
}
