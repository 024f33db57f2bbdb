// A library with somebody and two looks of theirs: LoRA files of random numbers for a tiny model, which draw at once
// and differently.

import { join } from 'node:path';
import { layersFromFlat } from '../../src-main/adapter/lora-layers.ts';
import { exportKohyaLora } from '../../src-main/adapter/write-lora.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { AdapterId, JobId, SubjectId } from '../../src-main/contract/ids.ts';
import { type Library, newId } from '../../src-main/library/library.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import { randomLora } from '../networks/tiny-checkpoint.ts';

/** Adds a look to the library as if it had been taught on this pack; its files go by way of `folder`. */
export async function addLook(
  library: Library, folder: string, pack: ShelvedPack,
  look: { readonly subjectId: SubjectId; readonly name: string; readonly seed: number; readonly triggerWord?: string },
): Promise<AdapterId> {
  const { unetConfig, schedulerConfig } = await openCheckpoint(pack.checkpointPath);
  const modules = unetLoraModules(unetConfig, 'attention', { rank: 2, loraAlpha: 2 });
  const file = join(folder, `${look.seed}.safetensors`);
  await exportKohyaLora(file, layersFromFlat('unet', modules, randomLora(modules, look.seed, 0.5)), 'float32', {
    unetConfig, schedulerConfig, resolutionPx: 64, trainingSteps: 1, trainingImageCount: 1,
  });
  const { subjectId, name, triggerWord = 'ohwx' } = look;
  const [id, jobId] = [newId<AdapterId>(), newId<JobId>()];
  library.jobs.insert({ id: jobId, kind: 'teach', subjectId, title: name, createdAtMs: look.seed, parameters: '{}' });
  library.jobs.setState(jobId, 'done', { endedAtMs: look.seed });
  await library.exclusively(async () => {
    library.adapters.insert({
      id, subjectId, jobId, name, method: 'lora', packId: pack.id, packName: pack.name, triggerWord, rank: 2,
      vectorCount: 0, trainingSteps: 1, bestStep: 1, settings: {}, photoCount: 1, finalLoss: 1, metadata: {},
      createdAtMs: look.seed, fileSha256: await library.keepFileFrom(file, 'application/octet-stream'),
    });
  });
  return id;
}
