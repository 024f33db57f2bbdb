// Brings photos in from files and folders as a job of the queue: one item a file, each with what came of it, written in
// the same transaction as its photo, so that every file is brought in once, however often the process dies.

import { availableParallelism } from 'node:os';
import path from 'node:path';
import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { JobId, SubjectId } from '../contract/ids.ts';
import type { Job, JobOutcome } from '../contract/work.ts';
import { type ImportItem, type ImportParameters, type Imported, importItemSchema, importedSchema,
} from '../jobs/job-parameters.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobItem } from '../library/job-items.ts';
import type { JobRecord } from '../library/jobs.ts';
import { newId } from '../library/library.ts';
import { type PreparedPhoto, preparePhoto } from '../photos/import-photo.ts';
import { findPhotos } from '../photos/list-photos.ts';
import type { StudioContext } from './context.ts';
import type { ProgressBoard } from './jobs.ts';
import { present } from './missing.ts';
import { announceNew, keepPhoto, queueAnalysis } from './photos.ts';

/** Pictures that are decoded at once; each may take some hundred megabytes. */
const decodedAtOnce = Math.min(3, availableParallelism());
const refusedShown = 100;

/**
 * Queues the import of files and of the pictures in folders. Throws subjects.unknown, photos.none-found, .too-many
 * and the like; what a single file is refused for is said in the job's outcome.
 */
export async function queueImport(
  { library, queue }: StudioContext, board: ProgressBoard, subjectId: SubjectId, places: readonly string[],
): Promise<Job> {
  present(library.subjects.get(subjectId), 'subject');
  const files = await findPhotos(places);
  present(library.subjects.get(subjectId), 'subject');
  const parameters: ImportParameters = {};
  const items = files.map((file, itemIndex): JobItem => {
    const item: ImportItem = { file };
    return { itemIndex, seed: 0, parameters: JSON.stringify(item) };
  });
  return board.view(queue.add({
    id: newId<JobId>(), kind: 'import', subjectId, parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
    title: files.length === 1 ? 'Importing a photo' : `Importing ${files.length} photos`,
  }, items));
}

export async function runImport(
  context: StudioContext, board: ProgressBoard, job: JobRecord, control: RunControl,
): Promise<void> {
  const { library } = context;
  try {
    for await (const { item, photo } of prepared(library.jobs.itemsToDo(job.id))) {
      control.signal.throwIfAborted();
      await keepOne(context, job, item, photo);
      control.gotOn();
      board.changed(present(library.jobs.get(job.id), 'job'));
    }
  } finally {
    // also what a cancelled import has brought in counts and is looked at
    if (library.jobs.get(job.id)) {
      const outcome = outcomeOf(context, job.id);
      library.jobs.setOutcome(job.id, outcome);
      if (outcome.added > 0) queueAnalysis(context, job.subjectId);
    }
  }
}

interface Ahead {
  readonly item: JobItem;
  readonly photo: PreparedPhoto | UserError;
}

/** The items in their order, with those that come next being decoded meanwhile. */
async function* prepared(items: readonly JobItem[]): AsyncGenerator<Ahead> {
  const ahead: Promise<Ahead>[] = [];
  let next = 0;
  try {
    while (next < items.length || ahead.length > 0) {
      while (next < items.length && ahead.length < decodedAtOnce) {
        const one = prepare(items[next++]!);
        // seen when its turn comes; until then it is not unhandled
        one.catch(() => undefined);
        ahead.push(one);
      }
      yield await ahead.shift()!;
    }
  } finally {
    // nothing of it goes on when the job has ended
    await Promise.allSettled(ahead);
  }
}

async function prepare(item: JobItem): Promise<Ahead> {
  const { file } = importItemSchema.parse(JSON.parse(item.parameters));
  try {
    return { item, photo: await preparePhoto(file) };
  } catch (error) {
    if (error instanceof UserError && error.code.startsWith('photos.')) return { item, photo: error };
    throw error;
  }
}

async function keepOne(
  context: StudioContext, job: JobRecord, item: JobItem, photo: PreparedPhoto | UserError,
): Promise<void> {
  const { library } = context;
  const settle = (imported: Imported): void => library.transaction(() => {
    library.jobs.setItemOutcome(job.id, item.itemIndex, JSON.stringify(imported));
    library.jobs.forgetItem(job.id, item.itemIndex);
  });
  if (photo instanceof UserError) {
    const { file } = importItemSchema.parse(JSON.parse(item.parameters));
    return settle({ kind: 'refused', fileName: path.basename(file), error: errorDataOf(photo) });
  }
  const { id, isNew } = await keepPhoto(
    context, job.subjectId, photo, (isAdded) => settle({ kind: isAdded ? 'added' : 'known' }));
  // the subject may be gone already, and the job with it
  if (isNew && library.photos.get(id)) announceNew(context, id);
}

function outcomeOf({ library }: StudioContext, jobId: JobId): JobOutcome & { kind: 'import' } {
  const all = library.jobs.itemOutcomes(jobId).map(({ outcome }) => importedSchema.parse(JSON.parse(outcome)));
  const refused = all.flatMap((one) => (one.kind === 'refused' ? [{ fileName: one.fileName, error: one.error }] : []));
  return {
    kind: 'import', added: all.filter(({ kind }) => kind === 'added').length,
    known: all.filter(({ kind }) => kind === 'known').length,
    refused: refused.slice(0, refusedShown), refusedCount: refused.length,
  };
}
