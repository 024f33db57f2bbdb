// LoRAs and embeddings of the user's own that portraits are drawn with, named by what was found of them.

import { z } from 'zod';

/** Of a file that was found in a folder of models: opaque. */
export const foundModelIdSchema = z.string().regex(/^[0-9a-f]{16}$/);
export type FoundModelId = z.infer<typeof foundModelIdSchema>;

/** LoRAs and embeddings of the user's own beside a look. */
export const addOnSchema = z.object({ foundId: foundModelIdSchema, strength: z.number().min(-2).max(2).default(1) });
export type AddOn = z.infer<typeof addOnSchema>;
