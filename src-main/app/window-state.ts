// Where the window was: size, place, zoom, kept in a small file and put back onto a display that is still there.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const pixels = z.int().min(-100_000).max(100_000);
const boundsSchema = z.object({ x: pixels, y: pixels, width: pixels.min(1), height: pixels.min(1) });
/** In pixels of the screen, before scaling. */
export type Bounds = z.infer<typeof boundsSchema>;

const windowStateSchema = z.object({
  /** Of the window when it is neither maximized nor full screen; null before the first time. */
  bounds: boundsSchema.nullable(),
  isMaximized: z.boolean(),
  isFullScreen: z.boolean(),
  zoomFactor: z.number().min(0.5).max(3),
});
export type WindowState = z.infer<typeof windowStateSchema>;

export const smallestWindow = { width: 1024, height: 680 } as const;
const firstWindow = { width: 1280, height: 800 } as const;
export const firstWindowState: WindowState = { bounds: null, isMaximized: false, isFullScreen: false, zoomFactor: 1 };

/** So much of the window's top has to be on a display for it to be caught hold of. */
const smallestGrip = { width: 120, height: 32 } as const;

/** The state in this file; the first one where it is missing or damaged. */
export function readWindowState(file: string): WindowState {
  try {
    return windowStateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return firstWindowState;
  }
}

/** Writes the state as a whole. A disk that takes none is passed over: the window opens at its first place again. */
export function writeWindowState(file: string, state: WindowState): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.part`, JSON.stringify(state));
    renameSync(`${file}.part`, file);
  } catch {
    // nothing of the user's is lost
  }
}

/**
 * Where the window opens, in pixels: where it was, no larger than the display it is on, or in the middle of the first
 * one where its display is gone. `workAreas` are the displays without task bars, the main one first.
 */
export function placeWindow(saved: Bounds | null, workAreas: readonly Bounds[]): Bounds {
  const [main = { x: 0, y: 0, ...firstWindow }] = workAreas;
  const home = saved && workAreas.find((area) => canBeCaught(saved, area));
  const area = home ?? main;
  const wanted = saved ?? firstWindow;
  const width = Math.min(Math.max(wanted.width, smallestWindow.width), area.width);
  const height = Math.min(Math.max(wanted.height, smallestWindow.height), area.height);
  if (!saved || !home) {
    return {
      x: area.x + Math.round((area.width - width) / 2), y: area.y + Math.round((area.height - height) / 2),
      width, height,
    };
  }
  // the top stays within the display, the sides may hang over as far as it can still be caught
  const [leftmost, rightmost] = [area.x + smallestGrip.width - width, area.x + area.width - smallestGrip.width];
  return { x: Math.min(Math.max(saved.x, leftmost), rightmost), y: Math.max(saved.y, area.y), width, height };
}

function canBeCaught(window: Bounds, area: Bounds): boolean {
  const shared = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x);
  const top = Math.max(window.y, area.y);
  const isTopThere = window.y > area.y - smallestGrip.height && top + smallestGrip.height <= area.y + area.height;
  return shared >= smallestGrip.width && isTopThere;
}
