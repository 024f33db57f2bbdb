// Draws a plan: one job for each subject, all queued before the first is drawn, each written out when it is done.

import type { JobId } from '../contract/ids.ts';
import type { Job } from '../contract/work.ts';
import type { Studio } from '../studio/open-studio.ts';
import { openBatchNote } from './batch-note.ts';
import type { SubjectBatch } from './batch-requests.ts';
import { waitFor } from './steps.ts';
import type { ProgressDisplay } from './terminal.ts';
import { type PortraitOutput, type WrittenPortraits, writePortraits } from './write-portraits.ts';

export type BatchOutput = Pick<PortraitOutput, 'folder' | 'names'>;

export interface DrawnBatch extends WrittenPortraits {
  readonly batch: SubjectBatch;
}

/**
 * Draws all of it. Interrupted, the same call goes on with the jobs that it had begun. Where one job fails the others
 * are drawn all the same, what is done is written, and why it failed is thrown at the end; then the same call tries it
 * again.
 */
export async function runBatch(
  studio: Studio, batches: readonly SubjectBatch[], output: BatchOutput, display: ProgressDisplay,
): Promise<DrawnBatch[]> {
  const note = openBatchNote(output.folder, studio.library.folder, batches.map(({ request }) => request));
  const jobs = await begunJobs(studio, await note.read()) ?? await queueAll(studio, batches);
  await note.write(jobs.map(({ id }) => id));
  const sheetName = batches.length === 1 ? 'contact-sheet' : 'contact-sheet-{subject}';
  const drawn: DrawnBatch[] = [];
  const failures: unknown[] = [];
  for (const [index, batch] of batches.entries()) {
    if (batches.length > 1) display.note(`${batch.subject.name} (${index + 1} of ${batches.length})`);
    const { id } = jobs[index]!;
    await waitFor(studio, { id }, display).catch((error: unknown) => failures.push(error));
    const by = { subject: batch.subject, looks: batch.looks.filter((look) => look !== null) };
    drawn.push({ batch, ...await writePortraits(studio, id, by, { ...output, sheetName }) });
  }
  if (failures.length > 0) throw failures[0];
  await note.remove();
  return drawn;
}

async function queueAll(studio: Studio, batches: readonly SubjectBatch[]): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const { request } of batches) jobs.push(await studio.run('portraits.create', request));
  return jobs;
}

/** The jobs of an earlier call, put back to work; undefined where one of them is not there any more. */
async function begunJobs(studio: Studio, ids: readonly JobId[] | undefined): Promise<Job[] | undefined> {
  if (!ids) return undefined;
  const all = await studio.run('jobs.list', {});
  const jobs = ids.flatMap((id) => all.find((job) => job.id === id) ?? []);
  if (jobs.length < ids.length) return undefined;
  for (const { id, state } of jobs) {
    if (state === 'paused') await studio.run('jobs.resume', { jobId: id });
    else if (state === 'failed' || state === 'cancelled') await studio.run('jobs.retry', { jobId: id });
  }
  return jobs;
}
