// How the work of the engine saves memory, by the plan of what computes now: models of real size alone are planned.
// What does not fit is refused before anything is loaded.

import type { TeachRequest } from '../contract/engine.ts';
import type { CreateRequest } from '../contract/engine-create.ts';
import type { MemoryPlan } from '../contract/memory-plan.ts';
import { totalmem } from 'node:os';
import type { PipelineSaving } from '../networks/memory-plan.ts';
import { instantIdFor } from './instant-faces.ts';
import type { LoadedPack } from './loaded-pack.ts';
import { checkFits, fitted } from './memory-plan.ts';
import { likenessPart } from './memory-of-likeness.ts';
import { drawingChoices, drawingSuggestions, modelsOf } from './memory-of-portraits.ts';
import { type TeachingSaving, teachingChoices, teachingSuggestions } from './memory-of-teaching.ts';
import type { ChosenProvider } from './provider-choice.ts';
import type { RequestLooks } from './read-looks.ts';
import type { Reporter } from './reporter.ts';

/** Undefined where nothing needs to be saved. Throws memory.too-small. */
export async function drawingSaving(
  request: CreateRequest, { checkpoint, favour }: LoadedPack, looks: RequestLooks, chosen: ChosenProvider,
  reporter: Reporter,
): Promise<PipelineSaving | undefined> {
  if (favour === 'speed') return undefined;
  const instantId = await instantIdFor(request, checkpoint);
  const likeness = await likenessPart(request.likenessNetworks, chosen.provider);
  const asked = {
    ...modelsOf(checkpoint, looks), settings: request.settings, ...(instantId ? { instantId } : {}),
    isEnlarging: request.items.every(({ enlarged }) => enlarged !== null),
    ...(likeness ? { likeness } : {}),
  };
  const machine = { ...chosen, machineBytes: totalmem() };
  const { plan, saving } = fitted(chosen, drawingChoices(asked, machine), drawingSuggestions(asked, chosen));
  checkFits(plan);
  sayChanges(plan, reporter);
  return saving;
}

/** Throws memory.too-small. */
export async function teachingSaving(
  { method, settings, likenessNetworks }: TeachRequest, { checkpoint, favour }: LoadedPack, chosen: ChosenProvider,
  reporter: Reporter,
): Promise<TeachingSaving> {
  if (favour === 'speed') {
    return { recompute: settings.recompute, isSequential: false, isTiled: false, isSliced: false };
  }
  const likeness = await likenessPart(likenessNetworks, chosen.provider);
  const asked = { checkpoint, method, settings, ...(likeness ? { likeness } : {}) };
  const machine = { ...chosen, machineBytes: totalmem() };
  const { plan, saving } = fitted(chosen, teachingChoices(asked, machine), teachingSuggestions(asked, chosen));
  checkFits(plan);
  sayChanges(plan, reporter);
  // sessions on the processor share the weights of one file: nothing is won by opening them anew
  return { ...saving, isSequential: saving.isSequential && chosen.provider !== 'cpu' };
}

const sentences: Readonly<Partial<Record<MemoryPlan['changes'][number]['setting'], string>>> = {
  recompute: 'Intermediate results are computed twice, so that it fits into the memory.',
  sequential: 'Networks are loaded one after the other, so that it fits into the memory.',
  'attention-slices': 'Attention is computed in smaller slices, so that it fits into the memory.',
  'tiled-vae': 'The picture is decoded in tiles, so that it fits into the memory.',
};

function sayChanges({ changes }: MemoryPlan, { note }: Reporter): void {
  for (const { setting } of changes) if (sentences[setting]) note(sentences[setting]);
}
