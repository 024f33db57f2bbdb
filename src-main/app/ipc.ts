// Electron's side of the gate: the only file that touches ipcMain. One channel in (calls), one out (events).

import { BrowserWindow, ipcMain } from 'electron';
import type { IpcMainInvokeEvent, WebContents } from 'electron';
import type { StudioEvent } from '../contract/studio.ts';
import type { MessageGate, Sender } from './message-gate.ts';

/** Answers calls through the gate, until the process ends. */
export function receiveCalls(gate: MessageGate): void {
  ipcMain.handle('likeness:call', (event, command: unknown, request: unknown) =>
    gate.answer(senderOf(event), command, request),
  );
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

function senderOf(event: IpcMainInvokeEvent): Sender {
  // Reading senderFrame throws or gives null once the frame has navigated away or gone.
  const frame = event.senderFrame;
  return {
    webContentsId: event.sender.id,
    frame: frame === null ? null : { url: frame.url, isMainFrame: frame.parent === null },
  };
}
