// Which portraits are chosen: one by click or arrow, a stretch with Shift, single ones with Ctrl, all with Ctrl A, or
// what a rubber band touches. They are remembered by id, so they stay chosen wherever they move.

import type { PortraitId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import { idSet, type IdSet, toggled, without } from './id-sets.ts';

/** What is selected from. */
interface Line {
  readonly total: number;
  focus: number;
  at(index: number): Portrait | undefined;
  idsOf(from: number, to: number): Promise<PortraitId[]>;
}

export class Selection {
  ids = $state.raw<IdSet<PortraitId>>(idSet());
  #line: Line;
  /** Where a stretch begins. */
  #anchor = 0;

  constructor(line: Line) {
    this.#line = line;
  }

  has(id: PortraitId): boolean {
    return this.ids.has(id);
  }

  /** What an act is about: the chosen ones, or the one that has the keyboard. */
  get subject(): PortraitId[] {
    if (this.ids.size > 0) return [...this.ids];
    const focused = this.#line.at(this.#line.focus);
    return focused ? [focused.id] : [];
  }

  clear(): void {
    this.ids = idSet();
  }

  /** Goes to a place and chooses it alone. */
  only(index: number): void {
    const portrait = this.#line.at(index);
    this.#line.focus = index;
    this.#anchor = index;
    this.ids = idSet(portrait ? [portrait.id] : []);
  }

  /** Adds the place, or takes it away. */
  toggle(index: number): void {
    const portrait = this.#line.at(index);
    this.#line.focus = index;
    this.#anchor = index;
    if (portrait) this.ids = toggled(this.ids, portrait.id);
  }

  /** Chooses everything between where the last one was chosen and this place. */
  async stretchTo(index: number): Promise<void> {
    this.#line.focus = index;
    const [from, to] = [Math.min(this.#anchor, index), Math.max(this.#anchor, index) + 1];
    this.ids = idSet(await this.#line.idsOf(from, to));
  }

  async all(): Promise<void> {
    this.ids = idSet(await this.#line.idsOf(0, this.#line.total));
  }

  /** Chooses the loaded ones among these places beside those that were chosen before. */
  band(places: readonly number[], before: IdSet<PortraitId>): void {
    const touched = places.flatMap((place) => this.#line.at(place)?.id ?? []);
    this.ids = idSet([...before, ...touched]);
    const last = places.at(-1);
    if (last !== undefined) this.#line.focus = last;
  }

  /** Forgets portraits that are gone. */
  drop(ids: readonly PortraitId[]): void {
    this.ids = without(this.ids, ids);
  }
}
