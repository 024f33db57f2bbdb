// What models of one's own and memory do to the work: LoRAs and embeddings beside a look, what teaching and portraits
// take, and what the machine computes with.

import { describe, expect, test } from 'vitest';
import type { PackId } from '../../src-main/contract/ids.ts';
import type { Pack } from '../../src-main/contract/nouns.ts';
import { defaultStudioSettings } from '../../src-main/contract/settings.ts';
import { AddOnPlan, mostAddOns } from '../../src-renderer/state/add-on-plan.svelte.ts';
import { planCreating, useSettings } from '../../src-renderer/state/create-acts.ts';
import { Create } from '../../src-renderer/state/create.svelte.ts';
import { countRight, operatorRows } from '../../src-renderer/state/machine.svelte.ts';
import {
  planPortraitMemory, planTeachingMemory, portraitChange, teachingChange,
} from '../../src-renderer/state/memory-acts.ts';
import { stagesOf } from '../../src-renderer/state/memory-plans.svelte.ts';
import { portraitRows } from '../../src-renderer/state/portrait-rows.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { memoryLine } from '../../src-renderer/strings/catalogue-words.ts';
import { en } from '../../src-renderer/strings/en.ts';
import { cuda, found, foundId, machineReport, memoryPlan, provider, tooLargePlan } from './model-nouns.ts';
import { look, pack, portrait } from './nouns.ts';
import { asked, started } from './started.ts';
import { handClock, settle, testStudio } from './test-client.ts';

const sdxl: Pack = { ...pack(), id: 'own-sdxl' as PackId, isBuiltIn: false, architecture: 'sdxl', origin: 'own' };

describe('LoRAs and embeddings beside a look', () => {
  test('they go with the request, within what is allowed, and come back with a portrait’s settings', async () => {
    const { workspace, studio } = await started({ 'models.found': () => [found(1), found(2, { words: ['grainy'] })] });
    const { create } = workspace;
    create.addOns.toggle(found(1));
    create.addOns.setStrength(foundId(1), 0.65);
    create.prompt = 'ohwx person';
    await workspace.startCreating();
    expect(asked(studio, 'portraits.create')[0]).toMatchObject({ addOns: [{ foundId: foundId(1), strength: 0.65 }] });

    const made = portrait(5, { addOns: [{ foundId: foundId(2), strength: 0.4, name: 'film-grain-2' }] });
    useSettings(workspace, made);
    await workspace.found.load();
    create.addOns.recognize((id) => workspace.found.find(id));
    expect(create.addOns.list).toMatchObject([{ strength: 0.4, words: ['grainy'], kind: 'lora' }]);
    expect(portraitRows(workspace, made)).toContainEqual(['With', 'film-grain-2 0.40']);
    create.addOns.toggle(found(2));
    expect(create.addOns.request()).toEqual([]);
  });

  test('one of another family of models stands in the way, and there is room for eight', () => {
    const create = new Create(testStudio().client);
    create.prompt = 'x';
    create.addOns.toggle(found(1, { architecture: 'sdxl' }));
    expect([create.obstacle(null, pack(), true), create.obstacle(null, sdxl, true)]).toEqual(['add-on-misfit', null]);
    const plan = new AddOnPlan();
    for (let number = 1; number <= 10; number++) plan.toggle(found(number));
    expect([plan.list.length, plan.isFull]).toEqual([mostAddOns, true]);
  });

  test('a model whose file is not there draws and teaches nothing', async () => {
    const { workspace } = await started();
    const gone = { ...pack(), state: 'gone' as const };
    workspace.create.prompt = 'x';
    workspace.teach.setPacks([gone]);
    expect(workspace.create.obstacle(null, gone, true)).toBe('model-gone');
    expect(workspace.teach.obstacle(workspace.photos.list, true)).toBe('model-gone');
  });
});

