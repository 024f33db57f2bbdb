// The gallery's state: rows planned from shapes, pieces loaded around what is seen, choosing, marking and undoing.

import { describe, expect, test } from 'vitest';
import type { ShapeRun } from '../../src-main/contract/gallery.ts';
import { daysAgo, dayOf, endOfDay, startOfDay } from '../../src-renderer/state/days.ts';
import { faceCrop } from '../../src-renderer/state/face-crop.ts';
import { markPortraits, removePortraits, swapCandidate, toggleFlag, keepWinner } from
  '../../src-renderer/state/gallery-acts.ts';
import { compareChosen } from '../../src-renderer/state/gallery-keys.ts';
import { nextPlace } from '../../src-renderer/state/gallery-moves.ts';
import { GalleryRows } from '../../src-renderer/state/gallery-rows.ts';
import { countAsked, emptyFilter } from '../../src-renderer/state/gallery.svelte.ts';
import { comparedRows } from '../../src-renderer/state/portrait-rows.ts';
import { runShortcut } from '../../src-renderer/state/shortcuts.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { PictureZoom } from '../../src-renderer/state/zoom.svelte.ts';
import { galleryAnswers } from './gallery-answers.ts';
import { portrait, portraitId, subjectId } from './nouns.ts';
import { handClock, refusal, settle, testStudio } from './test-client.ts';

const shapes: ShapeRun[] = [
  { count: 400, aspect: 1 }, { count: 300, aspect: 2 / 3 }, { count: 1, aspect: 9 }, { count: 299, aspect: 1.5 },
];
const wishes = { widthPx: 900, rowHeightPx: 180, gapPx: 6 };

describe('justified rows', () => {
  const rows = new GalleryRows(shapes, wishes);

  test('every picture has one place, in order', () => {
    expect(rows.count).toBe(1000);
    const spans = Array.from({ length: rows.rowCount }, (_, row) => rows.span(row));
    expect(spans[0]![0]).toBe(0);
    expect(spans.at(-1)![1]).toBe(1000);
    spans.slice(1).forEach(([from], index) => expect(from).toBe(spans[index]![1]));
    for (const index of [0, 1, 399, 400, 700, 701, 999]) {
      const [from, to] = rows.span(rows.rowOf(index));
      expect(index >= from && index < to).toBe(true);
    }
  });

  test('each row but the last fills the width, near the wished height, and none covers another', () => {
    for (let row = 0; row < rows.rowCount - 1; row++) {
      const [, to] = rows.span(row);
      const { left, width } = rows.placeOf(to - 1);
      expect(left + width).toBeCloseTo(900, 6);
      expect(rows.heightOf(row)).toBeGreaterThan(120);
      expect(rows.heightOf(row)).toBeLessThan(270);
      expect(rows.topOf(row + 1)).toBeCloseTo(rows.topOf(row) + rows.heightOf(row) + 6, 6);
    }
    expect(rows.heightOf(rows.rowCount - 1)).toBeLessThanOrEqual(180);
  });

  test('a banner is cut to a shape that leaves room beside it', () => {
    expect(rows.aspectOf(700)).toBe(2.4);
    expect(rows.aspectOf(699)).toBeCloseTo(2 / 3);
  });

  test('what a box touches is what overlaps it', () => {
    const box = { left: 200, top: 300, width: 260, height: 500 };
    const expected = Array.from({ length: 1000 }, (_, index) => index).filter((index) => {
      const { left, top, width, height } = rows.placeOf(index);
      return left <= 460 && left + width >= 200 && top < 800 && top + height > 300;
    });
    expect(rows.touching(box)).toEqual(expected);
    expect(new GalleryRows([], wishes).touching(box)).toEqual([]);
  });

  test('keys lead to the neighbour, the picture above or below, the ends', () => {
    const place = (key: string, index: number): number | null => nextPlace(key, index, rows, 3);
    expect([place('ArrowRight', 0), place('ArrowLeft', 0), place('End', 5), place('Home', 5)]).toEqual([1, 0, 999, 0]);
    const below = place('ArrowDown', 2)!;
    expect(rows.rowOf(below)).toBe(1);
    expect(place('ArrowUp', below)).toBe(2);
    expect(rows.rowOf(place('PageDown', 2)!)).toBe(3);
    expect(place('ArrowDown', 999)).toBe(999);
    expect(place('x', 5)).toBeNull();
  });
});

/** A workspace whose gallery shows 450 portraits, the newest first: number 450, 449 … */
async function shown(changes: Parameters<typeof testStudio>[0] = {}) {
  const shelf = {
    portraits: Array.from({ length: 450 }, (_, index) => portrait(index + 1, {
      rating: 0, flag: 'none', prompt: index % 2 ? 'by the sea' : 'in the city',
    })),
    removed: [],
  };
  const studio = testStudio({ ...galleryAnswers(() => shelf, (event) => studio.emit(event as never)), ...changes });
  const clock = handClock();
  const workspace = new Workspace(studio.client, { schedule: clock.schedule });
  workspace.start();
  await settle();
  workspace.view.go('portraits');
  await workspace.gallery.show(subjectId());
  return { workspace, studio, clock, shelf, gallery: workspace.gallery };
}

