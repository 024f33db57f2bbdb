// The page's only door: window.likeness. It passes messages on and knows none of them; the main process checks every
// one. Neither ipcRenderer nor an event object nor the path of a file ever reaches the page.

import { contextBridge, ipcRenderer, webUtils } from 'electron';

function listenTo(channel: string, listener: (event: unknown) => void): () => void {
  const pass = (_: unknown, event: unknown): void => listener(event);
  ipcRenderer.on(channel, pass);
  return () => void ipcRenderer.off(channel, pass);
}

/** Where a dropped file lies; '' for what is no file of the system's. */
function pathOf(file: unknown): string {
  try {
    return webUtils.getPathForFile(file as File);
  } catch {
    return '';
  }
}

contextBridge.exposeInMainWorld('likeness', {
  call: (command: unknown, request: unknown): Promise<unknown> => ipcRenderer.invoke('likeness:call', command, request),
  subscribe: (listener: (event: unknown) => void) => listenTo('likeness:event', listener),
  importFiles: (subjectId: unknown, files: readonly unknown[]): Promise<unknown> =>
    ipcRenderer.invoke('likeness:import', { subjectId, paths: Array.from(files, pathOf) }),
  startDrag: (portraitIds: unknown): void => ipcRenderer.send('likeness:drag', { portraitIds }),
  subscribeDesktop: (listener: (event: unknown) => void) => listenTo('likeness:desktop', listener),
});
