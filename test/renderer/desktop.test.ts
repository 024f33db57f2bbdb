// Imports by the page and by the queue, the library as a whole, and what only a desktop does or asks for.

import { describe, expect, test } from 'vitest';
import type { Job } from '../../src-main/contract/work.ts';
import { droppedFiles } from '../../src-renderer/actions/dropped-files.ts';
import { openDesktop } from '../../src-renderer/ipc/desktop.ts';
import { chooseHere } from '../../src-renderer/state/import-acts.ts';
import { moveLibrary } from '../../src-renderer/state/library-acts.ts';
import { takeDesktopEvent } from '../../src-renderer/state/menu-actions.ts';
import { job, jobId, portraitId, subjectId } from './nouns.ts';
import { asked, bridge, started } from './started.ts';
import { refusal } from './test-client.ts';

describe('imports', () => {
  const coming = job('import', 5, { items: 4 });
  const outcome: Job['outcome'] = {
    kind: 'import', added: 2, known: 1, refusedCount: 101,
    refused: [{ fileName: 'a.tif', error: { code: 'photos.format', what: 'x', safe: 'y', todo: 'z', parameters: {} } }],
  };

  test('say once what came in and keep the reasons of what did not', async () => {
    const { workspace, studio } = await started({ 'jobs.list': () => [coming] });
    const done = { ...coming, state: 'done' as const, outcome, endedAtMs: 9 };
    studio.emit({ type: 'job-changed', job: done });
    studio.emit({ type: 'job-changed', job: done });
    expect(workspace.notices.list.map(({ message }) => message)).toEqual([
      '2 photos added, 1 already here, 101 refused',
    ]);
    expect([workspace.photos.refused.length, workspace.photos.refusedCount]).toEqual([1, 101]);
    workspace.photos.clearRefused();
    expect(workspace.photos.refusedCount).toBe(0);
  });

  test('one that had ended before the page was opened is not told again', async () => {
    const done = { ...coming, state: 'done' as const, outcome, endedAtMs: 9 };
    const { workspace, studio } = await started({ 'jobs.list': () => [done] });
    studio.emit({ type: 'job-changed', job: done });
    expect(workspace.notices.list).toEqual([]);
  });

  test('a dropped folder gives its pictures, deep and piece by piece, and nothing hidden or else', async () => {
    const file = (name: string, type = 'image/png') => ({
      name, isDirectory: false, file: (take: (file: File) => void) => take(new File(['x'], name, { type })),
    });
    const folder = (name: string, ...pieces: unknown[][]) => ({
      name, isDirectory: true,
      createReader: () => ({ readEntries: (take: (entries: unknown[]) => void) => take(pieces.shift() ?? []) }),
    });
    const inner = folder('inner', [file('c.png')], [file('d.png')]);
    const words = file('notes.txt', 'text/plain');
    const outer = folder('outer', [file('a.png'), file('.b.png'), words], [inner, folder('.x')]);
    const single = new File(['x'], 'single.tif', { type: 'image/tiff' });
    const items = [outer, file('single.tif')].map((entry) => ({ webkitGetAsEntry: () => entry }));
    const transfer = { items, files: [new File([], 'outer'), single] } as unknown as DataTransfer;
    const names = (await droppedFiles(transfer)).map(({ name }) => name);
    expect(names).toEqual(['a.png', 'c.png', 'd.png', 'single.tif']);
  });

  test('on the desktop files go over the bridge, as a job, and none travels by the page', async () => {
    const given: unknown[] = [];
    const desktop = openDesktop(bridge({
      importFiles: async (subject, files) => {
        given.push(subject, files.length);
        return { ok: true, result: coming };
      },
    }));
    const { workspace, studio } = await started({}, desktop);
    await workspace.importPhotos([new File(['x'], 'a.jpg')]);
    expect(given).toEqual([subjectId(), 1]);
    expect(workspace.jobs.find(coming.id)?.kind).toBe('import');
    expect(asked(studio, 'photos.import')).toEqual([]);
  });

  test('the desktop’s own dialog may be closed again, and a browser has none', async () => {
    const browser = await started();
    expect(await chooseHere(browser.workspace)).toBe(false);
    const { workspace } = await started({}, openDesktop(bridge({
      call: async () => ({ ok: true, result: { job: null } }),
    })));
    expect(await chooseHere(workspace)).toBe(true);
    expect(workspace.jobs.list).toEqual([]);
    expect(workspace.notices.list).toEqual([]);
  });
});

