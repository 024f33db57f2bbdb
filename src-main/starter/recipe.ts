// The recipe of the starter pack: seed, sizes, schedules and losses in one place, checked when read.
// Training writes the recipe it used beside the pack, so that the pack can be made again from it.

import * as z from 'zod';
import { pictureStyles } from './attributes.ts';
import { instantRecipeSchema } from './instant-recipe.ts';
import { learningRateAt, scheduleSchema as schedule, type TrainingSchedule } from './training-schedule.ts';

export { learningRateAt, type TrainingSchedule };

export const recipeSchema = z.object({
  seed: z.int(), resolutionPx: z.literal(128),
  portraits: z.int().min(1), textures: z.int().min(0), heldOut: z.int().min(1),
  vae: schedule.extend({
    blockOutChannels: z.array(z.int()), layersPerBlock: z.int(), latentChannels: z.int(), normGroups: z.int(),
    cropPx: z.int(), textureShare: z.number(), klWeight: z.number(),
    /** Share of the portraits' crops that show the face. */
    faceShare: z.number().min(0).max(1),
    /** Weight of the error's differences between neighbours: edges, where a blurred eye shows. */
    edgeWeight: z.number(),
    /** For this many steps the first three latent channels are drawn towards the picture's own colours. */
    colourHelpSteps: z.int(),
  }),
  /** The autoencoder goes on while its latents of portraits stay as they are. */
  refine: schedule.extend({
    cropPx: z.int(),
    /** Crops of each four that are plain portraits, whose latents are held; the others are made dense with detail. */
    anchored: z.int().min(1).max(3),
    anchorWeight: z.number(),
    /** Weight of the latents' mean square, which keeps those of strange pictures in range. */
    latentWeight: z.number(),
    /** Weight of the error's differences between neighbours: edges, where a blurred eye shows. */
    edgeWeight: z.number(),
    /** Styles whose latents may move: in the place of dense pictures, it learns to carry these as they are. */
    freeStyles: z.array(z.enum(pictureStyles)).default([]),
  }),
  /** The text encoder before the denoiser, towards coarse latents and labels. */
  text: schedule.extend({ /** Weight of the labels beside the latents. */ labelWeight: z.number().min(0) }),
  unet: schedule.extend({
    blockOutChannels: z.array(z.int()), layersPerBlock: z.int(), heads: z.int(), normGroups: z.int(),
    /** How many of the portraits are encoded and trained on; a multiple of 8. */
    portraits: z.int().multipleOf(8),
    /** Captions of each picture. */
    captionsEach: z.int().min(1),
    /** How much more the middle of the head counts than the picture's edge. */
    headWeight: z.number().min(0),
    /** How much more the neckline counts, where the cut of clothes is told. */
    collarWeight: z.number().min(0).default(0),
    /** How much more each eye and the mouth count, with the beard around it. */
    featureWeight: z.number().min(0).default(0),
    /** How much more the top of the head counts, where hats are told. */
    hatWeight: z.number().min(0).default(0),
    /** Power of a timestep's share of the schedule: below 1, timesteps of much noise come more often. */
    noisyPower: z.number().gt(0).max(1).default(1),
    /** The first steps see plain pictures alone: close, before one colour, photo, illustration or cartoon. */
    plainSteps: z.int().min(0),
    /** Share of the later draws that come from the plain pictures alone, which is what people ask for most. */
    plainShare: z.number().min(0).max(1).default(0),
    /** How often a plain picture with a beard or a hat stands among them. */
    rareTimes: z.int().min(1).default(1),
    captionDropout: z.number().min(0).max(1), emaDecay: z.number().min(0).lt(1),
  }),
  textEncoder: z.object({ width: z.int(), layers: z.int(), heads: z.int() }),
  ...instantRecipeSchema,
});

export type StarterRecipe = z.infer<typeof recipeSchema>;

/** The recipe that the pack in resources/starter is made with. */
export const starterRecipe: StarterRecipe = recipeSchema.parse({
  seed: 20260101, resolutionPx: 128, portraits: 80_000, textures: 8_000, heldOut: 256,
  vae: {
    blockOutChannels: [16, 32, 64, 96], layersPerBlock: 1, latentChannels: 16, normGroups: 4,
    cropPx: 64, textureShare: 0.15, faceShare: 0.7, klWeight: 5e-4, edgeWeight: 0.5, colourHelpSteps: 3_000,
    steps: 20_000, batchSize: 8, learningRate: 2e-3, warmUpSteps: 100, constantShare: 0.5, finalShare: 0.02,
    beta1: 0.9, beta2: 0.99, weightDecay: 0, clipNorm: 1,
  },
  refine: {
    cropPx: 64, anchored: 2, anchorWeight: 4, latentWeight: 1e-4, edgeWeight: 1,
    freeStyles: ['oil painting', 'pixel art', 'pop art'],
    steps: 3_500, batchSize: 8, learningRate: 1e-3, warmUpSteps: 50, constantShare: 0.4, finalShare: 0.02,
    beta1: 0.9, beta2: 0.99, weightDecay: 0, clipNorm: 1,
  },
  text: {
    labelWeight: 6,
    steps: 1_500, batchSize: 48, learningRate: 2e-3, warmUpSteps: 50, constantShare: 0.4, finalShare: 0.05,
    beta1: 0.9, beta2: 0.99, weightDecay: 0, clipNorm: 1,
  },
  unet: {
    blockOutChannels: [48, 96, 112, 112], layersPerBlock: 1, heads: 2, normGroups: 8, optimizer: 'muon',
    portraits: 80_000, captionsEach: 4, headWeight: 1.5, collarWeight: 4, featureWeight: 4, hatWeight: 3,
    noisyPower: 0.75, plainSteps: 3_000, plainShare: 0.45, rareTimes: 2, captionDropout: 0.1, emaDecay: 0.9995,
    steps: 80_000, batchSize: 16, learningRate: 1.2e-3, warmUpSteps: 200, constantShare: 0.6, finalShare: 0.03,
    beta1: 0.9, beta2: 0.99, weightDecay: 0, clipNorm: 1,
  },
  textEncoder: { width: 64, layers: 2, heads: 4 },
});
