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
    let start: Point | null = null;
    let pointer: PointerEvent | null = null;
    let isOpen = false;
    let frame = 0;

    const pointIn = (event: PointerEvent): Point => {
      const { left, top } = element.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    const follow = (): void => {
      if (!start || !pointer) return;
      scrollNear(scroller(), pointer.clientY);
      wishes.onBand(boxBetween(start, pointIn(pointer)));
      frame = requestAnimationFrame(follow);
    };
    const onDown = (event: PointerEvent): void => {
      const isMine = event.button === 0 && event.target instanceof Element && wishes.mayBegin(event.target);
      start = isMine ? pointIn(event) : null;
    };
    const onMove = (event: PointerEvent): void => {
      if (!start) return;
      pointer = event;
      const { x, y } = pointIn(event);
      if (isOpen || Math.hypot(x - start.x, y - start.y) < slackPx) return;
      isOpen = true;
      element.setPointerCapture(event.pointerId);
      wishes.onBegin(event);
      follow();
    };
    const onEnd = (): void => {
      cancelAnimationFrame(frame);
      if (isOpen) {
        // the click that ends it is not one
        element.addEventListener('click', swallow, { capture: true, once: true });
        setTimeout(() => element.removeEventListener('click', swallow, { capture: true }), 0);
        wishes.onEnd();
      }
      [start, pointer, isOpen] = [null, null, false];
    };
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onEnd);
    element.addEventListener('pointercancel', onEnd);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onEnd);
      element.removeEventListener('pointercancel', onEnd);
    };
  };
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
