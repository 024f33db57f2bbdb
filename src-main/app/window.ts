// The one window: opened where it was, shown once its page is drawn, opened again when its process ends by itself.

import { BrowserWindow, Menu, screen } from 'electron';
import type { Session } from 'electron';
import { showMessage } from './desktop-system.ts';
import { textMenuTemplate } from './menu.ts';
import { pageUrl, webPreferences } from './page-policy.ts';
import { goneSentence, openMending } from './process-gone.ts';
import { type WindowState, placeWindow, readWindowState, smallestWindow, writeWindowState } from './window-state.ts';
import type { DesktopWords } from './words.ts';

export interface WindowSettings {
  readonly session: Session;
  readonly preloadFile: string;
  readonly iconFile: string;
  readonly stateFile: string;
  readonly hasDeveloperTools: boolean;
  readonly words: () => DesktopWords;
  /** Before the page has drawn anything, in the theme's own colour. */
  readonly backgroundColor: string;
  /** The window is about to close; a listener may hold it back. */
  readonly onClose: (event: { preventDefault(): void }) => void;
  readonly onFocus: () => void;
  /** The system ends the session (Windows). */
  readonly onSessionEnd: () => void;
}

/** Opens the window and loads the page. */
export function openWindow(settings: WindowSettings): BrowserWindow {
  const state = readWindowState(settings.stateFile);
  const displays = [screen.getPrimaryDisplay(), ...screen.getAllDisplays()];
  const window = new BrowserWindow({
    ...placeWindow(state.bounds, displays.map(({ workArea }) => workArea)),
    minWidth: smallestWindow.width, minHeight: smallestWindow.height,
    show: false, title: 'Likeness', backgroundColor: settings.backgroundColor, autoHideMenuBar: true,
    // Windows and macOS take the program's own
    ...(process.platform === 'linux' ? { icon: settings.iconFile } : {}),
    webPreferences: {
      ...webPreferences, session: settings.session, devTools: settings.hasDeveloperTools,
      preload: settings.preloadFile, zoomFactor: state.zoomFactor,
    },
  });
  window.once('ready-to-show', () => {
    if (state.isMaximized) window.maximize();
    if (state.isFullScreen) window.setFullScreen(true);
    window.show();
  });
  keepState(window, settings.stateFile);
  mendPage(window, settings);
  offerTextMenu(window, settings);
  window.on('close', settings.onClose);
  window.on('focus', settings.onFocus);
  window.on('session-end', settings.onSessionEnd);
  window.on('page-title-updated', (event) => event.preventDefault());
  // a load that is cut short by another one rejects, and the other one goes on
  window.loadURL(pageUrl).catch((error: unknown) => console.error(error));
  return window;
}

/** Brings a window to the front, wherever it is. */
export function showWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

function keepState(window: BrowserWindow, file: string): void {
  let last: ReturnType<typeof setTimeout> | undefined;
  const keep = (): void => {
    clearTimeout(last);
    if (!window.isDestroyed()) writeWindowState(file, stateOf(window));
  };
  const keepSoon = (): void => {
    clearTimeout(last);
    last = setTimeout(keep, 500);
  };
  for (const change of ['resize', 'move', 'maximize', 'unmaximize'] as const) window.on(change as 'resize', keepSoon);
  window.on('close', keep);
}

function stateOf(window: BrowserWindow): WindowState {
  return {
    bounds: window.getNormalBounds(), isMaximized: window.isMaximized(), isFullScreen: window.isFullScreen(),
    zoomFactor: Math.min(3, Math.max(0.5, window.webContents.getZoomFactor())),
  };
}

function mendPage(window: BrowserWindow, { words }: WindowSettings): void {
  const mending = openMending();
  const { webContents } = window;
  webContents.on('render-process-gone', (_event, { reason }) => {
    const next = mending.after(reason, Date.now());
    if (next === 'reopen') webContents.reload();
    else if (next === 'ask') void askAndReload(window, reason, words());
  });
  let isAsking = false;
  window.on('unresponsive', () => {
    if (isAsking) return;
    isAsking = true;
    void askWhenHanging(window, words()).finally(() => (isAsking = false));
  });
}

async function askAndReload(window: BrowserWindow, reason: string, words: DesktopWords): Promise<void> {
  const { trouble } = words;
  const detail = [goneSentence(words, reason), trouble.pageSafe].filter(Boolean).join(' ');
  const buttons = [trouble.reload, trouble.quit];
  const answer = await showMessage({ type: 'error', message: trouble.pageGone, detail, buttons });
  if (answer === 0 && !window.isDestroyed()) window.webContents.reload();
  else if (answer === 1) window.close();
}

async function askWhenHanging(window: BrowserWindow, { trouble }: DesktopWords): Promise<void> {
  const answer = await showMessage({
    type: 'warning', message: trouble.pageHangs, detail: trouble.pageSafe, buttons: [trouble.wait, trouble.reload],
  });
  // a page that hangs does not hear that it is to be loaded again; when it is gone it is opened anew
  if (answer === 1 && !window.isDestroyed()) window.webContents.forcefullyCrashRenderer();
}

function offerTextMenu(window: BrowserWindow, { words }: WindowSettings): void {
  window.webContents.on('context-menu', (_event, { isEditable, selectionText }) => {
    const items = textMenuTemplate(words().menu, { isEditable, hasSelection: selectionText.trim() !== '' });
    if (items.length > 0) Menu.buildFromTemplate(items).popup({ window });
  });
}
