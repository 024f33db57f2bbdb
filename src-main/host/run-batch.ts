// Draws a plan: one job for each subject, all queued before the first is drawn, each written out when it is done.

import path from 'node:path';
import type { JobId } from '../contract/ids.ts';
import type { Portrait } from '../contract/nouns.ts';
import type { Job } from '../contract/work.ts';
import type { Studio } from '../studio/open-studio.ts';
import { openBatchNote } from './batch-note.ts';
import type { SubjectBatch } from './batch-requests.ts';
import { fileNames } from './portrait-names.ts';
import type { WrittenPortrait } from './results.ts';
import { waitFor, writeMedia } from './steps.ts';
import type { ProgressDisplay } from './terminal.ts';

export interface BatchOutput {
  readonly folder: string;
  /** Of the files, as portrait-names.ts reads it. */
  readonly names: string;
}

export interface DrawnBatch {
  readonly batch: SubjectBatch;
  readonly portraits: readonly WrittenPortrait[];
  /** Null where nothing was drawn. */
  readonly contactSheet: string | null;
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
  const drawn: DrawnBatch[] = [];
  const failures: unknown[] = [];
  for (const [index, batch] of batches.entries()) {
    if (batches.length > 1) display.note(`${batch.subject.name} (${index + 1} of ${batches.length})`);
    const { id } = jobs[index]!;
    await waitFor(studio, { id }, display).catch((error: unknown) => failures.push(error));
    drawn.push(await writeBatch(studio, batch, id, output, batches.length === 1));
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

async function writeBatch(
  studio: Studio, batch: SubjectBatch, jobId: JobId, { folder, names }: BatchOutput, isOnly: boolean,
): Promise<DrawnBatch> {
  const drawn = await portraitsOf(studio, jobId);
  const looks = batch.looks.filter((look) => look !== null);
  const files = fileNames(drawn, names, { subject: batch.subject, looks });
  const portraits: WrittenPortrait[] = [];
  for (const [index, portrait] of drawn.entries()) {
    const file = await writeMedia(studio, 'portrait', portrait.id, path.join(folder, files[index]!));
    const beforeFile = portrait.hasBefore
      ? await writeMedia(studio, 'before', portrait.id, file.replace(/\.png$/, '-before.png')) : null;
    portraits.push({ portrait, file, beforeFile });
  }
  const [sheetName] = fileNames(drawn.slice(0, 1), isOnly ? 'contact-sheet' : 'contact-sheet-{subject}',
    { subject: batch.subject, looks });
  const contactSheet = sheetName === undefined
    ? null : await writeMedia(studio, 'sheet', jobId, path.join(folder, sheetName));
  return { batch, portraits, contactSheet };
}

/** In the order they were drawn, without those that were removed since. */
export async function portraitsOf(studio: Studio, jobId: JobId): Promise<Portrait[]> {
  const all: Portrait[] = [];
  for (let total = 1; all.length < total;) {
    const page = await studio.run('portraits.page', {
      filter: { jobId }, sort: 'oldest', offset: all.length, limit: 500,
    });
    if (page.portraits.length === 0) break;
    all.push(...page.portraits);
    total = page.total;
  }
  return all;
}
