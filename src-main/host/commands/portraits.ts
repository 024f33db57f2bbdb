// `likeness portraits`: the whole way in one command, from a folder of photos to portraits and a contact sheet, with
// the likeness of each beside that of its twin by the base model alone; and what was learned as a file.

import type { Command } from 'commander';
import type { Studio } from '../../studio/open-studio.ts';
import { addAddOnOptions } from '../add-ons.ts';
import { addFaceOptions, addFinishOptions } from '../instant-options.ts';
import { libraryFolderOf, withStudio, withTemporaryStudio } from '../open-host-studio.ts';
import {
  addCommonOptions, addGenerationOptions, addHoldOutOption, addModelOptions, addPersonOptions,
} from '../options.ts';
import { progressDisplay } from '../terminal.ts';
import { addTrainingOptions } from '../training-options.ts';
import { checkNoFace } from './generate.ts';
import { portraitsInstantly } from './portraits-instantly.ts';
import { portraitsTaught } from './portraits-taught.ts';
import { type PortraitsOptions, beginWay } from './portraits-way.ts';
import { type Outcome, runCommand } from './run-command.ts';

export function addPortraitsCommand(program: Command): void {
  const command = program.command('portraits')
    .description('draw portraits of the person in a folder of photos: learn the face, or give it without teaching')
    .requiredOption('--photos <folder>', 'photos of one person (JPEG, PNG or WebP); they are only read');
  addHoldOutOption(command);
  addPersonOptions(command);
  addModelOptions(command);
  addTrainingOptions(command, ['instantid']);
  addGenerationOptions(command);
  addAddOnOptions(command);
  addFinishOptions(command);
  addFaceOptions(command);
  addCommonOptions(command);
  command.addHelpText('after', `
Writes into --out (default: portraits-NAME in this folder): the portraits, their twins by the base model alone on the
same seeds, contact-sheet.png, and what was learned as a file for ComfyUI, A1111 and others.
--method instantid learns nothing: the face is given to the model with each portrait. One in five of four or more photos
is not given, so that likeness can be measured against it.
Works on a temporary library that is removed at the end; with --library FOLDER everything is kept there as well.
By giving this command you say that the photos show yourself or somebody who agreed to it.`);
  command.action((options: PortraitsOptions) => {
    if (options.method !== 'instantid') checkNoFace(command, options, '--method instantid');
    return runCommand(options, () => portraits(options));
  });
}

async function portraits(options: PortraitsOptions): Promise<Outcome> {
  const display = progressDisplay(process.stderr);
  const work = async (studio: Studio): Promise<Outcome> => {
    const begun = await beginWay(studio, options, display);
    return options.method === 'instantid'
      ? await portraitsInstantly(begun, options) : await portraitsTaught(begun, options, options.method);
  };
  if (options.library === undefined) return await withTemporaryStudio(work);
  return await withStudio(libraryFolderOf(options.library), work);
}
