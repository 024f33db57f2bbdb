// What is done on the Models page that touches several parts of it: fetching with licences, folders, another store.

import type { CatalogueEntry } from '../../src-main/contract/models.ts';
import type { Pack } from '../../src-main/contract/nouns.ts';
import { entryName } from '../strings/catalogue-words.ts';
import { isHere, type ModelAct } from './models-catalogue.svelte.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Shows what would come with these entries, with sizes and licences, before anything is fetched. */
export function wantModels({ catalogue, view }: Workspace, ids: readonly string[]): void {
  catalogue.wantedIds = [...ids];
  view.dialog = 'get-models';
}

/** Does something with an entry. What is fetched for the first time is shown with its licence before. */
export async function actOnModel(workspace: Workspace, entry: CatalogueEntry, act: ModelAct): Promise<void> {
  const { catalogue, notices, words } = workspace;
  if (act === 'get' && entry.state === 'available') return wantModels(workspace, [entry.id]);
  await notices.attempt(async () => {
    const after = await catalogue.act(entry.id, act);
    const name = entryName(after, words);
    if (act === 'remove') notices.say(words.downloads.removed(name));
    if (act === 'verify') {
      notices.say(isHere(after) ? words.downloads.verified(name) : words.downloads.isDamaged(name));
    }
  });
}

/** Accepts these licences and starts these downloads, one after the other; one that is refused says why. */
export async function startDownloads(
  workspace: Workspace, entries: readonly CatalogueEntry[], licenseIds: readonly string[],
): Promise<void> {
  const { catalogue, models, notices, view, words } = workspace;
  const isAccepted = await notices.attempt(async () => {
    for (const licenseId of licenseIds) await models.accept(licenseId, true);
    if (licenseIds.length > 0) await catalogue.load();
    return true;
  });
  if (!isAccepted) return;
  view.dialog = null;
  let started = 0;
  for (const { id } of entries) {
    const after = await notices.attempt(() => catalogue.act(id, 'get'));
    if (after) started++;
  }
  if (started > 0) notices.say(words.downloads.dialog.started(started));
}

/** Names a folder or a file of models; only the desktop can ask for one. */
export async function addModels(workspace: Workspace, what: 'file' | 'folder'): Promise<void> {
  const { desktop, found, models, notices, words } = workspace;
  await notices.attempt(async () => {
    const added = await desktop!.call('desktop.chooseModels', { what });
    if (!added) return;
    const before = new Set(found.folders.map(({ id }) => id));
    await Promise.all([found.takeFolders(added.folders), models.load()]);
    const fresh = added.folders.find(({ id }) => !before.has(id));
    if (fresh) notices.say(words.ownModels.added(fresh.place));
  });
}

/** Asks for another place for downloads. */
export async function chooseStore({ catalogue, desktop, notices, words }: Workspace): Promise<void> {
  await notices.attempt(async () => {
    const chosen = await desktop!.call('desktop.chooseModelStore', {});
    if (!chosen) return;
    await catalogue.load();
    notices.say(words.downloads.storeChanged(chosen.place));
  });
}

/** The user has a model of this family already, so that a base model of the catalogue is not needed beside it. */
export function hasFamily(packs: readonly Pack[], { kind, architecture }: CatalogueEntry): boolean {
  const isSame = (pack: Pack): boolean =>
    !pack.isBuiltIn && pack.state === 'ready' && pack.architecture === architecture;
  return kind === 'base-model' && packs.some(isSame);
}

/** What of the catalogue would make a model ready for portraits without teaching; '' ids where nothing would. */
export function idsForInstantly({ catalogue, models }: Workspace, pack: Pack): string[] {
  const lacks = models.neededFor(pack).filter(({ state }) => state !== 'ready');
  const kinds = new Set<CatalogueEntry['kind']>(lacks.map(({ kind }) =>
    (kind === 'face-detector' || kind === 'face-recognizer' ? 'face-networks' : 'instant-id')));
  return catalogue.entries.filter((entry) => kinds.has(entry.kind) && !isHere(entry)).map(({ id }) => id);
}
