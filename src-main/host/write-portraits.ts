// The portraits of a job as files under names of a pattern, and their contact sheet.

import path from 'node:path';
import type { JobId } from '../contract/ids.ts';
import type { Portrait } from '../contract/nouns.ts';
import type { Studio } from '../studio/open-studio.ts';
import { type NamedBy, fileNames } from './portrait-names.ts';
import type { WrittenPortrait } from './results.ts';
import { writeMedia } from './steps.ts';

export interface PortraitOutput {
  readonly folder: string;
  /** Of the files, as portrait-names.ts reads it. */
  readonly names: string;
  /** Of the contact sheet, in the same way. */
  readonly sheetName: string;
}

export interface WrittenPortraits {
  readonly portraits: readonly WrittenPortrait[];
  /** Null where nothing was drawn. */
  readonly contactSheet: string | null;
}

/** Writes what a job has drawn; files of the same names are replaced. */
export async function writePortraits(
  studio: Studio, jobId: JobId, by: NamedBy, { folder, names, sheetName }: PortraitOutput,
): Promise<WrittenPortraits> {
  const drawn = await portraitsOf(studio, jobId);
  const files = fileNames(drawn, names, by);
  const portraits: WrittenPortrait[] = [];
  for (const [index, portrait] of drawn.entries()) {
    const file = await writeMedia(studio, 'portrait', portrait.id, path.join(folder, files[index]!));
    const beforeFile = portrait.hasBefore
      ? await writeMedia(studio, 'before', portrait.id, file.replace(/\.png$/, '-before.png')) : null;
    portraits.push({ portrait, file, beforeFile });
  }
  const [sheet] = fileNames(drawn.slice(0, 1), sheetName, by);
  if (sheet === undefined) return { portraits, contactSheet: null };
  return { portraits, contactSheet: await writeMedia(studio, 'sheet', jobId, path.join(folder, sheet)) };
}

/** In the order they were drawn, without those that were removed since. */
async function portraitsOf(studio: Studio, jobId: JobId): Promise<Portrait[]> {
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
