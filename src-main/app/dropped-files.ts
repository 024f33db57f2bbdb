// Files that were dropped onto the window: the preload names their paths, which are checked here before the studio
// imports from them. The page itself never sees one.

import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import { subjectIdSchema } from '../contract/ids.ts';
import type { Answer } from '../contract/studio.ts';
import type { Studio } from '../studio/open-studio.ts';

const path = z.string().min(1).max(32_767).refine((text) => isAbsolute(text) && !text.includes('\0'));
const droppedSchema = z.object({
  subjectId: subjectIdSchema,
  /** '' for what lies on no disk, such as a picture that was dragged out of a browser. */
  paths: z.array(z.union([z.literal(''), path])).min(1).max(10_000),
});

/** Queues the import and answers with its job; never throws. */
export async function importDropped(studio: () => Pick<Studio, 'queueImport'>, request: unknown): Promise<Answer> {
  try {
    const parsed = droppedSchema.safeParse(request);
    if (!parsed.success) throw notUnderstood();
    const paths = parsed.data.paths.filter((text) => text !== '');
    if (paths.length === 0) throw noPath();
    return { ok: true, result: await studio().queueImport(parsed.data.subjectId, paths) };
  } catch (error) {
    return { ok: false, error: errorDataOf(error) };
  }
}

function notUnderstood(): UserError {
  return new UserError('desktop.drop-misunderstood', {
    what: 'What was dropped could not be read.', safe: 'Nothing was changed.', todo: 'Drop files or folders of photos.',
  });
}

function noPath(): UserError {
  return new UserError('desktop.no-path', {
    what: 'What was dropped lies on no disk.', safe: 'Nothing was changed.', todo: 'Save it as a file and drop that.',
  });
}
