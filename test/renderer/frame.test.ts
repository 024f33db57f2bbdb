// The frame's state: the order of the queue, imports that end, the library, deletions with their receipt, what the
// desktop asks for, and the first portrait of the first steps.

import { describe, expect, test } from 'vitest';
import type { ErasureReceipt } from '../../src-main/contract/keeping.ts';
import type { StudioBridge } from '../../src-main/contract/studio.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { droppedFiles } from '../../src-renderer/actions/dropped-files.ts';
import { type DesktopClient, openDesktop } from '../../src-renderer/ipc/desktop.ts';
import { FirstPortrait } from '../../src-renderer/state/first-portrait.svelte.ts';
import { chooseHere } from '../../src-renderer/state/import-acts.ts';
import { moveLibrary } from '../../src-renderer/state/library-acts.ts';
import { takeDesktopEvent } from '../../src-renderer/state/menu-actions.ts';
import { runShortcut } from '../../src-renderer/state/shortcuts.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { en } from '../../src-renderer/strings/en.ts';
import { receiptRows, receiptText } from '../../src-renderer/strings/receipt-rows.ts';
import { zhHans } from '../../src-renderer/strings/zh-hans.ts';
import { job, jobId, photo, photoId, portrait, subject, subjectId, verdict } from './nouns.ts';
import { handClock, refusal, settle, testStudio, type TestStudio } from './test-client.ts';

const receipt: ErasureReceipt = {
  atMs: 1, photos: 3, faces: 2, crops: 2, looks: 1, snapshots: 4, portraits: 5, keptPortraits: 0, jobs: 2, files: 17,
  bytes: 1_500_000, backupsRewritten: 2,
};
async function started(
  changes: Parameters<typeof testStudio>[0] = {}, desktop: DesktopClient | null = null,
): Promise<{ workspace: Workspace; studio: TestStudio }> {
  const studio = testStudio(changes);
  const workspace = new Workspace(studio.client, { schedule: handClock().schedule, desktop });
  workspace.start();
  await settle();
  return { workspace, studio };
}

const asked = ({ calls }: TestStudio, command: string): Record<string, unknown>[] =>
  calls.filter((call) => call.command === command).map(({ request }) => request);
const waiting = (number: number, position: number): Job => job('create', number, { state: 'waiting', position });

describe('the queue', () => {
  const three = [waiting(1, 3), waiting(2, 1), waiting(3, 2)];

  test('waits in its own order, not by when a job was made', async () => {
    const { workspace } = await started({ 'jobs.list': () => three });
    expect(workspace.jobs.waiting.map(({ id }) => id)).toEqual([jobId(2), jobId(3), jobId(1)]);
  });

  test('moves a job in front of its neighbour, or behind it, and nowhere past the ends', async () => {
    const { workspace, studio } = await started({ 'jobs.list': () => three, 'jobs.reorder': () => [] });
    await workspace.jobs.move(jobId(3), -1);
    await workspace.jobs.move(jobId(2), 1);
    await workspace.jobs.move(jobId(3), 1);
    await workspace.jobs.move(jobId(2), -1);
    await workspace.jobs.move(jobId(1), 1);
    expect(asked(studio, 'jobs.reorder')).toEqual([
      { jobId: jobId(3), beforeJobId: jobId(2) }, { jobId: jobId(2), beforeJobId: jobId(1) },
      { jobId: jobId(3), beforeJobId: null },
    ]);
  });

  test('takes in the places that the studio gave', async () => {
    const { workspace } = await started({
      'jobs.list': () => three, 'jobs.reorder': () => [waiting(1, 1), waiting(2, 2), waiting(3, 3)],
    });
    await workspace.jobs.reorder(jobId(1), jobId(2));
    expect(workspace.jobs.waiting.map(({ id }) => id)).toEqual([jobId(1), jobId(2), jobId(3)]);
  });

  test('is paused here and elsewhere, and jobs leave the list', async () => {
    const { workspace, studio } = await started({
      'jobs.list': () => three, 'queue.pause': () => ({}), 'jobs.clear': () => ({}),
    });
    await workspace.jobs.pauseQueue(true);
    expect(workspace.jobs.isQueuePaused).toBe(true);
    studio.emit({ type: 'queue-state', isPaused: false });
    expect(workspace.jobs.isQueuePaused).toBe(false);

    studio.emit({ type: 'job-removed', jobId: jobId(1) });
    await workspace.jobs.clear([jobId(2)]);
    expect(workspace.jobs.list.map(({ id }) => id)).toEqual([jobId(3)]);
    await workspace.jobs.clear([]);
    expect(asked(studio, 'jobs.clear')).toEqual([{ jobIds: [jobId(2)] }]);
  });

  test('a pause that the studio refuses is not shown', async () => {
    const { workspace } = await started({
      'queue.pause': () => {
        throw refusal('queue.broken');
      },
    });
    await expect(workspace.jobs.pauseQueue(true)).rejects.toThrow('queue.broken');
    expect(workspace.jobs.isQueuePaused).toBe(false);
  });
});

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

