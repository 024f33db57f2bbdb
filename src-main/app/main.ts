// Electron's main process: one window on our own page, the studio behind it, every other door shut.
// Thin on purpose: decisions are in the files around it, which need no Electron to be tested.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, dialog, nativeImage, nativeTheme, powerMonitor, protocol, session, shell } from 'electron';
import type { BrowserWindow, Session } from 'electron';
import { placeOfLibrary } from '../library/library-place.ts';
import { finishMove, moveLibrary } from '../library/move-library.ts';
import { type Studio, openStudio } from '../studio/open-studio.ts';
import { desktopAnswers } from './desktop-commands.ts';
import { desktopSystem, frontWindow, showMessage } from './desktop-system.ts';
import { type DesktopWindow, describeApp, desktopWindow } from './desktop-window.ts';
import { type DragOut, openDragOut } from './drag-out.ts';
import { dragSource } from './drag-picture.ts';
import { importDropped } from './dropped-files.ts';
import { isWindowContents, receiveMessages, sendEvent } from './ipc.ts';
import { linksOf } from './links.ts';
import type { OwnAction } from './menu.ts';
import { messageGate } from './message-gate.ts';
import { openOrExplain } from './opening.ts';
import { answerPageRequest, readPage } from './page-files.ts';
import { chromiumSwitches, pageScheme, schemePrivileges, sessionPartition } from './page-policy.ts';
import { refuseStrangers, restrictSession, shutDoors } from './page-session.ts';
import { type Places, cudaPlace, defaultPlace, developmentPlaces, installedPlaces } from './places.ts';
import { type Quitting, openQuitting } from './quitting.ts';
import { type SettingsMemory, settingsMemory } from './settings-memory.ts';
import { signSystem } from './sign-system.ts';
import { openSleep } from './sleep.ts';
import { type StudioHolder, studioHolder } from './studio-holder.ts';
import { openWindow } from './window.ts';
import { type WorkSigns, openWorkSigns } from './work-signs.ts';
import { type WorkWatch, openWorkWatch } from './work-watch.ts';

const here = import.meta.dirname;
const root = join(here, '..', '..');
const hasDeveloperTools = !app.isPackaged;

/** What lives as long as the process. */
interface Desktop {
  readonly places: Places;
  readonly ownSession: Session;
  readonly holder: StudioHolder;
  readonly memory: SettingsMemory;
  readonly watch: WorkWatch;
  readonly quitting: Quitting;
  readonly dragOut: DragOut;
  readonly window: DesktopWindow;
  readonly signs: WorkSigns;
}

// Before the app is ready, as Electron demands.
protocol.registerSchemesAsPrivileged([{ scheme: pageScheme, privileges: schemePrivileges }]);
app.enableSandbox();
for (const [name, value] of chromiumSwitches) app.commandLine.appendSwitch(name, value ?? '');
// On macOS and Windows the library lies where Electron would keep the window's files; the two must not mix.
if (!app.commandLine.hasSwitch('user-data-dir')) {
  app.setPath('userData', join(app.getPath('appData'), 'likeness-desktop'));
}

function shutSession(): Session {
  const ownSession = session.fromPartition(sessionPartition, { cache: false });
  const policy = { hasDeveloperTools, downloadsFolder: () => app.getPath('downloads') };
  for (const one of [ownSession, session.defaultSession]) restrictSession(one, policy);
  return ownSession;
}

function assemble(): Desktop {
  const ownSession = shutSession();
  const places = app.isPackaged ? installedPlaces(process.resourcesPath) : developmentPlaces(root);
  const onLog = (line: string): void => console.error(line);
  const holder = studioHolder((libraryFolder) =>
    openStudio({ ...places, libraryFolder, version: app.getVersion(), cuda: cudaPlace(), onLog }));
  const memory = settingsMemory(holder, () => app.getLocale(), ({ theme }) => window.dress(theme));
  const watch = openWorkWatch();
  const dragOut = openDragOut(join(app.getPath('userData'), 'drag-out'), dragSource(holder, () => memory.get()));
  const quitting = openQuitting({
    unfinished: () => watch.unfinished(), words: memory.words, quit: () => app.quit(),
    confirm: async (message, detail, buttons) =>
      await showMessage({ type: 'question', message, detail, buttons: [...buttons] }) === 0,
    async close() {
      signs.close();
      await dragOut.empty().catch(logError);
      await holder.close();
    },
  });
  const window = desktopWindow({
    words: memory.words, hasDeveloperTools, open: () => openOwnWindow(desktop), act: (action) => act(desktop, action),
  });
  const signs = openWorkSigns(watch, signSystem(window, memory));
  const desktop: Desktop = { places, ownSession, holder, memory, watch, quitting, dragOut, window, signs };
  return desktop;
}

function openOwnWindow({ ownSession, memory, places, quitting, watch, signs }: Desktop): BrowserWindow {
  const { theme } = memory.get();
  const isDark = theme === 'dark' || (theme === 'system' && nativeTheme.shouldUseDarkColors);
  return openWindow({
    session: ownSession, hasDeveloperTools, words: memory.words,
    preloadFile: join(here, 'preload.cjs'), iconFile: places.iconFile,
    stateFile: join(app.getPath('userData'), 'window.json'),
    backgroundColor: isDark ? '#161719' : '#f6f5f3',
    onClose: (event) => void (process.platform !== 'darwin' && quitting.holdBack(event)),
    onFocus() {
      watch.lookedAt();
      signs.refresh();
    },
    onSessionEnd: quitting.withoutAsking,
  });
}

