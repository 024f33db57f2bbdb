// The window comes back where it was, and onto a display that is there.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type Bounds, firstWindowState, placeWindow, readWindowState, writeWindowState }
  from '../../src-main/app/window-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-window-'));
afterAll(() => rmSync(folder, { recursive: true }));

const main: Bounds = { x: 0, y: 25, width: 1920, height: 1015 };
const right: Bounds = { x: 1920, y: 0, width: 2560, height: 1400 };

test('a window stays where it was, on either display', () => {
  const onMain = { x: 100, y: 80, width: 1300, height: 900 };
  const onRight = { x: 2500, y: 300, width: 1400, height: 1000 };
  expect(placeWindow(onMain, [main, right])).toEqual(onMain);
  expect(placeWindow(onRight, [main, right])).toEqual(onRight);
});

test('a display that is gone gives the window back to the main one, in its middle', () => {
  const onRight = { x: 2500, y: 300, width: 1400, height: 1000 };
  expect(placeWindow(onRight, [main])).toEqual({ x: 260, y: 33, width: 1400, height: 1000 });
  expect(placeWindow(null, [main])).toEqual({ x: 320, y: 133, width: 1280, height: 800 });
  expect(placeWindow(null, [])).toMatchObject({ width: 1280, height: 800 });
});

test('a window that hangs over an edge or above the top can be caught', () => {
  expect(placeWindow({ x: -900, y: 100, width: 1100, height: 800 }, [main]).x).toBe(-900);
  expect(placeWindow({ x: 50, y: 10, width: 1100, height: 800 }, [main]).y).toBe(25);
  expect(placeWindow({ x: -1050, y: 100, width: 1100, height: 800 }, [main]).x).toBe(410);
  expect(placeWindow({ x: 50, y: 1030, width: 1100, height: 800 }, [main])).toMatchObject({ y: 133 });
});

test('wherever it was and whatever displays there are, it can be caught and fits', () => {
  const any = fc.record({
    x: fc.integer({ min: -9000, max: 9000 }), y: fc.integer({ min: -9000, max: 9000 }),
    width: fc.integer({ min: 1, max: 9000 }), height: fc.integer({ min: 1, max: 9000 }),
  });
  const roomy = any.map((area) => ({ ...area, width: area.width + 640, height: area.height + 480 }));
  const displays = fc.array(roomy, { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(any, displays, (saved, areas) => {
    const placed = placeWindow(saved, areas);
    const isCaught = areas.some((area) =>
      placed.x <= area.x + area.width - 120 && placed.x + placed.width >= area.x + 120 &&
      placed.y >= area.y && placed.y <= area.y + area.height - 32);
    expect(isCaught).toBe(true);
  }), { seed: 7, numRuns: 2000 });
});

test('the state is kept as a whole; a damaged or foreign file is as none', () => {
  const file = join(folder, 'deep', 'window.json');
  expect(readWindowState(file)).toEqual(firstWindowState);
  const bounds = { x: -5, y: 6, width: 1100, height: 700 };
  const state = { bounds, isMaximized: true, isFullScreen: false, zoomFactor: 1.2 };
  writeWindowState(file, state);
  expect(readWindowState(file)).toEqual(state);
  const whole = readFileSync(file, 'utf8');
  const broken = [whole.slice(0, 20), '', '[]', 'null', '{"bounds":{"x":1e9}}', whole.replace('1.2', '99')];
  for (const text of broken) {
    writeFileSync(file, text);
    expect(readWindowState(file), text).toEqual(firstWindowState);
  }
  // a place that takes no file is passed over
  writeWindowState(join(file, 'below-a-file', 'window.json'), state);
});
