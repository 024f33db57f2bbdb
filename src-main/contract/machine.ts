// What this machine computes with: providers in the order in which they would be used, whether each computes right, and
// why one is used and not another.

import { z } from 'zod';

/** ONNX Runtime's execution providers that do the work of Likeness. */
export const providerNameSchema = z.enum(['cpu', 'webgpu', 'cuda', 'dml']);
export type ProviderName = z.infer<typeof providerNameSchema>;

export const precisionSchema = z.enum(['float32', 'float16']);
export type Precision = z.infer<typeof precisionSchema>;

/** One operator in one number type, against the processor. */
export const operatorTrialSchema = z.object({
  operator: z.string(),
  precision: precisionSchema,
  /** 'refused': the provider has no kernel and says so, which is known and worked around. */
  outcome: z.enum(['right', 'wrong', 'refused', 'crashed']),
  /** Largest error over the largest number of the result; null where there is none. */
  error: z.number().nullable(),
  tolerance: z.number(),
});
export type OperatorTrial = z.infer<typeof operatorTrialSchema>;

export const providerReportSchema = z.object({
  name: providerNameSchema,
  works: z.boolean(),
  /** Why not, in one sentence; '' when it works. */
  reason: z.string(),
  /** What to do about it; '' when there is nothing. */
  todo: z.string().default(''),
  /** The graphics card or the processor, as its driver names it; '' where that is not told. */
  device: z.string().default(''),
  driver: z.string().default(''),
  /** Of a small trial; 0 when it does not work. */
  durationMs: z.number(),
  /** Float16 graphs compute right on it. */
  canHalf: z.boolean().default(false),
  operators: z.array(operatorTrialSchema).default([]),
  /** When it was tried; what was tried with the same driver and version before is not tried again. */
  triedAtMs: z.number().nullable().default(null),
});
export type ProviderReport = z.infer<typeof providerReportSchema>;

export const machineReportSchema = z.object({
  providers: z.array(providerReportSchema),
  /** The order for this platform, and which of them does the work now, and why, in one sentence. */
  order: z.array(providerNameSchema).default([]),
  chosen: providerNameSchema.default('cpu'),
  precision: precisionSchema.default('float32'),
  why: z.string().default(''),
  graphicsMemoryBytes: z.number().nullable().default(null),
  nodeVersion: z.string(),
  onnxRuntimeVersion: z.string(),
  processorCores: z.int(),
  memoryBytes: z.number(),
  freeMemoryBytes: z.number().default(0),
});
export type MachineReport = z.infer<typeof machineReportSchema>;
