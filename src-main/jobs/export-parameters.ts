// What an export job is to do, as it is kept in the library. How pictures come out is settled when they are asked for,
// so that a job that goes on after a restart writes them as it began.

import { z } from 'zod';
import { portraitIdSchema } from '../contract/ids.ts';
import { pictureFormatSchema } from '../contract/settings.ts';

export const exportParametersSchema = z.object({
  format: pictureFormatSchema,
  quality: z.int(),
  longEdgePx: z.int().nullable(),
  withSettings: z.boolean(),
  visibleLabel: z.enum(['AI', 'AI生成']).nullable(),
  /** China's own label beside IPTC's. */
  hasAigcLabel: z.boolean(),
  /** What the result is called. */
  fileName: z.string(),
});
export type ExportParameters = z.infer<typeof exportParametersSchema>;

/** One portrait; its name in the ZIP. */
export const exportItemSchema = z.object({ portraitId: portraitIdSchema, fileName: z.string() });
export type ExportItem = z.infer<typeof exportItemSchema>;

/** Where a written portrait stands in the unfinished ZIP; null for one that was removed before its turn. */
export const writtenItemSchema = z.object({
  fileName: z.string(), offset: z.int(), sizeBytes: z.int(), crc: z.int(), madeAtMs: z.int(),
}).nullable();
