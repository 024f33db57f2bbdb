// What is done with portraits that touches several parts of the page.

import type { PortraitId } from '../../src-main/contract/ids.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Moves portraits to the trash; `next` is what the large view shows in the place of one that it showed. */
export async function removePortraits(
  { portraits, view, notices, words }: Workspace, portraitIds: PortraitId[], next: PortraitId | null,
): Promise<void> {
  await notices.attempt(async () => {
    const restore = await portraits.remove(portraitIds);
    if (view.opened?.kind === 'portrait' && portraitIds.includes(view.opened.id)) {
      if (next) view.open({ kind: 'portrait', id: next });
      else view.opened = null;
    }
    notices.offerUndo(words.portraits.removed(portraitIds.length), restore);
  });
}
