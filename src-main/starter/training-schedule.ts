// How long a stage of the starter pack trains and how fast it learns: in steps, or in minutes of the clock where a
// machine is rented for a while. Either way the rate warms up, stays, and falls along a cosine to the end.

import * as z from 'zod';

/** What every training stage of a recipe says. */
export const scheduleSchema = z.object({
  /** The last step; with a limit of minutes, a bound that it need not reach. */
  steps: z.int().min(1), batchSize: z.int().min(1),
  learningRate: z.number().positive(), warmUpSteps: z.int().min(0),
  /** Share of the way at the full rate before the cosine begins. */
  constantShare: z.number().min(0).max(1),
  /** The rate at the end, as a share of the full rate. */
  finalShare: z.number().min(0).max(1),
  /** AdamW unless told; Muon updates the matrices between first and last layer, AdamW the rest with the same rate. */
  optimizer: z.enum(['adamw', 'muon']).optional(),
  beta1: z.number().min(0).lt(1), beta2: z.number().min(0).lt(1), weightDecay: z.number().min(0),
  clipNorm: z.number().positive(),
});

export type TrainingSchedule = z.infer<typeof scheduleSchema>;

/**
 * Warm-up, constant, then cosine down to finalShare; `step` counts from 0. `share` of the way is done: that of the
 * steps unless told.
 */
export function learningRateAt(plan: TrainingSchedule, step: number, share = step / plan.steps): number {
  if (step < plan.warmUpSteps) return (plan.learningRate * (step + 1)) / plan.warmUpSteps;
  if (share <= plan.constantShare) return plan.learningRate;
  const left = Math.max(1 / plan.steps, 1 - plan.constantShare);
  const through = Math.min(1, (share - plan.constantShare) / left);
  const cosine = 0.5 + 0.5 * Math.cos(Math.PI * through);
  return plan.learningRate * (plan.finalShare + (1 - plan.finalShare) * cosine);
}
