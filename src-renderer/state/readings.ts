// Lists that are being read while events come in. An answer may be older than events that overtook it, so those are
// taken in once more.

import type { StudioEvent } from '../../src-main/contract/studio.ts';

export class Readings {
  /** Events that came while lists were being read, a list for each reading. */
  #open: readonly StudioEvent[][] = [];
  #takeIn: (event: StudioEvent) => void;

  constructor(takeIn: (event: StudioEvent) => void) {
    this.#takeIn = takeIn;
  }

  /** Takes in an event, now and once more after each reading that is under way. */
  take(event: StudioEvent): void {
    for (const overtaking of this.#open) overtaking.push(event);
    this.#takeIn(event);
  }

  async read(load: () => Promise<void>): Promise<void> {
    const overtaking: StudioEvent[] = [];
    this.#open = [...this.#open, overtaking];
    try {
      await load();
    } finally {
      this.#open = this.#open.filter((each) => each !== overtaking);
      overtaking.forEach((event) => this.#takeIn(event));
    }
  }
}
