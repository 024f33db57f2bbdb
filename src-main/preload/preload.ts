// The page's only door: window.likeness with call() and subscribe(). It passes messages on and knows none of them;
// the main process checks every one. Neither ipcRenderer nor an event object ever reaches the page.

import { contextBridge, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('likeness', {
  call: (command: unknown, request: unknown): Promise<unknown> => ipcRenderer.invoke('likeness:call', command, request),
  subscribe: (listener: (event: unknown) => void): (() => void) => {
    const pass = (_: unknown, event: unknown): void => listener(event);
    ipcRenderer.on('likeness:event', pass);
    return () => void ipcRenderer.off('likeness:event', pass);
  },
});
