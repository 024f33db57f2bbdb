// Electron's side of the gate: the only file that touches ipcMain. Three channels in (calls, dropped files, portraits
// dragged out), two out (the studio's events, the desktop's own).

import { BrowserWindow, ipcMain } from 'electron';
import type { IpcMainEvent, IpcMainInvokeEvent, WebContents } from 'electron';
import type { DesktopEvent } from '../contract/desktop.ts';
import type { StudioEvent } from '../contract/studio.ts';
import type { MessageGate, Sender } from './message-gate.ts';

/** Answers the page through the gate, until the process ends. */
export function receiveMessages(gate: MessageGate): void {
  ipcMain.handle('likeness:call', (event, command: unknown, request: unknown) =>
    gate.answer(senderOf(event), command, request),
  );
  ipcMain.handle('likeness:import', (event, request: unknown) => gate.importFiles(senderOf(event), request));
  ipcMain.on('likeness:drag', (event, request: unknown) => void gate.dragOut(senderOf(event), request));
}

/** Whether this id belongs to the contents of a window of ours; pages in anything else have no business here. */
export function isWindowContents(webContentsId: number): boolean {
  const living = BrowserWindow.getAllWindows().filter((window) => !window.isDestroyed());
  return living.some((window) => window.webContents.id === webContentsId);
}

/** Tells the page; a window that is closing is passed over. */
export function sendEvent(contents: WebContents, event: StudioEvent): void {
  if (!contents.isDestroyed()) contents.send('likeness:event', event);
}

/** The same for menus and notifications. */
export function sendDesktopEvent(contents: WebContents, event: DesktopEvent): void {
  if (!contents.isDestroyed()) contents.send('likeness:desktop', event);
}

function senderOf(event: IpcMainInvokeEvent | IpcMainEvent): Sender {
  // Reading senderFrame throws or gives null once the frame has navigated away or gone.
  const frame = event.senderFrame;
  return {
    webContentsId: event.sender.id,
    frame: frame === null ? null : { url: frame.url, isMainFrame: frame.parent === null },
  };
}
