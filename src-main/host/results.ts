// Portraits of a job as files, and what is said of each: all of it as data, likeness for a reader.

import path from 'node:path';
import type { Portrait, Subject } from '../contract/nouns.ts';
import type { Job } from '../contract/work.ts';
import type { Studio } from '../studio/open-studio.ts';
import { measuredOf } from './likeness-report.ts';
import { bestFirst, likenessWords, whyNoWord } from './likeness-words.ts';
import { portraitFileName, writeMedia } from './steps.ts';

/** A portrait that was written out. */
export interface WrittenPortrait {
  readonly portrait: Portrait;
  readonly file: string;
  /** The portrait before its face pass and upscale. */
  readonly beforeFile: string | null;
}

/** Who is in the portraits, for the words about them. */
export interface People {
  readonly first: Subject;
  readonly second: Subject | null;
}

export interface WrittenJob {
  readonly portraits: readonly WrittenPortrait[];
  readonly contactSheet: string;
  readonly people: People;
}

/** 'portraits-Ada' in this folder unless told otherwise. */
export function outputFolder(subject: Subject, out: string | undefined): string {
  return path.resolve(out ?? `portraits-${subject.name.replace(/[^\p{L}\p{N}]+/gu, '-')}`);
}

/** Writes every portrait of a job and its contact sheet, in the order they were drawn. */
export async function writeJob(studio: Studio, job: Job, out: string): Promise<WrittenJob> {
  const all = await studio.run('portraits.list', { subjectId: job.subjectId });
  const drawn = all.filter(({ jobId }) => jobId === job.id).reverse();
  const portraits: WrittenPortrait[] = [];
  for (const portrait of drawn) {
    const file = path.join(out, portraitFileName(portrait, drawn));
    await writeMedia(studio, 'portrait', portrait.id, file);
    const beforeFile = portrait.hasBefore
      ? await writeMedia(studio, 'before', portrait.id, file.replace(/\.png$/, '-before.png')) : null;
    portraits.push({ portrait, file, beforeFile });
  }
  const contactSheet = await writeMedia(studio, 'sheet', job.id, path.join(out, 'contact-sheet.png'));
  return { portraits, contactSheet, people: await peopleIn(studio, job, drawn) };
}

async function peopleIn(studio: Studio, job: Job, drawn: readonly Portrait[]): Promise<People> {
  const subjects = await studio.run('subjects.list', {});
  const secondId = drawn.find(({ second }) => second !== null)?.second?.subjectId;
  return {
    first: subjects.find(({ id }) => id === job.subjectId)!,
    second: subjects.find(({ id }) => id === secondId) ?? null,
  };
}

/** Everything that is known of a portrait. */
export function portraitDocument({ portrait, file, beforeFile }: WrittenPortrait, people: People): object {
  const { seed, prompt, second, likeness, instantly } = portrait;
  return {
    file, ...(beforeFile ? { beforeFile } : {}), id: portrait.id, seed, prompt, isWithLook: portrait.adapterId !== null,
    likeness: likenessDocument(portrait, people.first), instantly,
    second: second && {
      subject: people.second?.name, isWithLook: second.adapterId !== null,
      likeness: likenessDocument({ likeness: second.likeness }, people.second ?? people.first),
    },
    facePoints: portrait.facePoints, isFaceRedrawn: portrait.isFaceRedrawn,
    widthPx: portrait.widthPx, heightPx: portrait.heightPx, settings: portrait.settings,
    ...(likeness.engine ? { measuredBy: likeness.engine } : {}),
  };
}

/** Likeness as numbers, as a level and in words. */
export function likenessDocument({ likeness }: Pick<Portrait, 'likeness'>, { classWord }: Subject): object {
  return {
    ...measuredOf({ likeness }), engine: likeness.engine ?? null, level: likeness.level ?? null,
    words: likenessWords(likeness, classWord),
  };
}

/**
 * A line a portrait, the most alike first: '0.91, as alike as two of her own photos  seed-7-instant.png'; after them
 * why some have no words, where it is for the photos.
 */
export function rankedLines(portraits: readonly WrittenPortrait[], { first, second }: People): string[] {
  const rows = bestFirst(portraits).map(({ portrait, file }) => ({
    file: path.basename(file),
    words: portrait.second && second
      ? `${first.name} ${likenessWords(portrait.likeness, first.classWord)}; `
        + `${second.name} ${likenessWords(portrait.second.likeness, second.classWord)}`
      : likenessWords(portrait.likeness, first.classWord),
  }));
  const width = Math.max(0, ...rows.map(({ words }) => words.length));
  const reasons = new Set(portraits.flatMap(({ portrait }) => [
    whyNoWord(portrait.likeness, first), portrait.second && second && whyNoWord(portrait.second.likeness, second),
  ]).filter((reason) => reason !== null));
  return [...rows.map(({ file, words }) => `  ${words.padEnd(width)}  ${file}`), ...reasons];
}
