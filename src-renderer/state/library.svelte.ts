// The library as a whole: where it lies, how large it is, its backups, and what the last look at its files found.

import type { Backup, LibraryCheck, LibraryState } from '../../src-main/contract/keeping.ts';
import type { StudioClient } from '../ipc/client.ts';

export class Library {
  state = $state.raw<LibraryState | null>(null);
  /** What is being done to it now. */
  work = $state<'check' | 'backup' | 'move' | null>(null);
  #client: StudioClient;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  async load(): Promise<void> {
    this.state = await this.#client.call('library.state', {});
  }

  /** Takes in what an event says. */
  take(state: LibraryState): void {
    this.state = state;
  }

  /** Reads every kept file again; takes a while for a large library. */
  check(): Promise<LibraryCheck> {
    return this.busy('check', async () => {
      const lastCheck = await this.#client.call('library.check', {});
      if (this.state) this.state = { ...this.state, lastCheck };
      return lastCheck;
    });
  }

  backUp(): Promise<Backup> {
    return this.busy('backup', async () => {
      const backup = await this.#client.call('library.backUp', {});
      await this.load();
      return backup;
    });
  }

  /** What a report of a problem would hold, word for word. */
  async diagnostics(): Promise<string> {
    return (await this.#client.call('library.diagnostics', {})).text;
  }

  /** Marks the library as busy with one thing while `action` runs. */
  async busy<T>(work: NonNullable<Library['work']>, action: () => Promise<T>): Promise<T> {
    this.work = work;
    try {
      return await action();
    } finally {
      this.work = null;
    }
  }
}
