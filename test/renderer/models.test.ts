// Models from elsewhere as the page handles them: what comes with what, licences before downloads, folders of the
// user's own, and what may not be used commercially.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PackId } from '../../src-main/contract/ids.ts';
import type { Pack } from '../../src-main/contract/nouns.ts';
import {
  actOnModel, addModels, hasFamily, idsForInstantly, startDownloads,
} from '../../src-renderer/state/model-acts.ts';
import { actsOf, licensesToAccept } from '../../src-renderer/state/models-catalogue.svelte.ts';
import { foundBy, FoundModels } from '../../src-renderer/state/models-found.svelte.ts';
import { isNonCommercial } from '../../src-renderer/state/use-limits.ts';
import { downloadLine, downloadsLine, foundLine } from '../../src-renderer/strings/catalogue-words.ts';
import { en } from '../../src-renderer/strings/en.ts';
import { saidText, type Saying } from '../../src-renderer/strings/said.ts';
import { zhHans } from '../../src-renderer/strings/zh-hans.ts';
import { download, entry, folder, found, foundId, store } from './model-nouns.ts';
import { look, pack, portrait } from './nouns.ts';
import { asked, started } from './started.ts';
import { refusal, settle, testStudio } from './test-client.ts';

const sdxl: Pack = { ...pack(), id: 'own-sdxl' as PackId, isBuiltIn: false, architecture: 'sdxl', origin: 'own' };
const models = { 'models.list': () => store() };

