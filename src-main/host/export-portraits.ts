// `likeness export portraits` and `likeness export sheet`: portraits of a subject as picture files or on one sheet, the
// most alike first.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { Portrait, Subject } from '../contract/nouns.ts';
import type { PictureFormat } from '../contract/settings.ts';
import { findStyle, stylesFor } from '../packs/styles.ts';
import type { Studio } from '../studio/open-studio.ts';
import type { Outcome } from './commands/run-command.ts';
import { findSubject, waitFor, writeExport } from './steps.ts';
import { progressDisplay } from './terminal.ts';

export interface SavingOptions {
  readonly subject: string;
  readonly out?: string;
  readonly format?: string;
  readonly quality?: number;
  readonly longEdge?: number;
  readonly withSettings?: boolean;
  readonly visibleLabel?: boolean;
  readonly fileName?: string;
  readonly picks?: boolean;
  readonly rating?: number;
  readonly style: readonly string[];
  readonly best?: number;
}

const mostOnSheet = 500;
const mostFiles = 10_000;
const pageSize = 500;

export async function exportPortraits(studio: Studio, options: SavingOptions): Promise<Outcome> {
  const { subject, portraits } = await chosenPortraits(studio, options, mostFiles);
  const queued = await studio.run('portraits.export', {
    portraitIds: portraits.map(({ id }) => id), format: options.format as PictureFormat | undefined,
    quality: options.quality, longEdgePx: options.longEdge, withSettings: options.withSettings,
    fileName: options.fileName, visibleLabel: options.visibleLabel,
  });
  const { outcome } = await waitFor(studio, queued, progressDisplay(process.stderr));
  if (outcome?.kind !== 'export') throw new Error('An export job ended without a file.');
  const file = await writeExport(studio, outcome.exportId, await placeFor(options.out, outcome.fileName));
  const count = portraits.length === 1 ? '1 portrait is' : `${portraits.length} portraits are`;
  return {
    document: { subject: subject.name, portraits: portraits.length, file, sizeBytes: outcome.sizeBytes },
    text: `${count} in ${file}`,
  };
}

export async function exportSheet(studio: Studio, options: SavingOptions): Promise<Outcome> {
  const { subject, portraits } = await chosenPortraits(studio, options, mostOnSheet);
  const { exportId, fileName, sizeBytes } = await studio.run('portraits.contactSheet', {
    portraitIds: portraits.map(({ id }) => id),
  });
  const file = await writeExport(studio, exportId, await placeFor(options.out, fileName));
  return {
    document: { subject: subject.name, portraits: portraits.length, file, sizeBytes },
    text: `The contact sheet is ${file}`,
  };
}

/** Those that the options ask for, the most alike first. Throws when there is none. */
async function chosenPortraits(
  studio: Studio, options: SavingOptions, most: number,
): Promise<{ subject: Subject; portraits: Portrait[] }> {
  const subject = await findSubject(studio, options.subject);
  const known = stylesFor(studio.styles, undefined);
  const filter = {
    subjectId: subject.id, styleIds: options.style.map((id) => findStyle(known, id).id),
    ...(options.picks ? { flags: ['pick' as const] } : {}), minimumRating: options.rating,
  };
  const wanted = Math.min(options.best ?? most, most);
  const portraits: Portrait[] = [];
  for (let total = wanted; portraits.length < Math.min(total, wanted);) {
    const limit = Math.min(pageSize, wanted - portraits.length);
    const page = await studio.run('portraits.page', { filter, sort: 'likeness', offset: portraits.length, limit });
    total = page.total;
    if (page.portraits.length === 0) break;
    portraits.push(...page.portraits);
  }
  if (portraits.length === 0) throw noneChosen(subject.name);
  return { subject, portraits };
}

/** The path that was named; inside it where it is a folder; here when none was. */
async function placeFor(out: string | undefined, fileName: string): Promise<string> {
  if (out === undefined) return path.resolve(fileName);
  const isFolder = /[\\/]$/.test(out) || await stat(out).then((found) => found.isDirectory(), () => false);
  return isFolder ? path.resolve(out, fileName) : path.resolve(out);
}

function noneChosen(name: string): UserError {
  return new UserError('portraits.none-chosen', {
    what: `${name} has no portrait that fits.`,
    safe: 'Nothing was written.',
    todo: 'Ask for less: leave out --picks, --rating or --style; or draw some first.',
  }, { name });
}
