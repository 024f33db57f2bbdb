// The steps that commands are made of: find or make the subject, bring photos in, wait for a job with its progress on
// the screen, write results out.

import { createReadStream } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { errorDataOf, reviveError } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { JobId, SubjectId } from '../contract/ids.ts';
import type { ErrorData, Photo, Portrait, Snapshot, Subject } from '../contract/nouns.ts';
import type { Job } from '../contract/work.ts';
import { maximumPhotoBytes } from '../contract/studio.ts';
import { listPhotos } from '../photos/list-photos.ts';
import { tooLarge } from '../photos/photo-errors.ts';
import type { PictureKind } from '../studio/media.ts';
import type { Studio } from '../studio/open-studio.ts';
import type { PersonOptions } from './options.ts';
import type { ProgressDisplay } from './terminal.ts';

export interface Refused {
  readonly file: string;
  readonly error: ErrorData;
}

export interface Imported {
  readonly photos: Photo[];
  readonly refused: Refused[];
}

/** The subject of this name, made when there is none. Whoever gives the command says that the person agrees. */
export async function subjectFor(studio: Studio, folder: string, options: PersonOptions): Promise<Subject> {
  const name = (options.name ?? path.basename(path.resolve(folder))).slice(0, 80) || 'Subject';
  const known = (await studio.run('subjects.list', {})).find((subject) => subject.name === name);
  if (known) return known;
  return await studio.run('subjects.create', { name, hasConsent: true, classWord: options.classWord });
}

/** The subject that the user means, by name or id. */
export async function findSubject(studio: Studio, nameOrId: string): Promise<Subject> {
  const subjects = await studio.run('subjects.list', {});
  const found = subjects.find((subject) => subject.name === nameOrId || subject.id === nameOrId);
  if (found) return found;
  const names = subjects.map((subject) => `"${subject.name}"`).join(', ');
  throw new UserError('subjects.unknown', {
    what: `There is no subject "${nameOrId}" in the library.`,
    safe: 'Nothing was changed.',
    todo: names ? `Choose one of ${names}.` : 'Bring photos in first: likeness import --photos FOLDER.',
  }, { subject: nameOrId });
}

/**
 * Imports every picture of a folder and waits until their faces are found. One that is refused does not stop the
 * others; when all are, the first refusal is thrown.
 */
export async function importFolder(
  studio: Studio, folder: string, subjectId: SubjectId, display: ProgressDisplay,
): Promise<Imported> {
  const files = await listPhotos(folder);
  const refused: Refused[] = [];
  for (const file of files) {
    try {
      const bytes = await readPhotoFile(file);
      await studio.run('photos.import', { subjectId, fileName: path.basename(file), bytes });
    } catch (error) {
      if (!(error instanceof UserError) || !error.code.startsWith('photos.')) throw error;
      if (refused.length === files.length - 1) throw error;
      refused.push({ file: path.basename(file), error: errorDataOf(error) });
      display.note(`Left out: ${error.text.what}`);
    }
  }
  for (const job of await studio.run('jobs.list', {})) {
    if (job.subjectId === subjectId && job.kind === 'analyze') await waitFor(studio, job, display);
  }
  return { photos: await studio.run('photos.list', { subjectId }), refused };
}

/** Spread evenly over the photos; at least one is left to learn from. */
export function heldOutPhotos(photos: readonly Photo[], wanted: number | undefined): Photo[] {
  const used = photos.filter((photo) => photo.isUsed);
  const count = Math.min(wanted ?? Math.floor(used.length / 5), Math.max(0, used.length - 1));
  return Array.from({ length: count }, (_, index) => used[Math.floor(((index + 0.5) * used.length) / count)]!);
}

async function readPhotoFile(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await stat(file);
  if (size > maximumPhotoBytes) throw tooLarge(path.basename(file), size, maximumPhotoBytes);
  return new Uint8Array(await readFile(file));
}

/** Shows the job's progress until it is done; throws why when it failed or was cancelled. */
export async function waitFor(studio: Studio, { id }: { readonly id: JobId }, display: ProgressDisplay): Promise<Job> {
  const unsubscribe = studio.subscribe((event) => {
    if (event.type === 'job-progress' && event.jobId === id) display.show(event.progress);
    if (event.type === 'engine-state' && event.engine.fallbackReason) display.note(event.engine.fallbackReason);
    if (event.type === 'job-note' && event.jobId === id) display.note(event.sentence);
    if (event.type === 'snapshot-added' && event.snapshot.jobId === id) display.note(snapshotLine(event.snapshot));
  });
  try {
    const job = await studio.settled(id);
    if (job.error) throw reviveError(job.error);
    if (job.state === 'cancelled') throw cancelled();
    return job;
  } finally {
    unsubscribe();
    display.end();
  }
}

/** 'Step 200: likeness 0.931, validation loss 0.0812, the best so far'. */
function snapshotLine({ step, likeness, validationLoss, loss, isBest }: Snapshot): string {
  return [
    `Step ${step}: loss ${loss.toFixed(4)}`,
    ...(likeness === null ? [] : [`likeness ${likeness.toFixed(3)}`]),
    ...(validationLoss === null ? [] : [`validation loss ${validationLoss.toFixed(4)}`]),
    ...(isBest ? ['the best so far'] : []),
  ].join(', ');
}

/** Writes what looks.export prepared to a file; returns its path. */
export async function writeExport(studio: Studio, id: string, file: string): Promise<string> {
  const found = studio.openExport(id);
  if (!found) throw new Error('The library has no export of this id.');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomically(file, async (handle) => {
    for await (const chunk of createReadStream(found.file)) await handle.appendFile(chunk as Uint8Array);
  });
  return file;
}

/** Writes a portrait or a sheet out of the library; returns the file's path. */
export async function writeMedia(studio: Studio, kind: PictureKind, id: string, file: string): Promise<string> {
  const media = await studio.openMedia(kind, id);
  if (!media) throw new Error(`The library has no ${kind} of this id.`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomically(file, async (handle) => { await handle.writeFile(media.bytes); });
  return file;
}

/** 'seed-7-with-look.png' or 'seed-7-instant.png', with the prompt's number in front when there are several. */
export function portraitFileName(portrait: Portrait, prompts: readonly string[]): string {
  const number = prompts.length > 1 ? `${prompts.indexOf(portrait.prompt) + 1}-` : '';
  const kind = portrait.instantly ? 'instant' : portrait.adapterId ? 'with-look' : 'without';
  return `${number}seed-${portrait.seed}-${kind}.png`;
}

function cancelled(): UserError {
  return new UserError('jobs.cancelled', {
    what: 'It was cancelled.', safe: 'What was finished before is kept.', todo: 'Start it again when you like.',
  });
}
