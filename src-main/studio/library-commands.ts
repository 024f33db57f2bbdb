// Commands over the library as a whole: where it lies and what it holds, backups, a check, and the text of a report.

import { statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { LibraryState } from '../contract/keeping.ts';
import { checkLibrary } from './check-library.ts';
import type { Handlers, StudioContext } from './context.ts';
import { diagnosticsText } from './diagnostics.ts';

export function libraryCommands(context: StudioContext): Handlers<
  'library.state' | 'library.backUp' | 'library.check' | 'library.diagnostics'> {
  const { library } = context;
  return {
    'library.state': () => libraryState(context),
    'library.backUp': async () => {
      const backup = await library.exclusively(() => library.backUp('asked', Date.now()));
      await announceLibrary(context);
      return backup;
    },
    'library.check': async () => {
      const check = await checkLibrary(context);
      await announceLibrary(context);
      return check;
    },
    'library.diagnostics': async () => ({ text: await diagnosticsText(context) }),
  };
}

export async function libraryState({ library }: StudioContext): Promise<LibraryState> {
  const { bavail, bsize } = await statfs(library.folder).catch(() => ({ bavail: null, bsize: 0 }));
  return {
    place: shownPlace(library.folder, homedir()),
    sizeBytes: await library.sizeBytes(),
    freeBytes: bavail === null ? null : bavail * bsize,
    ...library.traces.all(),
    backups: await library.backups.list(),
    lastCheck: library.facts.lastCheck(),
    recovery: library.facts.recovery(),
  };
}

/** Tells the page of the library as it is now. */
export async function announceLibrary(context: StudioContext): Promise<void> {
  context.emit({ type: 'library-state', library: await libraryState(context) });
}

/** A folder as its user would write it, with ~ for their home. */
export function shownPlace(folder: string, home: string): string {
  const inside = path.relative(home, folder);
  const isInside = inside !== '' && !inside.startsWith('..') && !path.isAbsolute(inside);
  return isInside ? path.join('~', inside) : folder;
}
