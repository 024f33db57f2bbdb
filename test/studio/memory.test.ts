// The studio asks about memory in another process for models of real size, once for the same settings, and refuses what
// does not fit before anything waits in the queue.

import { expect, test } from 'vitest';
import type { AdapterId, PortraitId } from '../../src-main/contract/ids.ts';
import type { NewEngineRequest } from '../../src-main/contract/engine.ts';
import type { MemoryPlan } from '../../src-main/contract/memory-plan.ts';
import { generationDefaultsFor, trainingDefaultsFor } from '../../src-main/packs/default-settings.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import { againCommands } from '../../src-main/studio/again.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import type { ProgressBoard } from '../../src-main/studio/jobs.ts';
import { type MemoryPlanner, openMemoryPlanner, type PlannedPortraits } from '../../src-main/studio/memory.ts';

const plan: MemoryPlan = {
  provider: 'webgpu', precision: 'float16', memory: 'graphics', peakBytes: 9e9, availableBytes: 7e9, fits: false,
  parts: [], changes: [], suggestions: [{ setting: 'batch', from: '4', to: '2', savedBytes: 3e9, timeFactor: 1 }],
};
const pack = {
  checkpointPath: '/sdxl.safetensors', vaeFile: null, sizeBytes: 6.9e9,
  trainingDefaults: trainingDefaultsFor('sdxl', 1024),
  generationDefaults: generationDefaultsFor(1024), lookDefaults: {}, describingPhrases: [],
} as unknown as ShelvedPack;

function contextAsking(asked: NewEngineRequest[]): StudioContext {
  return {
    version: '1', companions: { faceNetworks: () => ({ kind: 'built-in' }) },
    engine: { state: () => ({ provider: null, precision: 'float32' }) }, cuda: { environment: () => undefined },
    library: {
      settings: { get: () => ({ provider: 'auto', precision: 'auto', faceEngine: 'built-in' }) },
      adapters: { get: (id: string) => ({ method: 'lora', fileSha256: id, triggerWord: 'sks' }) },
      pathOf: (sha256: string) => `/library/${sha256}`,
      providerTrials: { get: () => ({ chosen: 'webgpu', precision: 'float16', graphicsMemoryBytes: 8e9 }) },
    },
    runApart: (request: NewEngineRequest) => {
      asked.push(request);
      return Promise.resolve({ kind: 'plan', plan });
    },
  } as unknown as StudioContext;
}

const plain: PlannedPortraits = { settings: {}, isInstant: false, adapterId: null, secondAdapterId: null, addOns: [] };

test('a large model is counted apart, once for the same settings, for what the machine was found to have', async () => {
  const asked: NewEngineRequest[] = [];
  const planner = openMemoryPlanner(contextAsking(asked));
  expect(await planner.teaching(pack, 'lora', { batchSize: 4 })).toEqual(plan);
  await planner.teaching(pack, 'lora', { batchSize: 4 });
  await planner.portraits(pack, { ...plain, settings: { widthPx: 768 } });
  expect(asked).toHaveLength(2);
  const computes = { provider: 'webgpu', precision: 'float16', memoryBytes: 8e9 };
  expect(asked[0]).toMatchObject({ kind: 'plan', computes, work: { kind: 'teaching', settings: { batchSize: 4 } } });
  expect(asked[1]).toMatchObject({ work: { kind: 'portraits', settings: { widthPx: 768, heightPx: 1024 } } });
});

test('what does not fit is refused with what would help; a small model is not even looked at', async () => {
  const asked: NewEngineRequest[] = [];
  const planner = openMemoryPlanner(contextAsking(asked));
  const refusal = { code: 'memory.too-small', text: { what: expect.stringContaining('9.0 GB') as string } };
  await expect(planner.checkTeaching(pack, 'lora', {})).rejects.toMatchObject(refusal);
  const sizes = [{ widthPx: 512, heightPx: 512 }, { widthPx: 1024, heightPx: 768 }];
  await expect(planner.checkPortraits(pack, sizes.map((settings) => ({ ...plain, settings })))).rejects.toMatchObject(
    { text: { todo: expect.stringContaining('a batch of 2') as string } });
  expect(asked.at(-1)).toMatchObject({ work: { settings: { widthPx: 1024, heightPx: 768 } } });
  await planner.checkTeaching({ ...pack, sizeBytes: 20e6 }, 'lora', {});
  expect(asked).toHaveLength(2);
});

test('looks are named with their files; of portraits that differ in size alone the largest is counted', async () => {
  const asked: NewEngineRequest[] = [];
  const context = contextAsking(asked);
  const planner = openMemoryPlanner({
    ...context,
    runApart: async (request: NewEngineRequest) => {
      await context.runApart(request);
      return { kind: 'plan', plan: { ...plan, fits: true } };
    },
  } as StudioContext);
  const withLook = { ...plain, adapterId: 'a' as AdapterId, secondAdapterId: 'b' as AdapterId };
  const sized = (edge: number): PlannedPortraits => ({ ...withLook, settings: { widthPx: edge, heightPx: edge } });
  await planner.checkPortraits(pack, [sized(512), plain, sized(768), sized(640)]);
  expect(asked).toHaveLength(2);
  const looks = { adapter: { file: '/library/a', word: 'sks' }, secondAdapter: { file: '/library/b' } };
  expect(asked[0]).toMatchObject({ work: { ...looks, settings: { widthPx: 768 } } });
  expect(asked[1]).toMatchObject({ work: { adapter: null, secondAdapter: null, addOns: [], fastAdapterFile: null } });
});

test('portraits asked for again are planned as they were drawn, before anything is queued', async () => {
  const lookId = 'a'.repeat(32) as AdapterId;
  const parameters = {
    packId: 'sdxl', adapterId: lookId, settings: { widthPx: 1024, heightPx: 1024 }, referencePhotoIds: null,
  };
  const portrait = {
    id: 'p', jobId: 'j', subjectId: 's', widthPx: 832, heightPx: 1216, adapterId: lookId, adapterStrength: 1,
    instantly: null, prompt: 'portrait', negativePrompt: '', styleId: null, seed: 7, variation: null,
    settings: { widthPx: 832, heightPx: 1216 },
  };
  const context = {
    library: {
      portraits: { get: () => portrait }, jobs: { get: () => ({ parameters: JSON.stringify(parameters) }) },
      subjects: { get: () => ({ id: 's', name: 'Ada', hasConsent: true }) },
    },
    packs: { usable: () => pack }, queue: { add: () => { throw new Error('It was queued.'); } },
  } as unknown as StudioContext;
  const asked: PlannedPortraits[] = [];
  const checkPortraits = (_pack: unknown, portraits: readonly PlannedPortraits[]): Promise<void> => {
    asked.push(...portraits);
    return Promise.reject(new Error('It is too large.'));
  };
  const commands = againCommands(context, {} as ProgressBoard, { checkPortraits } as unknown as MemoryPlanner);
  const request = {
    portraitIds: ['p' as PortraitId], how: 'upscale' as const, count: 1, strength: 0.3, upscale: 2,
  };
  await expect(commands['portraits.again'](request)).rejects.toThrow('It is too large.');
  expect(asked).toEqual([{
    ...plain, adapterId: lookId, settings: { widthPx: 832, heightPx: 1216, upscale: 2, facePass: 'off' },
    isEnlarging: true,
  }]);
});
