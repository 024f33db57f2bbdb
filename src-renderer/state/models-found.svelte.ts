// Folders of the user's own models, and what was found in them. Nothing in them is ever touched.

import type { PackId } from '../../src-main/contract/ids.ts';
import type { FoundModel, ModelFolder } from '../../src-main/contract/models.ts';
import type { Pack } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';

/** Which of what was found is listed. */
export interface FoundWishes {
  readonly search: string;
  readonly kind: FoundModel['kind'] | 'all' | 'refused';
}

export const foundKinds = ['checkpoint', 'lora', 'embedding', 'vae', 'companion', 'other'] as const;

export class FoundModels {
  folders = $state.raw<readonly ModelFolder[]>([]);
  list = $state.raw<readonly FoundModel[]>([]);
  isLoaded = $state(false);
  #client: StudioClient;
  #reading: Promise<void> | null = null;
  #isStale = false;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  async load(): Promise<void> {
    this.folders = await this.#client.call('models.folders', {});
    await this.#readFound();
  }

  /** Takes in how the folders are now; what is in them is read again where the page knows of it. */
  async takeFolders(folders: readonly ModelFolder[]): Promise<void> {
    this.folders = folders;
    if (this.isLoaded) await this.#readFound();
  }

  async rescan(folderId: string | null = null): Promise<void> {
    await this.takeFolders(await this.#client.call('models.rescan', { folderId }));
  }

  /** Forgets a folder; what lies in it stays as it is. */
  async forget(folderId: string): Promise<void> {
    await this.takeFolders(await this.#client.call('models.forgetFolder', { folderId }));
  }

  /** Gives a checkpoint another VAE; null gives it back its own. */
  async setVae(packId: PackId, foundId: string | null): Promise<void> {
    const changed = await this.#client.call('models.setVae', { packId, foundId });
    this.list = this.list.map((each) => (each.id === changed.id ? changed : each));
  }

  find(id: string): FoundModel | null {
    return this.list.find((each) => each.id === id) ?? null;
  }

  /** LoRAs and embeddings that this model can use. */
  addOnsFor(architecture: Pack['architecture'] | undefined): FoundModel[] {
    return this.list.filter((each) => isAddOn(each) && each.state === 'ready' && each.architecture === architecture);
  }

  /** VAEs that a checkpoint of this architecture can use. */
  vaesFor(architecture: FoundModel['architecture']): FoundModel[] {
    const fits = (each: FoundModel): boolean => each.architecture === architecture || each.architecture === null;
    return this.list.filter((each) => each.kind === 'vae' && each.state === 'ready' && fits(each));
  }

  /** One reading at a time: events that come while one is under way are answered by one more. */
  async #readFound(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#readWhileStale().finally(() => (this.#reading = null));
    await this.#reading;
  }

  async #readWhileStale(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      this.list = await this.#client.call('models.found', {});
      this.isLoaded = true;
    }
  }
}

export function isAddOn({ kind }: FoundModel): boolean {
  return kind === 'lora' || kind === 'embedding';
}

/** What a search finds, what cannot be used last; every word of it must be somewhere in name or folder. */
export function foundBy(list: readonly FoundModel[], { search, kind }: FoundWishes): FoundModel[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const isWanted = (each: FoundModel): boolean => {
    if (kind === 'refused' ? each.state === 'ready' : kind !== 'all' && each.kind !== kind) return false;
    const text = `${each.name} ${each.within} ${each.fileName}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const rank = ({ state, kind: own }: FoundModel): number => (state === 'ready' ? 0 : 10) + foundKinds.indexOf(own);
  return list.filter(isWanted).sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
