// What the studio says about something that the user is still changing: it is asked a moment after the last change, and
// an answer that was overtaken is dropped.

import { errorDataOf } from '../../src-main/contract/error-data.ts';
import type { ErrorData } from '../../src-main/contract/nouns.ts';
import { scheduleByClock, type Schedule } from './notices.svelte.ts';

/** So long nothing more must change before the studio is asked. */
export const askAfterMs = 300;

export class AskedLater<Request, Answer> {
  answer = $state.raw<Answer | null>(null);
  /** Why the studio would refuse it. */
  error = $state.raw<ErrorData | null>(null);
  /** `answer` is of what is asked for now. */
  isFresh = $state(false);
  #ask: (request: Request) => Promise<Answer>;
  #schedule: Schedule;
  #callOff: () => void = () => undefined;
  #asked = '';

  constructor(ask: (request: Request) => Promise<Answer>, schedule: Schedule = scheduleByClock) {
    this.#ask = ask;
    this.#schedule = schedule;
  }

  /** Asks about this; null: there is nothing to ask. */
  ask(request: Request | null): void {
    const asked = request === null ? '' : JSON.stringify(request);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#callOff();
    this.isFresh = false;
    if (request === null) [this.answer, this.error] = [null, null];
    else this.#callOff = this.#schedule(() => void this.#read(request, asked), askAfterMs);
  }

  /** Asks again about the same, e.g. because one like it was timed since. */
  renew(): void {
    this.#asked = '';
  }

  async #read(request: Request, asked: string): Promise<void> {
    let answer: Answer | null = null;
    let error: ErrorData | null = null;
    try {
      answer = await this.#ask(request);
    } catch (thrown) {
      error = errorDataOf(thrown);
    }
    if (asked !== this.#asked) return;
    [this.answer, this.error, this.isFresh] = [answer, error, answer !== null];
  }
}
