// Whether something built is older than what it was built from. A stamp file beside the output carries the time.

import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Newest modification time below these files and folders, in milliseconds; paths that do not exist count as never. */
export function newestChangeMs(paths: readonly string[]): number {
  return Math.max(0, ...paths.map(changeMs));
}

function changeMs(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  if (!status.isDirectory()) return status.mtimeMs;
  // A folder's own time tells of files that were removed.
  return Math.max(status.mtimeMs, newestChangeMs(readdirSync(path).map((name) => join(path, name))));
}

/**
 * Runs `build` unless the stamp is newer than every source. The stamp takes the time from before the build,
 * so that an edit made while it runs is seen the next time.
 */
export async function buildIfStale(
  stamp: string,
  sources: readonly string[],
  build: () => Promise<void>,
): Promise<boolean> {
  if (changeMs(stamp) > newestChangeMs(sources)) return false;
  const startedAt = new Date();
  await build();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
  return true;
}
