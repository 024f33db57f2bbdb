// The looks of the current subject.
// Deleting waits for as long as its undo is offered, because a deleted look is gone for good.

import type { AdapterId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Look } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';
import { scheduleByClock, undoOfferMs, type Schedule } from './notices.svelte.ts';

export class Looks {
  #all = $state.raw<Look[]>([]);
  #leaving = $state.raw<AdapterId[]>([]);
  /** Newest first, without those that are about to be deleted. */
  list = $derived(
    this.#all.filter((look) => !this.#leaving.includes(look.id)).sort((a, b) => b.createdAtMs - a.createdAtMs),
  );
  #client: StudioClient;
  #schedule: Schedule;
  #subjectId: SubjectId | null = null;

  constructor(client: StudioClient, schedule: Schedule = scheduleByClock) {
    this.#client = client;
    this.#schedule = schedule;
  }

  async load(subjectId: SubjectId): Promise<void> {
    if (this.#subjectId !== subjectId) this.#all = [];
    this.#subjectId = subjectId;
    const list = await this.#client.call('looks.list', { subjectId });
    if (this.#subjectId === subjectId) this.#all = list;
  }

  find(adapterId: AdapterId | null): Look | null {
    return this.#all.find((look) => look.id === adapterId) ?? null;
  }

  /** Hides a look now and deletes it when the undo has run out; gives back what calls it off. */
  remove(adapterId: AdapterId, onError: (thrown: unknown) => void): () => void {
    this.#leaving = [...this.#leaving, adapterId];
    const stay = (): void => {
      this.#leaving = this.#leaving.filter((each) => each !== adapterId);
    };
    const callOff = this.#schedule(() => {
      void this.#client.call('looks.remove', { adapterId }).then(() => this.drop(adapterId), onError).finally(stay);
    }, undoOfferMs);
    return () => {
      callOff();
      stay();
    };
  }

  upsert(look: Look): void {
    if (look.subjectId !== this.#subjectId) return;
    const index = this.#all.findIndex((each) => each.id === look.id);
    this.#all = index < 0 ? [...this.#all, look] : this.#all.with(index, look);
  }

  drop(adapterId: AdapterId): void {
    this.#all = this.#all.filter((look) => look.id !== adapterId);
  }
}
