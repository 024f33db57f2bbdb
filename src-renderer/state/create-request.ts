// What the studio is asked for when a batch is planned or started.

import type { SubjectId } from '../../src-main/contract/ids.ts';
import type { Look, Pack } from '../../src-main/contract/nouns.ts';
import type { BatchRequest } from './batch-plan.svelte.ts';
import type { Create } from './create.svelte.ts';

/** On the look's own model, or on `pack` without a look. */
export function createRequest(create: Create, subjectId: SubjectId, look: Look | null, pack: Pack): BatchRequest {
  const { adapterIds, facePhotoIds, seed } = create;
  return {
    subjectId,
    adapterId: look?.id ?? null,
    packId: look?.packId ?? pack.id,
    prompts: create.prompts,
    styleIds: [...create.styleIds],
    negativePrompt: create.negativePrompt.trim(),
    count: create.count ?? 1,
    sizes: [...create.sizes],
    adapterIds: look && adapterIds.length > 1 ? [...adapterIds] : [],
    everyChoice: create.everyChoice,
    ...(seed === null ? {} : { seed }),
    compareWithout: create.isCompared,
    start: create.begin.request(),
    instantly: create.isInstant
      ? { pose: create.pose.pose(), ...(facePhotoIds === null ? {} : { facePhotoIds: [...facePhotoIds] }) } : null,
    addOns: create.addOns.request(),
    second: create.second.request(),
    settings: create.settings(pack),
  };
}
