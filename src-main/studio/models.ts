// Models that are fetched: the store of downloads behind commands, and where each goes when it is there.

import { statSync } from 'node:fs';
import path from 'node:path';
import type { CatalogueEntry } from '../contract/models.ts';
import type { CompanionKind } from '../contract/companions.ts';
import type { DownloadPatience } from '../packs/download.ts';
import { type ModelCatalogue, type PublishedModel, installedFilesOf } from '../packs/catalogue.ts';
import { openModelStore } from '../packs/model-store.ts';
import type { ModelStore } from '../packs/model-store-port.ts';
import type { Library } from '../library/library.ts';
import { packViews } from './companions.ts';
import type { Handlers, StudioContext } from './context.ts';
import { addStoredPack, placeAwayPack, removeStoredPack } from './stored-packs.ts';

export function modelCommands({ models, library, emit }: StudioContext): Handlers<
  'models.list' | 'models.get' | 'models.pause' | 'models.cancel' | 'models.remove' | 'models.verify'
  | 'models.setMirrors'> {
  return {
    'models.list': () => models.view(),
    'models.get': ({ modelId }) => models.get(modelId),
    'models.pause': ({ modelId }) => models.pause(modelId),
    'models.cancel': ({ modelId }) => models.cancel(modelId),
    'models.remove': ({ modelId }) => models.remove(modelId),
    'models.verify': ({ modelId }) => models.verify(modelId),
    'models.setMirrors': async ({ mirrors }) => {
      library.settings.set({ mirrors });
      const view = await models.view();
      view.entries.forEach((model) => emit({ type: 'model-changed', model }));
      return view;
    },
  };
}

/** What lies there already is taken over; downloads that were under way wait in the old place. */
export async function setModelStore({ library, models }: StudioContext, folder: string): Promise<void> {
  // whatever it was before: it is chosen anew
  library.modelSettings.set('used-store', '');
  await models.moveTo(folder);
  library.modelSettings.set('store-folder', folder);
}

export interface StoreParts extends Pick<StudioContext, 'packs' | 'companions' | 'modelFolders' | 'version' | 'emit'> {
  readonly library: Library;
  readonly catalogue: ModelCatalogue;
  readonly patience?: Partial<DownloadPatience>;
}

/** Beside the library, so that moving that one copies no models. */
export function openStore(parts: StoreParts): ModelStore {
  const { library, catalogue, packs, companions, version, emit, patience } = parts;
  const tellPacks = (): void => emit({ type: 'packs-changed', packs: packViews({ packs, companions }) });
  return openModelStore({
    catalogue, version, ...(patience ? { patience } : {}),
    folder: storeFolderOf(library),
    wasUsed: (folder) => library.modelSettings.get('used-store') === folder,
    onUsed: (folder) => library.modelSettings.set('used-store', folder),
    mirrors: () => library.settings.get().mirrors,
    acceptedLicenses: () => library.settings.get().acceptedLicenses,
    isElsewhere: (model) => isElsewhere({ library, companions }, model),
    onChange: (model) => emit({ type: 'model-changed', model }),
    async onInstalled(model, place) {
      const packId = await install(parts, model, place);
      tellPacks();
      return packId;
    },
    onAway: (model) => placeAwayPack(parts, model),
    onRemoved(model, packId) {
      removeStoredPack(parts, model, packId);
      tellPacks();
    },
  });
}

/** Kept as soon as it is chosen: a library that moves leaves its models where they are. */
function storeFolderOf({ folder, modelSettings }: Library): string {
  const kept = modelSettings.get('store-folder');
  if (kept !== undefined) return kept;
  const beside = path.join(path.dirname(folder), 'likeness-models');
  modelSettings.set('store-folder', beside);
  return beside;
}

async function install(
  parts: StoreParts, model: PublishedModel, place: string,
): Promise<CatalogueEntry['packId']> {
  const { companions, modelFolders, library } = parts;
  if (model.kind === 'base-model') return await addStoredPack(parts, model, place);
  // a VAE is offered where VAEs are chosen; the others have a place of their own
  if (model.kind === 'vae') {
    await modelFolders.add(place);
    return null;
  }
  for (const file of installedFilesOf(model)) rememberHash(library, model.entry === '.', place, file);
  await companions.add(place);
  return null;
}

/** It was computed while the file came in: reading gigabytes again would tell the same. */
function rememberHash(
  library: Library, isFolder: boolean, place: string, { file, sha256 }: ReturnType<typeof installedFilesOf>[number],
): void {
  const whole = isFolder ? path.join(place, file) : place;
  const found = fileFacts(whole);
  if (found) library.companions.setHash(whole, { ...found, sha256 });
}

const kindsOf: Partial<Record<PublishedModel['kind'], readonly CompanionKind[]>> = {
  'instant-id': ['image-adapter', 'identity-net'], 'face-networks': ['face-detector', 'face-recognizer'],
  'fast-adapter': ['fast-adapter'],
};

/** The user named files with the published bytes. */
function isElsewhere(
  { library, companions }: Pick<StoreParts, 'library' | 'companions'>, model: PublishedModel,
): boolean {
  const kinds = kindsOf[model.kind];
  if (kinds) {
    const own = companions.list().filter(({ kind }) => kinds.includes(kind));
    return own.length === kinds.length && own.every(({ state, isPublished }) => state === 'ready' && isPublished);
  }
  const [first] = model.files;
  return library.companions.hashes().some(({ sha256 }) => sha256 === first!.sha256);
}

function fileFacts(file: string): { sizeBytes: number; modifiedAtMs: number } | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && { sizeBytes: found.size, modifiedAtMs: found.mtimeMs };
}
