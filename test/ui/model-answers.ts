// What a studio in a scene answers about models from elsewhere, memory and the machine.

import type { CatalogueEntry } from '../../src-main/contract/models.ts';
import { defaultStudioSettings } from '../../src-main/contract/settings.ts';
import type { CommandName } from '../../src-main/contract/studio.ts';
import type { CudaLibraries } from '../../src-main/contract/cuda.ts';
import { cuda, download, machineReport, memoryPlan, store } from '../renderer/model-nouns.ts';
import type { Scene } from './stage.ts';

type Request = Record<string, unknown>;

/** A row a command; what a scene is told, it remembers. */
export const modelAnswers: Partial<Record<CommandName, (scene: Scene, request: Request) => unknown>> = {
  'models.list': (scene) => storeOf(scene),
  'models.get': (scene, request) =>
    change(scene, request, { state: 'partial', download: download({ bytesDone: 0, bytesPerSecond: null }) }),
  'models.pause': (scene, request) => change(scene, request, { download: download({ state: 'paused' }) }),
  'models.cancel': (scene, request) => change(scene, request, { state: 'available', download: null }),
  'models.remove': (scene, request) => change(scene, request, { state: 'available', place: '', packId: null }),
  'models.verify': (scene, request) => change(scene, request, {}),
  'models.setMirrors': (scene, { mirrors }) => {
    scene.settings = { ...scene.settings, mirrors: mirrors as never };
    return storeOf(scene);
  },

  'models.folders': ({ folders }) => folders ?? [],
  'models.rescan': ({ folders }) => folders ?? [],
  'models.forgetFolder': (scene, { folderId }) => {
    scene.found = (scene.found ?? []).filter((each) => each.folderId !== folderId);
    return (scene.folders = (scene.folders ?? []).filter(({ id }) => id !== folderId));
  },
  'models.found': ({ found }) => found ?? [],
  'models.setVae': (scene, { packId, foundId }) => {
    const found = scene.found!;
    const index = found.findIndex((each) => each.packId === packId);
    return (found[index] = { ...found[index]!, vaeId: foundId as string | null });
  },

  'memory.planTeaching': ({ memory }) => memory ?? memoryPlan(),
  'memory.planPortraits': ({ memory }) => memory ?? memoryPlan({ changes: [] }),
  'machine.examine': ({ machine }) => machine ?? machineReport(),
  'machine.cudaLibraries': (scene) => cudaOf(scene),
  'machine.getCudaLibraries': (scene) =>
    (scene.cuda = { ...cudaOf(scene), state: 'fetching', bytesDone: 1, error: null }),
  'machine.pauseCudaLibraries': (scene) => (scene.cuda = { ...cudaOf(scene), state: 'paused' }),
  'machine.removeCudaLibraries': (scene) => (scene.cuda = cuda({ state: 'missing' })),
  'styles.folder': ({ styleProblems }) => ({ place: '~/.local/share/likeness/styles', problems: styleProblems ?? [] }),
};

/** With what was accepted since. */
function cudaOf(scene: Scene): CudaLibraries {
  const accepted = scene.settings?.acceptedLicenses ?? defaultStudioSettings.acceptedLicenses;
  const known = scene.cuda ?? cuda();
  const licenses = known.licenses.map((one) => ({ ...one, isAccepted: one.isAccepted || accepted.includes(one.id) }));
  return { ...known, licenses };
}

/** A catalogue that knows what was accepted since. */
function storeOf(scene: Scene): ReturnType<typeof store> {
  const accepted = scene.settings?.acceptedLicenses ?? defaultStudioSettings.acceptedLicenses;
  const entries = (scene.catalogue ?? []).map((each) => {
    const isAccepted = each.license.isAccepted || accepted.includes(each.license.id);
    return { ...each, license: { ...each.license, isAccepted } };
  });
  return { ...store(entries), freeBytes: scene.freeBytes ?? store().freeBytes };
}

function change(scene: Scene, { modelId }: Request, changes: Partial<CatalogueEntry>): CatalogueEntry {
  const entries = scene.catalogue!;
  const index = entries.findIndex(({ id }) => id === modelId);
  scene.catalogue = entries.with(index, { ...entries[index]!, ...changes });
  return storeOf(scene).entries[index]!;
}
