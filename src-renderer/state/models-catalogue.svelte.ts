// What the catalogue offers for download, how far each download is, and what the user is about to fetch.

import type { Mirror } from '../../src-main/contract/mirror.ts';
import type { CatalogueEntry, ModelLicense, ModelStore } from '../../src-main/contract/models.ts';
import type { StudioClient } from '../ipc/client.ts';

export type ModelAct = 'get' | 'go-on' | 'retry' | 'pause' | 'discard' | 'verify' | 'remove';
type ActCommand = 'models.get' | 'models.pause' | 'models.cancel' | 'models.verify' | 'models.remove';

const commandOf: Readonly<Record<ModelAct, ActCommand>> = {
  get: 'models.get', 'go-on': 'models.get', retry: 'models.get', pause: 'models.pause', discard: 'models.cancel',
  verify: 'models.verify', remove: 'models.remove',
};

export class Catalogue {
  store = $state.raw<ModelStore | null>(null);
  /** Ids whose licences and sizes are shown before they are fetched; those that they need come with them. */
  wantedIds = $state.raw<readonly string[]>([]);
  /** Ids whose files are being read again. */
  verifyingIds = $state.raw<readonly string[]>([]);
  entries = $derived<readonly CatalogueEntry[]>(this.store?.entries ?? []);
  /** Downloads that are under way, stand still or failed. */
  downloads = $derived(this.entries.filter(({ download }) => download !== null));
  #client: StudioClient;
  /** Entries that events told of while an answer was under way, a list for each. */
  #tellers: readonly CatalogueEntry[][] = [];

  constructor(client: StudioClient) {
    this.#client = client;
  }

  /** Reads all of it; what an event told meanwhile is newer than the answer and holds. */
  async load(): Promise<void> {
    await this.#overtaken(async () => {
      this.store = await this.#client.call('models.list', {});
    });
  }

  find(id: string): CatalogueEntry | null {
    return this.entries.find((entry) => entry.id === id) ?? null;
  }

  /** Takes in how an entry is now. */
  take(entry: CatalogueEntry): void {
    for (const told of this.#tellers) told.push(entry);
    this.#put(entry);
  }

  /** Does what takes in an answer, and once more what events told while that was under way: they are newer. */
  async #overtaken<T>(takeAnswer: () => Promise<T>): Promise<T> {
    const told: CatalogueEntry[] = [];
    this.#tellers = [...this.#tellers, told];
    try {
      return await takeAnswer();
    } finally {
      this.#tellers = this.#tellers.filter((each) => each !== told);
      told.forEach((entry) => this.#put(entry));
    }
  }

  #put(entry: CatalogueEntry): void {
    if (!this.store) return;
    const index = this.entries.findIndex(({ id }) => id === entry.id);
    if (index < 0) return;
    this.store = { ...this.store, entries: this.entries.with(index, entry) };
  }

  /** Does something with an entry; rejects where the studio refuses. */
  async act(modelId: string, act: ModelAct): Promise<CatalogueEntry> {
    if (act === 'verify') this.verifyingIds = [...this.verifyingIds, modelId];
    try {
      const entry = await this.#overtaken(async () => {
        const answer = await this.#client.call(commandOf[act], { modelId });
        this.#put(answer);
        return answer;
      });
      // what is free and used on the disk is another number now
      if (act === 'remove' || act === 'discard') await this.load();
      return entry;
    } finally {
      if (act === 'verify') this.verifyingIds = this.verifyingIds.filter((id) => id !== modelId);
    }
  }

  async setMirrors(mirrors: Mirror[]): Promise<void> {
    this.store = await this.#client.call('models.setMirrors', { mirrors });
  }

  /** What has to come for these entries, what they need first; nothing that is here. */
  lacking(ids: readonly string[]): CatalogueEntry[] {
    const found: CatalogueEntry[] = [];
    const visit = (id: string): void => {
      const entry = this.find(id);
      if (!entry || isHere(entry) || found.includes(entry)) return;
      entry.needs.forEach(visit);
      if (!found.includes(entry)) found.push(entry);
    };
    ids.forEach(visit);
    return found;
  }
}

/** Whether it can be used as it is. */
export function isHere({ state }: CatalogueEntry): boolean {
  return state === 'installed' || state === 'elsewhere';
}

/** Bytes that would still have to come. */
export function bytesToCome(entry: CatalogueEntry): number {
  return isHere(entry) ? 0 : Math.max(0, entry.sizeBytes - (entry.download?.bytesDone ?? 0));
}

/** Share of an entry that has come, from 0 to 1. */
export function shareOfDownload({ sizeBytes, download }: CatalogueEntry): number {
  return download && sizeBytes > 0 ? Math.min(1, download.bytesDone / sizeBytes) : 0;
}

/** What can be done with an entry; the first is what one would want. */
export function actsOf({ state, download }: CatalogueEntry): readonly ModelAct[] {
  if (download) {
    if (download.state === 'failed') return ['retry', 'discard'];
    return download.state === 'paused' ? ['go-on', 'discard'] : ['pause', 'discard'];
  }
  const acts: Record<CatalogueEntry['state'], readonly ModelAct[]> = {
    available: ['get'], partial: ['go-on', 'discard'], installed: ['verify', 'remove'], elsewhere: [],
    damaged: ['get', 'remove'],
  };
  return acts[state];
}

/** The licences of entries that are to be accepted still, each once. */
export function licensesToAccept(entries: readonly CatalogueEntry[]): ModelLicense[] {
  const open = entries.map(({ license }) => license).filter((each) => each.mustBeAccepted && !each.isAccepted);
  return open.filter(({ id }, index) => open.findIndex((each) => each.id === id) === index);
}
