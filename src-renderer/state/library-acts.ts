// Moving the library to a folder that the desktop asked for.

import type { Workspace } from './workspace.svelte.ts';

/** Moves the library and reads everything again from its new place. */
export async function moveLibrary(workspace: Workspace, ticket: string): Promise<void> {
  const { desktop, library, notices, words } = workspace;
  if (!desktop) return;
  await notices.attempt(() => library.busy('move', async () => {
    const { place } = await desktop.call('desktop.moveLibrary', { ticket });
    await workspace.load();
    await library.load();
    notices.say(words.library.moved(place));
  }));
}
