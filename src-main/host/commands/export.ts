// `likeness export`: a look as a file for ComfyUI, A1111, diffusers and others (a LoRA, an embedding or a checkpoint);
// portraits as picture files or on a contact sheet.

import path from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { z } from 'zod';
import type { Look } from '../../contract/nouns.ts';
import { UserError } from '../../contract/errors.ts';
import {
  type ExportFormat, type ExportPrecision, exportFormatSchema, exportPrecisionSchema, pictureFormatSchema,
} from '../../contract/settings.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type SavingOptions, exportPortraits, exportSheet } from '../export-portraits.ts';
import { type CommonOptions, addCommonOptions, collect, numberOf } from '../options.ts';
import { findSubject, writeExport } from '../steps.ts';
import { type Outcome, runCommand } from './run-command.ts';

const things = ['look', 'portraits', 'sheet'] as const;
type Thing = (typeof things)[number];

interface ExportOptions extends CommonOptions, SavingOptions {
  readonly look?: string;
  readonly precision: ExportPrecision;
}

export function addExportCommand(program: Command): void {
  const command = program.command('export')
    .description('write a look as a file for other programs, or portraits as picture files')
    .addArgument(new Argument('[what]', 'what to write').choices(things).default('look'))
    .requiredOption('--subject <name>', 'whose')
    .option('--out <file>', 'where to; under its usual name in this folder when left out')
    .addOption(new Option('--format <name>', 'form of the file; the usual one when left out')
      .choices([...exportFormatSchema.options, ...pictureFormatSchema.options]))
    .option('--look <name>', 'which look; the newest when left out')
    .addOption(new Option('--precision <type>', 'of a look\'s numbers').choices(exportPrecisionSchema.options)
      .default('float16'));
  addPortraitOptions(command);
  addCommonOptions(command);
  command.addHelpText('after', `
look: kohya: a LoRA that ComfyUI, A1111 and most programs read. diffusers: a LoRA or embedding with diffusers' names.
comfyui, a1111: what that program reads. checkpoint: one whole model file, a LoRA merged into it. embedding: the new
word alone of a LoRA that has one.
portraits: png, jpeg or webp; several come as one ZIP, the most alike first. Each says inside that it is made by AI;
a name or a place is in none. sheet: one PNG with the most alike in front, likeness, style and seed under each.`);
  command.action((what: Thing, options: ExportOptions) => {
    checkFormat(command, what, options.format);
    return runCommand(options, () =>
      withStudio(libraryFolderOf(options.library), (studio) => acts[what](studio, options)));
  });
}

const acts: Readonly<Record<Thing, (studio: Studio, options: ExportOptions) => Promise<Outcome>>> = {
  look: exportLook, portraits: exportPortraits, sheet: exportSheet,
};

function addPortraitOptions(command: Command): void {
  command
    .option('--quality <number>', 'of JPEG and WebP, 1 to 100; 92 when left out', numberOf(z.int().min(1).max(100)))
    .option('--long-edge <pixels>', 'longer edge of each picture; its own when left out',
      numberOf(z.int().min(64).max(16_384)))
    .option('--with-settings', 'prompt, seed and the like inside each picture')
    .option('--visible-label', 'letters in a corner that say AI')
    .option('--file-name <pattern>', 'of each picture, with {number}, {seed}, {style}, {date}')
    .option('--picks', 'only portraits that are picked')
    .option('--rating <stars>', 'only those with so many stars or more', numberOf(z.int().min(1).max(5)))
    .option('--style <id>', 'only those of this style (repeatable)', collect, [])
    .option('--best <number>', 'only so many, the most alike', numberOf(z.int().min(1).max(10_000)));
}

/** Looks and pictures have formats of their own. */
function checkFormat(command: Command, what: Thing, format: string | undefined): void {
  if (format === undefined) return;
  const formats = { look: exportFormatSchema.options, portraits: pictureFormatSchema.options, sheet: [] };
  const own: readonly string[] = formats[what];
  if (own.includes(format)) return;
  command.error(own.length > 0
    ? `error: "export ${what}" takes --format ${own.join(', ')}` : `error: "export ${what}" takes no --format`);
}

async function exportLook(studio: Studio, options: ExportOptions): Promise<Outcome> {
  const look = await findLook(studio, options.subject, options.look);
  const { exportId, format, precision, fileName, sizeBytes, metadata } = await studio.run('looks.export', {
    adapterId: look.id, format: options.format as ExportFormat | undefined, precision: options.precision,
  });
  const file = await writeExport(studio, exportId, path.resolve(options.out ?? fileName));
  const document = { file, format, precision, sizeBytes, look: look.name, metadata };
  return { document, text: `"${look.name}" is in ${file}` };
}

/** The subject's look of this name, or the newest. */
export async function findLook(studio: Studio, subjectName: string, lookName: string | undefined): Promise<Look> {
  const subject = await findSubject(studio, subjectName);
  const looks = await studio.run('looks.list', { subjectId: subject.id });
  const isMeant = (look: Look): boolean => lookName === undefined || look.name === lookName || look.id === lookName;
  const found = looks.find(isMeant);
  if (found) return found;
  const names = looks.map((look) => `"${look.name}"`).join(', ');
  throw new UserError('looks.unknown', {
    what: names ? `${subject.name} has no look "${lookName}".` : `${subject.name} has no look yet.`,
    safe: 'Nothing was changed.',
    todo: names ? `Choose one of ${names}.` : `Teach one first: likeness train --subject "${subject.name}".`,
  });
}
