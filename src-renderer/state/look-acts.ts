// What is done with a look that touches several parts of the page.

import type { AdapterId } from '../../src-main/contract/ids.ts';
import type { ExportSheet } from './export-sheet.svelte.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Opens Teach with a run planned that goes on from this look. */
export function continueLook({ looks, teach, view }: Workspace, adapterId: AdapterId): void {
  const look = looks.find(adapterId);
  if (!look) return;
  teach.continueFrom(look);
  view.go('teach');
}

/** Removes a look after a while in which it can be undone. */
export function removeLook({ looks, teach, notices, words }: Workspace, adapterId: AdapterId): void {
  const look = looks.find(adapterId);
  if (!look) return;
  if (teach.warmStart?.id === adapterId) teach.warmStart = null;
  const callOff = looks.remove(adapterId, (thrown) => notices.report(thrown));
  notices.offerUndo(words.looks.removed(look.name), callOff);
}

/** Desktop: writes the file of the sheet into a folder that the user chooses, and shows it there. */
export async function saveLook({ desktop, notices }: Workspace, sheet: ExportSheet): Promise<void> {
  const { file } = sheet;
  if (!desktop || !file) return;
  await notices.attempt(async () => {
    const folder = await desktop.call('desktop.chooseFolder', { purpose: 'export' });
    if (!folder) return;
    const { place } = await desktop.call('desktop.saveExport', { exportId: file.exportId, ticket: folder.ticket });
    if (sheet.file?.exportId === file.exportId) sheet.place = place;
  });
}
