// The keys of the large view. It is a dialog, so the page's own keys do not reach it.

import type { Portrait } from '../../src-main/contract/nouns.ts';
import { drawAgain, markPortraits, removePortraits, toggleFlag } from './gallery-acts.ts';
import type { PictureLine } from './picture-line.ts';
import { keyName, runShortcut } from './shortcuts.ts';
import type { Workspace } from './workspace.svelte.ts';
import { type PictureZoom, zoomStep } from './zoom.svelte.ts';

export interface LightboxState {
  readonly line: PictureLine;
  readonly portrait: Portrait | null;
  readonly zoom: PictureZoom;
  toggleBefore(): void;
  toggleDetails(): void;
}

/** Does what a key asks for; false where it is none of these. */
export function runLightboxKey(workspace: Workspace, state: LightboxState, event: KeyboardEvent): boolean {
  const name = keyName(event);
  const { line, zoom, portrait } = state;
  const go = (index: number): void => void workspace.notices.attempt(() => line.go(index));
  switch (name) {
    case 'Ctrl+z': void workspace.undo(); return true;
    case 'ArrowLeft': go(line.index - 1); return true;
    case 'ArrowRight': go(line.index + 1); return true;
    case 'Home': go(0); return true;
    case 'End': go(line.count - 1); return true;
    case 'z': zoom.toggle(); return true;
    case '+': case '=': zoom.by(zoomStep); return true;
    case '-': zoom.by(1 / zoomStep); return true;
    case 'i': state.toggleDetails(); return true;
    case 'b': state.toggleBefore(); return true;
    default: return portrait ? actOn(workspace, portrait, name, line) : actOnPhoto(workspace, name);
  }
}

function actOnPhoto(workspace: Workspace, name: string): boolean {
  // those that cull; what is opened is what is selected
  return ['p', 'x', 'u'].includes(name) && runShortcut(workspace, name, false);
}

function actOn(workspace: Workspace, { id }: Portrait, name: string, line: PictureLine): boolean {
  if (/^[0-5]$/.test(name)) {
    void markPortraits(workspace, [id], { rating: Number(name) });
    return true;
  }
  switch (name) {
    case 'p': void toggleFlag(workspace, [id], 'pick'); return true;
    case 'x': void toggleFlag(workspace, [id], 'reject'); return true;
    case 'v': void drawAgain(workspace, [id], 'vary'); return true;
    case 'u': void drawAgain(workspace, [id], 'upscale'); return true;
    case 'e': workspace.saving.open([id]); return true;
    case 'Delete': case 'Backspace': void removePortraits(workspace, [id], neighbourOf(line)); return true;
    default: return false;
  }
}

/** What is shown when the opened one is deleted: the next, or the one before the last. */
export function neighbourOf({ at, index }: PictureLine): Portrait['id'] | null {
  const picture = at(index + 1) ?? at(index - 1);
  return picture?.opened.kind === 'portrait' ? picture.opened.id : null;
}
