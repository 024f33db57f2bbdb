// Asks for the memory of what is being set up on the page, and does what a plan suggests.

import type { MemoryChange } from '../../src-main/contract/memory-plan.ts';
import type { GenerationSettings } from '../../src-main/contract/settings.ts';
import { isTooLarge } from './memory-plans.svelte.ts';
import { type Size, usualSize } from './sizes.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Has the studio say what teaching would take, as the form stands. The built-in model runs on anything. */
export function planTeachingMemory({ memory, teach }: Workspace): void {
  const { pack, method } = teach;
  const canPlan = pack !== null && !pack.isBuiltIn && teach.wrongFields.length === 0;
  memory.teaching.ask(canPlan ? { packId: pack.id, method, settings: teach.settings() } : null);
}

/** Has the studio say what the portraits would take: the largest of the sizes that are asked for. */
export function planPortraitMemory({ memory, create, looks, studio }: Workspace): void {
  const look = looks.find(create.adapterId);
  const pack = create.packFor(look, studio.packs);
  const canPlan = pack !== undefined && !pack.isBuiltIn && create.areFieldsRight();
  const settings: GenerationSettings = { ...(canPlan ? create.settings(pack) : {}), ...largest(create.sizes) };
  memory.portraits.ask(canPlan ? {
    packId: pack.id, settings, isInstant: create.isInstant, adapterId: look?.id ?? null,
    secondAdapterId: create.second.request()?.adapterId ?? null, addOns: create.addOns.request(),
  } : null);
}

export function isTeachingTooLarge({ memory }: Workspace): boolean {
  return isTooLarge(memory.teaching);
}

export function arePortraitsTooLarge({ memory }: Workspace): boolean {
  return isTooLarge(memory.portraits);
}

/** Does what a plan for teaching suggests; null where it is nothing that the form has. */
export function teachingChange({ teach }: Workspace, { setting, to }: MemoryChange): (() => void) | null {
  const number = firstNumber(to);
  if (setting === 'recompute' && (to === 'blocks' || to === 'none')) return () => teach.set('recompute', to);
  if (setting === 'resolution' && number !== null) return () => teach.set('resolutionPx', number);
  if (setting === 'batch' && number !== null) {
    return () => {
      // as many pictures an update as before, fewer at a time
      const { batchSize = 1, gradientAccumulationSteps = 1 } = teach.inForce;
      teach.set('gradientAccumulationSteps', Math.max(1, Math.round((batchSize * gradientAccumulationSteps) / number)));
      teach.set('batchSize', number);
    };
  }
  return null;
}

/** Does what a plan for portraits suggests; null where it is nothing that the form has. */
export function portraitChange(workspace: Workspace, { setting, to }: MemoryChange): (() => void) | null {
  const edge = firstNumber(to);
  if (setting !== 'resolution' || edge === null) return null;
  const { create, looks, studio } = workspace;
  return () => {
    const pack = create.packFor(looks.find(create.adapterId), studio.packs);
    const sizes = create.sizes.length > 0 ? create.sizes : [usualSize(pack, create.isInstant)];
    create.sizes = sizes.map((size) => shrunk(size, edge));
  };
}

function largest(sizes: readonly Size[]): Partial<Size> {
  return [...sizes].sort((a, b) => b.widthPx * b.heightPx - a.widthPx * a.heightPx)[0] ?? {};
}

/** A size of the same shape whose area is that of a square of this edge; unchanged where it is smaller. */
function shrunk({ widthPx, heightPx }: Size, edge: number): Size {
  const scale = Math.min(1, edge / Math.sqrt(widthPx * heightPx));
  const part = (px: number): number => Math.max(64, Math.floor((px * scale) / 64) * 64);
  return scale === 1 ? { widthPx, heightPx } : { widthPx: part(widthPx), heightPx: part(heightPx) };
}

/** '768', '768 × 768', '768x768': 768. */
function firstNumber(text: string): number | null {
  const found = /\d+/.exec(text);
  return found ? Number(found[0]) : null;
}
