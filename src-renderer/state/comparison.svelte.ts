// Portraits side by side: which, which of them is looked at, and one zoom for all of them.

import type { PortraitId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';

export const [fewestCompared, mostCompared] = [2, 6];
const [smallestScale, largestScale] = [1, 12];

/** What is to be seen of every picture: 1 fits; x and y are the middle as fractions of the picture. */
export interface Zoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const whole: Zoom = { scale: 1, x: 0.5, y: 0.5 };

export class Comparison {
  /** As they were when they were put beside each other; null: nothing is compared. */
  portraits = $state.raw<readonly Portrait[] | null>(null);
  active = $state(0);
  zoom = $state.raw<Zoom>(whole);

  open(portraits: readonly Portrait[]): void {
    if (portraits.length < fewestCompared) return;
    this.portraits = portraits.slice(0, mostCompared);
    this.active = 0;
    this.zoom = whole;
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

  /** Enlarges around a point of the pictures, in fractions. */
  zoomBy(factor: number, x = this.zoom.x, y = this.zoom.y): void {
    const scale = clamp(this.zoom.scale * factor, smallestScale, largestScale);
    // the point stays where it is on the screen
    const share = this.zoom.scale / scale;
    this.#look(scale, x + (this.zoom.x - x) * share, y + (this.zoom.y - y) * share);
  }

  /** Moves what is seen by fractions of the picture. */
  panBy(x: number, y: number): void {
    this.#look(this.zoom.scale, this.zoom.x + x, this.zoom.y + y);
  }

  fit(): void {
    this.zoom = whole;
  }

  #look(scale: number, x: number, y: number): void {
    const margin = 0.5 / scale;
    this.zoom = { scale, x: clamp(x, margin, 1 - margin), y: clamp(y, margin, 1 - margin) };
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
