// Whether Likeness may end now: it asks first while work is under way, and closes the studio before the process ends.
// Free of electron: what asks and what ends is given.

import type { Job } from '../contract/work.ts';
import type { DesktopWords } from './words.ts';

export interface QuitSystem {
  /** What quitting would interrupt. */
  unfinished(): readonly Job[];
  words(): DesktopWords;
  /** Whether the user wants to quit all the same. */
  confirm(message: string, detail: string, buttons: readonly [quit: string, stay: string]): Promise<boolean>;
  /** Ends engine and database. */
  close(): Promise<void>;
  quit(): void;
}

interface Preventable {
  preventDefault(): void;
}

export interface Quitting {
  /** The window is about to close, or the app to quit: true where it has to wait for the user's answer. */
  holdBack(event: Preventable): boolean;
  /** Everything is closed but the studio. */
  beforeEnd(event: Preventable): void;
  /** The system shuts down or the user logs out: nothing is asked any more. */
  withoutAsking(): void;
}

export function openQuitting(system: QuitSystem): Quitting {
  let state: 'open' | 'asking' | 'confirmed' | 'closed' = 'open';
  async function ask(jobs: readonly Job[]): Promise<void> {
    const { quit, work } = system.words();
    const [job] = jobs;
    const message = jobs.length === 1 && job ? quit.message(work[job.kind]) : quit.several(jobs.length);
    const isSure = await system.confirm(message, quit.detail, [quit.quit, quit.stay]).catch(() => false);
    if (state !== 'asking') return;
    state = isSure ? 'confirmed' : 'open';
    if (isSure) system.quit();
  }
  return {
    holdBack(event) {
      if (state === 'confirmed' || state === 'closed') return false;
      const jobs = system.unfinished();
      if (jobs.length === 0) return false;
      event.preventDefault();
      if (state === 'asking') return true;
      state = 'asking';
      void ask(jobs);
      return true;
    },
    beforeEnd(event) {
      if (state === 'closed') return;
      event.preventDefault();
      state = 'confirmed';
      void system.close().catch(() => undefined).finally(() => {
        state = 'closed';
        system.quit();
      });
    },
    withoutAsking() {
      state = 'confirmed';
    },
  };
}
