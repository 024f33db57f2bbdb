// What the desktop does for its user, on the main process as it ships with a real studio behind it: menus, dialogs,
// files in and out, signs of work, messages, quitting. Electron is stood in for.

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync }
  from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { readParameters, sourceTypeOf } from '../../src-main/generation/portrait-file.ts';
import { openLibrary } from '../../src-main/library/library.ts';
import { keepPortraits } from '../studio/kept-portraits.ts';
import type { MenuEntry } from './electron-stand-in.ts';
import { type LaunchedApp, launchApp, ownFrame } from './launched-app.ts';

const photo = join(import.meta.dirname, '..', 'photos', 'astronaut.png');
const subjectId = '5'.repeat(32) as SubjectId;
let app: LaunchedApp;
let portraitIds: PortraitId[];
let launchMessages: LaunchedApp['electron']['messages'];

beforeAll(async () => {
  app = await launchApp(async (electron, folder) => {
    const library = await openLibrary(join(folder, 'library'));
    library.subjects.insert({
      id: subjectId, name: 'Ada', triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1,
      consentAtMs: 1, consentNote: '',
    });
    portraitIds = await keepPortraits(library, subjectId, [{ prompt: 'Ada in oil' }, { prompt: 'Ada in ink' }]);
    // the first try finds the library open elsewhere, and its user tries again once it is closed
    Object.defineProperty(electron.answers, 'buttons', {
      value: { shift: () => (library.close(), Object.assign(electron.answers, { buttons: [] }), 0) }, writable: true,
    });
  });
  launchMessages = app.electron.messages.splice(0);
});
afterAll(() => app.end());

const window = () => app.electron.windows[0]!;
const page = () => window().webContents;
const heard = (channel: string) => page().sent.filter(([name]) => name === channel).map(([, event]) => event);
const flatMenu = (entries: readonly MenuEntry[] = app.electron.menu): MenuEntry[] =>
  entries.flatMap((entry) => [entry, ...flatMenu(entry.submenu ?? [])]);
const jobsOf = async () => (await app.call('jobs.list', {})).result as Job[];
const settled = (kinds: readonly Job['kind'][]) => vi.waitUntil(async () => (await jobsOf()).every(({ kind, state }) =>
  !kinds.includes(kind) || ['done', 'failed', 'cancelled'].includes(state)), { timeout: 60_000 });

test('a library that cannot be opened is explained: what, what is safe, what to do; then it is tried again', () => {
  expect(launchMessages).toHaveLength(1);
  expect(launchMessages[0]).toMatchObject({
    message: 'Likeness cannot open its library', buttons: ['Try Again', 'Show Folder', 'Quit'],
  });
  expect(launchMessages[0]!.detail.split('\n\n')).toHaveLength(3);
  expect(launchMessages[0]!.detail).toContain('Nothing was changed.');
  expect(app.electron.errors).toEqual([]);
});

test('the menu speaks the page’s language, changes with it, and each of its actions reaches the page', async () => {
  const labels = () => flatMenu().flatMap(({ label }) => label ?? []);
  expect(labels()).toContain('Import Photos…');
  await app.call('settings.set', { language: 'zh-Hans', theme: 'light' });
  expect([labels().includes('导入照片…'), app.electron.nativeTheme.themeSource]).toEqual([true, 'light']);
  await app.call('settings.set', { language: 'en', theme: 'dark' });
  page().sent.length = 0;
  const asked = ['new-subject', 'import-photos', 'import-folder', 'teach', 'create', 'export', 'undo', 'settings',
    'shortcuts', 'toggle-sidebar', 'toggle-inspector', 'toggle-queue'];
  for (const id of asked) flatMenu().find((entry) => entry.id === id)!.click!();
  expect(heard('likeness:desktop')).toEqual(asked.map((action) => ({ type: 'menu', action })));
  expect(page().undone).toBe(1);
});

test('no two items share a key, and every item does something', () => {
  const items = flatMenu().filter(({ submenu, label, role }) => !submenu && (label || role));
  const keys = items.flatMap(({ accelerator }) => accelerator ?? []);
  expect(new Set(keys).size).toBe(keys.length);
  expect(items.filter(({ role, click }) => !role && !click)).toEqual([]);
  expect(keys).toEqual(expect.arrayContaining(['CmdOrCtrl+N', 'CmdOrCtrl+O', 'CmdOrCtrl+E', 'CmdOrCtrl+Z', 'F1']));
});