function act({ holder, window, places }: Desktop, action: OwnAction): void {
  const contents = frontWindow()?.webContents;
  const link = linkOf(places);
  switch (action) {
    case 'undo-text': return contents?.undo();
    case 'redo-text': return contents?.redo();
    case 'show-library': return void shell.openPath(holder.studio().library.folder).catch(logError);
    default: {
      const target = link(action);
      if (target === undefined) return void window.show();
      const opened: Promise<unknown> = target.startsWith('https://') ? shell.openExternal(target) : shell.openPath(target);
      return void opened.catch(logError);
    }
  }
}

function linkOf({ licensesFile }: Places): ReturnType<typeof linksOf> {
  return linksOf(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')), licensesFile);
}

/** Page, messages and events, before the window opens. */
function connect(desktop: Desktop): void {
  const { holder, memory, dragOut, ownSession, signs, watch, places } = desktop;
  const page = readPage(join(here, '..', 'renderer'));
  ownSession.protocol.handle(pageScheme, (request) => answerPageRequest(page, holder, request));
  const desktopCommands = desktopAnswers({
    system: desktopSystem(), holder, words: memory.words, linkOf: linkOf(places),
    moveLibrary: (from, to) => moveLibrary(from, to, { defaultFolder: defaultPlace() }),
  });
  receiveMessages(messageGate({
    call: memory.call, desktop: desktopCommands,
    importFiles: (request) => importDropped(() => holder.studio(), request),
    // a drag that comes to nothing is no more than that
    dragOut: (request) => drag(dragOut, request).catch(logError),
  }, isWindowContents));
  holder.onOpen((studio) => {
    watch.begin();
    void learnQueue(studio, watch).then(signs.refresh, () => undefined);
  });
  holder.subscribe((event) => {
    const window = frontWindow();
    if (window) sendEvent(window.webContents, event);
    signs.see(event);
    if (event.type === 'subject-removed') dragOut.empty().catch(logError);
  });
}

async function learnQueue(studio: Studio, watch: WorkWatch): Promise<void> {
  const jobs = await studio.run('jobs.list', {});
  const { isQueuePaused } = await studio.run('studio.state', {});
  watch.learn(jobs, isQueuePaused, performance.now());
}

async function drag(dragOut: DragOut, request: unknown): Promise<void> {
  const prepared = await dragOut.prepare(request);
  const contents = frontWindow()?.webContents;
  if (!prepared || !contents || contents.isDestroyed()) return;
  const [file = ''] = prepared.files;
  contents.startDrag({ file, files: prepared.files, icon: nativeImage.createFromBuffer(Buffer.from(prepared.icon)) });
}

function followTheSystem({ quitting, watch, memory, window }: Desktop): void {
  const sleep = openSleep(() => watch.unfinished(), memory.call);
  powerMonitor.on('suspend', () => void sleep.suspend());
  powerMonitor.on('resume', () => void sleep.resume());
  powerMonitor.on('shutdown', () => {
    quitting.withoutAsking();
    app.quit();
  });
  app.on('before-quit', (event) => void quitting.holdBack(event));
  app.on('will-quit', quitting.beforeEnd);
  app.on('activate', () => void window.show());
  app.on('second-instance', () => void window.show());
}

async function start(): Promise<void> {
  await app.whenReady();
  describeApp();
  const desktop = assemble();
  const { holder, memory, dragOut, window } = desktop;
  process.once('uncaughtException', (error) => explainBug(error, desktop));
  await dragOut.empty().catch(logError);
  connect(desktop);
  const open = (): Promise<boolean> => openOrExplain({
    open: () => openLibraryOf(holder), show: showMessage, words: memory.words,
    showFolder: async () => void await shell.openPath(defaultPlace()),
  });
  holder.onLost(() => void open().then((isOpen) => !isOpen && app.quit(), logError));
  if (!await open()) return app.exit(1);
  followTheSystem(desktop);
  window.show();
}

/** Wherever it was moved; what a move left behind that was cut short goes first. */
async function openLibraryOf(holder: StudioHolder): Promise<void> {
  await finishMove(defaultPlace());
  await holder.open(placeOfLibrary(defaultPlace()));
}

/** What went wrong beside the user's work, and that they need not hear of. */
function logError(error: unknown): void {
  console.error(error);
}

/** A fault of ours outside any command: said once, and the studio closed so that its work goes on at the next start. */
function explainBug(error: unknown, { memory, holder }: Desktop): void {
  console.error(error);
  const { trouble } = memory.words();
  const message = error instanceof Error ? error.message : String(error);
  dialog.showErrorBox(trouble.bug, `${trouble.bugSafe}\n\n${message}`);
  void holder.close().catch(() => undefined).finally(() => app.exit(1));
}

refuseStrangers(app);
app.on('web-contents-created', (_event, contents) => shutDoors(contents));
app.on('child-process-gone', (_event, { type, reason }) => console.error(`${type} ended: ${reason}.`));
app.on('window-all-closed', () => {
  if (process.platform !== 'darwin') app.quit();
});
// by these names the system finds the program behind a notification or a bar
if (process.platform === 'win32') app.setAppUserModelId('org.likeness.studio');
if (process.platform === 'linux') app.setDesktopName('likeness.desktop');
if (app.requestSingleInstanceLock()) {
  start().catch((error: unknown) => {
    dialog.showErrorBox('Likeness', error instanceof Error ? error.message : String(error));
    app.exit(1);
  });
} else {
  app.quit();
}
