// Arrow keys in a grid of pictures: an attachment that moves focus among the elements marked data-tile.
// Rows are read from the layout, so it fits any number of columns.

/** Attach to the element around the tiles. */
export function arrowKeys(container: HTMLElement): () => void {
  const onKey = (event: KeyboardEvent): void => {
    const tiles = [...container.querySelectorAll<HTMLElement>('[data-tile]')];
    const index = tiles.indexOf(event.target as HTMLElement);
    if (index < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = tiles[nextTile(event.key, index, tiles.map(place))];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  };
  container.addEventListener('keydown', onKey);
  return () => container.removeEventListener('keydown', onKey);
}

export interface TilePlace {
  readonly left: number;
  readonly top: number;
}

function place(tile: HTMLElement): TilePlace {
  const { left, top } = tile.getBoundingClientRect();
  return { left, top };
}

/** Index of the tile that a key leads to; the same one where there is nothing that way, -1 for other keys. */
export function nextTile(key: string, index: number, places: readonly TilePlace[]): number {
  const last = places.length - 1;
  if (key === 'ArrowLeft') return Math.max(0, index - 1);
  if (key === 'ArrowRight') return Math.min(last, index + 1);
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  if (key === 'ArrowUp') return nearestInRow(index, places, -1);
  if (key === 'ArrowDown') return nearestInRow(index, places, 1);
  return -1;
}

/** The tile of the row above (-1) or below (1) that lies nearest to this one's left edge. */
function nearestInRow(index: number, places: readonly TilePlace[], direction: -1 | 1): number {
  const here = places[index]!;
  const tops = places.map(({ top }) => top).filter((top) => (top - here.top) * direction > 1);
  if (tops.length === 0) return index;
  const rowTop = direction > 0 ? Math.min(...tops) : Math.max(...tops);
  let best = index;
  let bestGap = Infinity;
  places.forEach(({ left, top }, each) => {
    const gap = Math.abs(left - here.left);
    if (Math.abs(top - rowTop) <= 1 && gap < bestGap) [best, bestGap] = [each, gap];
  });
  return best;
}
