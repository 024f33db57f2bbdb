// Holds the studio that is open, so that the library can move under the window: the studio is closed, the folder
// moved, and another one opened from there. Whoever listens goes on listening; calls in between get an answer too.

import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { Answer, StudioEvent } from '../contract/studio.ts';
import type { PictureKind } from '../studio/media.ts';
import type { Studio } from '../studio/open-studio.ts';
import type { PageExport, PageFile, PageMedia } from './page-files.ts';

export interface StudioHolder extends PageMedia {
  /** Throws 'desktop.moving' while there is none. */
  studio(): Studio;
  call(command: string, request: unknown): Promise<Answer>;
  subscribe(listener: (event: StudioEvent) => void): void;
  /** Called with each studio that opens from now on. */
  onOpen(listener: (studio: Studio) => void): void;
  /** Called where a library that was moved can be opened neither here nor there: nothing is open then. */
  onLost(listener: () => void): void;
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
  return new Holder(openAt);
}

class Holder implements StudioHolder {
  readonly #openAt: (libraryFolder: string) => Promise<Studio>;
  readonly #listeners = new Set<(event: StudioEvent) => void>();
  readonly #openListeners = new Set<(studio: Studio) => void>();
  readonly #lostListeners = new Set<() => void>();
  #current: Studio | undefined;
  #moving: Promise<void> = Promise.resolve();

  constructor(openAt: (libraryFolder: string) => Promise<Studio>) {
    this.#openAt = openAt;
  }

  studio(): Studio {
    if (!this.#current) throw movingError();
    return this.#current;
  }

  async call(command: string, request: unknown): Promise<Answer> {
    return this.#current?.call(command, request) ?? { ok: false, error: errorDataOf(movingError()) };
  }

  subscribe(listener: (event: StudioEvent) => void): void {
    this.#listeners.add(listener);
  }

  onOpen(listener: (studio: Studio) => void): void {
    this.#openListeners.add(listener);
  }

  onLost(listener: () => void): void {
    this.#lostListeners.add(listener);
  }

  async openMedia(kind: PictureKind, id: string): Promise<PageFile | undefined> {
    return this.#current?.openMedia(kind, id);
  }

  openExport(id: string): PageExport | undefined {
    return this.#current?.openExport(id);
  }

  async open(libraryFolder: string): Promise<void> {
    const opened = await this.#openAt(libraryFolder);
    this.#current = opened;
    opened.subscribe((event) => this.#listeners.forEach((listen) => listen(event)));
    this.#openListeners.forEach((listen) => listen(opened));
  }

  async move(move: (from: string) => Promise<string>): Promise<void> {
    this.#moving = this.#closeMoveOpen(this.studio().library.folder, move);
    await this.#moving;
  }

  async close(): Promise<void> {
    // a library that is being moved is whole again before anything ends
    await this.#moving.catch(() => undefined);
    await this.#closeNow();
  }

  async #closeMoveOpen(from: string, move: (from: string) => Promise<string>): Promise<void> {
    await this.#closeNow();
    let place = from;
    try {
      place = await move(from);
    } finally {
      await this.#reopen(place);
    }
  }

  async #reopen(place: string): Promise<void> {
    try {
      await this.open(place);
    } catch (error) {
      this.#lostListeners.forEach((listen) => listen());
      throw error;
    }
  }

  async #closeNow(): Promise<void> {
    const closing = this.#current;
    this.#current = undefined;
    await closing?.close();
  }
}

function movingError(): UserError {
  return new UserError('desktop.moving', {
    what: 'The library is being opened or moved.', safe: 'Everything in it is safe.', todo: 'Try again in a moment.',
  });
}
