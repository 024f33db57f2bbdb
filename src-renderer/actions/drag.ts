// Dragging by pointer on a stage: an attachment that tells where the dragged thing comes to lie, in fractions of the
// nearest element marked data-stage. The thing keeps its distance to the pointer, so it does not jump when taken.

import type { Place } from '../state/head.ts';

/** `from` is where the thing lies when it is taken; left out, it goes to the pointer at once. */
export function drag(onmove: (place: Place) => void, from?: () => Place): (element: Element) => () => void {
  return (element) => {
    let offset: Place | null = null;
    const onDown = (event: Event): void => {
      if (!(event instanceof PointerEvent) || event.button !== 0) return;
      const pointer = placeOn(element, event);
      const start = from?.() ?? pointer;
      offset = { x: start.x - pointer.x, y: start.y - pointer.y };
      element.setPointerCapture(event.pointerId);
      if (!from) onmove(pointer);
      // the click gives focus by itself to what can have it; pictures and text must not be dragged along
      if (!(element instanceof HTMLButtonElement)) event.preventDefault();
    };
    const onMove = (event: Event): void => {
      if (!offset || !(event instanceof PointerEvent)) return;
      const pointer = placeOn(element, event);
      onmove({ x: pointer.x + offset.x, y: pointer.y + offset.y });
    };
    const onEnd = (): void => void (offset = null);
    const listeners = { pointerdown: onDown, pointermove: onMove, pointerup: onEnd, pointercancel: onEnd };
    for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
    };
  };
}

function placeOn(element: Element, { clientX, clientY }: PointerEvent): Place {
  const stage = element.closest('[data-stage]') ?? element;
  const { left, top, width, height } = stage.getBoundingClientRect();
  return { x: (clientX - left) / width, y: (clientY - top) / height };
}
