// LoRAs and embeddings of the user's own that the next portraits are drawn with, each with its strength.

import type { AddOn } from '../../src-main/contract/add-ons.ts';
import type { FoundModel } from '../../src-main/contract/models.ts';
import type { Pack, Portrait } from '../../src-main/contract/nouns.ts';

export const mostAddOns = 8;

export interface ChosenAddOn {
  readonly foundId: string;
  readonly name: string;
  /** Null where it is only known from a portrait. */
  readonly kind: 'lora' | 'embedding' | null;
  readonly architecture: FoundModel['architecture'];
  readonly words: readonly string[];
  readonly strength: number;
}

export class AddOnPlan {
  list = $state.raw<readonly ChosenAddOn[]>([]);
  isFull = $derived(this.list.length >= mostAddOns);

  has(foundId: string): boolean {
    return this.list.some((each) => each.foundId === foundId);
  }

  /** Takes one in or out. */
  toggle(found: FoundModel): void {
    if (this.has(found.id)) this.drop(found.id);
    else if (!this.isFull) this.list = [...this.list, chosen(found, 1)];
  }

  drop(foundId: string): void {
    this.list = this.list.filter((each) => each.foundId !== foundId);
  }

  setStrength(foundId: string, strength: number): void {
    this.list = this.list.map((each) => (each.foundId === foundId ? { ...each, strength } : each));
  }

  /** The first that is made for another family of models than this one. */
  misfit(pack: Pack | undefined): ChosenAddOn | null {
    const isOther = ({ architecture }: ChosenAddOn): boolean =>
      architecture !== null && architecture !== pack?.architecture;
    return this.list.find(isOther) ?? null;
  }

  /** Takes those that a portrait was drawn with. */
  take(portrait: Portrait): void {
    this.list = (portrait.addOns ?? []).map(({ foundId, name, strength }) =>
      ({ foundId, name, strength, kind: null, architecture: null, words: [] }));
  }

  /** Learns what was found of those that came from a portrait. */
  recognize(find: (id: string) => FoundModel | null): void {
    if (this.list.every(({ kind }) => kind !== null)) return;
    const known = this.list.map((each) => {
      const found = each.kind === null ? find(each.foundId) : null;
      return found ? chosen(found, each.strength) : each;
    });
    if (known.some((each, index) => each !== this.list[index])) this.list = known;
  }

  request(): AddOn[] {
    return this.list.map(({ foundId, strength }) => ({ foundId, strength }));
  }
}

function chosen({ id, name, kind, architecture, words }: FoundModel, strength: number): ChosenAddOn {
  return { foundId: id, name, kind: kind === 'embedding' ? 'embedding' : 'lora', architecture, words, strength };
}
