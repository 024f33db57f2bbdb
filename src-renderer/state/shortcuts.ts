// Every key of the page: what it is called, where it works and what it does. The handler and the `?` sheet read
// the same table, so that the sheet cannot lie. Ctrl stands for ⌘ on a Mac.

import type { Words } from '../strings/en.ts';
import type { Workspace } from './workspace.svelte.ts';

export type ShortcutGroup = 'anywhere' | 'inPictures' | 'inLightbox' | 'inPose';

export interface Shortcut {
  /** As KeyboardEvent.key gives it, lower case for letters; 'Ctrl+' in front where it is needed. */
  readonly keys: readonly string[];
  readonly group: ShortcutGroup;
  readonly label: keyof Words['shortcuts'];
  /** Absent where the component in focus acts by itself. */
  readonly run?: (workspace: Workspace) => void;
}

export const shortcuts: readonly Shortcut[] = [
  { keys: ['?'], group: 'anywhere', label: 'help', run: ({ view }) => (view.dialog = 'shortcuts') },
  { keys: ['Ctrl+b'], group: 'anywhere', label: 'sidebar', run: ({ view }) => view.toggleSidebar() },
  { keys: ['i'], group: 'anywhere', label: 'details', run: ({ view }) => view.toggleInspector() },
  { keys: ['q'], group: 'anywhere', label: 'queue', run: ({ view }) => view.toggleQueue() },
  { keys: ['n'], group: 'anywhere', label: 'newSubject', run: ({ view }) => (view.dialog = 'new-subject') },
  { keys: ['t'], group: 'anywhere', label: 'teach', run: (workspace) => goWithSubject(workspace, 'teach') },
  { keys: ['c'], group: 'anywhere', label: 'create', run: (workspace) => goWithSubject(workspace, 'create') },
  { keys: ['Ctrl+Enter'], group: 'anywhere', label: 'start', run: startHere },
  { keys: ['Ctrl+v'], group: 'anywhere', label: 'paste' },
  { keys: ['Ctrl+z'], group: 'anywhere', label: 'undo', run: (workspace) => void workspace.undo() },
  { keys: ['Escape'], group: 'anywhere', label: 'back', run: ({ view }) => void view.back() },
  { keys: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'], group: 'inPictures', label: 'move' },
  { keys: ['Enter', ' '], group: 'inPictures', label: 'open' },
  { keys: ['x'], group: 'inPictures', label: 'leaveOut', run: leaveOutChosen },
  { keys: ['Delete'], group: 'inPictures', label: 'remove', run: removeChosen },
  { keys: ['e'], group: 'inPictures', label: 'save' },
  { keys: ['ArrowLeft', 'ArrowRight'], group: 'inLightbox', label: 'previousNext' },
  { keys: ['z'], group: 'inLightbox', label: 'zoom' },
  { keys: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'], group: 'inPose', label: 'movePoint' },
  { keys: ['+', '-'], group: 'inPose', label: 'sizeHead' },
  { keys: ['[', ']'], group: 'inPose', label: 'tiltHead' },
];

/** What a key press is called in the table: 'Ctrl+z', 'x', '?'. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `Ctrl+${key}` : key;
}

/** Runs the shortcut for this key press; false when there is none, or when plain keys belong to a text field. */
export function runShortcut(workspace: Workspace, name: string, isTyping: boolean): boolean {
  const shortcut = shortcuts.find(({ keys, run }) => run && keys.includes(name));
  if (!shortcut?.run) return false;
  // in a text field letters are letters, and Ctrl Z is the field's own
  if (isTyping && name !== 'Ctrl+Enter' && name !== 'Ctrl+b') return false;
  shortcut.run(workspace);
  return true;
}

/** Keys as they are printed on the keyboard of this machine. */
export function printedKeys(keys: readonly string[], isMac: boolean): string[] {
  const names: Record<string, string> = {
    ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', ' ': 'Space', Escape: 'Esc', Enter: 'Enter',
  };
  return keys.map((key) => {
    const plain = key.replace('Ctrl+', '');
    const printed = names[plain] ?? (plain.length === 1 ? plain.toUpperCase() : plain);
    return key.startsWith('Ctrl+') ? (isMac ? `⌘${printed}` : `Ctrl ${printed}`) : printed;
  });
}

function goWithSubject({ view, subjects }: Workspace, page: 'teach' | 'create'): void {
  if (subjects.current) view.go(page);
}

function startHere(workspace: Workspace): void {
  const { view } = workspace;
  if (view.page === 'teach') void workspace.startTeaching();
  else if (view.page === 'create') void workspace.startCreating();
}

function leaveOutChosen(workspace: Workspace): void {
  const { view } = workspace;
  if (view.page === 'photos' && view.photoId) void workspace.togglePhoto(view.photoId);
}

function removeChosen(workspace: Workspace): void {
  const { view } = workspace;
  const isOnPortraits = view.page === 'portraits' || view.page === 'create';
  if (isOnPortraits && view.portraitId) void workspace.removePortraits([view.portraitId]);
}
