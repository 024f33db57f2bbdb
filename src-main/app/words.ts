// Every word that the desktop itself says, in English and Chinese: menus, dialogs, notifications. What the page says
// stands in src-renderer/strings.

import type { Job } from '../contract/work.ts';
import { zhHansDesktop } from './words-zh-hans.ts';

export type DesktopLanguage = 'en' | 'zh-Hans';

export const english = {
  menu: {
    file: 'File', edit: 'Edit', view: 'View', window: 'Window', help: 'Help',
    newSubject: 'New Person…', importPhotos: 'Import Photos…', importFolder: 'Import a Folder of Photos…',
    teach: 'Teach This Face', create: 'Create Portraits',
    export: 'Save Portraits…', showLibrary: 'Show Library Folder', settings: 'Settings…', quit: 'Quit Likeness',
    about: 'About Likeness', hide: 'Hide Likeness', hideOthers: 'Hide Others', unhide: 'Show All',
    services: 'Services',
    undo: 'Undo', redo: 'Redo', cut: 'Cut', copy: 'Copy', paste: 'Paste', selectAll: 'Select All',
    sidebar: 'Show or Hide Sidebar', inspector: 'Show or Hide Details', queue: 'Show or Hide Queue',
    zoomIn: 'Larger', zoomOut: 'Smaller', zoomReset: 'Actual Size', fullScreen: 'Full Screen',
    reload: 'Reload Page', developer: 'Developer Tools',
    minimize: 'Minimize', zoomWindow: 'Zoom', close: 'Close Window', front: 'Bring All to Front',
    shortcuts: 'Keyboard Shortcuts', source: 'Source Code', licenses: 'Licences', report: 'Report a Problem',
  },
  dialog: {
    choosePhotos: 'Choose photos', chooseFolderOfPhotos: 'Choose a folder of photos', photos: 'Photos',
    allFiles: 'All files', import: 'Import', chooseLibrary: 'Choose where the library goes',
    chooseExport: 'Choose a folder to save to', chooseHere: 'Choose', save: 'Save', cancel: 'Cancel',
    chooseModelFolder: 'Choose a folder of models', chooseModelFile: 'Choose model files', models: 'Models',
    chooseModelStore: 'Choose where downloads go',
  },
  quit: {
    message: (title: string) => `${title} is not done yet.`,
    several: (count: number) => `${count} pieces of work are not done yet.`,
    detail: 'Everything up to now is kept. Likeness goes on from there when it opens again.',
    quit: 'Quit', stay: 'Keep Working',
  },
  work: {
    import: 'Importing photos', analyze: 'Looking at photos', teach: 'Teaching a face', create: 'Drawing portraits',
    export: 'Saving portraits',
  } satisfies Record<Job['kind'], string>,
  notice: {
    done: {
      import: 'Photos were imported', analyze: 'Photos were looked at', teach: 'A new look is ready',
      create: 'Portraits are ready', export: 'Portraits were saved',
    } satisfies Record<Job['kind'], string>,
    portraits: (count: number) => (count === 1 ? '1 portrait was drawn.' : `${count} portraits were drawn.`),
    files: (count: number) => (count === 1 ? '1 file.' : `${count} files.`),
    tryIt: 'It can be tried now.',
    failed: 'Work stopped with an error',
    failedBody: 'Likeness says what is safe and what to do.',
  },
  trouble: {
    cannotStart: 'Likeness cannot open its library', tryAgain: 'Try Again', showFolder: 'Show Folder', quit: 'Quit',
    pageGone: 'The window stopped working.', reload: 'Open It Again', wait: 'Wait',
    pageHangs: 'The window does not answer.',
    pageSafe: 'Your photos, portraits and the work under way are safe: they do not depend on the window.',
    bug: 'Likeness made a mistake and has to end.',
    bugSafe: 'Everything that was saved is safe; unfinished work goes on at the next start.',
    reasons: {
      'abnormal-exit': 'It ended unexpectedly.', killed: 'The system or another program ended it.',
      crashed: 'It crashed.', oom: 'The computer ran out of memory: close other programs.',
      'launch-failed': 'It could not be started: security software may hold it back.',
      'integrity-failure': 'Its files were changed: install Likeness again.',
      'memory-eviction': 'The system needed its memory: close other programs.',
    } as Readonly<Record<string, string>>,
  },
  /** Errors of opening the library by code, where this language has words of its own. */
  openingErrors: {} as Readonly<Record<string, { what: string; safe: string; todo: string }>>,
};

export type DesktopWords = typeof english;

/** The words of a language. */
export function desktopWords(language: DesktopLanguage): DesktopWords {
  return language === 'zh-Hans' ? zhHansDesktop : english;
}

/** The language of a system's locale ('zh-CN', 'en-GB'): Chinese where it is Chinese, English everywhere else. */
export function languageOfLocale(locale: string): DesktopLanguage {
  return /^zh\b/i.test(locale) ? 'zh-Hans' : 'en';
}