describe('the catalogue', () => {
  test('what an entry needs comes before it, once, and without what is here', async () => {
    const { workspace } = await started(models);
    const lacking = (...ids: string[]): string[] => workspace.catalogue.lacking(ids).map(({ id }) => id);
    expect(lacking('instantid')).toEqual(['sdxl-base', 'antelopev2', 'instantid']);
    expect(lacking('instantid', 'sdxl-vae')).toEqual(['sdxl-base', 'antelopev2', 'instantid', 'sdxl-vae']);
    expect(lacking('sd15', 'nothing')).toEqual([]);
    expect(licensesToAccept(workspace.catalogue.lacking(['instantid', 'sdxl-vae'])).map(({ id }) => id)).toEqual([
      'openrail-plus-plus', 'insightface-models', 'instantid-weights',
    ]);
  });

  test('each state has its acts, and a download goes before the state', () => {
    const of = (state: ReturnType<typeof entry>['state'], running?: Parameters<typeof download>[0]) =>
      actsOf(entry('x', { state, download: running ? download(running) : null })).join();
    expect([of('available'), of('partial'), of('installed'), of('elsewhere'), of('damaged')]).toEqual([
      'get', 'go-on,discard', 'verify,remove', '', 'get,remove',
    ]);
    expect([of('partial', {}), of('partial', { state: 'paused' }), of('partial', { state: 'failed' })]).toEqual([
      'pause,discard', 'go-on,discard', 'retry,discard',
    ]);
  });

  test('the first time a licence is shown before anything is fetched; later it just goes on', async () => {
    const { workspace, studio } = await started({
      ...models, 'models.get': ({ modelId }) => entry(modelId), 'models.pause': ({ modelId }) => entry(modelId),
    });
    await actOnModel(workspace, workspace.catalogue.find('antelopev2')!, 'get');
    expect([workspace.view.dialog, workspace.catalogue.wantedIds, asked(studio, 'models.get')]).toEqual([
      'get-models', ['antelopev2'], [],
    ]);
    await actOnModel(workspace, workspace.catalogue.find('lcm-lora-sdxl')!, 'get');
    await actOnModel(workspace, workspace.catalogue.find('sdxl-base')!, 'pause');
    expect([...asked(studio, 'models.get'), ...asked(studio, 'models.pause')]).toEqual([
      { modelId: 'lcm-lora-sdxl' }, { modelId: 'sdxl-base' },
    ]);
  });

  test('licences are accepted first, then everything starts; one that is refused stops no other', async () => {
    const { workspace, studio } = await started({
      ...models,
      'models.get': ({ modelId }) => {
        if (modelId === 'sdxl-base') throw refusal('disk.full');
        return entry(modelId, { state: 'partial', download: download() });
      },
    });
    workspace.view.dialog = 'get-models';
    const lacking = workspace.catalogue.lacking(['instantid']);
    await startDownloads(workspace, lacking, ['insightface-models', 'instantid-weights']);
    const order = studio.calls.map(({ command }) => command).filter((name) => /accept|models.get/.test(name));
    expect(order).toEqual(['licenses.accept', 'licenses.accept', 'models.get', 'models.get', 'models.get']);
    expect([workspace.view.dialog, workspace.catalogue.find('instantid')?.state]).toEqual([null, 'partial']);
    expect(workspace.notices.list.map(({ error, message }) => error?.code ?? message)).toEqual([
      'disk.full', '2 downloads started',
    ]);
  });

  test('a licence that is not taken starts nothing and leaves the dialog', async () => {
    const { workspace, studio } = await started({
      ...models, 'licenses.accept': () => { throw refusal('models.unknown-license'); },
    });
    workspace.view.dialog = 'get-models';
    await startDownloads(workspace, workspace.catalogue.lacking(['antelopev2']), ['insightface-models']);
    expect([asked(studio, 'models.get'), workspace.view.dialog]).toEqual([[], 'get-models']);
  });

  test('an event tells how far it is, here and in the status bar; what came is a model that can draw', async () => {
    const { workspace, studio } = await started(models);
    const line = (): string => downloadsLine(workspace.catalogue.entries, en);
    expect(line()).toBe('Downloading SDXL base 1.0, 24 %');
    expect(downloadLine(workspace.catalogue.find('sdxl-base')!, en)).toBe(
      'Downloading · 1.7 GB of 6.9 GB · 24.0 MB a second · 4 min left',
    );
    studio.emit({ type: 'model-changed', model: entry('antelopev2', { download: download({ bytesDone: 0 }) }) });
    expect(line()).toMatch(/^2 downloads, 1\d %$/);
    studio.emit({ type: 'model-changed', model: entry('antelopev2', { download: download({ state: 'failed' }) }) });
    studio.emit({ type: 'model-changed', model: entry('sdxl-base', { state: 'installed' }) });
    expect(line()).toBe('1 download did not finish');
    expect(workspace.notices.list[0]?.message).toBe('SDXL base 1.0 has come, and every byte is right');
    await settle();
    expect(asked(studio, 'studio.state')).toHaveLength(2);
    studio.emit({ type: 'packs-changed', packs: [pack(), sdxl] });
    workspace.teach.choosePack(sdxl.id);
    expect([workspace.studio.packs.length, workspace.teach.pack?.id]).toEqual([2, sdxl.id]);
  });

  test('what an event told while the list was being read is newer than the list', async () => {
    const { workspace, studio } = await started(models);
    let answer = (): void => undefined;
    studio.handlers['models.list'] = () => new Promise((resolve) => (answer = () => resolve(store())));
    const reading = workspace.catalogue.load();
    await settle();
    studio.emit({ type: 'model-changed', model: entry('sdxl-base', { download: download({ state: 'paused' }) }) });
    answer();
    await reading;
    expect(workspace.catalogue.find('sdxl-base')?.download?.state).toBe('paused');
  });

  test('a base model is not needed beside one of its family; missing parts lead to their entries', async () => {
    const lacks = ['face-detector', 'identity-net', 'fast-adapter'].map((kind) => ({
      kind, name: kind, state: 'missing', isPublished: true, note: '', fileName: '', sizeBytes: 1, source: '',
      license: '', licenseId: '', isLicenseAccepted: true, isCommercialUseAllowed: true,
      neededFor: [kind === 'fast-adapter' ? 'fast' : 'instantly'],
    }));
    const { workspace } = await started({ ...models, 'companions.list': () => lacks });
    expect(idsForInstantly(workspace, sdxl)).toEqual(['instantid', 'antelopev2']);
    expect(idsForInstantly(workspace, pack())).toEqual([]);
    const base = entry('sdxl-base');
    const packs: Pack[] = [pack(), sdxl, { ...sdxl, state: 'gone' }];
    expect(packs.map((each) => hasFamily([each], base))).toEqual([false, true, false]);
  });
});

