// Electron's dialogs and shell behind DesktopSystem, and messages to the user. Thin: what is asked and what follows
// from the answer is decided in desktop-commands.ts, process-gone.ts and quitting.ts.

import { BrowserWindow, app, dialog, shell } from 'electron';
import type { DesktopSystem, Question } from './desktop-commands.ts';

export interface Message {
  readonly message: string;
  readonly detail: string;
  /** The first is what Enter takes, the last what Escape takes. */
  readonly buttons: readonly string[];
  readonly type: 'error' | 'warning' | 'question';
}

/** The system's own doors, asked over the window where there is one. */
export function desktopSystem(): DesktopSystem {
  return {
    platform: process.platform,
    isPackaged: app.isPackaged,
    ask: askForPaths,
    showFile: (path) => shell.showItemInFolder(path),
    async open(path) {
      await shell.openPath(path);
    },
    async openAddress(address) {
      // linkOf gives https addresses alone, and the page can only name them
      await shell.openExternal(address);
    },
  };
}

/** Shows a message and answers with the number of the button. */
export async function showMessage({ message, detail, buttons, type }: Message): Promise<number> {
  const options = {
    type, title: 'Likeness', message, detail, buttons: [...buttons], defaultId: 0, cancelId: buttons.length - 1,
    noLink: true,
  };
  const window = frontWindow();
  const { response } = await (window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options));
  return response;
}

/** The window, where one is open. */
export function frontWindow(): BrowserWindow | undefined {
  return BrowserWindow.getAllWindows().find((window) => !window.isDestroyed());
}

async function askForPaths({ title, button, what, filters = [] }: Question): Promise<readonly string[]> {
  const chooses = {
    files: ['openFile', 'multiSelections'], folder: ['openDirectory', 'createDirectory'],
    both: ['openFile', 'openDirectory', 'multiSelections'],
  } as const;
  const options = {
    title, message: title, buttonLabel: button, filters: filters.map((filter) => ({ ...filter })),
    // what was chosen is nobody's business but ours
    properties: [...chooses[what], 'dontAddToRecent' as const],
  };
  const window = frontWindow();
  const { canceled, filePaths } =
    await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
  return canceled ? [] : filePaths;
}
