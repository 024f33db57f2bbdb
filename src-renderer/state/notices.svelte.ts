// What the page tells in passing: errors that wait to be read, and things done that can be undone.
// An undo is offered for ten seconds on screen and stays reachable by Ctrl/⌘ Z after that.

import { errorDataOf } from '../../src-main/contract/error-data.ts';
import type { ErrorData } from '../../src-main/contract/nouns.ts';

export const undoOfferMs = 10_000;
const plainNoteMs = 5_000;
const undoDepth = 100;

export interface Notice {
  readonly id: number;
  readonly message: string;
  readonly error: ErrorData | null;
  readonly undo: (() => Promise<void> | void) | null;
  readonly retry: (() => void) | null;
}

/** Runs `action` after a while; gives back what calls it off. Tests pass one that they wind by hand. */
export type Schedule = (action: () => void, afterMs: number) => () => void;

export const scheduleByClock: Schedule = (action, afterMs) => {
  const timer = setTimeout(action, afterMs);
  return () => clearTimeout(timer);
};

export class Notices {
  list = $state.raw<Notice[]>([]);
  #schedule: Schedule;
  #nextId = 1;
  /** The notice of each kind that was shown last. */
  #latest: Readonly<Record<string, number>> = {};
  #performed: Promise<unknown> = Promise.resolve();
  #undoable: { noticeId: number; undo: () => Promise<void> | void }[] = [];

  constructor(schedule: Schedule = scheduleByClock) {
    this.#schedule = schedule;
  }

  /** Says that something was done; it goes away by itself. */
  say(message: string): void {
    const id = this.#add({ message, error: null, undo: null, retry: null });
    this.#schedule(() => this.dismiss(id), plainNoteMs);
  }

  /**
   * Says that something was done and can be undone. One of a `kind` takes the place of the one before on the screen;
   * both stay within reach of Ctrl/⌘ Z.
   */
  offerUndo(message: string, undo: () => Promise<void> | void, kind = ''): void {
    const shown = kind === '' ? undefined : this.#latest[kind];
    if (shown !== undefined) this.dismiss(shown);
    const id = this.#add({ message, error: null, undo, retry: null });
    this.#undoable = [...this.#undoable, { noticeId: id, undo }].slice(-undoDepth);
    if (kind !== '') this.#latest = { ...this.#latest, [kind]: id };
    this.#schedule(() => this.dismiss(id), undoOfferMs);
  }

  /** Shows an error until it is dismissed; the same error twice is shown once. */
  report(thrown: unknown, retry: (() => void) | null = null): void {
    const error = errorDataOf(thrown);
    const shown = this.list.find((notice) => notice.error?.code === error.code && notice.error.what === error.what);
    if (shown) this.dismiss(shown.id);
    this.#add({ message: error.what, error, undo: null, retry });
  }

  /** Runs `action`; an error becomes a notice with a retry, and the answer is then undefined. */
  async attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (thrown) {
      this.report(thrown, () => void this.attempt(action));
      return undefined;
    }
  }

  /**
   * The same for an act that offers its own undo: acts are done one after the other, and Ctrl/⌘ Z that is pressed
   * meanwhile waits for them, so that it undoes what the user did last and not what was answered last.
   */
  async perform<T>(action: () => Promise<T>): Promise<T | undefined> {
    const performed = this.#performed.then(() => this.attempt(action));
    this.#performed = performed;
    return await performed;
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  /** Undoes the latest that can be undone; false when there is nothing. */
  async undoLatest(): Promise<boolean> {
    await this.#performed;
    const latest = this.#undoable.at(-1);
    if (!latest) return false;
    await this.#runUndo(latest);
    return true;
  }

  /** Undoes what this notice offers. */
  async undo(notice: Notice): Promise<void> {
    const entry = this.#undoable.find((each) => each.noticeId === notice.id);
    if (entry) await this.#runUndo(entry);
  }

  async #runUndo(entry: { noticeId: number; undo: () => Promise<void> | void }): Promise<void> {
    this.#undoable = this.#undoable.filter((each) => each !== entry);
    this.dismiss(entry.noticeId);
    await this.perform(async () => entry.undo());
  }

  #add(notice: Omit<Notice, 'id'>): number {
    const id = this.#nextId++;
    this.list = [...this.list, { id, ...notice }];
    return id;
  }
}