const numbers = (ids: Iterable<string>): number[] => [...ids].map((id) => Number(id.slice(16)));

test('only what is looked at is loaded, each piece once', async () => {
  const { gallery, studio } = await shown();
  expect([gallery.total, gallery.at(0)?.id, gallery.at(250)]).toEqual([450, portraitId(450), undefined]);
  studio.calls.length = 0;
  await Promise.all([gallery.need(240, 260), gallery.need(250, 270)]);
  expect(gallery.at(250)?.id).toBe(portraitId(200));
  expect(studio.calls.map(({ request }) => request['offset'])).toEqual([200]);
});

test('another filter starts from the top and forgets the choice; an overtaken answer is dropped', async () => {
  const { gallery } = await shown();
  gallery.selection.only(3);
  const [first, second] = [gallery.change({ text: 'sea' }), gallery.change({ text: 'city' })];
  await Promise.all([first, second]);
  expect([gallery.total, gallery.focus, gallery.selection.ids.size]).toEqual([225, 0, 0]);
  expect(gallery.at(0)?.prompt).toBe('in the city');
  expect(gallery.isFiltered).toBe(true);
  await gallery.clearFilter();
  expect([gallery.total, gallery.filter.subjectId]).toEqual([450, subjectId()]);
});

test('a new portrait comes in after a moment, and the one in focus stays in focus', async () => {
  const { gallery, shelf, studio, clock } = await shown();
  gallery.selection.only(5);
  const fresh = portrait(451, { rating: 0, flag: 'none' });
  shelf.portraits = [...shelf.portraits, fresh];
  studio.emit({ type: 'portrait-added', portrait: fresh });
  expect(gallery.total).toBe(450);
  clock.wind(300);
  await settle();
  expect([gallery.total, gallery.at(0)?.id, gallery.focus]).toEqual([451, fresh.id, 6]);
  expect(gallery.focused?.id).toBe(portraitId(445));
});

test('choosing: one, a stretch over what is not loaded, one more, all, a band', async () => {
  const { gallery } = await shown();
  const { selection } = gallery;
  selection.only(2);
  await selection.stretchTo(350);
  expect(selection.ids.size).toBe(349);
  expect(numbers(selection.ids).at(-1)).toBe(100);
  selection.toggle(3);
  expect(selection.has(portraitId(447))).toBe(false);
  await selection.all();
  expect(selection.ids.size).toBe(450);
  selection.band([0, 1], new Set([portraitId(9)]));
  expect(numbers(selection.ids)).toEqual([9, 450, 449]);
  selection.clear();
  gallery.focus = 4;
  expect(numbers(selection.subject)).toEqual([446]);
});

test('stars and flags: shown at once, undone step by step, each portrait to what it had', async () => {
  const { workspace, gallery, shelf } = await shown();
  const ids = [portraitId(450), portraitId(449)];
  await markPortraits(workspace, [ids[0]!], { rating: 2 });
  await markPortraits(workspace, ids, { rating: 5 });
  await toggleFlag(workspace, ids, 'pick');
  expect(gallery.at(0)).toMatchObject({ rating: 5, flag: 'pick' });
  // one offer on the screen, three steps to go back
  expect(workspace.notices.list).toHaveLength(1);
  await toggleFlag(workspace, ids, 'pick');
  expect(gallery.at(0)?.flag).toBe('none');
  for (let step = 0; step < 3; step++) await workspace.undo();
  expect([gallery.at(0)?.rating, gallery.at(1)?.rating]).toEqual([2, 0]);
  expect(shelf.portraits.find(({ id }) => id === ids[1])).toMatchObject({ rating: 0, flag: 'none' });
});

test('many are marked in commands that the studio takes, and what was not loaded is undone as well', async () => {
  const { workspace, gallery, shelf, studio } = await shown();
  shelf.portraits = shelf.portraits.map((each, index) => (index === 0 ? { ...each, rating: 3 } : each));
  await gallery.selection.all();
  await markPortraits(workspace, gallery.selection.subject, { rating: 1 });
  expect(shelf.portraits.every(({ rating }) => rating === 1)).toBe(true);
  await workspace.undo();
  expect(shelf.portraits.map(({ rating }) => rating).filter(Boolean)).toEqual([3]);
  expect(studio.calls.filter(({ command }) => command === 'portraits.get')).not.toHaveLength(0);
});

test('a mark that the studio refuses is told and not shown', async () => {
  const { workspace, gallery } = await shown({ 'portraits.mark': () => { throw refusal('disk.full'); } });
  await markPortraits(workspace, [portraitId(450)], { rating: 4 });
  expect(gallery.at(0)?.rating).toBe(0);
  expect(workspace.notices.list.map(({ error }) => error?.code)).toContain('disk.full');
});

test('deleting goes on to the next, and comes back with Ctrl Z', async () => {
  const { workspace, gallery } = await shown();
  gallery.selection.only(1);
  workspace.view.open({ kind: 'portrait', id: portraitId(449) });
  await removePortraits(workspace, gallery.selection.subject, portraitId(448));
  expect([gallery.total, gallery.focused?.id, workspace.view.opened?.id]).toEqual([
    449, portraitId(448), portraitId(448)]);
  await workspace.undo();
  expect([gallery.total, gallery.at(1)?.id]).toEqual([450, portraitId(449)]);
});

