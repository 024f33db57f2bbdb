// The portraits of a long list that are loaded: pieces of one length, by number. Never changed, only replaced.

import type { PortraitId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';

/** Portraits are asked for so many at a time, and so many pieces stay in memory. */
export const pieceLength = 100;
const maximumPieces = 60;

export type Piece = readonly [number: number, portraits: readonly Portrait[]];

export function pieceOf(place: number): number {
  return Math.floor(place / pieceLength);
}

export class GalleryPieces {
  readonly #pieces: ReadonlyMap<number, readonly Portrait[]>;

  constructor(pieces: Iterable<Piece> = []) {
    this.#pieces = new Map(pieces);
  }

  has(number: number): boolean {
    return this.#pieces.has(number);
  }

  at(place: number): Portrait | undefined {
    return this.#pieces.get(pieceOf(place))?.[place % pieceLength];
  }

  find(id: PortraitId | null): Portrait | null {
    return this.at(this.placeOf(id)) ?? null;
  }

  /** -1 where it is not loaded. */
  placeOf(id: PortraitId | null): number {
    for (const [number, piece] of this.#pieces) {
      const index = piece.findIndex((portrait) => portrait.id === id);
      if (index >= 0) return number * pieceLength + index;
    }
    return -1;
  }

  /** With a piece; the ones farthest from it make room. */
  with(number: number, portraits: readonly Portrait[]): GalleryPieces {
    const pieces = new Map(this.#pieces).set(number, portraits);
    const byDistance = [...pieces.keys()].sort((a, b) => Math.abs(b - number) - Math.abs(a - number));
    for (const far of byDistance.slice(0, Math.max(0, pieces.size - maximumPieces))) pieces.delete(far);
    return new GalleryPieces(pieces);
  }

  /** With these portraits as they are now, where they are loaded. */
  changed(portraits: readonly Portrait[]): GalleryPieces {
    const pieces = new Map(this.#pieces);
    for (const portrait of portraits) {
      const place = this.placeOf(portrait.id);
      const piece = pieces.get(pieceOf(place));
      if (piece) pieces.set(pieceOf(place), piece.with(place % pieceLength, portrait));
    }
    return new GalleryPieces(pieces);
  }
}

/** Runs each thing that is asked for once, however often it is asked for meanwhile. */
export class OnceAtATime {
  #running = new Map<number, Promise<void>>();

  run(key: number, act: () => Promise<void>): Promise<void> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = act().finally(() => {
      if (this.#running.get(key) === started) this.#running.delete(key);
    });
    this.#running.set(key, started);
    return started;
  }

  forget(): void {
    this.#running.clear();
  }
}

/** Numbers of the pieces of a stretch, and of the one that has a place. */
export function piecesAround([from, to]: readonly [number, number], place: number): number[] {
  const [first, last] = [pieceOf(from), pieceOf(to)];
  const seen = Array.from({ length: Math.min(last - first + 1, maximumPieces) }, (_, each) => first + each);
  return [...new Set([...seen, pieceOf(place)])];
}