describe('the library', () => {
  test('is busy while it is looked at, and keeps what was found', async () => {
    const lastCheck = { atMs: 5, filesChecked: 9, missing: 1, damaged: 0, swept: 0, isDatabaseSound: true };
    const { workspace } = await started({ 'library.check': () => lastCheck });
    await workspace.library.load();
    const check = workspace.library.check();
    expect(workspace.library.work).toBe('check');
    await check;
    expect(workspace.library.work).toBeNull();
    expect(workspace.library.state?.lastCheck).toMatchObject(lastCheck);
  });

  test('that fails to be backed up is not busy any longer', async () => {
    const { workspace } = await started({
      'library.backUp': () => {
        throw refusal('disk.full');
      },
    });
    await expect(workspace.library.backUp()).rejects.toThrow();
    expect(workspace.library.work).toBeNull();
  });

  test('moves by the desktop alone, and everything is read again', async () => {
    const { workspace, studio } = await started({}, openDesktop(bridge({
      call: async (command) => ({ ok: true, result: command === 'desktop.moveLibrary' ? { place: '/new' } : {} }),
    })));
    const before = asked(studio, 'subjects.list').length;
    await moveLibrary(workspace, 'f'.repeat(32));
    expect(asked(studio, 'subjects.list')).toHaveLength(before + 1);
    expect(workspace.notices.list.at(-1)?.message).toBe('The library is now in /new');
    expect(asked(studio, 'desktop.moveLibrary')).toEqual([]);
  });
});

describe('the desktop', () => {
  test('a refusal of the bridge is a UserError with its own words', async () => {
    const error = { code: 'desktop.denied', what: 'No.', safe: 'All.', todo: 'Ask.', parameters: {} };
    const desktop = openDesktop(bridge({ call: async () => ({ ok: false, error }) }));
    await expect(desktop.call('desktop.showLibrary', {})).rejects.toMatchObject({ code: 'desktop.denied' });
  });

  test('what is dragged out is known as the page’s own until the drag is over', () => {
    const dragged: unknown[] = [];
    const desktop = openDesktop(bridge({ startDrag: (ids) => void dragged.push(ids) }));
    expect(desktop.isDragging()).toBe(false);
    desktop.startDrag([portraitId(1)]);
    expect([desktop.isDragging(), dragged]).toEqual([true, [[portraitId(1)]]]);
    desktop.endDrag();
    expect(desktop.isDragging()).toBe(false);
    const old = openDesktop(bridge({}));
    old.startDrag([portraitId(1)]);
    expect(old.isDragging()).toBe(false);
  });

  test('menu items do what their keys do', async () => {
    const { workspace } = await started();
    const click = (action: Parameters<typeof takeDesktopEvent>[1]): void => takeDesktopEvent(workspace, action);
    click({ type: 'menu', action: 'settings' });
    expect(workspace.view.page).toBe('settings');
    click({ type: 'menu', action: 'teach' });
    expect(workspace.view.page).toBe('teach');
    click({ type: 'menu', action: 'toggle-queue' });
    expect(workspace.view.hasQueue).toBe(true);
    click({ type: 'menu', action: 'toggle-sidebar' });
    expect(workspace.view.hasSidebar).toBe(false);
    click({ type: 'menu', action: 'new-subject' });
    expect(workspace.view.dialog).toBe('new-subject');
  });

  test('a click on a notification goes to the job’s work, and to the queue for one that failed', async () => {
    const { workspace } = await started({
      'jobs.list': () => [job('create', 8, { state: 'done' }), job('teach', 7, { state: 'failed' })],
    });
    takeDesktopEvent(workspace, { type: 'show-job', jobId: jobId(8) });
    expect([workspace.view.page, workspace.create.jobId, workspace.view.hasQueue]).toEqual(['create', jobId(8), false]);
    takeDesktopEvent(workspace, { type: 'show-job', jobId: jobId(7) });
    expect([workspace.view.page, workspace.view.hasQueue]).toEqual(['teach', true]);
    takeDesktopEvent(workspace, { type: 'show-job', jobId: jobId(99) });
    expect(workspace.view.page).toBe('teach');
  });
});
