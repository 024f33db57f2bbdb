// How the judge is made: its sizes, whom it learns from and how long.

import * as z from 'zod';
import { scheduleSchema } from './training-schedule.ts';

const judgeRecipeSchema = scheduleSchema.extend({
  /** People in two pictures each that it learns from, and those that it is then measured on. */
  people: z.int().min(2), freshPeople: z.int().min(2),
  /** Prompts of each kind on whose renders it is measured. */
  measuredPrompts: z.int().min(1),
  edgePx: z.int(),
  /** Channels at a half, a quarter, an eighth and a sixteenth of the picture's edge. */
  widths: z.array(z.int()).length(4), groups: z.int(), hidden: z.int(), embeddingLength: z.int(),
  /** Factor on cosines before the softmax: 1 / temperature. */
  sharpness: z.number().positive(),
  attributeWeight: z.number().min(0), pointWeight: z.number().min(0), emaDecay: z.number().min(0).max(1),
});

/** The judge's eye for styles; edgePx, widths and groups as the judge's. */
export const styleJudgeRecipe = scheduleSchema.extend({
  edgePx: z.int(), widths: z.array(z.int()).length(4), groups: z.int(), emaDecay: z.number().min(0).max(1),
}).default({
  edgePx: 128, widths: [16, 32, 64, 96], groups: 8, emaDecay: 0.99, optimizer: 'muon',
  steps: 1_200, batchSize: 64, learningRate: 1e-3, warmUpSteps: 40, constantShare: 0.4, finalShare: 0.02,
  beta1: 0.9, beta2: 0.99, weightDecay: 0.01, clipNorm: 1,
});

export const judgeRecipe = judgeRecipeSchema.default({
  people: 12_000, freshPeople: 500, measuredPrompts: 120,
  edgePx: 96, widths: [16, 32, 64, 112], groups: 8, hidden: 224, embeddingLength: 64,
  sharpness: 14, attributeWeight: 1, pointWeight: 5, emaDecay: 0.995,
  optimizer: 'muon',
  steps: 5_000, batchSize: 64, learningRate: 1e-3, warmUpSteps: 60, constantShare: 0.4, finalShare: 0.02,
  beta1: 0.9, beta2: 0.99, weightDecay: 0.01, clipNorm: 1,
});
