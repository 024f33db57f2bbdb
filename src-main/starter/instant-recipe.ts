// The recipe of the starter pack's InstantID: the people it learns from, the face encoder, the adapter with its
// IdentityNet, and the judge that measures portraits. Every number that a run on another machine may want to change.

import * as z from 'zod';
import { judgeRecipe, styleJudgeRecipe } from './judge-recipe.ts';
import { scheduleSchema } from './training-schedule.ts';

const adam = { beta1: 0.9, beta2: 0.99, weightDecay: 0, clipNorm: 1 } as const;
const share = z.number().min(0).max(1);

const peopleSchema = z.object({
  count: z.int().min(2),
  /** Of each; all but the last are photos, the last is of any style. */
  pictures: z.int().min(3),
  /** The last people are never trained on. */
  heldOut: z.int().min(2),
  /** Of the first people and of those held out, the pictures are also taken through the autoencoder and back. */
  decoded: z.int().min(1),
});

const encoderSchema = scheduleSchema.extend({
  /** Channels at a half, a quarter, an eighth and a sixteenth of the picture's edge. */
  widths: z.array(z.int()).length(4), groups: z.int(), embeddingLength: z.int(),
  /** Factor on cosines before the softmax: 1 / temperature. */
  sharpness: z.number().positive(),
  attributeWeight: z.number().min(0), emaDecay: share,
});

const instantSchema = scheduleSchema.extend({
  resampler: z.object({
    dim: z.int(), depth: z.int(), dimHead: z.int(), heads: z.int(), numQueries: z.int(), ffMult: z.int(),
  }),
  /** Channels of IdentityNet's way from the key points' picture to the latents, full size first. */
  conditioningChannels: z.array(z.int()),
  emaDecay: share,
  captionDropout: share, faceDropout: share, identityNetDropout: share, imageTokensDropout: share,
  /** How much more the error counts where the head is. */
  headWeight: z.number().min(1),
});

export const instantRecipeSchema = {
  people: peopleSchema.default({ count: 4_000, pictures: 4, heldOut: 100, decoded: 2_000 }),
  face: encoderSchema.default({
    widths: [32, 64, 96, 128], groups: 8, embeddingLength: 128, sharpness: 14, attributeWeight: 1, emaDecay: 0.99,
    steps: 1_200, batchSize: 96, learningRate: 2e-3, warmUpSteps: 40, constantShare: 0.3, finalShare: 0.02, ...adam,
  }),
  judge: judgeRecipe,
  styleJudge: styleJudgeRecipe,
  instant: instantSchema.default({
    resampler: { dim: 64, depth: 2, dimHead: 32, heads: 2, numQueries: 12, ffMult: 4 },
    conditioningChannels: [8, 16, 32, 48], emaDecay: 0.995,
    captionDropout: 0.1, faceDropout: 0.1, identityNetDropout: 0.15, imageTokensDropout: 0.1, headWeight: 3,
    optimizer: 'muon',
    steps: 16_000, batchSize: 16, learningRate: 1.5e-3, warmUpSteps: 60, constantShare: 0.5, finalShare: 0.03, ...adam,
  }),
} as const;
