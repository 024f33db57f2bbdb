// Pictures of the class are drawn before anything learns, by a request of its own that saves memory in its own ways:
// what that takes is the first stage of a plan for teaching.

import type { PlanRequest } from '../contract/engine-plan.ts';
import type { MemoryPlan } from '../contract/memory-plan.ts';
import type { AskedPortraits } from './memory-of-portraits.ts';
import type { AskedTeaching } from './memory-of-teaching.ts';

type TeachingWork = Pick<Extract<PlanRequest['work'], { kind: 'teaching' }>, 'method' | 'settings'>;

/** Whether teaching needs them: a new word changes nothing that is said of the class. */
export function isClassDrawn({ method, settings: { prior } }: TeachingWork): boolean {
  return prior === 'images' && method !== 'textual-inversion';
}

/** By the base model alone, at the size of the training images. */
export function asPictures({ checkpoint, settings: { resolutionPx }, likeness }: AskedTeaching): AskedPortraits {
  return {
    checkpoint, settings: { widthPx: resolutionPx, heightPx: resolutionPx }, ...(likeness ? { likeness } : {}),
  };
}

/** One after the other; of a change that both make, teaching's is told. */
export function afterClassPictures(teaching: MemoryPlan, drawing: MemoryPlan): MemoryPlan {
  const firstStage = 1 + Math.max(...drawing.parts.map(({ stage }) => stage));
  const known = new Set(teaching.changes.map(({ setting }) => setting));
  return {
    ...teaching,
    parts: [...drawing.parts, ...teaching.parts.map((part) => ({ ...part, stage: part.stage + firstStage }))],
    peakBytes: Math.max(drawing.peakBytes, teaching.peakBytes), fits: drawing.fits && teaching.fits,
    changes: [...drawing.changes.filter(({ setting }) => !known.has(setting)), ...teaching.changes],
    suggestions: teaching.fits ? drawing.suggestions : teaching.suggestions,
  };
}