describe('memory', () => {
  async function planning(changes: Parameters<typeof testStudio>[0] = {}) {
    const studio = testStudio({
      'studio.state': () => ({
        version: '1', engine: workspaceEngine, settings: defaultStudioSettings, packs: [sdxl], styles: [],
      }),
      'looks.list': () => [look(1, { packId: sdxl.id })],
      ...changes,
    });
    const clock = handClock();
    const workspace = new Workspace(studio.client, { schedule: clock.schedule });
    workspace.start();
    await settle();
    return { studio, workspace, wait: async () => (clock.wind(300), settle()) };
  }
  const workspaceEngine = {
    state: 'ready', provider: 'cpu', precision: 'float32', fallbackReason: null, deviceName: null,
  };

  test('it is asked for a moment after the last change, for the largest size; nothing too large starts', async () => {
    const { studio, workspace, wait } = await planning({ 'memory.planPortraits': tooLargePlan });
    const { create } = workspace;
    create.prompt = 'ohwx person';
    create.sizes = [{ widthPx: 512, heightPx: 512 }, { widthPx: 768, heightPx: 1024 }];
    planPortraitMemory(workspace);
    planCreating(workspace);
    await workspace.startCreating();
    expect(asked(studio, 'portraits.create')).toHaveLength(1);
    await wait();
    expect(asked(studio, 'memory.planPortraits')).toMatchObject([
      { packId: sdxl.id, isInstant: false, settings: { widthPx: 768, heightPx: 1024 } },
    ]);
    await workspace.startCreating();
    expect(asked(studio, 'portraits.create')).toHaveLength(1);
    portraitChange(workspace, tooLargePlan().suggestions[0]!)!();
    expect(create.sizes).toEqual([{ widthPx: 512, heightPx: 512 }, { widthPx: 640, heightPx: 832 }]);
    expect(portraitChange(workspace, tooLargePlan().suggestions[2]!)).toBeNull();
  });

  test('teaching is planned with its method, told on its card, and what helps is done by a button', async () => {
    const { studio, workspace, wait } = await planning({ 'memory.planTeaching': tooLargePlan });
    const { memory, teach } = workspace;
    planTeachingMemory(workspace);
    await wait();
    expect(asked(studio, 'memory.planTeaching')).toMatchObject([{ packId: sdxl.id, method: 'lora' }]);
    expect([memory.known(sdxl.id, 'lora')?.fits, memory.known(sdxl.id, 'dreambooth')]).toEqual([false, null]);
    await workspace.startTeaching();
    expect(asked(studio, 'looks.teach')).toEqual([]);
    const [resolution, batch] = tooLargePlan().suggestions;
    teachingChange(workspace, resolution!)!();
    teach.set('batchSize', 4);
    teachingChange(workspace, { ...batch!, to: '1' })!();
    const names = ['resolutionPx', 'batchSize', 'gradientAccumulationSteps'] as const;
    expect(names.map((name) => teach.chosen(name))).toEqual([768, 1, 4]);
    planTeachingMemory(workspace);
    await workspace.startTeaching();
    expect(asked(studio, 'looks.teach')).toHaveLength(1);
  });

  test('the built-in model runs on anything, so nothing is asked', async () => {
    const { workspace, studio } = await started();
    planTeachingMemory(workspace);
    planPortraitMemory(workspace);
    await settle();
    expect(asked(studio, 'memory.planTeaching')).toEqual([]);
  });

  test('parts that are loaded together are one line; memory that is not known is not promised', () => {
    const parts = memoryPlan().parts.map((part) => ({ ...part, stage: part.name === 'vae' ? 1 : part.stage }));
    const stages = stagesOf(memoryPlan({ parts }));
    expect(stages.map(({ names, bytes }) => [names.join(), bytes / 1e9])).toEqual([
      ['text-encoder', 1.8], ['unet,vae', expect.closeTo(7.6, 6)],
    ]);
    expect(memoryLine(memoryPlan(), en)).toBe('Needs 7.4 GB of your 12.0 GB of graphics memory');
    expect(memoryLine(memoryPlan({ availableBytes: null, memory: 'machine' }), en)).toBe('Needs 7.4 GB of memory');
  });
});

test('an event of a download overtakes the answer that started it', async () => {
  let answer = (): void => undefined;
  const asks = (): Promise<unknown> => new Promise((resolve) => (answer = () => resolve(cuda({ state: 'fetching' }))));
  const { workspace, studio } = await started({ 'machine.getCudaLibraries': asks });
  const asking = workspace.machine.actOnCuda('get');
  await settle();
  studio.emit({ type: 'cuda-libraries', libraries: cuda({ state: 'fetching', bytesDone: 7 }) });
  answer();
  await asking;
  expect(workspace.machine.cuda?.bytesDone).toBe(7);
});

test('the machine: trials are counted, those not right come first, and two looks at once are one', async () => {
  const { workspace, studio } = await started();
  await Promise.all([workspace.machine.load(), workspace.machine.examine(true)]);
  expect(asked(studio, 'machine.examine')).toEqual([{ isAnew: false }]);
  const webgpu = machineReport().providers.find(({ name }) => name === 'webgpu')!;
  expect(countRight(webgpu)).toEqual({ right: 10, refused: 1, bad: 0 });
  expect(operatorRows(webgpu)[0]).toMatchObject({ operator: 'Gelu', float32: null });
  expect(operatorRows(provider('cpu'))).toEqual([]);
});
