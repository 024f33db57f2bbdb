// A rubber band over a grid: an attachment that tells the box between where the pointer went down and where it is.
// Boxes are in the element's own coordinates, so they stay right while it scrolls; near an edge it scrolls by itself.

import type { Box } from '../state/gallery-rows.ts';

export interface BandWishes {
  /** Whether a band may begin at this element. */
  readonly mayBegin: (target: Element) => boolean;
  readonly onBegin: (event: PointerEvent) => void;
  readonly onBand: (box: Box) => void;
  readonly onEnd: () => void;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A press that moves less is a click. */
const slackPx = 5;
const edgePx = 40;
const scrollStepPx = 14;

/** Attach to the element whose children are chosen; `scroller` is what scrolls it. */
export function rubberBand(wishes: BandWishes, scroller: () => HTMLElement): (element: HTMLElement) => () => void {
  return (element) => {
    const band = new Band(element, wishes, scroller);
    const listeners = {
      pointerdown: (event: PointerEvent) => band.press(event), pointermove: (event: PointerEvent) => band.move(event),
      pointerup: () => band.end(), pointercancel: () => band.end(),
    };
    const names = Object.keys(listeners) as (keyof typeof listeners)[];
    for (const name of names) element.addEventListener(name, listeners[name]);
    return () => {
      band.end();
      for (const name of names) element.removeEventListener(name, listeners[name]);
    };
  };
}

class Band {
  #element: HTMLElement;
  #wishes: BandWishes;
  #scroller: () => HTMLElement;
  #start: Point | null = null;
  #pointer: PointerEvent | null = null;
  #isOpen = false;
  #frame = 0;

  constructor(element: HTMLElement, wishes: BandWishes, scroller: () => HTMLElement) {
    this.#element = element;
    this.#wishes = wishes;
    this.#scroller = scroller;
  }

  press(event: PointerEvent): void {
    const isMine = event.button === 0 && event.target instanceof Element && this.#wishes.mayBegin(event.target);
    this.#start = isMine ? this.#pointOf(event) : null;
  }

  move(event: PointerEvent): void {
    if (!this.#start) return;
    this.#pointer = event;
    const { x, y } = this.#pointOf(event);
    if (this.#isOpen || Math.hypot(x - this.#start.x, y - this.#start.y) < slackPx) return;
    this.#isOpen = true;
    this.#element.setPointerCapture(event.pointerId);
    this.#wishes.onBegin(event);
    this.#follow();
  }

  end(): void {
    cancelAnimationFrame(this.#frame);
    if (this.#isOpen) {
      // the click that ends it is not one
      this.#element.addEventListener('click', swallow, { capture: true, once: true });
      setTimeout(() => this.#element.removeEventListener('click', swallow, { capture: true }), 0);
      this.#wishes.onEnd();
    }
    [this.#start, this.#pointer, this.#isOpen] = [null, null, false];
  }

  #follow(): void {
    if (!this.#start || !this.#pointer) return;
    scrollNear(this.#scroller(), this.#pointer.clientY);
    this.#wishes.onBand(boxBetween(this.#start, this.#pointOf(this.#pointer)));
    this.#frame = requestAnimationFrame(() => this.#follow());
  }

  #pointOf(event: PointerEvent): Point {
    const { left, top } = this.#element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

function swallow(event: Event): void {
  event.stopPropagation();
}

function scrollNear(scroller: HTMLElement, y: number): void {
  const { top, bottom } = scroller.getBoundingClientRect();
  if (y < top + edgePx) scroller.scrollTop -= scrollStepPx;
  else if (y > bottom - edgePx) scroller.scrollTop += scrollStepPx;
}

function boxBetween(a: Point, b: Point): Box {
  return {
    left: Math.min(a.x, b.x), top: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y),
  };
}
