// Portraits side by side: which, which of them is looked at, and one zoom for all of them.

import type { PortraitId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import { PictureZoom } from './zoom.svelte.ts';

export const [fewestCompared, mostCompared] = [2, 6];
export class Comparison {
  /** As they were when they were put beside each other; null: nothing is compared. */
  portraits = $state.raw<readonly Portrait[] | null>(null);
  active = $state(0);
  readonly zoom = new PictureZoom();

  open(portraits: readonly Portrait[]): void {
    if (portraits.length < fewestCompared) return;
    this.portraits = portraits.slice(0, mostCompared);
    this.active = 0;
    this.zoom.fit();
  }

  close(): void {
    this.portraits = null;
  }

  /** Looks at the one before or after, round and round. */
  step(offset: number): void {
    const count = this.portraits?.length ?? 0;
    if (count > 0) this.active = (this.active + offset + count) % count;
  }

  /** Puts another one into the place that is looked at. */
  swap(portrait: Portrait): void {
    if (this.portraits) this.portraits = this.portraits.with(this.active, portrait);
  }

  has(id: PortraitId): boolean {
    return this.portraits?.some((portrait) => portrait.id === id) ?? false;
  }

  /** Takes one out; with one left there is nothing to compare. */
  takeOut(index: number): void {
    if (!this.portraits) return;
    const rest = this.portraits.filter((_, each) => each !== index);
    if (rest.length < fewestCompared) return this.close();
    this.portraits = rest;
    this.active = Math.min(this.active, rest.length - 1);
  }
}
