// Whether the place of the fetched models is away: looked at when asked, and from time to time while it is, because a
// drive comes back without a word.

const lookEveryMs = 3000;

export interface AwayWatchOptions {
  readonly isAway: () => Promise<boolean>;
  readonly onBack: () => Promise<void>;
  readonly everyMs?: number | undefined;
}

export class AwayWatch {
  isAway = false;
  readonly #options: AwayWatchOptions;
  #looking: Promise<void> | undefined;
  #later: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: AwayWatchOptions) {
    this.#options = options;
  }

  /** Begins anew, without a word of what was before. */
  async start(): Promise<void> {
    this.isAway = await this.#options.isAway();
    this.#wait();
  }

  /** Ends when what follows from its return is done. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => { this.#looking = undefined; });
    await this.#looking;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#later);
    await this.#looking?.catch(() => undefined);
  }

  async #look(): Promise<void> {
    const wasAway = this.isAway;
    const isAway = await this.#options.isAway();
    if (this.#isClosed) return;
    this.isAway = isAway;
    this.#wait();
    if (wasAway && !isAway) await this.#options.onBack();
  }

  #wait(): void {
    clearTimeout(this.#later);
    if (!this.isAway || this.#isClosed) return;
    this.#later = setTimeout(() => {
      void this.look().catch(() => undefined).finally(() => this.#wait());
    }, this.#options.everyMs ?? lookEveryMs).unref();
  }
}
