// The part of a long grid that is on the screen: which rows are to be there, as its page is scrolled and sized.

import { untrack } from 'svelte';
import type { GalleryRows } from './gallery-rows.ts';

/** Rows this far outside the screen are there already. */
const marginPx = 500;
/** While the page is scrolled, portraits are asked for this often. */
const pauseMs = 60;

export class GalleryWindow {
  #topPx = $state(0);
  #heightPx = $state(0);
  #rowsOf: () => GalleryRows;
  #grid: HTMLElement | null = null;
  #scroller: HTMLElement | null = null;
  /** The picture that is at the top of the screen, and how far its row lies above it. */
  #anchor = { index: 0, offsetPx: 0 };
  #timer: ReturnType<typeof setTimeout> | null = null;
  #first = $derived.by(() => this.#rowsOf().rowAt(this.#topPx - marginPx));
  #last = $derived.by(() => this.#rowsOf().rowAt(this.#topPx + this.#heightPx + marginPx));
  /** Numbers of the rows to be there: those around the screen, and the one that has the focus. */
  rows: readonly number[];
  /** First and behind-the-last picture of the rows around the screen. */
  span = $derived.by((): readonly [number, number] => {
    const rows = this.#rowsOf();
    return rows.rowCount === 0 ? [0, 0] : [rows.span(this.#first)[0], rows.span(this.#last)[1]];
  });

  constructor(rowsOf: () => GalleryRows, focusOf: () => number) {
    this.#rowsOf = rowsOf;
    this.rows = $derived.by(() => {
      const rows = rowsOf();
      if (rows.rowCount === 0) return [];
      const around = Array.from({ length: this.#last - this.#first + 1 }, (_, each) => this.#first + each);
      const focused = rows.rowOf(focusOf());
      return focused < this.#first || focused > this.#last ? [...around, focused] : around;
    });
  }

  get scroller(): HTMLElement {
    return this.#scroller ?? document.documentElement;
  }

  /** How many rows a page up or down goes. */
  get pageRows(): number {
    const rows = this.#rowsOf();
    const first = rows.rowAt(this.#topPx);
    return Math.max(1, rows.rowAt(this.#topPx + this.#heightPx) - first - 1);
  }

  /** Follows the page that scrolls the grid; gives back what ends it. */
  watch(grid: HTMLElement): () => void {
    this.#grid = grid;
    this.#scroller = grid.closest('main') ?? document.documentElement;
    const measure = (): void => this.#measure();
    const observer = new ResizeObserver(measure);
    observer.observe(this.#scroller);
    observer.observe(grid);
    this.#scroller.addEventListener('scroll', measure, { passive: true });
    untrack(measure);
    return () => {
      observer.disconnect();
      this.#scroller?.removeEventListener('scroll', measure);
      if (this.#timer) clearTimeout(this.#timer);
      [this.#grid, this.#scroller, this.#timer] = [null, null, null];
    };
  }

  /** Scrolls as little as brings a picture onto the screen. */
  reveal(index: number, insetPx: number): void {
    const { top, height } = this.#rowsOf().placeOf(index);
    const gapPx = 8;
    if (top < this.#topPx + insetPx) this.#scrollBy(top - gapPx - insetPx - this.#topPx);
    else if (top + height > this.#topPx + this.#heightPx) {
      this.#scrollBy(top + height + gapPx - this.#topPx - this.#heightPx);
    }
  }

  toTop(): void {
    untrack(() => {
      if (!this.#scroller) return;
      this.#scroller.scrollTop = 0;
      this.#measure();
    });
  }

  /** Scrolls so that what was at the top of the screen is there again after the rows were planned anew. */
  keepPlace(): void {
    untrack(() => {
      const rows = this.#rowsOf();
      if (!this.#scroller || this.#anchor.index === 0 || this.#anchor.index >= rows.count) return;
      this.#scrollBy(rows.placeOf(this.#anchor.index).top + this.#anchor.offsetPx - this.#topPx);
    });
  }

  /** Runs an act after a pause; asked again within it, the latest is run. */
  soon(act: () => void): void {
    this.#act = act;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#act?.();
    }, pauseMs);
  }

  #act: (() => void) | null = null;

  #scrollBy(offsetPx: number): void {
    if (!this.#scroller) return;
    this.#scroller.scrollTop += offsetPx;
    this.#measure();
  }

  #measure(): void {
    if (!this.#grid || !this.#scroller) return;
    const scrolled = this.#scroller.getBoundingClientRect();
    this.#topPx = scrolled.top - this.#grid.getBoundingClientRect().top;
    this.#heightPx = scrolled.height;
    const rows = this.#rowsOf();
    if (rows.rowCount === 0) return;
    const row = rows.rowAt(this.#topPx);
    this.#anchor = { index: rows.span(row)[0], offsetPx: this.#topPx - rows.topOf(row) };
  }
}
