// Holds the studio that is open, so that the library can move under the window: the studio is closed, the folder
// moved, and another one opened from there. Whoever listens goes on listening; calls in between get an answer too.

import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { Answer, StudioEvent } from '../contract/studio.ts';
import type { Studio } from '../studio/open-studio.ts';
import type { PageMedia } from './page-files.ts';

export interface StudioHolder extends PageMedia {
  /** Throws 'desktop.moving' while there is none. */
  studio(): Studio;
  call(command: string, request: unknown): Promise<Answer>;
  subscribe(listener: (event: StudioEvent) => void): void;
  /** Called with each studio that opens from now on. */
  onOpen(listener: (studio: Studio) => void): void;
  /** Opens the library in this folder. Throws library.in-use and the like. */
  open(libraryFolder: string): Promise<void>;
  /**
   * Closes the studio, moves its library by `move` (which answers where it lies then), and opens it there; where that
   * fails, it is opened where it was and the error thrown.
   */
  move(move: (from: string) => Promise<string>): Promise<void>;
  close(): Promise<void>;
}

export function studioHolder(openAt: (libraryFolder: string) => Promise<Studio>): StudioHolder {
  const listeners = new Set<(event: StudioEvent) => void>();
  const openListeners = new Set<(studio: Studio) => void>();
  let current: { readonly studio: Studio } | undefined;
  let moving: Promise<void> = Promise.resolve();
  const studio = (): Studio => {
    if (!current) throw movingError();
    return current.studio;
  };
  const holder: StudioHolder = {
    studio,
    async call(command, request) {
      return current ? current.studio.call(command, request) : { ok: false, error: errorDataOf(movingError()) };
    },
    subscribe: (listener) => void listeners.add(listener),
    onOpen: (listener) => void openListeners.add(listener),
    async openMedia(kind, id) {
      return current?.studio.openMedia(kind, id);
    },
    openExport: (id) => current?.studio.openExport(id),
    async open(folder) {
      const opened = await openAt(folder);
      current = { studio: opened };
      opened.subscribe((event) => listeners.forEach((listen) => listen(event)));
      openListeners.forEach((listen) => listen(opened));
    },
    async move(move) {
      const from = studio().library.folder;
      moving = closeMoveOpen(from, move);
      await moving;
    },
    async close() {
      await moving.catch(() => undefined);
      await closeNow();
    },
  };
  async function closeNow(): Promise<void> {
    const closing = current;
    current = undefined;
    await closing?.studio.close();
  }
  async function closeMoveOpen(from: string, move: (from: string) => Promise<string>): Promise<void> {
    await closeNow();
    let place = from;
    try {
      place = await move(from);
    } finally {
      await holder.open(place);
    }
  }
  return holder;
}

function movingError(): UserError {
  return new UserError('desktop.moving', {
    what: 'The library is being opened or moved.', safe: 'Everything in it is safe.', todo: 'Try again in a moment.',
  });
}
