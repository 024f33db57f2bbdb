// Where a key leads in justified rows of pictures.

import type { GalleryRows } from './gallery-rows.ts';

/** The place that a key leads to from `index`; the same where there is nothing that way, null for other keys. */
export function nextPlace(key: string, index: number, rows: GalleryRows, pageRows: number): number | null {
  const last = rows.count - 1;
  const further = (steps: number, direction: -1 | 1): number => {
    let place = index;
    for (let step = 0; step < steps; step++) place = rows.beside(place, direction);
    return place;
  };
  switch (key) {
    case 'ArrowLeft': return Math.max(0, index - 1);
    case 'ArrowRight': return Math.min(last, index + 1);
    case 'ArrowUp': return further(1, -1);
    case 'ArrowDown': return further(1, 1);
    case 'PageUp': return further(pageRows, -1);
    case 'PageDown': return further(pageRows, 1);
    case 'Home': return 0;
    case 'End': return last;
    default: return null;
  }
}
