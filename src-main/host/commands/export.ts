// `likeness export`: a look as a file for ComfyUI, A1111, diffusers and others: a LoRA, an embedding or a checkpoint.

import path from 'node:path';
import { type Command, Option } from 'commander';
import type { Look } from '../../contract/nouns.ts';
import { UserError } from '../../contract/errors.ts';
import {
  type ExportFormat, type ExportPrecision, exportFormatSchema, exportPrecisionSchema,
} from '../../contract/settings.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { findSubject, writeExport } from '../steps.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface ExportOptions extends CommonOptions {
  readonly subject: string;
  readonly look?: string;
  readonly out?: string;
  readonly format?: ExportFormat;
  readonly precision: ExportPrecision;
}

export function addExportCommand(program: Command): void {
  const command = program.command('export')
    .description('write a look as a file for other programs')
    .requiredOption('--subject <name>', 'whose look')
    .option('--look <name>', 'which look; the newest when left out')
    .option('--out <file>', 'where to; NAME.safetensors in this folder when left out')
    .addOption(new Option('--format <name>', 'program or form; what the look usually is when left out')
      .choices(exportFormatSchema.options))
    .addOption(new Option('--precision <type>', 'of the numbers').choices(exportPrecisionSchema.options)
      .default('float16'));
  addCommonOptions(command);
  command.addHelpText('after', `
kohya: a LoRA that ComfyUI, A1111 and most programs read. diffusers: a LoRA or embedding with diffusers' names.
comfyui, a1111: what that program reads. checkpoint: one whole model file, a LoRA merged into it. embedding: the new
word alone of a LoRA that has one.`);
  command.action((options: ExportOptions) => runCommand(options, () =>
    withStudio(libraryFolderOf(options.library), (studio) => exportLook(studio, options))));
}

async function exportLook(studio: Studio, options: ExportOptions): Promise<Outcome> {
  const look = await findLook(studio, options.subject, options.look);
  const { exportId, format, precision, fileName, sizeBytes, metadata } = await studio.run('looks.export', {
    adapterId: look.id, format: options.format, precision: options.precision,
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
