// Commands over the user's own models: folders that were named, what was found in them, and VAEs for checkpoints.

import { basename } from 'node:path';
import type { AddOn } from '../contract/add-ons.ts';
import type { CompanionKind } from '../contract/companions.ts';
import type { NewCreateRequest } from '../contract/engine-create.ts';
import type { Portrait } from '../contract/nouns.ts';
import type { Library } from '../library/library.ts';
import type { Companions } from '../packs/companions.ts';
import { nameOf } from '../packs/found-views.ts';
import { addOnGone, addOnMisfit, notAnAddOn } from '../packs/model-errors.ts';
import type { FoundFile } from '../packs/found-files.ts';
import { type ModelFolders, openModelFolders } from '../packs/model-folders.ts';
import type { PackShelf, ShelvedPack } from '../packs/pack-shelf.ts';
import { packViews } from './companions.ts';
import type { Handlers, StudioContext } from './context.ts';

export function foundModelCommands({ modelFolders }: StudioContext): Handlers<
  'models.folders' | 'models.rescan' | 'models.forgetFolder' | 'models.found' | 'models.setVae'> {
  return {
    'models.folders': async () => {
      await modelFolders.refresh();
      return modelFolders.list();
    },
    'models.rescan': async ({ folderId }) => {
      await modelFolders.rescan(folderId);
      return modelFolders.list();
    },
    'models.forgetFolder': ({ folderId }) => {
      modelFolders.forget(folderId);
      return modelFolders.list();
    },
    'models.found': async () => {
      await modelFolders.refresh();
      return modelFolders.found();
    },
    'models.setVae': ({ packId, foundId }) => modelFolders.setVae(packId, foundId),
  };
}

/** Networks beside base models by their published names; the content is looked at when they are added. */
const companionKinds: Readonly<Record<string, CompanionKind>> = {
  'ip-adapter.bin': 'image-adapter', 'ip-adapter.safetensors': 'image-adapter', ControlNetModel: 'identity-net',
  'scrfd_10g_bnkps.onnx': 'face-detector', 'det_10g.onnx': 'face-detector', 'glintr100.onnx': 'face-recognizer',
};

export interface FolderParts {
  readonly library: Library;
  readonly packs: PackShelf;
  readonly companions: Companions;
  readonly emit: StudioContext['emit'];
}

/** Folders over this library; InstantID and antelopev2 that lie among the models are taken where none is known yet. */
export async function openFolders({ library, packs, companions, emit }: FolderParts): Promise<ModelFolders> {
  const folders: ModelFolders = await openModelFolders({
    memory: library.modelFolders, shelf: packs, named: library.checkpoints.list(),
    onChange() {
      emit({ type: 'model-folders', folders: folders.list() });
      emit({ type: 'packs-changed', packs: packViews({ packs, companions }) });
    },
    async onCompanions(places) {
      for (const place of places) {
        const kind = companionKinds[basename(place)];
        const isMissing = companions.list().some((one) => one.kind === kind && one.state === 'missing');
        // one of another kind or edition is told where the user names it
        if (isMissing) await companions.add(place).catch(() => undefined);
      }
    },
  });
  return folders;
}

type EngineAddOn = NonNullable<NewCreateRequest['addOns']>[number];

/** Add-ons of a request that can be used with this model now. Throws models.add-on-gone and the like. */
export function readyAddOns(
  { modelFolders }: Pick<StudioContext, 'modelFolders'>, pack: ShelvedPack, addOns: readonly AddOn[],
): EngineAddOn[] {
  return addOns.map(({ foundId, strength }) => {
    const found = modelFolders.file(foundId);
    if (!found) throw addOnGone('');
    const name = nameOf(found.row.path);
    if (found.state === 'gone') throw addOnGone(name);
    const { kind, words, refusal } = found.facts;
    if ((kind !== 'lora' && kind !== 'embedding') || refusal !== '') throw notAnAddOn(name);
    checkFamily(found, name, pack);
    return { kind, file: found.row.path, name, word: kind === 'embedding' ? words[0] ?? name : '', strength };
  });
}

const familyNames = { sd15: 'Stable Diffusion 1.5', sd2: 'Stable Diffusion 2', sdxl: 'SDXL' };

/** What a header does not say is seen when the file is read. */
function checkFamily({ facts: { architecture } }: FoundFile, name: string, pack: ShelvedPack): void {
  if (architecture === null || architecture === pack.architecture) return;
  throw addOnMisfit(name, familyNames[architecture], familyNames[pack.architecture]);
}

/** Add-ons as a portrait remembers them. */
export function keptAddOns(
  { modelFolders }: Pick<StudioContext, 'modelFolders'>, addOns: readonly AddOn[],
): NonNullable<Portrait['addOns']> {
  return addOns.map((addOn) => {
    const found = modelFolders.file(addOn.foundId);
    return { ...addOn, name: found ? nameOf(found.row.path) : '' };
  });
}
