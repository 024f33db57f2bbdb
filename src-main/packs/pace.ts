// How fast a download has been lately, and when it will be there.

export class Pace {
  readonly #totalBytes: number;
  readonly #marks: { readonly bytes: number; readonly ms: number }[] = [];

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  /** Over the last ten seconds; what is only read again has no pace. */
  at(bytesDone: number, nowMs: number, phase: 'checking' | 'running'): {
    bytesDone: number; bytesPerSecond: number | null; etaSeconds: number | null;
  } {
    if (phase === 'checking') return { bytesDone, bytesPerSecond: null, etaSeconds: null };
    this.#marks.push({ bytes: bytesDone, ms: nowMs });
    while (this.#marks.length > 2 && nowMs - this.#marks[0]!.ms > 10_000) this.#marks.shift();
    const [first] = this.#marks;
    const seconds = (nowMs - first!.ms) / 1000;
    if (seconds < 0.5) return { bytesDone, bytesPerSecond: null, etaSeconds: null };
    const bytesPerSecond = (bytesDone - first!.bytes) / seconds;
    const etaSeconds = bytesPerSecond > 0 ? Math.max(0, this.#totalBytes - bytesDone) / bytesPerSecond : null;
    return { bytesDone, bytesPerSecond, etaSeconds };
  }
}
