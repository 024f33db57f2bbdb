// What is done for the library while it is open, without being asked: a backup a day, and room kept for removing things
// on a full disk. A library with nobody in it needs neither.

import { keepBallast } from '../library/ballast.ts';
import type { StudioContext } from './context.ts';
import { announceLibrary } from './library-commands.ts';

/** A little less than a day, so that it is made each day that Likeness is used at the same hour. */
const backupAgeMs = 20 * 60 * 60 * 1000;
const roundMs = 60 * 60 * 1000;

export interface LibraryKeeper {
  /** Resolves when nothing of it is under way. */
  close(): Promise<void>;
}

/** Begins at once and goes on every hour. What fails is told to the log and tried again at the next round. */
export function keepLibrary(context: StudioContext, onLog: (line: string) => void): LibraryKeeper {
  let last: Promise<void> = Promise.resolve();
  const round = (): void => {
    last = last.then(() => lookAfter(context)).catch((error: unknown) => {
      onLog(`The library was not backed up: ${error instanceof Error ? error.message : String(error)}`);
    });
  };
  const timer = setInterval(round, roundMs);
  timer.unref();
  round();
  return {
    close() {
      clearInterval(timer);
      return last;
    },
  };
}

async function lookAfter(context: StudioContext): Promise<void> {
  const { library } = context;
  if (library.traces.all().subjects === 0) return;
  await keepBallast(library.folder);
  const [newest] = await library.backups.list();
  if (newest && Date.now() - newest.atMs < backupAgeMs) return;
  await library.exclusively(() => library.backUp('daily', Date.now()));
  await announceLibrary(context);
}
