// What a batch would come to before it is started: how many portraits, the prompts with every choice made, the time it
// may take, and what of the prompts has no room. The studio is asked again a moment after something changes.

import { errorDataOf } from '../../src-main/contract/error-data.ts';
import type { ErrorData } from '../../src-main/contract/nouns.ts';
import type { CommandRequest, CommandResponse } from '../../src-main/contract/studio.ts';
import type { StudioClient } from '../ipc/client.ts';
import { scheduleByClock, type Schedule } from './notices.svelte.ts';

export type PlannedBatch = CommandResponse<'portraits.plan'>;
export type BatchRequest = CommandRequest<'portraits.create'>;

/** So long nothing more must change before the studio is asked. */
export const planAfterMs = 300;

export class BatchPlan {
  batch = $state.raw<PlannedBatch | null>(null);
  /** Why the studio would refuse this batch. */
  error = $state.raw<ErrorData | null>(null);
  /** `batch` is of what is asked for now. */
  isFresh = $state(false);
  #client: StudioClient;
  #schedule: Schedule;
  #callOff: () => void = () => undefined;
  #asked = '';

  constructor(client: StudioClient, schedule: Schedule = scheduleByClock) {
    this.#client = client;
    this.#schedule = schedule;
  }

  /** Plans this batch; null: there is nothing to plan. */
  ask(request: BatchRequest | null): void {
    const asked = request === null ? '' : JSON.stringify(request);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#callOff();
    this.isFresh = false;
    if (request === null) [this.batch, this.error] = [null, null];
    else this.#callOff = this.#schedule(() => void this.#read(request, asked), planAfterMs);
  }

  /** Asks again about the same batch, e.g. because one like it was timed since. */
  renew(): void {
    this.#asked = '';
  }

  async #read(request: BatchRequest, asked: string): Promise<void> {
    let batch: PlannedBatch | null = null;
    let error: ErrorData | null = null;
    try {
      batch = await this.#client.call('portraits.plan', request);
    } catch (thrown) {
      error = errorDataOf(thrown);
    }
    if (asked !== this.#asked) return;
    [this.batch, this.error, this.isFresh] = [batch, error, batch !== null];
  }
}
