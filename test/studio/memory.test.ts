// The studio asks about memory in another process for models of real size, once for the same settings, and refuses what
// does not fit before anything waits in the queue.

import { expect, test } from 'vitest';
import type { NewEngineRequest } from '../../src-main/contract/engine.ts';
import type { MemoryPlan } from '../../src-main/contract/memory-plan.ts';
import { generationDefaultsFor, trainingDefaultsFor } from '../../src-main/packs/default-settings.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { openMemoryPlanner } from '../../src-main/studio/memory.ts';

const plan: MemoryPlan = {
  provider: 'webgpu', precision: 'float16', memory: 'graphics', peakBytes: 9e9, availableBytes: 7e9, fits: false,
  parts: [], changes: [], suggestions: [{ setting: 'batch', from: '4', to: '2', savedBytes: 3e9, timeFactor: 1 }],
};
const pack = {
  checkpointPath: '/sdxl.safetensors', vaeFile: null, sizeBytes: 6.9e9,
  trainingDefaults: trainingDefaultsFor('sdxl', 1024),
  generationDefaults: generationDefaultsFor(1024),
} as unknown as ShelvedPack;

function contextAsking(asked: NewEngineRequest[]): StudioContext {
  return {
    version: '1', engine: { state: () => ({ provider: null, precision: 'float32' }) },
    library: {
      settings: { get: () => ({ provider: 'auto', precision: 'auto' }) },
      providerTrials: { get: () => ({ chosen: 'webgpu', precision: 'float16', graphicsMemoryBytes: 8e9 }) },
    },
    runApart: (request: NewEngineRequest) => {
      asked.push(request);
      return Promise.resolve({ kind: 'plan', plan });
    },
  } as unknown as StudioContext;
}

test('a large model is counted apart, once for the same settings, for what the machine was found to have', async () => {
  const asked: NewEngineRequest[] = [];
  const planner = openMemoryPlanner(contextAsking(asked));
  expect(await planner.teaching(pack, 'lora', { batchSize: 4 })).toEqual(plan);
  await planner.teaching(pack, 'lora', { batchSize: 4 });
  await planner.portraits(pack, { widthPx: 768 }, false);
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
  await expect(planner.checkPortraits(pack, sizes, false)).rejects.toMatchObject(
    { text: { todo: expect.stringContaining('a batch of 2') as string } });
  expect(asked.at(-1)).toMatchObject({ work: { settings: { widthPx: 1024, heightPx: 768 } } });
  await planner.checkTeaching({ ...pack, sizeBytes: 20e6 }, 'lora', {});
  expect(asked).toHaveLength(2);
});
