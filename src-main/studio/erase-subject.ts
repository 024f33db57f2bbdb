// Removes a subject with all that came from them, and writes the receipt of it. Their jobs end first, so that none
// writes for somebody who is gone; then rows, files, log, backups and notes.

import type { PortraitId, SubjectId } from '../contract/ids.ts';
import type { ErasureReceipt } from '../contract/keeping.ts';
import type { Swept } from '../library/file-store.ts';
import type { JobRecord } from '../library/jobs.ts';
import type { StudioContext } from './context.ts';
import { present } from './missing.ts';
import { eraseRunFolder } from './run-folders.ts';
import { announceSubject } from './subject-view.ts';

type Shown = { readonly id: PortraitId; readonly subjectId: SubjectId };

/**
 * Portraits of others that show the subject go as well, with the batches they are from: nothing that came from a person
 * stays. With `keepPortraits` all portraits stay, and the subject as a row without a name. Throws 'subjects.unknown'.
 */
export async function eraseSubject(
  context: StudioContext, id: SubjectId, keepPortraits: boolean,
): Promise<ErasureReceipt> {
  const { library, emit } = context;
  present(library.subjects.get(id), 'subject');
  const shared = library.jobs.withSecond(id);
  const jobs = [...library.jobs.ofSubject(id), ...shared];
  const runs = await endJobs(context, jobs);
  // an import that is cancelled queues a look at what it has brought in
  await endJobs(context, library.jobs.ofSubject(id));
  const traces = library.traces.ofSubject(id);
  const shown = shared.flatMap((job): Shown[] => library.portraits.ofJob(job.id));
  const removed = await library.exclusively(() =>
    library.freeing(() => library.eraseSubject(id, keepPortraits, Date.now())));
  const left = library.traces.ofSubject(id);
  if (!keepPortraits) {
    for (const portrait of shown) {
      emit({ type: 'portrait-removed', subjectId: portrait.subjectId, portraitId: portrait.id });
    }
  }
  for (const other of new Set(shared.map(({ subjectId }) => subjectId))) announceSubject(context, other);
  emit({ type: 'subject-removed', subjectId: id });
  return {
    atMs: Date.now(), ...traces, ...removed, portraits: traces.portraits - left.portraits,
    keptPortraits: left.portraits, jobs: traces.jobs - left.jobs,
    files: removed.files + runs.files, bytes: removed.bytes + runs.bytes,
  };
}

/** Returns what lay in the folders of their runs. */
async function endJobs({ library, queue }: StudioContext, jobs: readonly JobRecord[]): Promise<Swept> {
  for (const job of jobs) {
    if (job.state !== 'waiting' && job.state !== 'running') continue;
    queue.cancel(job.id);
    await queue.settled(job.id);
  }
  const runs: Swept[] = [];
  for (const job of jobs) runs.push(await eraseRunFolder(library.folder, job.id));
  return {
    files: runs.reduce((sum, { files }) => sum + files, 0), bytes: runs.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
