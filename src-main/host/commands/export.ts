// `likeness export`: a look as a LoRA file for ComfyUI, A1111 and diffusers.

import path from 'node:path';
import type { Command } from 'commander';
import type { Look } from '../../contract/nouns.ts';
import { UserError } from '../../contract/errors.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { findSubject, writeMedia } from '../steps.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface ExportOptions extends CommonOptions {
  readonly subject: string;
  readonly look?: string;
  readonly out?: string;
}

export function addExportCommand(program: Command): void {
  const command = program.command('export')
    .description('write a look as a LoRA file (kohya names, for ComfyUI, A1111 and diffusers)')
    .requiredOption('--subject <name>', 'whose look')
    .option('--look <name>', 'which look; the newest when left out')
    .option('--out <file>', 'where to; NAME.safetensors in this folder when left out');
  addCommonOptions(command);
  command.action((options: ExportOptions) => runCommand(options, () =>
    withStudio(libraryFolderOf(options.library), (studio) => exportLook(studio, options))));
}

async function exportLook(studio: Studio, options: ExportOptions): Promise<Outcome> {
  const look = await findLook(studio, options.subject, options.look);
  const { exportId, fileName, sizeBytes, metadata } = await studio.run('looks.export', { adapterId: look.id });
  const file = await writeMedia(studio, 'export', exportId, path.resolve(options.out ?? fileName));
  return { document: { file, sizeBytes, look: look.name, metadata }, text: `"${look.name}" is in ${file}` };
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
