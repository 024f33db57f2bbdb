// How much memory a piece of work will take, told before it starts, and what was changed so that it fits.

import { z } from 'zod';

/** Where the work's numbers live: the graphics card's own memory, or the machine's. */
export const memoryKindSchema = z.enum(['graphics', 'machine']);

export const memoryPartSchema = z.object({
  /** 'text-encoder', 'unet', 'vae' (its decoder), 'vae-encoder', 'resampler', 'trainer', 'validation', 'likeness'. */
  name: z.string(),
  /** Weights that are loaded with it, of which a mapped file gives back what nobody reads. */
  weightBytes: z.number(),
  /** The most that its values take at one moment. */
  activationBytes: z.number(),
  /** Parameters that learn, their gradients and moments. */
  trainingBytes: z.number(),
  /** With others loaded at the same time: parts of one number are. */
  stage: z.int(),
});

export const memoryChangeSchema = z.object({
  /** 'recompute', 'attention-slices', 'precision', 'batch', 'resolution', 'sequential', 'tiled-vae'. */
  setting: z.enum(['recompute', 'attention-slices', 'precision', 'batch', 'resolution', 'sequential', 'tiled-vae']),
  from: z.string(),
  to: z.string(),
  savedBytes: z.number(),
  /** How much longer a step takes, at least 1. */
  timeFactor: z.number(),
});

export const memoryPlanSchema = z.object({
  provider: z.enum(['cpu', 'webgpu', 'cuda', 'dml']),
  precision: z.enum(['float32', 'float16']),
  memory: memoryKindSchema,
  /** Of the stage that takes the most. */
  peakBytes: z.number(),
  /** What is there for it; null where it cannot be known, and then nothing is refused. */
  availableBytes: z.number().nullable(),
  fits: z.boolean(),
  parts: z.array(memoryPartSchema),
  /** What the plan does otherwise than the settings say, so that it fits. */
  changes: z.array(memoryChangeSchema),
  /** What else a user could change where it does not fit, by what it saves. */
  suggestions: z.array(memoryChangeSchema),
});
export type MemoryPlan = z.infer<typeof memoryPlanSchema>;
export type MemoryPart = z.infer<typeof memoryPartSchema>;
export type MemoryChange = z.infer<typeof memoryChangeSchema>;
