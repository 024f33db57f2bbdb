// Sessions by key, opened when they are first needed; the least recently used is released when there are too many.

export class KeptSessions<Kept extends { release(): Promise<void> }> {
  readonly #limit: number;
  readonly #sessions = new Map<string, Kept>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The session of this key, opened by `open` if there is none. */
  async get(key: string, open: () => Promise<Kept>): Promise<Kept> {
    let session = this.#sessions.get(key);
    this.#sessions.delete(key);
    if (!session) {
      // room first: two sessions of real size may not fit beside each other
      await this.#releaseDownTo(this.#limit - 1);
      session = await open();
    }
    this.#sessions.set(key, session);
    return session;
  }

  async release(): Promise<void> {
    await this.#releaseDownTo(0);
  }

  async #releaseDownTo(count: number): Promise<void> {
    for (const [key, session] of this.#sessions) {
      if (this.#sessions.size <= count) break;
      this.#sessions.delete(key);
      await session.release();
    }
  }
}