test('photos that are chosen or dropped are imported as a job, and no path reaches the page', async () => {
  const { answers, questions } = app.electron;
  answers.paths.push(null, null, [photo]);
  await app.call('desktop.choosePhotos', { subjectId, what: 'folder' });
  const properties = process.platform === 'darwin' ? ['openFile', 'openDirectory'] : ['openDirectory'];
  expect(questions.at(-1)!.properties).toEqual(expect.arrayContaining(properties));
  expect(await app.call('desktop.choosePhotos', { subjectId })).toEqual({ ok: true, result: { job: null } });
  const chosen = await app.call('desktop.choosePhotos', { subjectId, what: 'files' });
  expect(chosen).toMatchObject({ ok: true, result: { job: { kind: 'import', subjectId } } });
  expect(questions.at(-1)!.properties).toEqual(['openFile', 'multiSelections', 'dontAddToRecent']);
  const drop = (request: unknown) => app.send('likeness:import', page(), ownFrame, request);
  expect(await drop({ subjectId, paths: ['', photo] })).toMatchObject({ ok: true, result: { kind: 'import' } });
  expect((await drop({ subjectId, paths: [''] })).error?.code).toBe('desktop.no-path');
  const wrong = [
    { subjectId, paths: ['../relative.png'] }, { subjectId, paths: [`${photo}\0`] }, { subjectId, paths: [] },
    { subjectId: '../x', paths: [photo] }, null, { subjectId, paths: [{ toString: () => photo }] },
  ];
  for (const request of wrong) expect((await drop(request)).error?.code).toBe('desktop.drop-misunderstood');
  await settled(['import']);
  for (const { id, kind } of await jobsOf()) if (kind === 'analyze') await app.call('jobs.cancel', { jobId: id });
  const imports = (await jobsOf()).filter(({ kind }) => kind === 'import').map(({ outcome }) => outcome);
  expect(imports).toEqual(expect.arrayContaining([expect.objectContaining({ kind: 'import', added: 1 })]));
  expect(JSON.stringify(page().sent)).not.toContain(join('test', 'photos'));
}, 90_000);

test('portraits are dragged out as labelled files without settings or names, in a folder of our own', async () => {
  await app.send('likeness:drag', page(), ownFrame, { portraitIds: [...portraitIds, 'f'.repeat(32)] });
  await vi.waitUntil(() => page().drags.length > 0);
  const { file, files, icon } = page().drags[0]!;
  expect([files.length, files[0]]).toEqual([2, file]);
  for (const one of files) {
    const bytes = readFileSync(one);
    expect([await readParameters(bytes), sourceTypeOf(bytes)]).toEqual([undefined, 'trainedAlgorithmicMedia']);
    expect(`${one} ${bytes.toString('latin1')}`).not.toMatch(/Ada|oil|ink/);
    expect(one.startsWith(join(app.folder, 'settings', 'likeness-desktop', 'drag-out'))).toBe(true);
    expect(statSync(one).mode & 0o077).toBe(0);
  }
  expect(Buffer.from(icon.bytes).subarray(1, 4).toString()).toBe('PNG');
  for (const request of [null, {}, { portraitIds: [] }, { portraitIds: ['f'.repeat(32)] }, { portraitIds: 'x' }]) {
    await app.send('likeness:drag', page(), ownFrame, request);
  }
  expect(page().drags).toHaveLength(1);
  // a disk that takes nothing ends the drag and nothing else
  const place = join(app.folder, 'settings', 'likeness-desktop', 'drag-out');
  renameSync(place, `${place}-aside`);
  writeFileSync(place, '');
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  await app.send('likeness:drag', page(), ownFrame, { portraitIds });
  await vi.waitUntil(() => log.mock.calls.length > 0);
  log.mockRestore();
  rmSync(place);
  renameSync(`${place}-aside`, place);
  expect([page().drags.length, app.electron.errors]).toEqual([1, []]);
});

test('what is saved goes into the folder that was chosen, never over a file, and is shown there', async () => {
  const target = join(app.folder, 'saved');
  mkdirSync(target);
  const { result } = await app.call('portraits.export', { portraitIds: [portraitIds[0]] }) as { result: Job };
  await settled(['export']);
  const { outcome } = (await jobsOf()).find(({ id }) => id === result.id)!;
  const exportId = outcome?.kind === 'export' ? outcome.exportId : '';
  app.electron.answers.paths.push([target], [target]);
  const { ticket } = (await app.call('desktop.chooseFolder', { purpose: 'export' })).result as { ticket: string };
  app.electron.opened.length = 0;
  for (let i = 0; i < 2; i++) expect((await app.call('desktop.saveExport', { exportId, ticket })).ok).toBe(true);
  expect(readdirSync(target).sort()).toEqual(['portrait-1 (2).png', 'portrait-1.png']);
  expect(app.electron.opened).toEqual([join(target, 'portrait-1.png'), join(target, 'portrait-1 (2).png')]);

  const code = async (command: string, request: unknown) => (await app.call(command, request)).error?.code;
  expect(await code('desktop.saveExport', { exportId, ticket: '0'.repeat(32) })).toBe('desktop.ticket-gone');
  expect(await code('desktop.saveExport', { exportId: 'f'.repeat(32), ticket })).toBe('desktop.export-gone');
  expect(await code('desktop.saveExport', { exportId, ticket: target })).toBe('studio.request-misunderstood');
  const library = (await app.call('desktop.chooseFolder', { purpose: 'library' })).result as { ticket: string };
  expect(await code('desktop.saveExport', { exportId, ticket: library.ticket })).toBe('desktop.ticket-gone');
}, 60_000);

