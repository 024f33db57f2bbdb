// The items of a create job by the request of the engine that draws them: one look and one size each.

import { isDeepStrictEqual } from 'node:util';
import type { AdapterId } from '../contract/ids.ts';
import type { CreateItem, CreateParameters } from '../jobs/job-parameters.ts';

export interface WantedPortrait extends CreateItem {
  readonly itemIndex: number;
  readonly seed: number;
}

/** Portraits that one request draws, and what they share. */
export interface CreateGroup {
  readonly wanted: readonly WantedPortrait[];
  /** Of those in it that use a look. */
  readonly adapterId: AdapterId | null;
  /** What is otherwise than in the job's settings. */
  readonly settings: CreateItem['settings'];
  /** The base model draws all of them by itself. */
  readonly isAlone: boolean;
}

/** Whether the base model draws it alone, for comparison: no look, no face, nobody else. */
export function isDrawnAlone({ usesAdapter, usesFace }: CreateItem): boolean {
  return !usesAdapter && !usesFace;
}

/** The look of an item; a job of before there were several has one for all. */
export function lookIdOf({ usesAdapter, adapterId }: CreateItem, job: CreateParameters): AdapterId | null {
  return usesAdapter ? adapterId ?? job.adapterId : null;
}

/**
 * Items by the request that draws them: one look, one size. Twins by the base model alone go with a look of their
 * settings, whose request leaves it out for them; but a face or a second person belongs to a whole request.
 */
export function groupsOf(job: CreateParameters, wanted: readonly WantedPortrait[]): CreateGroup[] {
  const groups = new Map<string, CreateGroup & { wanted: WantedPortrait[] }>();
  const isApart = job.instantly !== null || job.second !== null;
  const byLook = [...wanted].sort((a, b) => Number(isDrawnAlone(a)) - Number(isDrawnAlone(b)));
  for (const item of byLook) {
    const { settings } = item;
    const isAlone = isApart && isDrawnAlone(item);
    const shared = isDrawnAlone(item) && !isApart
      ? [...groups.values()].find((group) => isDeepStrictEqual(group.settings, settings)) : undefined;
    const adapterId = shared ? shared.adapterId : lookIdOf(item, job);
    const key = JSON.stringify([adapterId, isAlone, settings]);
    const group = groups.get(key) ?? { adapterId, isAlone, settings, wanted: [] };
    group.wanted.push(item);
    groups.set(key, group);
  }
  return [...groups.values()];
}