describe('models of the user’s own', () => {
  const list = [
    found(1, { kind: 'vae', name: 'vae-ft' }), found(2, { name: 'rain', architecture: 'sdxl', words: ['rainy'] }),
    found(3, { kind: 'checkpoint', name: 'flux', state: 'refused', note: 'Flux is no Stable Diffusion.' }),
    found(4, { name: 'film grain' }), found(5, { kind: 'embedding', name: 'easy', state: 'gone' }),
  ];

  test('a search finds by every word; what cannot be used is last, and has a shelf of its own', () => {
    const names = (search: string, kind: Parameters<typeof foundBy>[1]['kind'] = 'all'): string =>
      foundBy(list, { search, kind }).map(({ name }) => name).join();
    expect(names('')).toBe('film grain,rain,vae-ft,flux,easy');
    expect([names('loras grain film'), names('', 'lora'), names('', 'refused')]).toEqual([
      'film grain', 'film grain,rain', 'flux,easy',
    ]);
    expect(foundLine(found(1, { kind: 'checkpoint', predictionType: 'v_prediction' }), en)).toBe(
      'Checkpoint, Stable Diffusion 1.5, v-prediction, without VAE, 151 MB',
    );
  });

  test('folders that change while they are read are read once more, and not once for each event', async () => {
    let reads = 0;
    const studio = testStudio({ 'models.found': async () => (reads++, await Promise.resolve(), list) });
    const own = new FoundModels(studio.client);
    await own.takeFolders([folder()]);
    expect([own.isLoaded, reads]).toEqual([false, 0]);
    await own.load();
    await Promise.all([1, 2, 3, 4].map((number) => own.takeFolders([folder(number)])));
    expect([own.folders[0]?.id, reads]).toEqual([foundId(4), 3]);
    expect(own.addOnsFor('sdxl').map(({ name }) => name)).toEqual(['rain']);
    expect(own.vaesFor('sd15').map(({ name }) => name)).toEqual(['vae-ft']);
  });

  test('a folder is named on the desktop, and what is found there is said', async () => {
    const answers = [null, { folders: [folder(1), folder(2, { place: '/media/disk/loras' })] }];
    const desktop = { call: async () => answers.shift(), subscribe: () => () => undefined } as never;
    const { workspace } = await started({ 'models.folders': () => [folder(1)] }, desktop);
    await workspace.found.load();
    await addModels(workspace, 'folder');
    expect(workspace.found.folders.length).toBe(1);
    await addModels(workspace, 'folder');
    expect(workspace.notices.list.map(({ message }) => message)).toEqual(['Reading /media/disk/loras']);
  });

  test('another VAE is chosen for a checkpoint', async () => {
    const checkpoint = found(9, { kind: 'checkpoint', packId: sdxl.id });
    const { workspace, studio } = await started({
      'models.found': () => [checkpoint], 'models.setVae': ({ foundId: vaeId }) => ({ ...checkpoint, vaeId }),
    });
    await workspace.found.load();
    await workspace.found.setVae(sdxl.id, foundId(1));
    expect(workspace.found.list[0]?.vaeId).toBe(foundId(1));
    expect(asked(studio, 'models.setVae')).toEqual([{ packId: sdxl.id, foundId: foundId(1) }]);
  });
});

test('what was made with a model that is not for commercial use is marked, by its way too', () => {
  const limited = { ...pack(), isCommercialUseAllowed: false };
  const instant = { ...pack(), instantly: { isReady: true, missing: [], isResearchOnly: true, canBeFast: false } };
  const instantly = { pose: { kind: 'none' } } as const;
  expect([
    isNonCommercial([limited], look()), isNonCommercial([pack()], look()), isNonCommercial([instant], portrait()),
    isNonCommercial([instant], portrait(1, { instantly })), isNonCommercial([], portrait(1, { instantly })),
  ]).toEqual([true, false, false, true, false]);
});

test('a sentence of the studio that a language knows is said in it, and any other as it is', () => {
  const saying: Saying = [/^Found (\d+) in (.+)\.$/, (count, place) => `在 ${place} 找到 ${count} 个。`];
  const words = { ...zhHans, said: [saying] };
  expect(saidText('Found 3 in ~/x.', words)).toBe('在 ~/x 找到 3 个。');
  expect(saidText('Something else.', words)).toBe('Something else.');
  const why = 'The processor does the work, because CUDA cannot be used here: no card, and WebGPU is slower on this ' +
    'machine (9 ms against 4 ms).';
  expect(saidText(why, zhHans)).toBe(
    '由处理器计算，因为CUDA在这里不能使用（no card）；WebGPU在这台电脑上更慢（9 ms，处理器为 4 ms）。',
  );
  const note = '"flux.safetensors" is a Flux checkpoint, not a base model that Likeness can use. ' +
    'Choose the SDXL base model.';
  expect(saidText(note, zhHans)).toBe('“flux.safetensors”是Flux 模型，不是 Likeness 能用的基础模型。请选择 SDXL 基础模型。');
  expect(saidText(`${note} Then wait.`, zhHans)).toBe(`${note} Then wait.`);
  expect(saidText(note, en)).toBe(note);
  expect(saidText('GPU (WebGPU) does the work.', zhHans)).toBe('由显卡计算（WebGPU）。');
});

test('every model and licence of the catalogue is described in Chinese', () => {
  const file = join(import.meta.dirname, '../../resources/packs/catalogue.json');
  const { models: shipped, licenses } = JSON.parse(readFileSync(file, 'utf8')) as {
    models: { id: string; neededFor: string[] }[]; licenses: { id: string }[];
  };
  const { descriptions, purposes, licenseSummaries } = zhHans.downloads;
  expect(shipped.length).toBeGreaterThan(4);
  expect(shipped.map(({ id }) => id).filter((id) => !descriptions[id])).toEqual([]);
  expect(shipped.flatMap(({ neededFor }) => neededFor).filter((purpose) => !purposes[purpose])).toEqual([]);
  expect(licenses.map(({ id }) => id).filter((id) => !licenseSummaries[id])).toEqual([]);
});
