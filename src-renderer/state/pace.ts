// What earlier runs on this machine say about the next one: time a step, size of what came out, likeness.

import type { PackId } from '../../src-main/contract/ids.ts';
import type { Look } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { Method } from '../../src-main/contract/settings.ts';

export interface Experience {
  /** Seconds a step; null where no run was timed. */
  readonly secondsPerStep: number | null;
  readonly sizeBytes: number | null;
  /** Best likeness of the last look; null where none was measured. */
  readonly likeness: number | null;
}

const lately = 5;

/**
 * What runs of this method on this model came to. `isOnlyModel`: runs whose look is not known were on it as well.
 * A job's time holds its waiting and its pauses, which only lengthen it, so the shortest of the last few counts.
 */
export function experience(
  jobs: readonly Job[], looks: readonly Look[], method: Method, packId: PackId, isOnlyModel: boolean,
): Experience {
  const own = looks.filter((look) => look.method === method && look.packId === packId);
  const done = jobs
    .filter((job) => job.kind === 'teach' && job.method === method && job.state === 'done')
    .sort((a, b) => a.createdAtMs - b.createdAtMs);
  const paces = done.flatMap((job) => {
    const look = looks.find(({ id }) => id === job.adapterId);
    if (look ? look.packId !== packId : !isOnlyModel) return [];
    const steps = look?.trainingSteps ?? job.trainingSteps ?? 0;
    return steps > 0 && job.endedAtMs !== null ? [(job.endedAtMs - job.createdAtMs) / 1000 / steps] : [];
  }).slice(-lately);
  const last = [...own].sort((a, b) => a.createdAtMs - b.createdAtMs).at(-1);
  return {
    secondsPerStep: paces.length > 0 ? Math.min(...paces) : null,
    sizeBytes: last?.sizeBytes ?? null,
    likeness: last ? bestLikeness(last) : null,
  };
}

/** Likeness of a look at the step that it was kept at; null where it was not measured. */
export function bestLikeness(look: Look): number | null {
  return look.curve.find(({ step }) => step === look.bestStep)?.likeness ?? null;
}
