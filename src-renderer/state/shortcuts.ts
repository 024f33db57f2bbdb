// Every key of the page: what it is called, where it works and what it does. The handler and the `?` sheet read
// the same table, so that the sheet cannot lie. Ctrl stands for ⌘ on a Mac.

import type { Photo } from '../../src-main/contract/nouns.ts';
import type { Words } from '../strings/en.ts';
import { comparisonShortcuts, galleryShortcuts } from './gallery-keys.ts';
import type { Workspace } from './workspace.svelte.ts';

export type ShortcutGroup = 'anywhere' | 'inPictures' | 'inPortraits' | 'inComparison' | 'inLightbox' | 'inPose';

export interface Shortcut {
  /** As KeyboardEvent.key gives it, lower case for letters; 'Ctrl+' in front where it is needed. */
  readonly keys: readonly string[];
  readonly group: ShortcutGroup;
  readonly label: keyof Words['shortcuts'];
  /** Where the key is not this one's, the next of the same name has it. */
  readonly when?: (workspace: Workspace) => boolean;
  /** Not in the sheet, which says it in another row. */
  readonly isUnlisted?: boolean;
  /** Absent where the component in focus acts by itself. */
  readonly run?: (workspace: Workspace) => void;
}

export const shortcuts: readonly Shortcut[] = [
  ...galleryShortcuts,
  { keys: ['?'], group: 'anywhere', label: 'help', run: ({ view }) => (view.dialog = 'shortcuts') },
  { keys: ['Ctrl+b'], group: 'anywhere', label: 'sidebar', run: ({ view }) => view.toggleSidebar() },
  { keys: ['i'], group: 'anywhere', label: 'details', run: ({ view }) => view.toggleInspector() },
  { keys: ['q'], group: 'anywhere', label: 'queue', run: ({ view }) => view.toggleQueue() },
  { keys: ['n'], group: 'anywhere', label: 'newSubject', run: ({ view }) => (view.dialog = 'new-subject') },
  { keys: ['t'], group: 'anywhere', label: 'teach', run: (workspace) => goWithSubject(workspace, 'teach') },
  { keys: ['c'], group: 'anywhere', label: 'create', run: (workspace) => goWithSubject(workspace, 'create') },
  { keys: ['s'], group: 'anywhere', label: 'subjects', run: ({ view }) => view.go('subjects') },
  { keys: ['Ctrl+,'], group: 'anywhere', label: 'settings', run: ({ view }) => view.go('settings') },
  { keys: ['Ctrl+Enter'], group: 'anywhere', label: 'start', run: startHere },
  { keys: ['Ctrl+v'], group: 'anywhere', label: 'paste' },
  { keys: ['Ctrl+z'], group: 'anywhere', label: 'undo', run: (workspace) => void workspace.undo() },
  { keys: ['Escape'], group: 'anywhere', label: 'back', run: ({ view }) => void view.back() },
  { keys: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'], group: 'inPictures', label: 'move' },
  { keys: ['Enter', ' '], group: 'inPictures', label: 'open' },
  { keys: ['p'], group: 'inPictures', label: 'use', when: hasPhoto, run: (workspace) => cull(workspace, 'use') },
  { keys: ['x'], group: 'inPictures', label: 'leaveOut', when: hasPhoto, run: leaveOutChosen },
  { keys: ['u'], group: 'inPictures', label: 'byVerdict', when: hasPhoto, run: (workspace) => cull(workspace, null) },
  { keys: ['f'], group: 'inPictures', label: 'face', when: hasPhoto, run: ({ view }) => (view.dialog = 'choose-face') },
  { keys: ['ArrowLeft', 'ArrowRight'], group: 'inLightbox', label: 'previousNext' },
  { keys: ['z'], group: 'inLightbox', label: 'zoom' },
  { keys: ['b'], group: 'inLightbox', label: 'beforeAfter' },
  ...comparisonShortcuts,
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
  const shortcut = shortcuts.find(({ keys, run, when }) =>
    run && keys.includes(name) && (when?.(workspace) ?? true));
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

function hasPhoto({ view, photos }: Workspace): boolean {
  return view.page === 'photos' && photos.find(view.photoId) !== null;
}

function leaveOutChosen(workspace: Workspace): void {
  const { photoId } = workspace.view;
  if (photoId) void workspace.togglePhoto(photoId);
}

function cull(workspace: Workspace, choice: Photo['userChoice']): void {
  const { photoId } = workspace.view;
  if (photoId) void workspace.choosePhoto(photoId, choice);
}
