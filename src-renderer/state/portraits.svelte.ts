// The portraits of the current subject: order, likeness in words, and deleting with undo.

import type { JobId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';

export type PortraitOrder = 'newest' | 'likeness';

export class Portraits {
  #all = $state.raw<Portrait[]>([]);
  order = $state<PortraitOrder>('newest');
  isLoading = $state(false);
  list = $derived(this.order === 'newest' ? byNewest(this.#all) : byLikeness(this.#all));
  #client: StudioClient;
  #subjectId: SubjectId | null = null;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  async load(subjectId: SubjectId): Promise<void> {
    if (this.#subjectId !== subjectId) this.#all = [];
    this.#subjectId = subjectId;
    this.isLoading = this.#all.length === 0;
    try {
      const list = await this.#client.call('portraits.list', { subjectId });
      if (this.#subjectId === subjectId) this.#all = list;
    } finally {
      this.isLoading = false;
    }
  }

  find(id: PortraitId | null): Portrait | null {
    return this.#all.find((portrait) => portrait.id === id) ?? null;
  }

  /** Portraits of one batch, in the order they were drawn, or best likeness first. */
  ofJob(jobId: JobId, order: 'drawn' | 'likeness' = 'drawn'): Portrait[] {
    const batch = this.#all.filter((portrait) => portrait.jobId === jobId);
    return order === 'likeness' ? byLikeness(batch) : byNewest(batch).reverse();
  }

  /** Moves portraits to the trash; gives back what brings them back. */
  async remove(portraitIds: PortraitId[]): Promise<() => Promise<void>> {
    const removed = this.#all.filter((portrait) => portraitIds.includes(portrait.id));
    await this.#client.call('portraits.remove', { portraitIds });
    portraitIds.forEach((id) => this.drop(id));
    return async () => {
      await this.#client.call('portraits.remove', { portraitIds, restore: true });
      removed.forEach((portrait) => this.upsert(portrait));
    };
  }

  upsert(portrait: Portrait): void {
    if (portrait.subjectId !== this.#subjectId) return;
    const index = this.#all.findIndex((each) => each.id === portrait.id);
    this.#all = index < 0 ? [...this.#all, portrait] : this.#all.with(index, portrait);
  }

  drop(id: PortraitId): void {
    this.#all = this.#all.filter((portrait) => portrait.id !== id);
  }
}

function byNewest(portraits: readonly Portrait[]): Portrait[] {
  return [...portraits].sort((a, b) => b.createdAtMs - a.createdAtMs);
}

function byLikeness(portraits: readonly Portrait[]): Portrait[] {
  const value = (portrait: Portrait): number => portrait.likeness.cosine ?? -2;
  return [...portraits].sort((a, b) => value(b) - value(a));
}
