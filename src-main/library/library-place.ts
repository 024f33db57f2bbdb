// Where the user's library lies once it was moved: a small file at the default place remembers it.

import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { UserError } from '../contract/errors.ts';

const fileName = 'library-place.json';

const placeSchema = z.object({
  /** Absolute; null: the default place itself. */
  place: z.string().nullable(),
  /** A library that was moved away and may not be removed whole yet. */
  leftBehind: z.string().nullable().default(null),
});
export type LibraryPlace = z.infer<typeof placeSchema>;

export function readPlace(defaultFolder: string): LibraryPlace {
  try {
    const parsed = placeSchema.safeParse(JSON.parse(readFileSync(join(defaultFolder, fileName), 'utf8')));
    return parsed.data ?? { place: null, leftBehind: null };
  } catch {
    return { place: null, leftBehind: null };
  }
}

/** Durable when it resolves. */
export async function writePlace(defaultFolder: string, { place, leftBehind }: LibraryPlace): Promise<void> {
  await mkdir(defaultFolder, { recursive: true, mode: 0o700 });
  const file = join(defaultFolder, fileName);
  if (place === null && leftBehind === null) {
    await rm(file, { force: true });
    await syncFolder(defaultFolder);
    return;
  }
  const text = `${JSON.stringify({ place, leftBehind }, null, 2)}\n`;
  await writeFileAtomically(file, async (handle) => { await handle.writeFile(text); });
}

/**
 * The folder of the user's library. Throws 'library.place-missing' where it was moved to a place that is not there now,
 * such as a disk that is not connected: a new, empty library in its stead would look like a loss.
 */
export function placeOfLibrary(defaultFolder: string): string {
  const { place } = readPlace(defaultFolder);
  if (place === null || existsSync(place)) return place ?? defaultFolder;
  throw new UserError('library.place-missing', {
    what: `The library was moved to ${place}, which is not there now.`,
    safe: 'Nothing was changed.',
    todo: `Connect the disk that it lies on. To begin a new library instead, remove ${join(defaultFolder, fileName)}.`,
  }, { place });
}