test('the computer stays awake and the bar is shown only while work goes on', async () => {
  await settled(['import', 'analyze', 'export']);
  expect(app.electron.held.size).toBe(0);
  expect(window().bars.map(({ mode }) => mode)).toEqual(expect.arrayContaining(['none']));
  expect(window().bars.length).toBeGreaterThan(1);
});

test('long work ends in a notification whose click shows it; quitting in its middle asks', async () => {
  const { electron } = app;
  window().isFront = false;
  electron.notifications.length = 0;
  electron.messages.length = 0;
  // each look at the clock is half a minute later, and the app is quit the moment the job begins
  const clock = vi.spyOn(performance, 'now');
  let nowMs = 1e6;
  clock.mockImplementation(() => (nowMs += 30_000));
  const preventDefault = vi.fn();
  const add = vi.spyOn(electron.held, 'add').mockImplementationOnce((id) => {
    electron.app.emit('before-quit', { preventDefault });
    return Set.prototype.add.call(electron.held, id);
  });
  electron.answers.buttons = [1];
  const { result } = await app.call('portraits.export', { portraitIds }) as { result: Job };
  await vi.waitUntil(() => electron.notifications.length > 0, { timeout: 30_000 });
  clock.mockRestore();
  add.mockRestore();
  expect(electron.messages).toEqual([expect.objectContaining({
    message: 'Saving portraits is not done yet.', buttons: ['Quit', 'Keep Working'],
  })]);
  expect([preventDefault.mock.calls.length, electron.app.quits]).toEqual([1, 0]);
  const [notification] = electron.notifications;
  expect(notification!.options).toEqual({ title: 'Portraits were saved', body: '2 files.' });
  notification!.emit('click');
  expect(heard('likeness:desktop')).toContainEqual({ type: 'show-job', jobId: result.id });
  expect(window().isFront).toBe(true);
}, 60_000);

test('links lead to what this copy names, and to nothing that the page says', async () => {
  app.electron.opened.length = 0;
  expect((await app.call('desktop.openLink', { link: 'licenses' })).ok).toBe(true);
  expect(app.electron.opened.every((place) => existsSync(place))).toBe(true);
  for (const link of ['https://example.com/', 'file:///etc/passwd', '', null]) {
    expect((await app.call('desktop.openLink', { link })).error?.code).toBe('studio.request-misunderstood');
  }
  expect(app.electron.opened).toHaveLength(1);
});

test('a window whose process ends is opened again, and asks when that keeps happening', async () => {
  const gone = (reason: string) => page().emit('render-process-gone', {}, { reason });
  const before = page().reloads;
  gone('clean-exit');
  for (let i = 0; i < 3; i++) gone('crashed');
  expect(page().reloads - before).toBe(3);
  app.electron.messages.length = 0;
  gone('oom');
  await vi.waitUntil(() => page().reloads - before === 4);
  expect(app.electron.messages[0]).toMatchObject({
    message: 'The window stopped working.', detail: expect.stringContaining('ran out of memory'),
  });
  app.electron.app.emit('child-process-gone', {}, { type: 'GPU', reason: 'crashed' });
});

test('a second start shows the window that is there', () => {
  window().isFront = false;
  app.electron.app.emit('second-instance');
  expect([window().isFront, app.electron.windows.length]).toEqual([true, 1]);
});

test('the library moves under the open window and everything is there afterwards', async () => {
  const target = join(app.folder, 'elsewhere');
  mkdirSync(target);
  app.electron.answers.paths.push([target]);
  const { ticket } = (await app.call('desktop.chooseFolder', { purpose: 'library' })).result as { ticket: string };
  const moving = app.call('desktop.moveLibrary', { ticket });
  expect((await app.call('subjects.list', {})).error?.code).toBe('desktop.moving');
  expect(await moving).toMatchObject({ ok: true, result: { place: expect.stringContaining('elsewhere') } });
  expect(await app.call('subjects.list', {})).toMatchObject({ ok: true, result: [{ name: 'Ada' }] });
  expect((await app.get(`app://ui/media/portrait/${portraitIds[0]}`)).status).toBe(200);
  expect([existsSync(join(target, 'library.db')), existsSync(join(app.folder, 'library', 'library.db'))])
    .toEqual([true, false]);
  page().sent.length = 0;
  await app.call('subjects.change', { subjectId, name: 'Ada L' });
  expect(heard('likeness:event')).toContainEqual(expect.objectContaining({ type: 'subject-changed' }));
}, 60_000);

test('somebody who is removed is gone from what was dragged out as well', async () => {
  const folder = join(app.folder, 'settings', 'likeness-desktop', 'drag-out');
  expect(existsSync(folder)).toBe(true);
  expect((await app.call('subjects.remove', { subjectId })).ok).toBe(true);
  await vi.waitUntil(() => !existsSync(folder));
});
