// What a batch would come to before it is started: how many portraits, the prompts with every choice made, the time it
// may take, and what of the prompts has no room.

import type { CommandRequest, CommandResponse } from '../../src-main/contract/studio.ts';
import type { StudioClient } from '../ipc/client.ts';
import { AskedLater, askAfterMs } from './asked-later.svelte.ts';
import type { Schedule } from './notices.svelte.ts';

export type PlannedBatch = CommandResponse<'portraits.plan'>;
export type BatchRequest = CommandRequest<'portraits.create'>;

/** So long nothing more must change before the studio is asked. */
export const planAfterMs = askAfterMs;

export class BatchPlan extends AskedLater<BatchRequest, PlannedBatch> {
  constructor(client: StudioClient, schedule?: Schedule) {
    super((request) => client.call('portraits.plan', request), schedule);
  }

  get batch(): PlannedBatch | null {
    return this.answer;
  }
}