test('keys act on what is chosen, and only where there are portraits', async () => {
  const { workspace, gallery } = await shown();
  gallery.selection.only(0);
  expect(runShortcut(workspace, '4', false)).toBe(true);
  expect(runShortcut(workspace, 'x', false)).toBe(true);
  await settle();
  expect(gallery.at(0)).toMatchObject({ rating: 4, flag: 'reject' });
  expect(runShortcut(workspace, 'e', false)).toBe(true);
  expect(workspace.saving.portraitIds).toEqual([portraitId(450)]);
  expect(runShortcut(workspace, '4', true)).toBe(false);
  workspace.view.go('photos');
  expect(runShortcut(workspace, '4', false)).toBe(false);
  expect(runShortcut(workspace, 'c', false)).toBe(true);
  expect(workspace.view.page).toBe('create');
});

test('comparing: the chosen ones, or one beside its neighbour; another takes a place; the winner is kept', async () => {
  const { workspace, gallery, shelf } = await shown();
  const { comparison } = workspace;
  gallery.selection.only(10);
  await compareChosen(workspace);
  expect(numbers(comparison.portraits!.map(({ id }) => id))).toEqual([440, 439]);
  await swapCandidate(workspace, 1);
  expect(numbers(comparison.portraits!.map(({ id }) => id))).toEqual([438, 439]);
  comparison.step(-1);
  expect(comparison.active).toBe(1);
  await keepWinner(workspace, comparison.portraits!, portraitId(439));
  const flagOf = (number: number) => shelf.portraits.find(({ id }) => id === portraitId(number))?.flag;
  expect([flagOf(439), flagOf(438)]).toEqual(['pick', 'reject']);
  await workspace.undo();
  expect([flagOf(439), flagOf(438)]).toEqual(['none', 'none']);
  comparison.takeOut(0);
  expect(comparison.portraits).toBeNull();
});

test('of compared portraits the rows that differ are known, and the time they were made is not one', async () => {
  const { workspace } = await shown();
  const rows = comparedRows(workspace, [portrait(1, { seed: 7 }), portrait(2, { seed: 8, guidanceScale: 3 })]);
  expect(rows.filter(({ isDifferent }) => isDifferent).map(({ label }) => label)).toEqual(['Seed']);
  expect(rows.find(({ label }) => label === 'Seed')?.values).toEqual(['7', '8']);
});

test('a zoom keeps the point under the pointer, stays inside the picture, and goes back', () => {
  const zoom = new PictureZoom();
  zoom.by(2, 0.25, 0.25);
  // the point's place on the screen: its way from the middle, enlarged
  expect((0.25 - zoom.x) * zoom.scale).toBeCloseTo(0.25 - 0.5);
  zoom.pan(-9, -9);
  expect([zoom.x, zoom.y]).toEqual([0.25, 0.25]);
  zoom.by(0.01);
  expect([zoom.scale, zoom.x, zoom.y]).toEqual([1, 0.5, 0.5]);
  zoom.actualScale = 3;
  zoom.toggle(0.9, 0.5);
  expect(zoom.scale).toBe(3);
  zoom.toggle();
  expect(zoom.isFit).toBe(true);
});

test('how many questions a filter asks', () => {
  expect(countAsked(emptyFilter)).toBe(0);
  expect(countAsked({ ...emptyFilter, subjectId: subjectId() })).toBe(0);
  expect(countAsked({ ...emptyFilter, likenessFrom: 0, likenessTo: 1, text: 'sea', flags: ['pick'] })).toBe(3);
});

test('days are those of the calendar', () => {
  const noon = new Date(2026, 10, 26, 12).getTime();
  expect(dayOf(noon)).toBe('2026-11-26');
  expect(startOfDay('2026-11-26')).toBe(new Date(2026, 10, 26).getTime());
  expect(endOfDay('2026-11-30')).toBe(new Date(2026, 11, 1).getTime());
  expect(daysAgo(6, noon)).toBe(new Date(2026, 10, 20).getTime());
  expect([dayOf(null), startOfDay('')]).toEqual(['', null]);
});

test('the crop of a face has the face in its middle and stays inside the picture', () => {
  const points = [[0.4, 0.3], [0.6, 0.3], [0.5, 0.36], [0.42, 0.42], [0.58, 0.42]]
    .map(([x, y]) => ({ x: x!, y: y! })) as unknown as NonNullable<ReturnType<typeof portrait>['facePoints']>;
  const crop = faceCrop(portrait(1, { facePoints: points, widthPx: 512, heightPx: 768 }));
  expect(crop.left + crop.edge / 2).toBeCloseTo(0.5);
  expect(crop.top + crop.edge / 2).toBeCloseTo(0.36 * 1.5);
  expect(faceCrop(portrait(1, { widthPx: 512, heightPx: 768 }))).toEqual({ left: 0, top: 0, edge: 1 });
});
