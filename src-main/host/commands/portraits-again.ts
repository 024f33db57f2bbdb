// `likeness again`: more from portraits that are there. They are named by id or by a file that was written of them.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { UserError } from '../../contract/errors.ts';
import { type PortraitId, portraitIdSchema } from '../../contract/ids.ts';
import { type Look, type Subject } from '../../contract/nouns.ts';
import type { Job } from '../../contract/work.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { bestFirst } from '../likeness-words.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions, numberOf } from '../options.ts';
import { type People, portraitDocument, rankedLines } from '../results.ts';
import { waitFor } from '../steps.ts';
import { portraitsAre, progressDisplay } from '../terminal.ts';
import { type WrittenPortraits, writePortraits } from '../write-portraits.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface AgainOptions extends CommonOptions {
  readonly how: 'new-seeds' | 'vary' | 'upscale';
  readonly count: number;
  readonly strength: number;
  readonly factor: number;
  readonly out: string;
}

export function addAgainCommand(program: Command): void {
  const command = program.command('again')
    .description('more from portraits that are there: on new seeds, near them, or the same enlarged')
    .argument('<portraits...>', 'ids, or PNG files that Likeness wrote of portraits of the library')
    .addOption(new Option('--how <way>', 'new-seeds: the same prompts and settings; vary: near each; upscale: larger')
      .choices(['new-seeds', 'vary', 'upscale']).makeOptionMandatory())
    .option('--count <number>', 'of each portrait, on new seeds or near it', numberOf(z.int().min(1).max(100)), 4)
    .option('--strength <share>', 'vary: how far from it, 0 to 1', numberOf(z.number().min(0).max(1)), 0.3)
    .option('--factor <number>', 'upscale: edge over that of the portrait', numberOf(z.number().min(1).max(4)), 2)
    .option('--out <folder>', 'where the portraits go', 'portraits-again');
  addCommonOptions(command);
  command.action((portraits: string[], options: AgainOptions) => runCommand(options, () =>
    withStudio(libraryFolderOf(options.library), (studio) => again(studio, portraits, options))));
}

async function again(
  studio: Studio, names: readonly string[], { how, count, strength, factor, out }: AgainOptions,
): Promise<Outcome> {
  const portraitIds = await idsOf(studio, names);
  const jobs = await studio.run('portraits.again', { portraitIds, how, count, strength, upscale: factor });
  const display = progressDisplay(process.stderr);
  const folder = path.resolve(out);
  const written: (WrittenPortraits & { people: People })[] = [];
  for (const [index, job] of jobs.entries()) {
    await waitFor(studio, job, display);
    written.push(await writeJobOf(studio, job, folder, jobs.length > 1 ? `${index + 1}-` : ''));
  }
  const total = written.reduce((sum, { portraits }) => sum + portraits.length, 0);
  return {
    document: {
      folder, portraits: written.flatMap(({ portraits, people }) => bestFirst(portraits).map((one) => (
        { ...portraitDocument(one, people), variation: one.portrait.variation, origin: one.portrait.origin }))),
      contactSheets: written.map(({ contactSheet }) => contactSheet),
    },
    text: [`${portraitsAre(total)} in ${folder}, best first:`,
      ...written.flatMap(({ portraits, people }) => rankedLines(portraits, people))].join('\n'),
  };
}

async function writeJobOf(
  studio: Studio, { id, subjectId }: Job, folder: string, prefix: string,
): Promise<WrittenPortraits & { people: People }> {
  const subjects: Subject[] = await studio.run('subjects.list', {});
  const subject = subjects.find((one) => one.id === subjectId)!;
  const looks: Look[] = await studio.run('looks.list', { subjectId });
  const written = await writePortraits(studio, id, { subject, looks }, {
    folder, names: `${prefix}{number}-{style}-seed-{seed}`, sheetName: `${prefix}contact-sheet`,
  });
  const secondId = written.portraits.find(({ portrait }) => portrait.second)?.portrait.second?.subjectId;
  return { ...written, people: { first: subject, second: subjects.find((one) => one.id === secondId) ?? null } };
}

async function idsOf(studio: Studio, names: readonly string[]): Promise<PortraitId[]> {
  const ids: PortraitId[] = [];
  for (const name of names) ids.push(portraitIdSchema.safeParse(name).data ?? await idOfFile(studio, name));
  return ids;
}

/** Files are written as the library keeps them, so their hash finds them. */
async function idOfFile({ library }: Studio, file: string): Promise<PortraitId> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw unknownFile(file, `it cannot be read, ${error.code ?? error.message}`);
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  for (const { id } of library.subjects.list()) {
    const found = library.portraits.list(id).find((portrait) => portrait.fileSha256 === sha256);
    if (found) return found.id;
  }
  throw unknownFile(file, 'the library has no portrait with these bytes');
}

function unknownFile(file: string, reason: string): UserError {
  return new UserError('portraits.unknown-file', {
    what: `${path.basename(file)} is no portrait of this library: ${reason}.`,
    safe: 'Nothing was drawn.',
    todo: 'Give the id of a portrait, as generate --json prints it, or a PNG file as Likeness wrote it.',
  }, { file: path.basename(file) });
}
