// Runs an export job: each portrait becomes a picture and goes into a ZIP, one by one, so that a job that was paused or
// killed goes on behind the last one; a portrait that was asked for alone is the result itself.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExportId, PortraitId } from '../contract/ids.ts';
import { type PictureOptions, pictureFile, pictureTypes } from '../generation/picture-file.ts';
import {
  type ExportItem, type ExportParameters, exportItemSchema, exportParametersSchema, writtenItemSchema,
} from '../jobs/export-parameters.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobItem } from '../library/job-items.ts';
import type { JobRecord } from '../library/jobs.ts';
import { type Library, newId } from '../library/library.ts';
import type { StudioContext } from './context.ts';
import type { ProgressBoard } from './jobs.ts';
import { noneLeft, present } from './missing.ts';
import { openRunFolder, removeRunFolder } from './run-folders.ts';
import { type ZipArchive, openZipArchive } from './zip-archive.ts';

interface Run {
  readonly context: StudioContext;
  readonly board: ProgressBoard;
  readonly job: JobRecord;
  readonly parameters: ExportParameters;
  readonly signal: AbortSignal;
}

export async function runExport(
  context: StudioContext, board: ProgressBoard, job: JobRecord, { signal }: RunControl,
): Promise<void> {
  const { library } = context;
  const parameters = exportParametersSchema.parse(JSON.parse(job.parameters));
  const run = { context, board, job, parameters, signal };
  const folder = await openRunFolder(library.folder, job.id);
  const file = path.join(folder, 'result');
  const mediaType = job.items === 1 ? await writeOne(run, file) : await writeAll(run, file);
  await keepResult(run, file, mediaType);
  await removeRunFolder(library.folder, job.id);
}

async function writeOne({ context: { library }, job, parameters }: Run, file: string): Promise<string> {
  const [item] = library.jobs.items(job.id).map(parseItem);
  const picture = await pictureOf(library, item!.portraitId, parameters);
  if (!picture) throw noneLeft();
  await writeFile(file, picture.bytes, { mode: 0o600 });
  library.jobs.setItemOutcome(job.id, 0, 'null');
  return pictureTypes[parameters.format];
}

async function writeAll(run: Run, file: string): Promise<string> {
  const { library } = run.context;
  const known = library.jobs.itemOutcomes(run.job.id)
    .flatMap(({ outcome }) => writtenItemSchema.parse(JSON.parse(outcome)) ?? []);
  const archive = await openZipArchive(file, known);
  try {
    // a file that is gone is made anew from the first portrait on
    const items = archive.isContinued ? library.jobs.itemsToDo(run.job.id) : library.jobs.items(run.job.id);
    let written = archive.isContinued ? known.length : 0;
    for (const item of items) {
      run.signal.throwIfAborted();
      written += await addToArchive(run, archive, item);
    }
    if (written === 0) throw noneLeft();
    await archive.finish();
  } finally {
    await archive.close();
  }
  return 'application/zip';
}

/** Writes one portrait and says so; returns 0 where it is not there any more. */
async function addToArchive(
  { context: { library }, board, job, parameters }: Run, archive: ZipArchive, item: JobItem,
): Promise<0 | 1> {
  const { portraitId, fileName } = parseItem(item);
  const picture = await pictureOf(library, portraitId, parameters);
  const entry = picture ? await archive.add(fileName, picture.bytes, picture.madeAtMs) : null;
  library.jobs.setItemOutcome(job.id, item.itemIndex, JSON.stringify(entry));
  if (!entry) board.note(job.id, 'A portrait was removed meanwhile and is left out.');
  board.report(job.id, {
    phase: 'exporting', step: item.itemIndex + 1, steps: job.items, loss: null, etaSeconds: null,
  });
  board.changed(present(library.jobs.get(job.id), 'job'));
  return entry ? 1 : 0;
}

function parseItem({ parameters }: JobItem): ExportItem {
  return exportItemSchema.parse(JSON.parse(parameters));
}

/** The portrait as a picture file; undefined when it or its file is gone. */
async function pictureOf(
  library: Library, id: PortraitId, parameters: ExportParameters,
): Promise<{ bytes: Uint8Array; madeAtMs: number } | undefined> {
  const portrait = library.portraits.get(id);
  const file = portrait && await library.readFile(portrait.fileSha256);
  if (!portrait || !file) return undefined;
  const people = [portrait.subjectId, ...portrait.second ? [portrait.second.subjectId] : []];
  const names = people.flatMap((subjectId) => library.subjects.get(subjectId)?.name ?? []);
  const bytes = await pictureFile(file.bytes, pictureOptions(parameters, names, portrait.fileSha256));
  return { bytes, madeAtMs: portrait.createdAtMs };
}

function pictureOptions(
  { hasAigcLabel, ...parameters }: ExportParameters, names: readonly string[], fileSha256: string,
): PictureOptions {
  const aigc = hasAigcLabel ? { producer: 'Likeness', produceId: fileSha256.slice(0, 32) } : null;
  return { ...parameters, aigc, names };
}

async function keepResult(
  { context: { library }, job, parameters }: Run, file: string, mediaType: string,
): Promise<void> {
  await library.exclusively(async () => {
    const fileSha256 = await library.keepFileFrom(file, mediaType);
    const id = newId<ExportId>();
    library.transaction(() => {
      library.exportedFiles.insertPictures({ id, jobId: job.id, fileName: parameters.fileName, fileSha256 });
      const { sizeBytes } = library.exportedFiles.get(id)!;
      library.jobs.setOutcome(job.id, { kind: 'export', exportId: id, fileName: parameters.fileName, sizeBytes });
    });
  });
}
