// Portraits on their way out of the window: the system can only drop files, so copies are written into a private
// folder first, without settings, names or paths in them. The folder is emptied at start and end, and when
// somebody is removed; a copy that was dropped is read by then or an hour later.

import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dragOutSchema } from '../contract/desktop.ts';
import type { PortraitId } from '../contract/ids.ts';

export interface DragOut {
  /** Files for the system to drop, and a small picture of the first; undefined where there is nothing to drag. */
  prepare(request: unknown): Promise<{ files: string[]; icon: Uint8Array } | undefined>;
  empty(): Promise<void>;
}

export interface DragSource {
  /** The portrait as a file for others; undefined where it is gone. */
  pictureOf(id: PortraitId): Promise<{ bytes: Uint8Array; ending: string } | undefined>;
  /** A small picture of it, for under the pointer. */
  iconOf(id: PortraitId): Promise<Uint8Array | undefined>;
  nowMs(): number;
}

const keptMs = 60 * 60 * 1000;

export function openDragOut(folder: string, source: DragSource): DragOut {
  return {
    async prepare(request) {
      const parsed = dragOutSchema.safeParse(request);
      if (!parsed.success) return undefined;
      await removeOld(folder, source.nowMs());
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const own = await mkdtemp(join(folder, 'drag-'));
      const ids = [...new Set(parsed.data.portraitIds)];
      const written = await Promise.all(ids.map((id) => writeCopy(own, source, id)));
      const files = written.filter((file) => file !== undefined);
      const icon = files.length > 0 && ids[0] ? await source.iconOf(ids[0]) : undefined;
      return files.length > 0 && icon ? { files, icon } : undefined;
    },
    empty: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The name says nothing of the person, and is the same each time, so that one portrait is one file to the system. */
async function writeCopy(folder: string, source: DragSource, id: PortraitId): Promise<string | undefined> {
  const picture = await source.pictureOf(id);
  if (!picture) return undefined;
  const file = join(folder, `portrait-${id.slice(0, 8)}.${picture.ending}`);
  await writeFile(file, picture.bytes, { mode: 0o600 });
  return file;
}

async function removeOld(folder: string, nowMs: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const place = join(folder, name);
    const status = await stat(place).catch(() => undefined);
    if (status && nowMs - status.mtimeMs > keptMs) await rm(place, { recursive: true, force: true });
  }
}
