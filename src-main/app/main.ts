// Electron's main process: one window on our own page, the studio behind it, every other door shut.
// Thin on purpose: decisions are in page-policy.ts, page-files.ts and message-gate.ts, which need no Electron to test.

import { join } from 'node:path';
import { app, BrowserWindow, dialog, protocol, session } from 'electron';
import type { Session, WebContents } from 'electron';
import { openStudio } from '../studio/open-studio.ts';
import type { Studio } from '../studio/open-studio.ts';
import { isWindowContents, receiveCalls, sendEvent } from './ipc.ts';
import { messageGate } from './message-gate.ts';
import { answerPageRequest, readPage } from './page-files.ts';
import { isAllowedPermission, isOwnPage, pageScheme, pageUrl, webPreferences } from './page-policy.ts';
import { developmentPlaces, installedPlaces, libraryPlace } from './places.ts';

const here = import.meta.dirname;

// Before the app is ready, as Electron demands: a standard, secure scheme, with no way round the page's policy.
protocol.registerSchemesAsPrivileged([
  { scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
]);

function shutDoors(contents: WebContents): void {
  const prevent = (event: { preventDefault(): void; readonly url?: string }): void => {
    if (event.url === undefined || !isOwnPage(event.url)) event.preventDefault();
  };
  contents.on('will-navigate', prevent);
  contents.on('will-redirect', prevent);
  contents.on('will-frame-navigate', prevent);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

function restrict(ownSession: Session): void {
  ownSession.setPermissionRequestHandler((_contents, permission, decide) => decide(isAllowedPermission(permission)));
  ownSession.setPermissionCheckHandler((_contents, permission) => isAllowedPermission(permission));
  ownSession.setDevicePermissionHandler(() => false);
  ownSession.setDisplayMediaRequestHandler(null);
}

function openWindow(): BrowserWindow {
  const window = new BrowserWindow({
    width: 1280,
    height: 800,
    minWidth: 1024,
    minHeight: 680,
    show: false,
    backgroundColor: '#161719',
    title: 'Likeness',
    autoHideMenuBar: true,
    webPreferences: { ...webPreferences, devTools: !app.isPackaged, preload: join(here, 'preload.cjs') },
  });
  window.once('ready-to-show', () => window.show());
  void window.loadURL(pageUrl);
  return window;
}

function showFirstWindow(): void {
  const [window] = BrowserWindow.getAllWindows();
  if (window === undefined) {
    openWindow();
    return;
  }
  if (window.isMinimized()) window.restore();
  window.focus();
}

async function start(): Promise<void> {
  await app.whenReady();
  restrict(session.defaultSession);
  const places = app.isPackaged ? installedPlaces(process.resourcesPath) : developmentPlaces(join(here, '..', '..'));
  const studio = await openStudio({
    ...places,
    libraryFolder: libraryPlace(),
    version: app.getVersion(),
    onLog: (line) => console.error(line),
  });
  const page = readPage(join(here, '..', 'renderer'));
  protocol.handle(pageScheme, (request) => answerPageRequest(page, studio, request));
  receiveCalls(messageGate(studio.call, isWindowContents));
  studio.subscribe((event) => {
    for (const window of BrowserWindow.getAllWindows()) sendEvent(window.webContents, event);
  });
  closeWithTheApp(studio);
  app.on('activate', showFirstWindow);
  openWindow();
}

/** The studio ends its engine and its database before the process ends; a second request to quit finds it done. */
function closeWithTheApp(studio: Studio): void {
  let isClosed = false;
  app.on('will-quit', (event: { preventDefault(): void }) => {
    if (isClosed) return;
    event.preventDefault();
    void studio.close().finally(() => {
      isClosed = true;
      app.quit();
    });
  });
}

function explainAndQuit(error: unknown): void {
  dialog.showErrorBox('Likeness cannot start', error instanceof Error ? error.message : String(error));
  app.exit(1);
}

// On macOS and Windows the library lies in the same folder; what Chromium keeps must not mix with it.
app.setPath('sessionData', join(app.getPath('userData'), 'window'));
app.on('web-contents-created', (_event, contents) => shutDoors(contents));
app.on('window-all-closed', () => {
  if (process.platform !== 'darwin') app.quit();
});
if (app.requestSingleInstanceLock()) {
  app.on('second-instance', showFirstWindow);
  start().catch(explainAndQuit);
} else {
  app.quit();
}
