// The styles as Create shows them: with the prompts of the model that will draw, in their groups, searched and
// filtered; the user's own can be changed, and taken out with undo.

import type { PackId, StyleId } from '../../src-main/contract/ids.ts';
import type { Style } from '../../src-main/contract/nouns.ts';
import type { CommandResponse } from '../../src-main/contract/studio.ts';
import type { StudioClient } from '../ipc/client.ts';

export type StyleShelf = 'all' | 'favourites' | 'chosen' | 'own';

/** A style as it is written or changed. */
export interface StyleDraft {
  /** Null: a new one. */
  readonly styleId: StyleId | null;
  name: string;
  group: string;
  prompt: string;
  negativePrompt: string;
}

/** What a search goes by, and which styles are on each shelf. */
export interface StyleWishes {
  readonly shelf: StyleShelf;
  readonly search: string;
  readonly chosenIds: readonly string[];
  readonly favouriteIds: readonly string[];
}

export class Styles {
  list = $state.raw<readonly Style[]>([]);
  search = $state('');
  shelf = $state<StyleShelf>('all');
  /** The style whose sheet is open. */
  opened = $state.raw<Style | null>(null);
  /** Where files of the user's own styles lie, and what is wrong with those that hold none; null while not read. */
  folder = $state.raw<CommandResponse<'styles.folder'> | null>(null);
  #client: StudioClient;
  #packId: PackId | null = null;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  /** Reads the styles with the prompts that this model understands. */
  async load(packId: PackId | null = this.#packId): Promise<readonly Style[]> {
    this.#packId = packId;
    const list = await this.#client.call('styles.list', { packId });
    if (this.#packId === packId) this.list = list;
    return list;
  }

  /** Reads what is wrong with files of the user's own. */
  async loadFolder(): Promise<void> {
    this.folder = await this.#client.call('styles.folder', {});
  }

  find(id: string | null): Style | null {
    return this.list.find((style) => style.id === id) ?? null;
  }

  /** Keeps a style of the user's own. */
  async save({ styleId, name, group, prompt, negativePrompt }: StyleDraft): Promise<Style> {
    const style = await this.#client.call('styles.save', {
      styleId, name: name.trim(), group: group.trim(), prompt: prompt.trim(), negativePrompt: negativePrompt.trim(),
    });
    const index = this.list.findIndex(({ id }) => id === style.id);
    this.list = index < 0 ? [...this.list, style] : this.list.with(index, style);
    return style;
  }

  /** Takes a style of the user's own out; gives back what brings it back, under an id of its own. */
  async remove(style: Style): Promise<() => Promise<Style>> {
    await this.#client.call('styles.remove', { styleId: style.id });
    this.list = this.list.filter(({ id }) => id !== style.id);
    return () => this.save({ ...style, styleId: null });
  }
}

/** The styles of a shelf that a search finds, in their groups. Every word of the search must be somewhere. */
export function shelved(styles: readonly Style[], wishes: StyleWishes): [group: string, styles: Style[]][] {
  const { shelf, search, chosenIds, favouriteIds } = wishes;
  const isOn: Record<StyleShelf, (style: Style) => boolean> = {
    all: () => true, favourites: ({ id }) => favouriteIds.includes(id), chosen: ({ id }) => chosenIds.includes(id),
    own: ({ isBuiltIn }) => !isBuiltIn,
  };
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = styles.filter(isOn[shelf]).filter((style) => {
    const text = [style.name, style.id, style.group, style.prompt].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return [...Map.groupBy(found, ({ group }) => group)];
}
