// What a portrait was asked for beside its own settings: the picture it started from, the second person's place and
// pose. It stands in the job that drew it.

import type { JobId } from '../contract/ids.ts';
import type { CommandResponse } from '../contract/studio.ts';
import { createParametersSchema } from '../jobs/job-parameters.ts';
import type { Library } from '../library/library.ts';
import type { Handlers, StudioContext } from './context.ts';
import { present } from './missing.ts';

type Recipe = CommandResponse<'portraits.recipe'>;

const nothing: Recipe = { start: null, second: null };

export function recipeCommands({ library }: StudioContext): Handlers<'portraits.recipe'> {
  return {
    'portraits.recipe': ({ portraitId }) => {
      const portrait = present(library.portraits.get(portraitId), 'portrait');
      const { start, second } = askedOf(library, portrait.jobId);
      // drawn for comparison it is without the second person
      return { start, second: portrait.second && second };
    },
  };
}

/** What a job was asked for; nothing where the job is gone or from a version that wrote it otherwise. */
function askedOf(library: Library, jobId: JobId): Recipe {
  const job = library.jobs.get(jobId);
  if (job?.kind !== 'create') return nothing;
  const asked = createParametersSchema.safeParse(JSON.parse(job.parameters));
  if (!asked.success) return nothing;
  const { start, second } = asked.data;
  return {
    start,
    second: second && {
      subjectId: second.subjectId, adapterId: second.adapterId, mask: second.mask, pose: second.pose,
    },
  };
}
