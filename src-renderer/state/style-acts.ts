// What is done with styles: keeping some at hand, copying one, changing and taking out those of one's own.

import type { StyleId } from '../../src-main/contract/ids.ts';
import type { Style } from '../../src-main/contract/nouns.ts';
import type { StyleDraft } from './styles.svelte.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Puts a style among the favourites, or takes it out. */
export async function toggleFavourite({ studio, notices }: Workspace, styleId: StyleId): Promise<void> {
  const before = studio.settings.favouriteStyleIds;
  const after = before.includes(styleId) ? before.filter((id) => id !== styleId) : [...before, styleId];
  await notices.attempt(() => studio.change({ favouriteStyleIds: after }));
}

/** Opens the sheet of a style: to read it, or to change one of one's own. */
export function openStyle({ styles, view }: Workspace, style: Style | null): void {
  styles.opened = style;
  view.dialog = 'style';
}

/** Keeps a style that was written or changed; a new one is chosen at once. False where the studio refused. */
export async function saveStyle(workspace: Workspace, draft: StyleDraft): Promise<boolean> {
  const { styles, create, view, notices, words } = workspace;
  const style = await notices.attempt(() => styles.save(draft));
  if (!style) return false;
  if (draft.styleId === null && !create.styleIds.includes(style.id)) create.toggleStyle(style.id);
  view.dialog = null;
  notices.say(words.styles.saved(style.name));
  return true;
}

/** Takes a style of one's own out, with undo; what was drawn with it stays. */
export async function removeStyle(workspace: Workspace, style: Style): Promise<void> {
  const { styles, create, view, notices, words } = workspace;
  await notices.attempt(async () => {
    const wasChosen = create.styleIds.includes(style.id);
    const restore = await styles.remove(style);
    if (wasChosen) create.toggleStyle(style.id);
    view.dialog = null;
    notices.offerUndo(words.styles.removed(style.name), async () => {
      const restored = await restore();
      if (wasChosen) create.toggleStyle(restored.id);
    });
  });
}
