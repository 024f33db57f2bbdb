// How much memory the work that is being set up would take: asked a moment after something changes, and told before it
// starts.

import type { MemoryPlan } from '../../src-main/contract/memory-plan.ts';
import type { Method } from '../../src-main/contract/settings.ts';
import type { CommandRequest } from '../../src-main/contract/studio.ts';
import type { StudioClient } from '../ipc/client.ts';
import { AskedLater } from './asked-later.svelte.ts';
import type { Schedule } from './notices.svelte.ts';

type TeachingRequest = CommandRequest<'memory.planTeaching'>;
type PortraitRequest = CommandRequest<'memory.planPortraits'>;

export class MemoryPlans {
  readonly teaching: AskedLater<TeachingRequest, MemoryPlan>;
  readonly portraits: AskedLater<PortraitRequest, MemoryPlan>;
  /** What was planned last for each way to teach on each model. */
  #known = $state.raw<Readonly<Record<string, MemoryPlan>>>({});

  constructor(client: StudioClient, schedule?: Schedule) {
    this.teaching = new AskedLater(async (request) => {
      const plan = await client.call('memory.planTeaching', request);
      this.#known = { ...this.#known, [keyOf(request.packId, request.method ?? 'lora')]: plan };
      return plan;
    }, schedule);
    this.portraits = new AskedLater((request) => client.call('memory.planPortraits', request), schedule);
  }

  /** What a way to teach came to when it was planned last; null where it never was. */
  known(packId: string, method: Method): MemoryPlan | null {
    return this.#known[keyOf(packId, method)] ?? null;
  }
}

function keyOf(packId: string, method: Method): string {
  return `${method} ${packId}`;
}

/** What is planned for what stands on the page now does not fit. */
export function isTooLarge({ answer, isFresh }: AskedLater<never, MemoryPlan>): boolean {
  return isFresh && answer !== null && !answer.fits;
}

export interface MemoryStage {
  readonly stage: number;
  readonly names: readonly string[];
  readonly weightBytes: number;
  readonly activationBytes: number;
  readonly trainingBytes: number;
  readonly bytes: number;
}

/** What is loaded at the same time, in order: the stage that takes the most decides. */
export function stagesOf({ parts }: MemoryPlan): MemoryStage[] {
  return [...Map.groupBy(parts, ({ stage }) => stage)].sort(([a], [b]) => a - b).map(([stage, own]) => {
    const sum = (count: (part: (typeof own)[number]) => number): number =>
      own.reduce((total, part) => total + count(part), 0);
    const [weightBytes, activationBytes, trainingBytes] =
      [sum((part) => part.weightBytes), sum((part) => part.activationBytes), sum((part) => part.trainingBytes)];
    // one of them runs at a time
    const running = Math.max(...own.map((part) => part.activationBytes + part.trainingBytes));
    const bytes = weightBytes + running;
    return { stage, names: own.map(({ name }) => name), weightBytes, activationBytes, trainingBytes, bytes };
  });
}
