// How long a job will take, from its own pace: steps done since its first one in this run, so that loading networks
// and what earlier runs did are no part of it.

/** Steps that were done by a time. */
interface Mark {
  readonly done: number;
  readonly atMs: number;
}

export class JobPace {
  #start: Mark | undefined;
  #first: Mark | undefined;
  #last: Mark | undefined;
  #total = 0;

  /** Steps that are done and all of them at `nowMs`, on a clock that stands still while the machine sleeps. */
  mark(done: number, total: number, nowMs: number): void {
    this.#total = total;
    // a job that begins again, e.g. with another round of photos, has another pace
    if (!this.#start || done < this.#last!.done) {
      this.#start = this.#last = { done, atMs: nowMs };
      this.#first = undefined;
    } else if (done > this.#last!.done) {
      this.#last = { done, atMs: nowMs };
      this.#first ??= this.#last;
    }
  }

  /** Seconds until all steps are done; null before the second step, which is the first whose time is known. */
  etaSeconds(nowMs: number): number | null {
    const [first, last] = [this.#first, this.#last];
    if (!first || !last || last.done <= first.done) return null;
    const msEach = (last.atMs - first.atMs) / (last.done - first.done);
    const left = msEach * (this.#total - last.done) - (nowMs - last.atMs);
    // a step that takes longer than the others before it still has its own end ahead
    return Math.max(left, last.done < this.#total ? msEach * (this.#total - last.done - 1) : 0) / 1000;
  }
}
