// How much memory teaching and portraits will take, told before they start from the graphs alone.

import { totalmem } from 'node:os';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { planTeaching } from '../compute/teach-plan.ts';
import type { MemoryPart, MemoryPlan } from '../contract/memory-plan.ts';
import { peakOf, portraitParts } from '../networks/memory-plan.ts';
import { teachingPart } from '../training/memory-plan.ts';
import type { Handlers, StudioContext } from './context.ts';

export function memoryCommands(
  context: StudioContext,
): Handlers<'memory.planTeaching' | 'memory.planPortraits'> {
  return {
    'memory.planTeaching': async ({ packId, method, settings: own }) => {
      const pack = context.packs.usable(packId);
      const checkpoint = await openCheckpoint(pack.checkpointPath, vaeOf(pack));
      const settings = { ...pack.trainingDefaults[method], ...own };
      const { provider, precision } = computesWith(context);
      const { trainables, optimizer } = planTeaching({ method, settings }, { checkpoint });
      const { recompute, resolutionPx, batchSize, clipSkip: skipLayers } = settings;
      const step = { checkpoint, trainables, optimizer, provider, precision, recompute, skipLayers };
      return planOf(context, [teachingPart(step, { resolutionPx, batchSize })]);
    },
    'memory.planPortraits': async ({ packId, settings: own }) => {
      const pack = context.packs.usable(packId);
      const checkpoint = await openCheckpoint(pack.checkpointPath, vaeOf(pack));
      const { widthPx, heightPx, guidanceScale } = { ...pack.generationDefaults, ...own };
      const { precision } = computesWith(context);
      const rows = guidanceScale > 1 ? 2 : 1;
      return planOf(context, portraitParts(checkpoint, { widthPx, heightPx, rows, precision }));
    },
  };
}

/** A VAE in a file of its own takes the place of the checkpoint's. */
function vaeOf({ vaeFile }: { readonly vaeFile: string | null }): { vaeFile?: string } {
  return vaeFile === null ? {} : { vaeFile };
}

/** As the engine said last; the processor until it has. */
function computesWith({ engine }: StudioContext): Pick<MemoryPlan, 'provider' | 'precision'> {
  const { provider, precision } = engine.state();
  return { provider: provider ?? 'cpu', precision };
}

/** A graphics card's memory is not known here, so that nothing is refused there. */
function planOf(context: StudioContext, parts: MemoryPart[]): MemoryPlan {
  const { provider, precision } = computesWith(context);
  const availableBytes = provider === 'cpu' ? totalmem() : null;
  const peakBytes = peakOf(parts);
  return {
    provider, precision, memory: provider === 'cpu' ? 'machine' : 'graphics', peakBytes, availableBytes,
    fits: availableBytes === null || peakBytes <= availableBytes, parts, changes: [], suggestions: [],
  };
}
