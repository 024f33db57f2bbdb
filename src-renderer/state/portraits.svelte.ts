// Portraits that other pages work with: the newest of the current subject, and those of the batches that were drawn
// while the page was open. What is looked through in the gallery is loaded there, and found here as well.

import type { JobId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';
import { emptyFilter } from './gallery.svelte.ts';
import { idSet } from './id-sets.ts';

/** So many of the newest are read with a subject, and so many at a time of a batch. */
const [newestLength, pieceLength] = [200, 500];

/** Where portraits are that are not here. */
interface Elsewhere {
  find(id: PortraitId | null): Portrait | null;
}

export class Portraits {
  #all = $state.raw<Portrait[]>([]);
  isLoading = $state(false);
  /** How many the subject has; more than are in the list where there are many. */
  total = $state(0);
  /** Newest first. */
  list = $derived(byNewest(this.#all));
  #single = $state.raw<Portrait | null>(null);
  #client: StudioClient;
  #elsewhere: Elsewhere;
  #subjectId: SubjectId | null = null;

  constructor(client: StudioClient, elsewhere: Elsewhere = { find: () => null }) {
    this.#client = client;
    this.#elsewhere = elsewhere;
  }

  async load(subjectId: SubjectId): Promise<void> {
    if (this.#subjectId !== subjectId) [this.#all, this.total] = [[], 0];
    this.#subjectId = subjectId;
    this.isLoading = this.#all.length === 0;
    try {
      const page = await this.#read({ subjectId }, 0, newestLength);
      if (this.#subjectId !== subjectId) return;
      const read = idSet(page.portraits.map(({ id }) => id));
      const oldest = page.portraits.at(-1)?.createdAtMs ?? 0;
      // older ones are of a batch that is looked at; what is newer and was not read is gone
      const older = this.#all.filter(({ id, createdAtMs }) => !read.has(id) && createdAtMs < oldest);
      this.#all = page.total > page.portraits.length ? [...older, ...page.portraits] : page.portraits;
      this.total = page.total;
    } finally {
      this.isLoading = false;
    }
  }

  /** Reads all portraits of a batch, for one that was drawn before the page was opened. */
  async loadJob(jobId: JobId): Promise<void> {
    for (let offset = 0; ; offset += pieceLength) {
      const { portraits, total } = await this.#read({ jobId }, offset, pieceLength);
      this.#merge(portraits);
      if (portraits.length === 0 || offset + portraits.length >= total) return;
    }
  }

  find(id: PortraitId | null): Portrait | null {
    const found = this.#all.find((portrait) => portrait.id === id) ?? this.#elsewhere.find(id);
    return found ?? (this.#single?.id === id ? this.#single : null);
  }

  /** Portraits of one batch, in the order they were drawn, or best likeness first. */
  ofJob(jobId: JobId, order: 'drawn' | 'likeness' = 'drawn'): Portrait[] {
    const batch = this.#all.filter((portrait) => portrait.jobId === jobId);
    return order === 'likeness' ? byLikeness(batch) : byNewest(batch).reverse();
  }

  /** Moves portraits to the trash; gives back what brings them back. */
  async remove(portraitIds: PortraitId[]): Promise<() => Promise<void>> {
    const removed = this.#all.filter((portrait) => portraitIds.includes(portrait.id));
    await this.#call(portraitIds, false);
    portraitIds.forEach((id) => this.drop(id));
    await this.#recount();
    return async () => {
      await this.#call(portraitIds, true);
      removed.forEach((portrait) => this.upsert(portrait));
      await this.#recount();
    };
  }

  /** Remembers one that is looked at without being in a list. */
  keep(portrait: Portrait): void {
    this.#single = portrait;
  }

  upsert(portrait: Portrait): void {
    if (portrait.subjectId !== this.#subjectId && portrait.second?.subjectId !== this.#subjectId) return;
    if (this.#all.some(({ id }) => id === portrait.id)) return this.change(portrait);
    this.#all = [...this.#all, portrait];
    this.total++;
  }

  /** Takes a portrait as it is now, if it is here. */
  change(portrait: Portrait): void {
    if (this.#single?.id === portrait.id) this.#single = portrait;
    const index = this.#all.findIndex(({ id }) => id === portrait.id);
    if (index >= 0) this.#all = this.#all.with(index, portrait);
  }

  drop(id: PortraitId): void {
    const rest = this.#all.filter((portrait) => portrait.id !== id);
    if (rest.length === this.#all.length) return;
    this.#all = rest;
    this.total = Math.max(0, this.total - 1);
  }

  async #call(portraitIds: readonly PortraitId[], restore: boolean): Promise<void> {
    for (let from = 0; from < portraitIds.length; from += 10_000) {
      await this.#client.call('portraits.remove', { portraitIds: portraitIds.slice(from, from + 10_000), restore });
    }
  }

  async #recount(): Promise<void> {
    const subjectId = this.#subjectId;
    if (!subjectId) return;
    const { total } = await this.#read({ subjectId }, 0, 1);
    if (this.#subjectId === subjectId) this.total = total;
  }

  async #read(asked: { subjectId?: SubjectId; jobId?: JobId }, offset: number, limit: number) {
    const filter = { ...emptyFilter, ...asked };
    return await this.#client.call('portraits.page', { filter, sort: 'newest', offset, limit });
  }

  /** Adds those that belong to the subject and are not here yet. */
  #merge(portraits: readonly Portrait[]): void {
    const here = idSet(this.#all.map(({ id }) => id));
    this.#all = [...this.#all, ...portraits.filter(({ id }) => !here.has(id))];
  }
}

function byNewest(portraits: readonly Portrait[]): Portrait[] {
  return [...portraits].sort((a, b) => b.createdAtMs - a.createdAtMs);
}

function byLikeness(portraits: readonly Portrait[]): Portrait[] {
  const value = (portrait: Portrait): number => portrait.likeness.cosine ?? -2;
  return [...portraits].sort((a, b) => value(b) - value(a));
}
