// The steps that commands are made of: find or make the subject, bring photos in, wait for a job with its progress on
// the screen, write results out.

import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { reviveError } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { JobId, SubjectId } from '../contract/ids.ts';
import type { ErrorData, Photo, Portrait, Snapshot, Subject } from '../contract/nouns.ts';
import { type Job, needsEngine } from '../contract/work.ts';
import { listPhotos } from '../photos/list-photos.ts';
import type { PictureKind } from '../studio/media.ts';
import type { Studio } from '../studio/open-studio.ts';
import type { PersonOptions } from './options.ts';
import type { ProgressDisplay } from './terminal.ts';

export interface Refused {
  readonly file: string;
  readonly error: ErrorData;
}

export interface Imported {
  /** All of the subject's, also those from before. */
  readonly photos: Photo[];
  readonly refused: Refused[];
  /** Files that were new, and those that were there before; left out where nothing was brought in. */
  readonly added?: number;
  readonly known?: number;
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
  return await importPlaces(studio, await listPhotos(folder), subjectId, display);
}

/** The same of files, and of folders with all that is inside them. */
export async function importPlaces(
  studio: Studio, places: readonly string[], subjectId: SubjectId, display: ProgressDisplay,
): Promise<Imported> {
  const startedMs = Date.now();
  const { outcome } = await waitFor(studio, await studio.queueImport(subjectId, places), display);
  if (outcome?.kind !== 'import') throw new Error('An import ended without saying what it has brought in.');
  const { added, known, refused } = outcome;
  if (added + known === 0 && refused[0]) throw reviveError(refused[0].error);
  for (const { error } of refused) display.note(`Left out: ${error.what}`);
  for (const job of await studio.run('jobs.list', {})) {
    // not those that failed long ago
    const isOpen = job.createdAtMs >= startedMs || job.state === 'waiting' || job.state === 'running';
    if (job.subjectId === subjectId && job.kind === 'analyze' && isOpen) await waitFor(studio, job, display);
  }
  return {
    photos: await studio.run('photos.list', { subjectId }), added, known,
    refused: refused.map(({ fileName, error }) => ({ file: fileName, error })),
  };
}

/** Spread evenly over the photos; at least one is left to learn from. */
export function heldOutPhotos(photos: readonly Photo[], wanted: number | undefined): Photo[] {
  const used = photos.filter((photo) => photo.isUsed);
  const count = Math.min(wanted ?? Math.floor(used.length / 5), Math.max(0, used.length - 1));
  return Array.from({ length: count }, (_, index) => used[Math.floor(((index + 0.5) * used.length) / count)]!);
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
    await sayWhatIsInFront(studio, id, display);
    const job = await studio.settled(id);
    if (job.error) throw reviveError(job.error);
    if (job.state === 'cancelled') throw cancelled();
    return job;
  } finally {
    unsubscribe();
    display.end();
  }
}

async function sayWhatIsInFront(studio: Studio, id: JobId, display: ProgressDisplay): Promise<void> {
  const { isQueuePaused } = await studio.run('studio.state', {});
  const jobs = await studio.run('jobs.list', {});
  const job = jobs.find((one) => one.id === id);
  if (job?.state !== 'waiting') return;
  if (isQueuePaused) throw queuePaused();
  const isInFront = (one: Job): boolean => needsEngine[one.kind] === needsEngine[job.kind]
    && (one.state === 'running' || (one.state === 'waiting' && one.position < job.position));
  const count = jobs.filter(isInFront).length;
  if (count > 0) display.note(`${count === 1 ? 'One job is' : `${count} jobs are`} in front of it: likeness jobs`);
}

function queuePaused(): UserError {
  return new UserError('jobs.queue-paused', {
    what: 'The queue is paused, so nothing in it starts.',
    safe: 'What you asked for waits in it.',
    todo: 'Let it go on with: likeness jobs resume',
  });
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

/**
 * 'seed-7-with-look.png' or 'seed-7-instant.png', with the prompt's number in front when there are several among `all`,
 * and that of the look and the size where these differ.
 */
export function portraitFileName(portrait: Portrait, all: readonly Portrait[]): string {
  const numberAmong = (own: string | null, of: (one: Portrait) => string | null): number | undefined => {
    const kinds = [...new Set(all.map(of))].filter((kind) => kind !== null);
    return kinds.length > 1 && own !== null ? kinds.indexOf(own) + 1 : undefined;
  };
  const sizeOf = ({ widthPx, heightPx }: Portrait): string => `${widthPx}x${heightPx}`;
  const prompt = numberAmong(portrait.prompt, (one) => one.prompt);
  const look = numberAmong(portrait.adapterId, (one) => one.adapterId);
  const size = numberAmong(sizeOf(portrait), sizeOf);
  const kind = portrait.instantly ? 'instant' : portrait.adapterId ? 'with-look' : 'without';
  return `${[
    ...(prompt === undefined ? [] : [prompt]), `seed-${portrait.seed}-${kind}`, ...(look === undefined ? [] : [look]),
    ...(size === undefined ? [] : [sizeOf(portrait)]),
  ].join('-')}.png`;
}

function cancelled(): UserError {
  return new UserError('jobs.cancelled', {
    what: 'It was cancelled.', safe: 'What was finished before is kept.', todo: 'Start it again when you like.',
  });
}
