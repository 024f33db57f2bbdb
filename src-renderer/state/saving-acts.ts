// Saving portraits as files: the sheet is opened, a folder chosen on the desktop, and what was written handed over.

import { mediaUrl } from '../../src-main/contract/studio.ts';
import type { PortraitId } from '../../src-main/contract/ids.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { saveFile } from '../actions/save-file.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Starts what the sheet says; on the desktop the user chooses a folder first. */
export async function startSaving({ desktop, jobs, notices, saving }: Workspace): Promise<void> {
  await notices.attempt(async () => {
    const folder = desktop ? await desktop.call('desktop.chooseFolder', { purpose: 'export' }) : null;
    if (desktop && !folder) return;
    const job = await saving.start(folder?.ticket ?? null);
    if (job) jobs.add(job);
  });
}

/** Hands over what the sheet's job has written, once it is done. */
export async function takeSaved({ desktop, notices, saving, words }: Workspace, job: Job): Promise<void> {
  if (job.state !== 'done' || job.outcome?.kind !== 'export') return;
  const ticket = saving.takeTicket(job.id);
  if (ticket === undefined) return;
  const { exportId, fileName } = job.outcome;
  await notices.attempt(async () => {
    if (desktop && ticket) {
      const { place } = await desktop.call('desktop.saveExport', { exportId, ticket });
      saving.place = place;
      notices.say(words.gallery.savedTo(place));
    } else {
      saveFile(mediaUrl('export', exportId), fileName);
      notices.say(words.gallery.saved(fileName));
    }
    saving.close();
  });
}

/** Makes a sheet of portraits, the best likeness first, and saves it. */
export async function saveContactSheet(
  { client, desktop, notices, words }: Workspace, ids: readonly PortraitId[],
): Promise<void> {
  await notices.attempt(async () => {
    const folder = desktop ? await desktop.call('desktop.chooseFolder', { purpose: 'export' }) : null;
    if (desktop && !folder) return;
    const { exportId, fileName } = await client.call('portraits.contactSheet', { portraitIds: ids.slice(0, 500) });
    if (desktop && folder) {
      const { place } = await desktop.call('desktop.saveExport', { exportId, ticket: folder.ticket });
      notices.say(words.gallery.savedTo(place));
    } else {
      saveFile(mediaUrl('export', exportId), fileName);
      notices.say(words.gallery.saved(fileName));
    }
  });
}
