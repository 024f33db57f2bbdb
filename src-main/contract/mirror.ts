// Another address for a server that models come from, for networks that cannot reach it.

import { z } from 'zod';

/** What would be asked of `from` is asked of `to`, with the same path behind it. */
export const mirrorSchema = z.object({
  from: z.enum(['huggingface.co', 'github.com', 'api.nuget.org', 'pypi.org']),
  to: z.string().url().max(200).regex(/^https?:\/\//),
});
export type Mirror = z.infer<typeof mirrorSchema>;
