// What is known of a file in a folder of models: read off its header, kept as JSON until the file changes.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { foundModelIdSchema, type FoundModelId } from '../contract/add-ons.ts';
import type { PackId } from '../contract/ids.ts';

const architecture = z.enum(['sd15', 'sd2', 'sdxl']);

export const modelFactsSchema = z.object({
  /** Raised when files are to be read again, because more is told of them. */
  version: z.literal(1),
  kind: z.enum(['checkpoint', 'lora', 'embedding', 'vae', 'companion', 'other']),
  architecture: architecture.nullable(),
  predictionType: z.enum(['epsilon', 'v_prediction']).nullable(),
  hasVae: z.boolean(),
  /** Why it cannot be used and what to do; '' where it can. */
  refusal: z.string(),
  words: z.array(z.string()),
  /** Of a checkpoint: edge that it was trained at, and what edges of portraits are multiples of. */
  resolutionPx: z.int().nullable(),
  sizeMultiplePx: z.int().nullable(),
});
export type ModelFacts = z.infer<typeof modelFactsSchema>;

export const noFacts: Omit<ModelFacts, 'kind'> = {
  version: 1, architecture: null, predictionType: null, hasVae: false, refusal: '', words: [], resolutionPx: null,
  sizeMultiplePx: null,
};

/** Facts as they were kept; undefined where another version kept them. */
export function parseFacts(text: string): ModelFacts | undefined {
  try {
    return modelFactsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function digestOf(place: string, letters: number): string {
  return createHash('sha256').update(place).digest('hex').slice(0, letters);
}

/** Of a file or folder, by its absolute path; the same every time. */
export function foundIdOf(place: string): FoundModelId {
  return foundModelIdSchema.parse(digestOf(place, 16));
}

/** Of a checkpoint of the user's own, by its absolute path. */
export function packIdOf(place: string): PackId {
  return `checkpoint-${digestOf(place, 12)}` as PackId;
}