describe('deleting somebody', () => {
  test('shows the receipt and opens the wall; what is kept was asked for', async () => {
    const { workspace, studio } = await started({ 'subjects.remove': () => receipt });
    await workspace.removeSubject(subjectId(), true);
    expect(asked(studio, 'subjects.remove')).toEqual([{ subjectId: subjectId(), keepPortraits: true }]);
    expect(workspace.view.receipt).toEqual({ name: 'Ada', receipt });
    expect([workspace.view.dialog, workspace.view.page]).toEqual(['receipt', 'subjects']);
    expect(workspace.subjects.list).toEqual([]);
  });

  test('that is refused leaves them and the question there', async () => {
    const { workspace } = await started({
      'subjects.remove': () => {
        throw refusal('subjects.busy');
      },
    });
    workspace.view.dialog = 'remove-subject';
    await workspace.removeSubject(subjectId());
    expect([workspace.view.dialog, workspace.view.receipt]).toEqual(['remove-subject', null]);
    expect(workspace.subjects.list).toHaveLength(1);
    expect(workspace.notices.list[0]?.error?.code).toBe('subjects.busy');
  });

  test('its receipt has every number, as rows and as text, and names nobody', () => {
    expect(receiptRows(receipt, en, 'en')).toHaveLength(11);
    expect(receiptRows({ ...receipt, keptPortraits: 7 }, zhHans, 'zh-Hans')).toContainEqual(
      { label: '保留的写真', text: '7' });
    const text = receiptText(receipt, en, 'en');
    expect(text).toContain('Their size: 1.5 MB');
    expect(text).toContain('Backups made anew: 2');
    expect(text).not.toContain('Ada');
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

describe('the first steps', () => {
  const drawing = job('create', 20, { state: 'waiting' });
  const waitingPhoto = photo(1, { verdict: verdict('waiting'), isUsed: false });

  test('draw one sketch over the best photo, once all have been looked at', async () => {
    const { workspace, studio } = await started({
      'photos.list': () => [waitingPhoto, photo(2, { verdict: verdict('usable') }), photo(3)],
      'portraits.create': () => drawing,
    });
    const first = new FirstPortrait(workspace);
    await first.begin();
    expect(first.stage).toBe('looking');
    expect(asked(studio, 'portraits.create')).toEqual([]);

    studio.emit({ type: 'photo-changed', photo: { ...waitingPhoto, verdict: verdict('left-out'), isUsed: false } });
    await Promise.all([first.begin(), first.begin()]);
    expect(asked(studio, 'portraits.create')).toMatchObject([
      { adapterId: null, packId: 'starter', styleIds: ['pencil'], start: { source: { photoId: photoId(3) } } },
    ]);
    expect(first.stage).toBe('drawing');
    studio.emit({ type: 'portrait-added', portrait: portrait(9, { jobId: first.jobId! }) });
    expect(first.stage).toBe('ready');
  });

  test('say so where no photo shows a face, and where drawing failed', async () => {
    const faceless = photo(1, { verdict: verdict('left-out', 'no-face'), isUsed: false, faceBox: null });
    const nobody = await started({ 'photos.list': () => [faceless] });
    expect(new FirstPortrait(nobody.workspace).stage).toBe('no-face');

    const { workspace, studio } = await started({ 'portraits.create': () => drawing });
    const first = new FirstPortrait(workspace);
    await first.begin();
    studio.emit({ type: 'job-changed', job: { ...drawing, state: 'failed' } });
    expect(first.stage).toBe('failed');
  });

  test('the page speaks the system’s language once, and leaves a choice alone', async () => {
    const { workspace, studio } = await started();
    await workspace.speakSystemLanguage('zh-CN');
    expect(workspace.language).toBe('zh-Hans');
    await workspace.studio.change({ language: 'en' });
    await workspace.speakSystemLanguage('zh-CN');
    expect(asked(studio, 'settings.set')).toHaveLength(2);

    const other = await started();
    await other.workspace.speakSystemLanguage('fr-FR');
    expect(asked(other.studio, 'settings.set')).toEqual([]);
  });
});

test('culling: P uses, X leaves out, U goes by the verdict, and on other pages they are somebody else’s', async () => {
  const { workspace, studio } = await started();
  workspace.view.photoId = photoId(1);
  for (const key of ['p', 'x', 'u']) {
    expect(runShortcut(workspace, key, false)).toBe(true);
    await settle();
  }
  expect(asked(studio, 'photos.choose').map(({ userChoice }) => userChoice)).toEqual(['use', 'leave-out', null]);
  workspace.view.go('teach');
  expect(runShortcut(workspace, 'x', false)).toBe(false);
});

test('consent that is withdrawn comes back on undo, with its note untouched', async () => {
  const { workspace, studio } = await started({
    'subjects.change': (request) => ({ ...subject(), ...(request as object), id: subjectId() }),
  });
  await workspace.subjects.change(subjectId(), { hasConsent: false });
  expect(workspace.subjects.current?.hasConsent).toBe(false);
  await workspace.subjects.change(subjectId(), { hasConsent: true, consentNote: 'by letter' });
  expect(asked(studio, 'subjects.change')[1]).toEqual({
    subjectId: subjectId(), hasConsent: true, consentNote: 'by letter',
  });
});

/** A desktop's bridge that answers nothing but what the test says. */
function bridge(changes: Partial<StudioBridge>): StudioBridge {
  return { call: async () => ({ ok: true, result: {} }), subscribe: () => () => undefined, ...changes };
}
