// What a desktop's preload puts on the window, for a page in a plain browser: studio commands go to the page's own
// server, those of the desktop are answered here and written down.

import { folder } from '../renderer/model-nouns.ts';
import { job } from '../renderer/nouns.ts';

const importing = job('import', 77, {
  items: 8, itemsDone: 3, progress: { phase: 'importing', step: 3, steps: 8, loss: null, etaSeconds: null },
});

/** Run in the page before its own script. */
export const bridgeScript = `
  window.desktopCalls = [];
  const desktopAnswers = {
    'desktop.choosePhotos': { job: null },
    'desktop.chooseFolder': { ticket: '${'a'.repeat(32)}', place: '~/Pictures' },
    'desktop.moveLibrary': { place: '~/Pictures' },
    'desktop.chooseModels': { folders: ${JSON.stringify([folder(1), folder(4, { place: '/media/models' })])} },
    'desktop.chooseModelStore': { place: '/media/downloads' },
  };
  const listeners = [];
  window.menu = (action) => listeners.forEach((listener) => listener({ type: 'menu', action }));
  window.likeness = {
    call: async (command, request) => {
      if (command.startsWith('desktop.')) {
        window.desktopCalls.push(command);
        return { ok: true, result: desktopAnswers[command] ?? {} };
      }
      const answer = await fetch('api/' + command, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request),
      });
      return answer.json();
    },
    subscribe: (listener) => {
      const source = new EventSource('events');
      source.onmessage = (message) => listener(JSON.parse(message.data));
      return () => source.close();
    },
    importFiles: async (subjectId, files) => {
      window.desktopCalls.push('importFiles ' + files.length);
      return { ok: true, result: ${JSON.stringify(importing)} };
    },
    startDrag: () => undefined,
    subscribeDesktop: (listener) => {
      listeners.push(listener);
      return () => undefined;
    },
  };
`;
