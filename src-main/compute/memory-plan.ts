// Whether work fits into the memory, told before it starts: as the settings say where that fits, else with what saves
// memory and changes no number, or next to none. What still does not fit is refused, with what would help.

import { totalmem } from 'node:os';
import type { PlanRequest } from '../contract/engine-plan.ts';
import type { Precision, ProviderName } from '../contract/machine.ts';
import type { MemoryChange, MemoryPart, MemoryPlan } from '../contract/memory-plan.ts';
import { UserError } from '../contract/errors.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { peakOf } from '../networks/memory-plan.ts';
import { openInstantIdAt } from '../networks/instant-id.ts';
import { afterClassPictures, asPictures, isClassDrawn } from './memory-of-class-pictures.ts';
import { likenessPart } from './memory-of-likeness.ts';
import { type AskedPortraits, drawingChoices, drawingSuggestions, modelsOf } from './memory-of-portraits.ts';
import { teachingChoices, teachingSuggestions } from './memory-of-teaching.ts';
import { readLooks } from './read-looks.ts';

/** What computes; `memoryBytes` of a graphics card, null where it is not told. */
export interface Computes {
  readonly provider: ProviderName;
  readonly precision: Precision;
  readonly memoryBytes: number | null;
}

/** One thing to do otherwise, on top of what is done otherwise already. */
export interface Choice<Saving> {
  readonly saving: Partial<Saving>;
  readonly change: Omit<MemoryChange, 'savedBytes'>;
}

/** The ways to do a piece of work. */
export interface Choices<Saving> {
  /** As the settings say. */
  readonly usual: Saving;
  /** From the one that costs least to the one that costs most. */
  readonly choices: readonly Choice<Saving>[];
  partsOf(saving: Saving): MemoryPart[];
}

export interface PlannedMemory<Saving> {
  readonly plan: MemoryPlan;
  readonly saving: Saving;
}

/** What the system and its windows keep for themselves. */
const usableShare = 0.9;

export function availableBytes({ provider, memoryBytes }: Computes): number | null {
  if (provider === 'cpu') return totalmem() * usableShare;
  return memoryBytes === null ? null : memoryBytes * usableShare;
}

/** What saves less than this is not worth its time. */
const leastSaving = 0.005;

/**
 * As the settings say where that fits, else with one choice after the other until it does, of those that save anything.
 * Suggestions are made where it does not.
 */
export function fitted<Saving>(
  computes: Computes, { usual, choices, partsOf }: Choices<Saving>,
  suggest: (parts: readonly MemoryPart[], available: number) => MemoryChange[],
): PlannedMemory<Saving> {
  const available = availableBytes(computes);
  const changes: MemoryChange[] = [];
  let [saving, parts] = [usual, partsOf(usual)];
  for (const choice of choices) {
    const peak = peakOf(parts);
    if (available === null || peak <= available) break;
    const tried = { ...saving, ...choice.saving };
    const less = partsOf(tried);
    const savedBytes = peak - peakOf(less);
    if (savedBytes < leastSaving * peak) continue;
    changes.push({ ...choice.change, savedBytes });
    [saving, parts] = [tried, less];
  }
  const peakBytes = peakOf(parts);
  const fits = available === null || peakBytes <= available;
  return {
    saving,
    plan: {
      provider: computes.provider, precision: computes.precision, peakBytes, availableBytes: available, fits, parts,
      memory: computes.provider === 'cpu' ? 'machine' : 'graphics', changes,
      suggestions: fits ? [] : suggest(parts, available).sort((a, b) => b.savedBytes - a.savedBytes),
    },
  };
}

/** Answers a request of the studio. */
export async function planMemory(request: PlanRequest): Promise<MemoryPlan> {
  const { checkpointPath, vaeFile, work, computes } = request;
  const checkpoint = await openCheckpoint(checkpointPath, vaeFile === null ? {} : { vaeFile });
  const machine = { ...computes, machineBytes: totalmem() };
  const measured = await likenessPart(work.likenessNetworks, computes.provider);
  const likeness = measured ? { likeness: measured } : {};
  if (work.kind === 'teaching') {
    const asked = { checkpoint, method: work.method, settings: work.settings, ...likeness };
    const { plan } = fitted(computes, teachingChoices(asked, machine), teachingSuggestions(asked, computes));
    return isClassDrawn(work) ? afterClassPictures(plan, drawingPlan(asPictures(asked), machine)) : plan;
  }
  const instantId = work.instantId ? await openInstantIdAt(work.instantId, checkpoint) : undefined;
  const looks = await readLooks({ ...work, second: { adapter: work.secondAdapter } }, checkpoint);
  const asked = {
    ...modelsOf(checkpoint, looks), settings: work.settings, isEnlarging: work.isEnlarging, ...likeness,
    ...(instantId ? { instantId } : {}),
  };
  return drawingPlan(asked, machine);
}

function drawingPlan(asked: AskedPortraits, machine: Computes & { readonly machineBytes: number }): MemoryPlan {
  return fitted(machine, drawingChoices(asked, machine), drawingSuggestions(asked, machine)).plan;
}

const inGigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Refuses with memory.too-small what does not fit. */
export function checkFits({ fits, peakBytes, availableBytes: available, suggestions, memory }: MemoryPlan): void {
  if (fits || available === null) return;
  const kind = memory === 'graphics' ? 'graphics memory' : 'memory';
  const ways = suggestions.map(({ setting, to }) => ({
    batch: `a batch of ${to}`, resolution: `${to} pixels`, precision: '16-bit numbers (float16) in the settings',
  } as Readonly<Record<string, string>>)[setting]).filter((way) => way !== undefined);
  throw new UserError('memory.too-small', {
    what: `This needs ${inGigabytes(peakBytes)} of ${kind}, and ${inGigabytes(available)} can be used here.`,
    safe: 'Nothing was started, and your photos and looks are untouched.',
    todo: ways.length > 0
      ? `Choose ${ways.join(', or ')}, or a smaller model.` : 'Choose a smaller model, or a machine with more memory.',
  }, { needed: inGigabytes(peakBytes), available: inGigabytes(available) });
}
