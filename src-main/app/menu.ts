// The application's menu as data: roles where the system has them, and actions that the page does.
// The page hears a key first; a menu's key acts only where the page let it pass.

import type { MenuItemConstructorOptions } from 'electron';
import type { MenuAction } from '../contract/desktop.ts';
import type { DesktopWords } from './words.ts';

/** What a click does where the page does not: the main process itself. */
export type OwnAction = 'show-library' | 'source' | 'licenses' | 'report' | 'undo-text' | 'redo-text';

export interface MenuSurroundings {
  readonly words: DesktopWords['menu'];
  readonly isMac: boolean;
  /** Reloading and developer tools, while Likeness is developed. */
  readonly hasDeveloperTools: boolean;
  /** Asks it of the page. */
  readonly ask: (action: MenuAction) => void;
  readonly act: (action: OwnAction) => void;
}

type Item = MenuItemConstructorOptions;
const line: Item = { type: 'separator' };

/** The whole menu bar. */
export function menuTemplate(surroundings: MenuSurroundings): Item[] {
  const { isMac, words } = surroundings;
  return [
    ...(isMac ? [applicationMenu(surroundings)] : []),
    fileMenu(surroundings), editMenu(surroundings), viewMenu(surroundings),
    ...(isMac ? [windowMenu(words)] : []),
    helpMenu(surroundings),
  ];
}

function applicationMenu({ words, ask }: MenuSurroundings): Item {
  return {
    label: 'Likeness',
    submenu: [
      { role: 'about', label: words.about }, line,
      { id: 'settings', label: words.settings, accelerator: 'Cmd+,', click: () => ask('settings') }, line,
      { role: 'services', label: words.services }, line,
      { role: 'hide', label: words.hide }, { role: 'hideOthers', label: words.hideOthers },
      { role: 'unhide', label: words.unhide }, line,
      { role: 'quit', label: words.quit },
    ],
  };
}

function fileMenu({ words, isMac, ask, act }: MenuSurroundings): Item {
  return {
    label: words.file,
    submenu: [
      { id: 'new-subject', label: words.newSubject, accelerator: 'CmdOrCtrl+N', click: () => ask('new-subject') },
      { id: 'import-photos', label: words.importPhotos, accelerator: 'CmdOrCtrl+O', click: () => ask('import-photos') },
      { id: 'import-folder', label: words.importFolder, click: () => ask('import-folder') },
      line,
      { id: 'teach', label: words.teach, accelerator: 'CmdOrCtrl+T', click: () => ask('teach') },
      { id: 'create', label: words.create, accelerator: 'CmdOrCtrl+P', click: () => ask('create') },
      { id: 'export', label: words.export, accelerator: 'CmdOrCtrl+E', click: () => ask('export') },
      line,
      { id: 'show-library', label: words.showLibrary, click: () => act('show-library') },
      ...(isMac ? [line, { role: 'close', label: words.close } satisfies Item] : [
        line,
        { id: 'settings', label: words.settings, accelerator: 'Ctrl+,', click: () => ask('settings') } satisfies Item,
        line, { role: 'quit', label: words.quit, accelerator: 'Ctrl+Q' } satisfies Item,
      ]),
    ],
  };
}

// Undo and redo are of the text field that has the focus, and otherwise the page's own: both are told.
function editMenu({ words, isMac, ask, act }: MenuSurroundings): Item {
  const undo = (): void => {
    act('undo-text');
    ask('undo');
  };
  return {
    label: words.edit,
    submenu: [
      { id: 'undo', label: words.undo, accelerator: 'CmdOrCtrl+Z', click: undo },
      { id: 'redo', label: words.redo, accelerator: isMac ? 'Shift+Cmd+Z' : 'Ctrl+Y', click: () => act('redo-text') },
      line,
      { role: 'cut', label: words.cut }, { role: 'copy', label: words.copy }, { role: 'paste', label: words.paste },
      line,
      { role: 'selectAll', label: words.selectAll },
    ],
  };
}

function viewMenu({ words, hasDeveloperTools, ask }: MenuSurroundings): Item {
  return {
    label: words.view,
    submenu: [
      { id: 'toggle-sidebar', label: words.sidebar, accelerator: 'CmdOrCtrl+B', click: () => ask('toggle-sidebar') },
      // I and Q alone are the page's keys; a menu's key would take the letters from text fields
      { id: 'toggle-inspector', label: words.inspector, click: () => ask('toggle-inspector') },
      { id: 'toggle-queue', label: words.queue, click: () => ask('toggle-queue') },
      line,
      { role: 'resetZoom', label: words.zoomReset }, { role: 'zoomIn', label: words.zoomIn },
      { role: 'zoomOut', label: words.zoomOut },
      line,
      { role: 'togglefullscreen', label: words.fullScreen },
      ...(hasDeveloperTools ? [
        line, { role: 'reload', label: words.reload } satisfies Item,
        { role: 'toggleDevTools', label: words.developer } satisfies Item,
      ] : []),
    ],
  };
}

function windowMenu(words: DesktopWords['menu']): Item {
  return {
    label: words.window, role: 'window',
    submenu: [
      { role: 'minimize', label: words.minimize }, { role: 'zoom', label: words.zoomWindow }, line,
      { role: 'front', label: words.front },
    ],
  };
}

function helpMenu({ words, isMac, ask, act }: MenuSurroundings): Item {
  return {
    label: words.help, role: 'help',
    submenu: [
      { id: 'shortcuts', label: words.shortcuts, accelerator: 'F1', click: () => ask('shortcuts') }, line,
      { id: 'report', label: words.report, click: () => act('report') },
      { id: 'source', label: words.source, click: () => act('source') },
      { id: 'licenses', label: words.licenses, click: () => act('licenses') },
      ...(isMac ? [] : [line, { role: 'about', label: words.about } satisfies Item]),
    ],
  };
}

/** What a right click offers on text; nothing where there is nothing to do. */
export function textMenuTemplate(
  words: DesktopWords['menu'], { isEditable, hasSelection }: { isEditable: boolean; hasSelection: boolean },
): Item[] {
  const copy: Item = { role: 'copy', label: words.copy, enabled: hasSelection };
  if (!isEditable) return hasSelection ? [copy] : [];
  return [
    { role: 'undo', label: words.undo }, { role: 'redo', label: words.redo }, line,
    { role: 'cut', label: words.cut, enabled: hasSelection }, copy, { role: 'paste', label: words.paste }, line,
    { role: 'selectAll', label: words.selectAll },
  ];
}
