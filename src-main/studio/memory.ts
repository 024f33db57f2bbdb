// How much memory teaching and portraits will take, told before they start from the graphs alone, and the refusal of
// what cannot fit.

import { checkFits, planMemory } from '../compute/memory-plan.ts';
import type { AddOn } from '../contract/add-ons.ts';
import type { PlanRequest } from '../contract/engine-plan.ts';
import type { AdapterId } from '../contract/ids.ts';
import type { MemoryPlan } from '../contract/memory-plan.ts';
import type { GenerationSettings, Method, TrainingSettings } from '../contract/settings.ts';
import { drawingSettings } from '../packs/default-settings.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import type { Handlers, StudioContext } from './context.ts';
import { likenessNetworks, lookFile, lookOf } from './create-request.ts';
import { readyAddOns } from './found-models.ts';
import { readyFastAdapter, readyInstantId } from './instant-parts.ts';
import { lastReport } from './machine.ts';
import { faceNetworks } from './photo-set.ts';

/** Smaller models fit everywhere, and their graphs are looked at in no time. */
const smallPackBytes = 400e6;
const mostKeptPlans = 64;

export interface MemoryPlanner {
  teaching(pack: ShelvedPack, method: Method, settings: TrainingSettings): Promise<MemoryPlan>;
  portraits(pack: ShelvedPack, portraits: PlannedPortraits): Promise<MemoryPlan>;
  /** Refuses with memory.too-small; a small model is not even looked at. */
  checkTeaching(pack: ShelvedPack, method: Method, settings: TrainingSettings): Promise<void>;
  checkPortraits(pack: ShelvedPack, portraits: readonly PlannedPortraits[]): Promise<void>;
}

/** Portraits that are drawn alike. */
export interface PlannedPortraits {
  readonly settings: GenerationSettings;
  readonly isInstant: boolean;
  readonly adapterId: AdapterId | null;
  readonly secondAdapterId: AdapterId | null;
  readonly addOns: readonly AddOn[];
  /** They are there, and are enlarged. */
  readonly isEnlarging?: boolean;
}

export function memoryCommands(
  { packs }: StudioContext, planner: MemoryPlanner,
): Handlers<'memory.planTeaching' | 'memory.planPortraits'> {
  return {
    'memory.planTeaching': ({ packId, method, settings }) => planner.teaching(packs.usable(packId), method, settings),
    'memory.planPortraits': ({ packId, ...portraits }) => planner.portraits(packs.usable(packId), portraits),
  };
}

/** Keeps what it said last: a page asks at each change of a form. */
export function openMemoryPlanner(context: StudioContext): MemoryPlanner {
  const kept = new Map<string, Promise<MemoryPlan>>();
  const plan = async (pack: ShelvedPack, work: PlanRequest['work']): Promise<MemoryPlan> => {
    const { checkpointPath, vaeFile } = pack;
    const request: PlanRequest = {
      kind: 'plan', checkpointPath, vaeFile, work, computes: await computesWith(context),
    };
    const key = JSON.stringify(request);
    const known = kept.get(key) ?? ask(context, pack, request);
    kept.set(key, known);
    known.catch(() => kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > mostKeptPlans) kept.delete(oldest!);
    return await known;
  };
  const teaching: MemoryPlanner['teaching'] = (pack, method, own) => (
    plan(pack, {
      kind: 'teaching', method, settings: { ...pack.trainingDefaults[method], ...own },
      likenessNetworks: faceNetworks(context),
    }));
  const portraits: MemoryPlanner['portraits'] = async (pack, asked) => await plan(pack, workOf(context, pack, asked));
  return {
    teaching, portraits,
    checkTeaching: async (pack, method, settings) => {
      if (!isSmall(pack)) checkFits(await teaching(pack, method, settings));
    },
    checkPortraits: async (pack, asked) => {
      if (isSmall(pack)) return;
      for (const each of largestOf(asked)) checkFits(await portraits(pack, each));
    },
  };
}

/** What a request for them would name. Throws a UserError where something of it is not there any more. */
function workOf(context: StudioContext, pack: ShelvedPack, asked: PlannedPortraits): PlanRequest['work'] {
  const { library } = context;
  const { isInstant, adapterId, secondAdapterId, addOns, isEnlarging = false } = asked;
  const look = lookOf(library, adapterId);
  const settings = drawingSettings(pack, asked.settings, { isInstant, method: look?.method });
  const instantId = isInstant ? readyInstantId(context, pack) : null;
  return {
    kind: 'portraits', settings, instantId, isEnlarging,
    adapter: lookFile(library, look),
    secondAdapter: lookFile(library, lookOf(library, secondAdapterId)),
    addOns: readyAddOns(context, pack, addOns),
    fastAdapterFile: settings.fast ? readyFastAdapter(context, pack) : null,
    likenessNetworks: likenessNetworks(instantId, faceNetworks(context)),
  };
}

/** Of those that differ in their size alone, the largest. */
function largestOf(asked: readonly PlannedPortraits[]): PlannedPortraits[] {
  const area = ({ settings: { widthPx = 0, heightPx = 0 } }: PlannedPortraits): number => widthPx * heightPx;
  const kinds = new Map<string, PlannedPortraits>();
  for (const each of [...asked].sort((a, b) => area(b) - area(a))) {
    const { upscale, facePass, fast } = each.settings;
    const key = JSON.stringify({ ...each, settings: { upscale, facePass, fast } });
    if (!kinds.has(key)) kinds.set(key, each);
  }
  return [...kinds.values()];
}

function isSmall({ sizeBytes }: ShelvedPack): boolean {
  return sizeBytes < smallPackBytes;
}

/** Graphs of real size take seconds: another process looks at them. */
async function ask(context: StudioContext, pack: ShelvedPack, request: PlanRequest): Promise<MemoryPlan> {
  if (isSmall(pack)) return await planMemory(request);
  const result = await context.runApart(request);
  if (result.kind !== 'plan') throw new Error('The engine answered a plan request with something else.');
  return result.plan;
}

/** As the engine said last; before it has, as this machine was last examined; else the processor. */
async function computesWith(context: StudioContext): Promise<PlanRequest['computes']> {
  const { provider, precision } = context.engine.state();
  const report = await lastReport(context);
  const name = provider ?? report?.chosen ?? 'cpu';
  return {
    provider: name, precision: provider ? precision : report?.precision ?? 'float32',
    memoryBytes: name === 'cpu' ? null : report?.graphicsMemoryBytes ?? null,
  };
}
