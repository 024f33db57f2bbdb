// The request that counts memory before work starts, for models of real size: their graphs take seconds to look at,
// which the main process may not spend. See engine.ts.

import { z } from 'zod';
import { addOnFilesSchema, lookFileSchema } from './engine-create.ts';
import { faceNetworksSchema, instantIdFilesSchema } from './engine-faces.ts';
import { precisionSchema, providerNameSchema } from './machine.ts';
import { memoryPlanSchema } from './memory-plan.ts';
import { generationSettingsSchema, methodSchema, trainingSettingsSchema } from './settings.ts';

const file = z.string().min(1);

export const planRequestSchema = z.object({
  kind: z.literal('plan'),
  checkpointPath: file,
  vaeFile: file.nullable(),
  work: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('teaching'), method: methodSchema, settings: trainingSettingsSchema.required(),
      likenessNetworks: faceNetworksSchema.default({ kind: 'built-in' }),
    }),
    z.object({
      kind: z.literal('portraits'), settings: generationSettingsSchema.required(),
      instantId: instantIdFilesSchema.nullable(),
      /** Of portraits that are there: nothing is drawn at their own size. */
      isEnlarging: z.boolean().default(false),
      /** Of whoever is in the portraits, and what is added for everybody: see engine-create.ts. */
      adapter: lookFileSchema.nullable().default(null),
      secondAdapter: lookFileSchema.nullable().default(null),
      addOns: addOnFilesSchema.default([]),
      fastAdapterFile: file.nullable().default(null),
      likenessNetworks: faceNetworksSchema.default({ kind: 'built-in' }),
    }),
  ]),
  /** What will compute, and the graphics card's memory; null where that is not known or the processor computes. */
  computes: z.object({
    provider: providerNameSchema, precision: precisionSchema, memoryBytes: z.number().nullable(),
  }),
});
export type PlanRequest = z.infer<typeof planRequestSchema>;

export const planResultSchema = z.object({ kind: z.literal('plan'), plan: memoryPlanSchema });
