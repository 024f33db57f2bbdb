// Scenes of models from elsewhere: a catalogue in every state, folders of the user's own, memory that is short, a
// machine with a graphics card.

import { errorDataOf } from '../../src-main/contract/error-data.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import type { PackId } from '../../src-main/contract/ids.ts';
import type { CatalogueEntry, FoundModel, ModelFolder } from '../../src-main/contract/models.ts';
import type { Pack, Portrait } from '../../src-main/contract/nouns.ts';
import {
  catalogue, cuda, download, folder, found, foundId, machineReport, tooLargePlan,
} from '../renderer/model-nouns.ts';
import { engine, look, pack } from '../renderer/nouns.ts';
import { lackingScene } from './face-scenes.ts';
import { fullScene, manyPortraits } from './scenes.ts';
import type { Scene } from './stage.ts';

const cutOff = errorDataOf(new UserError('models.cut-off', {
  what: 'huggingface.co ended the connection.', safe: 'The 98 MB that have come are kept.', todo: 'Try again later.',
}));

const brokenStyle = errorDataOf(new UserError('styles.broken-file', {
  what: '“noir.json” is no JSON: line 3 ends too early.', safe: 'Your other styles are as they were.',
  todo: 'Open the file and close its bracket.',
}));
const failed = download({ state: 'failed', error: cutOff, bytesDone: 98_000_000, bytesPerSecond: null });

/** A checkpoint of the user's own, whose licence forbids commercial use. */
export const ownPack: Pack = {
  ...pack(), id: 'own-realistic' as PackId, name: 'realistic-portraits-v5', description: 'A checkpoint of yours.',
  isBuiltIn: false, origin: 'own', resolutionPx: 512, sizeBytes: 2_132_000_000, license: 'not for commercial use',
  isCommercialUseAllowed: false,
};
const gonePack: Pack = {
  ...ownPack, id: 'own-gone' as PackId, name: 'studio-light', state: 'gone', isCommercialUseAllowed: true,
  license: 'as its author says', note: 'Its file is on a drive that is not there now. Plug the drive in.',
};

export const folders: ModelFolder[] = [
  folder(1), folder(2, { kind: 'hugging-face', place: '~/.cache/huggingface/hub', state: 'reading' }),
  folder(3, {
    kind: 'folder', place: '/media/disk/models', state: 'gone', note: 'The drive is not there now.',
    counts: { checkpoints: 1, loras: 0, embeddings: 0, others: 0 },
  }),
];

export const ownModels: FoundModel[] = [
  found(1, {
    kind: 'checkpoint', name: ownPack.name, within: 'models/checkpoints', packId: ownPack.id, sizeBytes: 2_132_000_000,
    missing: ['It has no VAE of its own; one of another file is used.'],
  }),
  found(2, { kind: 'vae', name: 'vae-ft-mse-840000', within: 'models/vae', sizeBytes: 334_000_000 }),
  found(3, { name: 'film-grain', words: ['film grain', 'kodak'] }), found(4, { name: 'rim-light' }),
  found(5, { name: 'ink-lines', architecture: 'sdxl' }),
  found(6, { kind: 'embedding', name: 'easynegative', within: 'models/embeddings', words: ['easynegative'] }),
  found(7, {
    kind: 'other', name: 'flux1-dev-fp8', within: 'models/diffusion_models', architecture: null, state: 'refused',
    note: 'It is Flux, which is no Stable Diffusion. Choose a checkpoint of SD 1.5, SD 2 or SDXL.',
  }),
];

/** A subject whose look was taught on the user's own model, with everything that there is on the Models page. */
export const modelScene = (): Scene & { catalogue: CatalogueEntry[] } => {
  const lacking = lackingScene();
  const [sdxl] = lacking.packs!;
  return {
    ...fullScene(), packs: [pack(), ownPack, gonePack, { ...sdxl!, origin: 'download' }], looks: [look(1, {
      packId: ownPack.id, packName: ownPack.name,
    })],
    jobs: [], companions: lacking.companions!, faceEngines: lacking.faceEngines!, folders: [...folders],
    found: [...ownModels],
    catalogue: catalogue().map((each) =>
      (each.id === 'antelopev2' ? { ...each, state: 'partial', download: failed } : each)),
    settings: { mirrors: [{ from: 'huggingface.co', to: 'https://mirror.example/hf' }] },
    engine: { ...engine(), provider: 'webgpu', precision: 'float16', deviceName: 'NVIDIA GeForce RTX 3060' },
    styleProblems: [brokenStyle], cuda: cuda({ state: 'missing' }), machine: machineReport(), portraits: drawnWithOwn(),
  };
};

/** Nothing that is set up here fits into the memory. */
export const shortScene = (): Scene => ({ ...modelScene(), memory: tooLargePlan() });

function drawnWithOwn(): Portrait[] {
  return manyPortraits.slice(0, 8).map((portrait) => ({
    ...portrait, packId: ownPack.id, addOns: [{ foundId: foundId(3), strength: 0.7, name: 'film-grain' }],
  }));
}
