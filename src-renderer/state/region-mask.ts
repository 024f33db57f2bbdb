// Which part of a portrait belongs to the second of two people, on a coarse grid: a divider that moves and tilts, and
// strokes of a brush over it. Values are 0 (the first person) to 1 (the second), row by row from the top left.

import type { RegionMask } from '../../src-main/contract/faces.ts';
import type { Area, Place } from './head.ts';

export const maskEdge = 32;

export interface Divider {
  /** Where it crosses the middle height, in shares of the width. */
  readonly position: number;
  /** Lean from the vertical in degrees, clockwise. */
  readonly tiltDegrees: number;
  /** The second person is on the left. */
  readonly isSwapped: boolean;
}

export const dividerLimits = { position: [0.1, 0.9], tiltDegrees: [-60, 60] } as const;

/** Where the divider meets the upper and the lower edge, in shares of the width. */
export function dividerEnds({ position, tiltDegrees }: Divider): { top: number; bottom: number } {
  const lean = Math.tan((tiltDegrees * Math.PI) / 180) / 2;
  return { top: position + lean, bottom: position - lean };
}

/** The mask of a divider: 1 on the second person's side, softened over one cell. */
export function splitMask(divider: Divider, edge = maskEdge): RegionMask {
  const tilt = (divider.tiltDegrees * Math.PI) / 180;
  const values = Array.from({ length: edge * edge }, (_, index) => {
    const [x, y] = [((index % edge) + 0.5) / edge, (Math.floor(index / edge) + 0.5) / edge];
    const beyond = (x - divider.position) * Math.cos(tilt) + (y - 0.5) * Math.sin(tilt);
    const share = Math.min(1, Math.max(0, 0.5 + beyond * edge));
    return Math.round((divider.isSwapped ? 1 - share : share) * 100) / 100;
  });
  return { columns: edge, rows: edge, values };
}

/** The mask with every cell whose middle lies within `radius` (a share of the width) of `place` set to `value`. */
export function paintMask(mask: RegionMask, place: Place, radius: number, value: 0 | 1): RegionMask {
  const { columns, rows } = mask;
  const values = mask.values.map((before, index) => {
    const [x, y] = [((index % columns) + 0.5) / columns, (Math.floor(index / columns) + 0.5) / rows];
    return Math.hypot(x - place.x, y - place.y) <= radius ? value : before;
  });
  return { columns, rows, values };
}

/** The smallest rectangle around a person's cells; the whole picture where there are none. */
export function areaOf({ columns, rows, values }: RegionMask, isSecond: boolean): Area {
  const own = values.flatMap((value, index) => ((value >= 0.5) === isSecond ? [index] : []));
  if (own.length === 0) return { x: 0, y: 0, width: 1, height: 1 };
  const [across, down] = [own.map((index) => index % columns), own.map((index) => Math.floor(index / columns))];
  const [left, top] = [Math.min(...across), Math.min(...down)];
  return {
    x: left / columns, y: top / rows,
    width: (Math.max(...across) + 1 - left) / columns, height: (Math.max(...down) + 1 - top) / rows,
  };
}

/** The middle of a person's cells, for a name; the middle of the picture where there are none. */
export function middleOf({ columns, rows, values }: RegionMask, isSecond: boolean): Place {
  const own = values.flatMap((value, index) => ((value >= 0.5) === isSecond ? [index] : []));
  if (own.length === 0) return { x: 0.5, y: 0.5 };
  const mean = (of: (index: number) => number): number =>
    own.reduce((sum, index) => sum + of(index), 0) / own.length;
  return {
    x: (mean((index) => index % columns) + 0.5) / columns,
    y: (mean((index) => Math.floor(index / columns)) + 0.5) / rows,
  };
}

/** Share of the picture that is the second person's. */
export function shareOf({ values }: RegionMask): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The second person's cells as an SVG path in units of cells: one rectangle for each run of a row. */
export function maskPath({ columns, rows, values }: RegionMask): string {
  const parts: string[] = [];
  for (let row = 0; row < rows; row++) {
    let start = -1;
    for (let column = 0; column <= columns; column++) {
      const isIn = column < columns && values[row * columns + column]! >= 0.5;
      if (isIn && start < 0) start = column;
      if (!isIn && start >= 0) {
        parts.push(`M${start} ${row}h${column - start}v1h${start - column}z`);
        start = -1;
      }
    }
  }
  return parts.join('');
}
